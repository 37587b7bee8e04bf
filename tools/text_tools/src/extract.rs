//! `extract`: things of a kind that a text holds.

use crate::input::{self, Positions};
use crate::regex::spans;
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};
use patterns::{Flags, Pattern};
use std::collections::BTreeSet;

const LIMIT: (i64, i64) = (200, 5_000);

/// Kinds and their patterns. What trails a URL and belongs to the sentence is cut off afterwards.
const KINDS: [(&str, &str); 9] = [
    (
        "email",
        r"[\w.!#$%&'*+/=?^`{|}~-]+@[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?(?:\.[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?)+",
    ),
    (
        "url",
        r"\b(?:https?|ftp|wss?)://[^\s<>\x22{}|\\^`]+|\bwww\.[\w-]+\.[^\s<>\x22{}|\\^`]+",
    ),
    (
        "number",
        r"[+\-−]?(?:\d{1,3}(?:[,'’\u{202f}\u{a0}]\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?%?",
    ),
    (
        "date",
        r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b|\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b|\b\d{1,2}\.? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\p{L}*\.?,? \d{4}\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\p{L}*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b",
    ),
    ("time", r"\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?: ?[ap]\.?m\b\.?)?"),
    (
        "ip",
        r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b",
    ),
    (
        "uuid",
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    ),
    ("hashtag", r"#[\p{L}_][\w]*"),
    ("mention", r"@[\p{L}_][\w]*"),
];
const NAMES: [&str; 9] = [
    "email", "url", "number", "date", "time", "ip", "uuid", "hashtag", "mention",
];

pub const TOOL: Tool = Tool {
    name: "extract",
    title: "Extract emails, URLs, numbers, dates",
    description: "Finds all e-mail addresses, URLs, numbers, dates, times, IP addresses, UUIDs, hashtags or mentions in a text, with their lines.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::optional("kinds", schema::list("What to look for; emails, URLs, numbers and dates when absent.", schema::one_of("Kind.", &NAMES))),
            schema::optional("unique", schema::boolean("Give each value once.").default(true)),
            schema::optional("limit", schema::integer("Values to give.", 1, LIMIT.1).default(LIMIT.0).role("limit")),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let found = schema::closed(vec![
            schema::required("kind", schema::text("What it is.")),
            schema::required("value", schema::text("As it stands in the text.")),
            schema::required("line", schema::count("Its line, from 1.")),
            schema::required("start", schema::count("Characters before it.")),
        ]);
        schema::closed(vec![
            schema::required("rows", schema::list("What was found, in the order of the text.", found)),
            schema::required("count", schema::count("Values found, those beyond the limit included.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let kinds = arguments
        .texts("kinds")?
        .filter(|kinds| !kinds.is_empty())
        .unwrap_or_else(|| NAMES[..4].to_vec());
    let unique = arguments.boolean("unique")?.unwrap_or(true);
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let text = input::read(arguments)?;
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for kind in kinds {
        let (name, pattern) = KINDS
            .iter()
            .find(|(name, _)| *name == kind)
            .ok_or_else(|| Failure(format!("there is no kind '{}'; there are {}.", kind, NAMES.join(", "))))?;
        let flags = Flags {
            ignore_case: !matches!(*name, "date"),
            ..Flags::default()
        };
        let pattern = Pattern::new(pattern, flags).map_err(Failure)?;
        spans(&pattern, &text, |spot| {
            let (start, end) = trimmed(name, &text, spot.start(), spot.end());
            if end > start {
                found.push((start, end, name));
            }
            true
        });
    }
    // A number inside an address, a date or a URL is no number of its own.
    let larger: Vec<(usize, usize)> = found
        .iter()
        .filter(|(_, _, name)| !matches!(*name, "number" | "mention" | "hashtag"))
        .map(|(start, end, _)| (*start, *end))
        .collect();
    let inside = |start: usize, end: usize| larger.iter().any(|(from, to)| *from <= start && end <= *to);
    found.retain(|(start, end, name)| {
        !matches!(*name, "number" | "mention" | "hashtag") || larger.len() > 20_000 || !inside(*start, *end)
    });
    found.sort_unstable();
    let mut seen = BTreeSet::new();
    if unique {
        found.retain(|(start, end, name)| seen.insert((*name, &text[*start..*end])));
    }
    let mut positions = Positions::new(&text);
    let mut shown = TextTable::new(vec![
        ("kind".into(), Align::Left),
        ("value".into(), Align::Left),
        ("line".into(), Align::Right),
    ]);
    let mut rows: Vec<Json> = Vec::new();
    for (start, end, name) in found.iter().take(limit) {
        let characters = positions.characters(*start);
        let line = positions.line().0;
        shown.row(vec![
            (*name).to_owned(),
            text[*start..*end].to_owned(),
            line.to_string(),
        ]);
        rows.push(object([
            ("kind", (*name).into()),
            ("value", text[*start..*end].to_owned().into()),
            ("line", line.into()),
            ("start", characters.into()),
        ]));
    }
    let answer = match found.len() {
        0 => "Nothing of that kind is in the text.".to_owned(),
        1 => format!("1 value:\n\n{}", shown.render()),
        count => format!("{} values:\n\n{}", count, shown.render()),
    };
    Ok(Answer::new(
        answer,
        object([("rows", rows.into()), ("count", found.len().into())]),
    ))
}

/// Without the punctuation that ends a sentence behind a URL, and without signs and digits that belong to a word.
fn trimmed(name: &str, text: &str, start: usize, end: usize) -> (usize, usize) {
    let mut end = end;
    let mut start = start;
    match name {
        "url" => loop {
            let inside = &text[start..end];
            let closes = |open: char, close: char| {
                inside.ends_with(close) && inside.matches(close).count() > inside.matches(open).count()
            };
            if inside.ends_with(['.', ',', ';', ':', '!', '?', '\'', '*', '”', '’'])
                || closes('(', ')')
                || closes('[', ']')
            {
                end -= inside.chars().next_back().map_or(1, char::len_utf8);
            } else {
                break;
            }
        },
        "number" => {
            let before = text[..start].chars().next_back();
            let joined = before.map_or(false, |c| c.is_alphanumeric() || c == '_');
            let signed = text[start..].starts_with(['+', '-', '−']);
            if joined && signed {
                start += text[start..].chars().next().map_or(1, char::len_utf8);
            } else if joined || before == Some('.') && text[..start - 1].ends_with(|c: char| c.is_ascii_digit()) {
                return (start, start);
            }
        }
        "mention" => {
            if text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '.') {
                return (start, start);
            }
        }
        _ => {}
    }
    (start, end)
}
