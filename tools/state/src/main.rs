//! state: values that outlive a run, kept by the host for this server and workspace.

mod batch;
mod keys;
mod single;
mod values;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "state",
        title: "State",
        version: env!("CARGO_PKG_VERSION"),
        instructions:
            "Keeps JSON values under keys such as checkpoints/reviewer/latest, across runs. list shows what there is.",
        tools: &[
            single::STORE,
            single::RETRIEVE,
            single::DELETE,
            single::EXISTS,
            keys::LIST,
            batch::STORE,
            batch::RETRIEVE,
        ],
    });
}
