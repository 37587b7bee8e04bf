//! `shape`: lengths and margins of a text.

use crate::{input, lines, pieces};
use mcp::schema;
use mcp::{Arguments, Hints, Outcome, Tool};
use std::collections::BTreeSet;

const WAYS: [&str; 12] = [
    "truncate_chars",
    "truncate_words",
    "wrap",
    "dedent",
    "indent",
    "trim",
    "collapse_spaces",
    "sort_lines",
    "unique_lines",
    "reverse_lines",
    "number_lines",
    "join_lines",
];
const WIDTH_MAX: i64 = 1_000_000;

pub const TOOL: Tool = Tool {
    name: "shape",
    title: "Truncate, wrap, dedent, sort lines",
    description: "Changes the shape of a text: truncate it to characters or words, wrap lines at a width, dedent or indent, trim, collapse white space, sort, reverse, number or join lines, drop repeated ones.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::required("how", schema::one_of("What to do.", &WAYS)),
            schema::optional("width", schema::integer("Characters or words to keep (truncate, the ellipsis included), characters of a line (wrap), blanks (indent).", 1, WIDTH_MAX)),
            schema::optional("ellipsis", schema::text("What shows that something was cut off.").default("…")),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let mut all = input::result_schema("The new text; null when it is in a file.");
        all.push(schema::required("changed", schema::boolean("The text is not what it was.")));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let how = arguments.choice("how", &WAYS)?;
    let text = input::read(arguments)?;
    let ellipsis = arguments.text("ellipsis")?.unwrap_or("…");
    let default = match how {
        "indent" => 4,
        "wrap" => 80,
        _ => 100,
    };
    let width = arguments.integer("width", default, (1, WIDTH_MAX))? as usize;
    let all = || lines::lines(&text);
    let result = match how {
        "truncate_chars" => truncate(&text, width, ellipsis),
        "truncate_words" => truncate_words(&text, width, ellipsis),
        "wrap" => all()
            .iter()
            .map(|line| wrap(line, width))
            .collect::<Vec<_>>()
            .join("\n"),
        "dedent" => dedent(&all()),
        "indent" => {
            let blank = " ".repeat(width.min(200));
            all()
                .iter()
                .map(|line| {
                    if line.trim().is_empty() {
                        String::new()
                    } else {
                        format!("{}{}", blank, line)
                    }
                })
                .collect::<Vec<_>>()
                .join("\n")
        }
        "trim" => all()
            .iter()
            .map(|line| line.trim_end())
            .collect::<Vec<_>>()
            .join("\n")
            .trim()
            .to_owned(),
        "collapse_spaces" => text.split_whitespace().collect::<Vec<_>>().join(" "),
        "join_lines" => all()
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        "number_lines" => {
            let lines = all();
            let digits = lines.len().to_string().len();
            lines
                .iter()
                .enumerate()
                .map(|(at, line)| format!("{:>digits$}  {}", at + 1, line, digits = digits))
                .collect::<Vec<_>>()
                .join("\n")
        }
        other => {
            let mut lines = all();
            match other {
                "sort_lines" => lines.sort_unstable(),
                "reverse_lines" => lines.reverse(),
                _ => {
                    let mut seen = BTreeSet::new();
                    lines.retain(|line| seen.insert(*line));
                }
            }
            lines.join("\n")
        }
    };
    let changed = result != *text;
    input::answer(result, vec![("changed", changed.into())])
}

/// At most so many characters, the ellipsis among them; combining marks are not parted from their letter.
fn truncate(text: &str, width: usize, ellipsis: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width {
        return text.to_owned();
    }
    let mut keep = width.saturating_sub(ellipsis.chars().count());
    while keep > 0 && matches!(chars[keep] as u32, 0x300..=0x36f | 0x200d | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff) {
        keep -= 1;
    }
    let kept: String = chars[..keep].iter().collect();
    let whole = format!("{}{}", kept.trim_end(), ellipsis);
    whole.chars().take(width).collect()
}

fn truncate_words(text: &str, most: usize, ellipsis: &str) -> String {
    let words = pieces::words(text);
    match words.get(most) {
        None => text.to_owned(),
        Some(_) => {
            let last = words[most - 1];
            // Words are parts of the text, so its place is known.
            let end = last.as_ptr() as usize - text.as_ptr() as usize + last.len();
            format!("{}{}", &text[..end], ellipsis)
        }
    }
}

/// A line cut at blanks; its indent is kept, and longer words stand alone.
fn wrap(line: &str, width: usize) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let mut out = String::from(indent);
    let mut length = indent.chars().count();
    let mut first = true;
    for word in line.split_whitespace() {
        let size = word.chars().count();
        if !first && length + 1 + size > width {
            out.push('\n');
            out.push_str(indent);
            length = indent.chars().count();
        } else if !first {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += size;
        first = false;
    }
    out
}

fn dedent(lines: &[&str]) -> String {
    let blank = |line: &str| line.trim().is_empty();
    let margin = lines
        .iter()
        .filter(|line| !blank(line))
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .reduce(|left, right| {
            let same = left
                .bytes()
                .zip(right.bytes())
                .take_while(|(left, right)| left == right)
                .count();
            &left[..same]
        });
    let margin = margin.map_or(0, str::len);
    lines
        .iter()
        .map(|line| if blank(line) { "" } else { &line[margin..] })
        .collect::<Vec<_>>()
        .join("\n")
}
