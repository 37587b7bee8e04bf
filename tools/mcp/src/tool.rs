//! Tools and the server that offers them.

use crate::answer::Outcome;
use crate::arguments::Arguments;
use crate::json::{object, Json};
use crate::schema::Schema;

/// What a tool does to the world, in MCP's words.
#[derive(Clone, Copy)]
pub struct Hints {
    pub read_only: bool,
    pub idempotent: bool,
    pub destructive: bool,
    /// It reaches things outside this server, such as web sites.
    pub open_world: bool,
}

impl Hints {
    /// It changes nothing.
    pub const READ: Hints = Hints {
        read_only: true,
        idempotent: true,
        destructive: false,
        open_world: false,
    };
}

/// One tool. Schemas are functions, since only `tools/list` needs them and a start must cost nothing.
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub input: fn() -> Schema,
    pub output: Option<fn() -> Schema>,
    /// Without hints a client has to assume the worst.
    pub hints: Option<Hints>,
    pub run: fn(&Arguments) -> Outcome,
}

pub struct Server {
    pub name: &'static str,
    pub title: &'static str,
    pub version: &'static str,
    pub instructions: &'static str,
    pub tools: &'static [Tool],
}

impl Tool {
    pub(crate) fn to_json(&self) -> Json {
        let mut tool = object([
            ("name", self.name.into()),
            ("title", self.title.into()),
            ("description", self.description.into()),
            ("inputSchema", (self.input)().into_json()),
        ]);
        if let Some(output) = self.output {
            tool.push("outputSchema", output().into_json());
        }
        if let Some(hints) = self.hints {
            let annotations = object([
                ("title", self.title.into()),
                ("readOnlyHint", hints.read_only.into()),
                ("idempotentHint", hints.idempotent.into()),
                ("destructiveHint", hints.destructive.into()),
                ("openWorldHint", hints.open_world.into()),
            ]);
            tool.push("annotations", annotations);
        }
        tool
    }
}
