//! chart_generator: draws charts as SVG.

mod bars;
mod frame;
mod histogram;
mod lines;
mod points;
mod request;
mod scale;
mod svg;
mod times;
mod words;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "chart_generator",
        title: "Chart generator",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Draws charts as SVG files, which become artifacts of the run.",
        tools: &[bars::TOOL, lines::TOOL, points::TOOL, histogram::TOOL],
    });
}
