//! database: SQL on SQLite files in the directories that are granted to it.

mod describe;
mod execute;
mod open;
mod query;
mod sqlite;
mod values;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "database",
        title: "Databases",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Asks SQLite databases in granted directories. Begin with 'schema' to see the tables; 'query' reads, 'execute' changes.",
        tools: &[query::TOOL, describe::TOOL, execute::TOOL],
    });
}
