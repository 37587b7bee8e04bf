//! `statistics`: counts of a text.

use crate::{input, lines, pieces};
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Hints, Json, Outcome, TextTable, Tool};
use std::collections::BTreeMap;

const TOP: (i64, i64) = (10, 200);
const WORDS_PER_MINUTE: f64 = 230.0;

pub const TOOL: Tool = Tool {
    name: "statistics",
    title: "Count words, lines and characters",
    description: "Counts characters, letters, words, sentences, lines and paragraphs of a text, tells its most frequent words and how long it takes to read.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::optional("top", schema::integer("Most frequent words to give.", 0, TOP.1).default(TOP.0).role("limit")),
            schema::optional("word_chars_min", schema::integer("Letters a frequent word has at least.", 1, 50).default(1i64)),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let word = schema::closed(vec![schema::required("word", schema::text("In lower case.")), schema::required("count", schema::count("How often."))]);
        let mut all: Vec<_> = [
            ("bytes", "Bytes in UTF-8."),
            ("characters", "Unicode code points; a letter with a combining mark or a joined emoji counts as several."),
            ("characters_without_spaces", "Those that are no white space."),
            ("letters", "Alphabetic characters."),
            ("digits", "Digits 0 to 9."),
            ("words", "Runs of letters and digits; each Han, Hiragana or Katakana character is one."),
            ("unique_words", "Different words, whatever the letter case."),
            ("sentences", "Ends such as . ! ? before a blank."),
            ("lines", "Lines."),
            ("blank_lines", "Lines with white space alone."),
            ("paragraphs", "Runs of lines that are not blank."),
            ("longest_line", "Characters of the longest line."),
        ]
        .into_iter()
        .map(|(name, description)| schema::required(name, schema::count(description)))
        .collect();
        all.push(schema::required("average_word", schema::number("Letters of a word on average.")));
        all.push(schema::required("reading_minutes", schema::number("At 230 words a minute.")));
        all.push(schema::required("rows", schema::list("Most frequent words.", word)));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let top = arguments.integer("top", TOP.0, (0, TOP.1))? as usize;
    let shortest = arguments.integer("word_chars_min", 1, (1, 50))? as usize;
    let text = input::read(arguments)?;
    let words = pieces::words(&text);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut letters_of_words = 0;
    for word in &words {
        letters_of_words += word.chars().count();
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    let all = lines::lines(&text);
    let blank = |line: &&&str| line.trim().is_empty();
    let paragraphs = (0..all.len())
        .filter(|at| !blank(&&all[*at]) && (*at == 0 || blank(&&all[*at - 1])))
        .count();
    let count = |fits: fn(char) -> bool| text.chars().filter(|c| fits(*c)).count();
    let figures: Vec<(&'static str, usize)> = vec![
        ("bytes", text.len()),
        ("characters", count(|_| true)),
        ("characters_without_spaces", count(|c| !c.is_whitespace())),
        ("letters", count(char::is_alphabetic)),
        ("digits", count(|c| c.is_ascii_digit())),
        ("words", words.len()),
        ("unique_words", counts.len()),
        ("sentences", pieces::sentences(&text)),
        ("lines", all.len()),
        ("blank_lines", all.iter().filter(blank).count()),
        ("paragraphs", paragraphs),
        (
            "longest_line",
            all.iter().map(|line| line.chars().count()).max().unwrap_or(0),
        ),
    ];
    let mut structured = object([]);
    let mut shown = String::new();
    for (name, value) in figures {
        shown.push_str(&format!("{}: {}\n", name.replace('_', " "), value));
        structured.push(name, value);
    }
    let average = letters_of_words as f64 / words.len().max(1) as f64;
    structured.push("average_word", (average * 100.0).round() / 100.0);
    structured.push(
        "reading_minutes",
        (words.len() as f64 / WORDS_PER_MINUTE * 100.0).round() / 100.0,
    );
    let mut frequent: Vec<(String, usize)> = counts
        .into_iter()
        .filter(|(word, _)| word.chars().count() >= shortest)
        .collect();
    frequent.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    frequent.truncate(top);
    let mut table = TextTable::new(vec![("word".into(), Align::Left), ("count".into(), Align::Right)]);
    let mut rows: Vec<Json> = Vec::new();
    for (word, count) in frequent {
        table.row(vec![word.clone(), count.to_string()]);
        rows.push(object([("word", word.into()), ("count", count.into())]));
    }
    let text = if rows.is_empty() {
        shown
    } else {
        format!("{}\n{}", shown, table.render())
    };
    structured.push("rows", rows);
    Ok(Answer::new(text, structured))
}
