//! http_client: requests to web servers, made by the host where they are granted.

mod address;
mod answer;
mod body;
mod request;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "http_client",
        title: "HTTP client",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Makes HTTP requests to granted hosts. When one is not granted, the error says what to add to caxton.toml; do not try other addresses instead.",
        tools: &[request::GET, request::REQUEST],
    });
}
