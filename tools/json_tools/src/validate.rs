//! `validate`: JSON against a JSON Schema.

use crate::schema_check::{Checker, PROBLEMS_MAX};
use crate::{formats, result, source};
use mcp::schema::{self, Schema};
use mcp::{object, parse_exact, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use std::borrow::Cow;

pub const TOOL: Tool = Tool {
    name: "validate",
    title: "Check JSON against a JSON Schema",
    description: "Checks JSON against a JSON Schema of draft 2020-12. $ref and $dynamicRef lead into the schema itself; schemas elsewhere, the metaschema included, are not fetched, and a reference to one fails. Reports each problem with its place.",
    input,
    output: Some(|| {
        let problem = schema::closed(vec![
            schema::required("path", schema::text("JSON Pointer of the value; empty for the whole.")),
            schema::required("keyword", schema::text("The keyword that it does not fit.")),
            schema::required("message", schema::text("What is wrong.")),
        ]);
        schema::closed(vec![
            schema::required("valid", schema::boolean("The document fits the schema.")),
            schema::required("problems", schema::list("What does not fit, at most 100.", problem)),
            schema::required("count", schema::count("Problems, those not given included.")),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let mut all = source::properties();
    all.extend([
        schema::optional("schema", schema::any_of("The JSON Schema: an object, true or false. Give this or schema_text.", &["object", "boolean"])),
        schema::optional("schema_text", schema::text("The JSON Schema as JSON text.")),
        schema::optional("formats", schema::boolean("Check format too: date, time, date-time, duration, email, hostname, ipv4, ipv6, uri, uuid, json-pointer, regex.").default(true)),
    ]);
    schema::closed(all)
}

fn run(arguments: &Arguments) -> Outcome {
    let source = source::read(arguments, &source::MAIN)?;
    let schema = match (arguments.get("schema"), arguments.text("schema_text")?) {
        (Some(schema), None) => Cow::Borrowed(schema),
        (None, Some(text)) => Cow::Owned(
            parse_exact(text).map_err(|problem| Failure(format!("'schema_text' is not JSON: {}.", problem)))?,
        ),
        _ => return Err("give exactly one of 'schema' (an object) and 'schema_text'.".into()),
    };
    let check_formats = arguments.boolean("formats")?.unwrap_or(true);
    let mut checker = Checker::new(&schema, check_formats);
    let valid = checker.whole(&source.value)?;
    let mut notes = source.notes;
    if checker.count > PROBLEMS_MAX {
        notes.push(format!(
            "only the first {} of {} problems are told",
            checker.problems.len(),
            checker.count
        ));
    }
    let unknown = schema
        .get("format")
        .and_then(Json::as_text)
        .filter(|name| !formats::NAMES.contains(name));
    if let Some(name) = unknown.filter(|_| check_formats) {
        notes.push(format!(
            "the format '{}' is not checked; known are {}",
            name,
            formats::NAMES
        ));
    }
    let mut problems = Vec::new();
    let mut lines = String::new();
    for problem in &checker.problems {
        let place = if problem.path.is_empty() {
            "(whole)".to_owned()
        } else {
            problem.path.clone()
        };
        lines.push_str(&format!("\n- {}: {}", place, problem.message));
        problems.push(object([
            ("path", problem.path.clone().into()),
            ("keyword", problem.keyword.into()),
            ("message", problem.message.clone().into()),
        ]));
    }
    let text = match (valid, checker.count) {
        (true, _) => "The document fits the schema.".to_owned(),
        (false, 1) => format!("The document does not fit the schema:{}", lines),
        (false, count) => format!("The document does not fit the schema, in {} places:{}", count, lines),
    };
    let structured = object([
        ("valid", valid.into()),
        ("problems", problems.into()),
        ("count", checker.count.into()),
        ("notes", result::texts(&notes)),
    ]);
    Ok(Answer::new(result::with_notes(text, &notes), structured))
}
