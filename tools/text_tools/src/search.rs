//! `search`: lines that hold something, with what stands around them.

use crate::{input, lines};
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use patterns::{Flags, Pattern};

const LIMIT: (i64, i64) = (50, 2_000);
const CONTEXT_MAX: i64 = 50;
/// Characters of a line that are shown.
const LINE_CHARS_MAX: usize = 500;

pub const TOOL: Tool = Tool {
    name: "search",
    title: "Search lines with context",
    description:
        "Finds the lines of a text that hold a word or match a regular expression, with lines before and after them.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::required("query", schema::text("What to look for.").role("query")),
            schema::optional(
                "regex",
                schema::boolean("The query is a regular expression.").default(false),
            ),
            schema::optional(
                "ignore_case",
                schema::boolean("Letters of either case are the same.").default(true),
            ),
            schema::optional(
                "whole_word",
                schema::boolean("Only where it stands as a word of its own.").default(false),
            ),
            schema::optional(
                "context",
                schema::integer("Lines to give before and after each.", 0, CONTEXT_MAX).default(2i64),
            ),
            schema::optional(
                "limit",
                schema::integer("Lines found to give; all are counted.", 1, LIMIT.1)
                    .default(LIMIT.0)
                    .role("limit"),
            ),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let line = schema::closed(vec![
            schema::required("line", schema::count("Number, from 1.")),
            schema::required("text", schema::text("The line; long ones are cut.")),
            schema::required(
                "found",
                schema::boolean("It holds what was looked for; the others are around one that does."),
            ),
        ]);
        schema::closed(vec![
            schema::required(
                "rows",
                schema::list("Lines found and lines around them, in order.", line),
            ),
            schema::required("count", schema::count("Lines found in the whole text.")),
            schema::required("lines", schema::count("Lines of the text.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let query = arguments.required_text("query")?;
    if query.is_empty() {
        return Err("the query is empty; give a word or a pattern.".into());
    }
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let context = arguments.integer("context", 2, (0, CONTEXT_MAX))? as usize;
    let ignore_case = arguments.boolean("ignore_case")?.unwrap_or(true);
    let body = match arguments.boolean("regex")?.unwrap_or(false) {
        true => query.to_owned(),
        false => query
            .chars()
            .flat_map(|c| {
                if c.is_ascii_punctuation() {
                    vec!['\\', c]
                } else {
                    vec![c]
                }
            })
            .collect(),
    };
    let body = match arguments.boolean("whole_word")?.unwrap_or(false) {
        true => format!(r"\b(?:{})\b", body),
        false => body,
    };
    let flags = Flags {
        ignore_case,
        ..Flags::default()
    };
    let pattern = Pattern::new(&body, flags)
        .map_err(|problem| Failure(format!("the query `{}` cannot be used: {}.", query, problem)))?;
    let text = input::read(arguments)?;
    let all = lines::lines(&text);
    let mut searcher = pattern.spans();
    let found: Vec<usize> = (0..all.len())
        .filter(|line| searcher.find(all[*line], 0).is_some())
        .collect();
    let mut rows = Vec::new();
    let mut shown = String::new();
    let mut next = 0;
    for line in found.iter().take(limit) {
        let from = line.saturating_sub(context).max(next);
        if from > next && next > 0 {
            shown.push_str("--\n");
        }
        for at in from..(line + context + 1).min(all.len()).max(from) {
            let is_found = found.binary_search(&at).is_ok();
            let cut: String = all[at].chars().take(LINE_CHARS_MAX).collect();
            shown.push_str(&format!("{:>5}{} {}\n", at + 1, if is_found { ":" } else { " " }, cut));
            rows.push(object([
                ("line", (at + 1).into()),
                ("text", cut.into()),
                ("found", is_found.into()),
            ]));
            next = at + 1;
        }
    }
    let head = match found.len() {
        0 => format!("None of {} lines holds '{}'.", all.len(), query),
        count if count > limit => format!("{} of {} lines; the first {}:\n\n", count, all.len(), limit),
        count => format!("{} of {} lines:\n\n", count, all.len()),
    };
    let structured = object([
        ("rows", Json::List(rows)),
        ("count", found.len().into()),
        ("lines", all.len().into()),
    ]);
    Ok(Answer::new(input::shown(&format!("{}{}", head, shown)), structured))
}
