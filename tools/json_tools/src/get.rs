//! `get`: values by JSONPath.

use crate::evaluate::Evaluator;
use crate::path_parser;
use crate::{result, source};
use mcp::schema::{self, Schema};
use mcp::{object, Arguments, Hints, Json, Outcome, Tool};

const LIMIT: (i64, i64) = (100, 10_000);

pub const TOOL: Tool = Tool {
    name: "get",
    title: "Find values by JSONPath",
    description: "Finds values in JSON by a JSONPath (RFC 9535): $.store.book[0].title, $..price, $.orders[?@.total > 100 && @.state == 'paid'].id, $.items[-1], $.items[0:3]. Filters know length(), count(), match(), search() and value().",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let mut all = source::properties();
    all.push(schema::required(
        "path",
        schema::text("JSONPath, such as $.orders[?@.total > 100].id; $ is the whole.")
            .with("examples", vec!["$..price".into()])
            .role("query"),
    ));
    all.push(schema::optional(
        "limit",
        schema::integer("Values to give.", 1, LIMIT.1)
            .default(LIMIT.0)
            .role("limit"),
    ));
    schema::closed(all)
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required(
            "values",
            schema::any_of(
                "The values found, in the order of the document; null when they are in a file.",
                &["array", "null"],
            ),
        ),
        schema::required(
            "paths",
            schema::list("Where each value is, as a normalized path.", schema::text("Path.")),
        ),
        schema::required(
            "matched",
            schema::count("Values found, those beyond the limit included."),
        ),
        result::exact_schema(),
        result::files_schema(),
        result::notes_schema(),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let query = path_parser::parse(arguments.required_text("path")?)?;
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let source = source::read(arguments, &source::MAIN)?;
    let nodes = Evaluator::new(&source.value).places(&query)?;
    let mut notes = source.notes;
    if nodes.is_empty() {
        notes.push(hint(&source.value));
    }
    let values: Vec<Json> = nodes.iter().take(limit).map(|node| node.value.clone()).collect();
    let paths: Vec<Json> = nodes.iter().take(limit).map(|node| node.path().into()).collect();
    let head = match nodes.len() {
        0 => "Nothing is there.".to_owned(),
        1 => "1 value:".to_owned(),
        count if count > limit => format!("{} values; the first {}:", count, limit),
        count => format!("{} values:", count),
    };
    let rest = object([("paths", paths.into()), ("matched", nodes.len().into())]);
    result::answer("values", values.into(), &head, rest, notes)
}

/// What could have been meant, when nothing was found.
fn hint(root: &Json) -> String {
    match root {
        Json::Object(members) => {
            let names: Vec<&str> = members.iter().take(20).map(|(name, _)| name.as_ref()).collect();
            format!("the document is an object with the members {}", names.join(", "))
        }
        Json::List(items) => match items.first() {
            Some(Json::Object(members)) => {
                let names: Vec<&str> = members.iter().take(20).map(|(name, _)| name.as_ref()).collect();
                format!(
                    "the document is a list of {} objects with members such as {}; $[*] are its items",
                    items.len(),
                    names.join(", ")
                )
            }
            _ => format!("the document is a list of {} items; $[*] are its items", items.len()),
        },
        other => format!("the document is {}", other.kind()),
    }
}
