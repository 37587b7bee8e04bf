//! text_tools: what one does with texts.

mod cases;
mod codes;
mod compare;
mod digest;
mod extract;
mod input;
mod lines;
mod md5;
mod pieces;
mod regex;
mod replace;
mod search;
mod sha256;
mod shape;
mod similarity;
mod split;
mod statistics;
mod template;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "text_tools",
        title: "Text tools",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Works on texts, given as text or as a file. Positions count characters from 0, lines from 1. Regular expressions run in linear time, without references back and looking around.",
        tools: &[
            regex::MATCH,
            replace::TOOL,
            split::TOOL,
            search::TOOL,
            statistics::TOOL,
            compare::TOOL,
            similarity::TOOL,
            extract::TOOL,
            cases::TOOL,
            shape::TOOL,
            codes::TOOL,
            digest::TOOL,
            template::TOOL,
        ],
    });
}
