//! hostile: every way in which a tool can misbehave, on request. For tests of the sandbox; it is never shipped.

mod behaved;
mod misbehaved;

use mcp::Server;
use std::io::{self, BufRead, Write};

static SERVER: Server = Server {
    name: "hostile",
    title: "Hostile",
    version: env!("CARGO_PKG_VERSION"),
    instructions: "For tests.",
    tools: &behaved::TOOLS,
};

fn main() {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(message) = std::str::from_utf8(&line).ok().and_then(|line| mcp::parse(line).ok()) {
            misbehaved::perhaps(&message, &mut input);
        }
        if let Some(answer) = mcp::answer(&SERVER, &line) {
            let _ = io::stdout().write_all(format!("{}\n", answer.to_line()).as_bytes());
        }
    }
}
