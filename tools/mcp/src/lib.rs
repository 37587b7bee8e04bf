//! What every built-in tool server shares: MCP over standard input and output, tools with schemas, access to arguments
//! and files, and answers that people, models and programs can read.
//!
//! A server is a WASI preview 1 command: it reads one JSON-RPC message a line, answers in order, and ends at end of input.

mod answer;
mod arguments;
pub mod calendar;
pub mod charset;
pub mod encoding;
pub mod files;
pub mod host;
pub mod html;
mod json;
mod json_text;
mod nearest;
mod rpc;
pub mod schema;
mod text_table;
mod tool;
pub mod wasi;

pub use answer::{Answer, Failure, Outcome};
pub use arguments::Arguments;
pub use json::{object, Json};
pub use json_text::{parse, parse_exact, write_text, Problem};
pub use nearest::nearest;
pub use rpc::{answer, serve};
pub use text_table::{short_number, Align, TextTable};
pub use tool::{Hints, Server, Tool};
