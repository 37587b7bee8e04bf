//! csv_parser: reads any CSV file and answers questions about it.

mod aggregates;
mod correlation;
mod describe;
mod distinct;
mod figures;
mod filter;
mod find;
mod group;
mod group_answer;
mod groups;
mod input;
mod parse;
mod profile;
mod rows;
mod statistics;
mod words;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "csv_parser",
        title: "CSV parser",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Reads CSV files of any dialect. Call describe first to learn the columns, then group, filter, statistics or parse.",
        tools: &[describe::TOOL, parse::TOOL, group::TOOL, filter::TOOL, statistics::TOOL],
    });
}
