//! file_system: files in the directories that are granted to it.

mod base64;
mod browse;
mod glob;
mod read;
mod write;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "file_system",
        title: "File system",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Works on files in granted directories. Paths are relative to the server's directory; uploaded files are in 'uploads'.",
        tools: &[
            browse::LIST,
            browse::SEARCH,
            browse::INFO,
            read::TOOL,
            write::WRITE,
            write::APPEND,
            write::CREATE_DIRECTORY,
            write::MOVE,
            write::DELETE,
        ],
    });
}
