//! json_tools: asks, checks and changes JSON without losing a digit.

mod aggregate;
mod canonical;
mod change;
mod csv_text;
mod diff;
mod evaluate;
mod formats;
mod functions;
mod get;
mod layout;
mod patch;
mod path;
mod path_parser;
mod pointer;
mod result;
mod schema_check;
mod schema_names;
mod schema_words;
mod source;
mod stats;
mod tables;
mod transform;
mod validate;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "json_tools",
        title: "JSON tools",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Works on JSON given as a value (json), as text (text; numbers keep every digit) or as a file (file). get finds values by JSONPath, transform filters, groups and sorts, validate checks against a JSON Schema.",
        tools: &[
            get::TOOL,
            transform::TOOL,
            validate::TOOL,
            change::DIFF,
            change::PATCH,
            layout::FORMAT,
            tables::TO_TABLE,
            tables::FROM_TABLE,
            stats::TOOL,
        ],
    });
}
