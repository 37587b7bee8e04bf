//! `format`: JSON for people, or without a blank.

use crate::{result, source};
use mcp::schema::{self, Schema};
use mcp::{object, write_text, Answer, Arguments, Hints, Json, Outcome, Tool};

const STYLES: [&str; 2] = ["pretty", "compact"];
const TEXT_BYTES_MAX: usize = 1 << 20;

pub const FORMAT: Tool = Tool {
    name: "format",
    title: "Format or minify JSON",
    description:
        "Checks that a text is JSON and writes it with indents, or compact without a blank. Numbers keep every digit.",
    input: || {
        let mut all = source::properties();
        all.push(schema::optional(
            "style",
            schema::one_of("pretty has indents and line ends, compact none.", &STYLES).default("pretty"),
        ));
        all.push(schema::optional(
            "indent",
            schema::integer("Blanks for each level.", 1, 8).default(2i64),
        ));
        all.push(schema::optional(
            "sort_keys",
            schema::boolean("Members by name.").default(false),
        ));
        schema::closed(all)
    },
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn output() -> Schema {
    schema::closed(vec![
        schema::required(
            "text",
            schema::any_of("The JSON text; null when it is in a file.", &["string", "null"]),
        ),
        schema::required("bytes", schema::count("Its size.")),
        result::files_schema(),
        result::notes_schema(),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let compact = arguments.choice("style", &STYLES)? == "compact";
    let indent = arguments.integer("indent", 2, (1, 8))? as usize;
    let sorted = arguments.boolean("sort_keys")?.unwrap_or(false);
    let source = source::read(arguments, &source::MAIN)?;
    let text = pretty(&source.value, if compact { 0 } else { indent }, sorted);
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!(
            "the text would have {} bytes; at most {} are given. Use style \"compact\", or get a part first.",
            text.len(),
            TEXT_BYTES_MAX
        )
        .into());
    }
    let mut notes = source.notes;
    let shown = result::shown(&text);
    let bytes = text.len();
    if bytes > 200 << 10 {
        notes.push("the text is in the file formatted.json".to_owned());
        let structured = object([
            ("text", Json::Null),
            ("bytes", bytes.into()),
            ("files", vec!["formatted.json".into()].into()),
            ("notes", result::texts(&notes)),
        ]);
        return Ok(Answer::new(result::with_notes(shown, &notes), structured).with_file(
            "formatted.json",
            "application/json",
            text,
        ));
    }
    let structured = object([
        ("text", text.into()),
        ("bytes", bytes.into()),
        ("notes", result::texts(&notes)),
    ]);
    Ok(Answer::new(result::with_notes(shown, &notes), structured))
}

/// JSON text; an indent of zero writes it without blanks.
pub fn pretty(value: &Json, indent: usize, sorted: bool) -> String {
    let mut out = String::new();
    write(value, indent, sorted, 0, &mut out);
    out
}

fn line(indent: usize, depth: usize, out: &mut String) {
    if indent > 0 {
        out.push('\n');
        out.push_str(&" ".repeat(indent * depth));
    }
}

fn write(value: &Json, indent: usize, sorted: bool, depth: usize, out: &mut String) {
    match value {
        Json::List(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(indent, depth + 1, out);
                write(item, indent, sorted, depth + 1, out);
            }
            line(indent, depth, out);
            out.push(']');
        }
        Json::Object(members) if !members.is_empty() => {
            let mut members: Vec<(&str, &Json)> = members.iter().map(|(name, value)| (name.as_ref(), value)).collect();
            if sorted {
                members.sort_by_key(|(name, _)| *name);
            }
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(indent, depth + 1, out);
                write_text(name, out);
                out.push_str(if indent > 0 { ": " } else { ":" });
                write(value, indent, sorted, depth + 1, out);
            }
            line(indent, depth, out);
            out.push('}');
        }
        Json::Text(text) => write_text(text, out),
        other => out.push_str(&other.to_line()),
    }
}
