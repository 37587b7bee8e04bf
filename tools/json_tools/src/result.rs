//! Results that are JSON themselves.

use crate::layout::pretty;
use mcp::schema::{self, Property};
use mcp::{object, Answer, Failure, Json};

/// What a reader of the text is shown.
const TEXT_CHARS_MAX: usize = 20_000;
/// Beyond this a result becomes a file.
const INLINE_BYTES_MAX: usize = 200 << 10;
const RESULT_BYTES_MAX: usize = 1 << 20;

pub fn notes_schema() -> Property {
    schema::required(
        "notes",
        schema::list("What to know about the result.", schema::text("A sentence.")),
    )
}

pub fn exact_schema() -> Property {
    schema::optional(
        "exact",
        schema::text("The result as JSON text, where it has numbers that lose digits in programs that reckon with 64-bit floating point."),
    )
}

pub fn files_schema() -> Property {
    schema::optional(
        "files",
        schema::list(
            "Files that hold what is too large to be given here.",
            schema::text("Name."),
        ),
    )
}

pub fn texts(notes: &[String]) -> Json {
    notes
        .iter()
        .map(|note| Json::from(note.clone()))
        .collect::<Vec<_>>()
        .into()
}

/// Whether a number of the value would be changed by a program that reads it as a 64-bit floating point number.
pub fn loses_digits(value: &Json) -> bool {
    match value {
        Json::Integer(value) => value.unsigned_abs() > 1 << 53,
        Json::Exact(text) => {
            let written = text.parse::<f64>().ok().filter(|value| value.is_finite());
            let back = written.and_then(|value| numbers::Decimal::parse(&Json::Number(value).to_line()));
            back != numbers::Decimal::parse(text)
        }
        Json::List(items) => items.iter().any(loses_digits),
        Json::Object(members) => members.iter().any(|(_, value)| loses_digits(value)),
        _ => false,
    }
}

/// As it is shown to people: cut where it is long.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => format!("{}\n… ({} more bytes)", &text[..at], text.len() - at),
        None => text.to_owned(),
    }
}

/// An answer whose structured result holds a value under a name; a large one goes to a file.
pub fn answer(
    name: &'static str,
    value: Json,
    head: &str,
    mut rest: Json,
    mut notes: Vec<String>,
) -> Result<Answer, Failure> {
    let line = value.to_line();
    if line.len() > RESULT_BYTES_MAX {
        return Err(Failure(format!(
            "the result has {} bytes; at most {} are given. Select less of it, with a narrower path or a limit.",
            line.len(),
            RESULT_BYTES_MAX
        )));
    }
    let mut text = shown(&pretty(&value, 2, false));
    if !head.is_empty() {
        text = format!("{}\n{}", head, text);
    }
    if line.len() > INLINE_BYTES_MAX {
        let file = format!("{}.json", name);
        notes.push(format!(
            "the result has {} bytes and is in the file {}",
            line.len(),
            file
        ));
        rest.push(name, Json::Null);
        rest.push("files", vec![Json::from(file.clone())]);
        rest.push("notes", texts(&notes));
        return Ok(Answer::new(with_notes(text, &notes), rest).with_file(file, "application/json", line));
    }
    let loses = loses_digits(&value);
    rest.push(name, value);
    if loses {
        rest.push("exact", line);
    }
    rest.push("notes", texts(&notes));
    Ok(Answer::new(with_notes(text, &notes), rest))
}

pub fn with_notes(text: String, notes: &[String]) -> String {
    match notes {
        [] => text,
        notes => format!("{}\n\nNote: {}.", text, notes.join("; ")),
    }
}

pub fn empty() -> Json {
    object([])
}
