//! `regex_split`.

use crate::input;
use crate::regex::spans;
use mcp::schema;
use mcp::{object, Answer, Arguments, Hints, Json, Outcome, Tool};

const LIMIT: (i64, i64) = (1_000, 20_000);

pub const TOOL: Tool = Tool {
    name: "regex_split",
    title: "Split a text by a regular expression",
    description: "Cuts a text at the matches of a regular expression, such as \\s*[,;]\\s*, and gives the parts.",
    input: || {
        let mut all = input::properties();
        all.extend(input::pattern_properties());
        all.extend([
            schema::optional("keep_empty", schema::boolean("Give empty parts too.").default(true)),
            schema::optional(
                "limit",
                schema::integer("Parts to give; the last one is then the whole rest.", 1, LIMIT.1).default(LIMIT.0),
            ),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("parts", schema::list("The parts, in order.", schema::text("A part."))),
            schema::required("count", schema::count("How many.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let pattern = input::pattern(arguments)?;
    let keep_empty = arguments.boolean("keep_empty")?.unwrap_or(true);
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let text = input::read(arguments)?;
    let mut parts: Vec<Json> = Vec::new();
    let mut from = 0;
    spans(&pattern, &text, |found| {
        // An empty match at either end cuts nothing off.
        if found.end() == found.start() && (found.start() == 0 || found.end() == text.len()) {
            return true;
        }
        if parts.len() + 1 >= limit {
            return false;
        }
        if keep_empty || found.start() > from {
            parts.push(text[from..found.start()].to_owned().into());
        }
        from = found.end();
        true
    });
    if keep_empty || from < text.len() {
        parts.push(text[from..].to_owned().into());
    }
    let lines: Vec<&str> = parts.iter().filter_map(Json::as_text).collect();
    let shown = input::shown(&format!("{} parts:\n{}", lines.len(), lines.join("\n")));
    let count = parts.len();
    Ok(Answer::new(
        shown,
        object([("parts", parts.into()), ("count", count.into())]),
    ))
}
