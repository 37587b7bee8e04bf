//! `regex_match`.

use crate::input::{self, Positions};
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Hints, Json, Outcome, TextTable, Tool};
use patterns::{Pattern, Searcher};

const LIMIT: (i64, i64) = (100, 5_000);

pub const MATCH: Tool = Tool {
    name: "regex_match",
    title: "Find matches of a regular expression",
    description: "Finds the matches of a regular expression in a text, with their groups and places. Runs in linear time whatever the pattern.",
    input: || {
        let mut all = input::properties();
        all.extend(input::pattern_properties());
        all.push(schema::optional("limit", schema::integer("Matches to give; all are counted.", 1, LIMIT.1).default(LIMIT.0).role("limit")));
        schema::closed(all)
    },
    output: Some(|| {
        let found = schema::closed(vec![
            schema::required("match", schema::text("The text that matches.")),
            schema::required("start", schema::count("Characters before it.")),
            schema::required("end", schema::count("Characters up to its end.")),
            schema::required("line", schema::count("Its line, from 1.")),
            schema::required("column", schema::count("Its first character in the line, from 1.")),
            schema::required("groups", schema::list("What each group matched, by number; null for those that took no part.", schema::any_of("Text.", &["string", "null"]))),
            schema::required("named", schema::whole(Vec::new()).described("What each named group matched.")),
        ]);
        schema::closed(vec![
            schema::required("rows", schema::list("The matches.", found)),
            schema::required("count", schema::count("Matches in the whole text.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

/// Spans of all matches: each begins where the one before ended, an empty one moves on by a character.
pub fn matches(pattern: &Pattern, text: &str, mut each: impl FnMut(patterns::Match) -> bool) {
    search(pattern.searcher(), text, &mut each);
}

/// The same, without groups.
pub fn spans(pattern: &Pattern, text: &str, mut each: impl FnMut(patterns::Match) -> bool) {
    search(pattern.spans(), text, &mut each);
}

fn search(mut searcher: Searcher, text: &str, each: &mut dyn FnMut(patterns::Match) -> bool) {
    let mut at = 0;
    while let Some(found) = searcher.find(text, at) {
        let end = found.end();
        let empty = end == found.start();
        if !each(found) {
            return;
        }
        at = match text[end..].chars().next() {
            Some(c) if empty => end + c.len_utf8(),
            None if empty => return,
            _ => end,
        };
    }
}

fn run(arguments: &Arguments) -> Outcome {
    let pattern = input::pattern(arguments)?;
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let text = input::read(arguments)?;
    let mut positions = Positions::new(&text);
    let mut rows = Vec::new();
    let mut count = 0usize;
    let mut shown = TextTable::new(vec![
        ("line".into(), Align::Right),
        ("column".into(), Align::Right),
        ("match".into(), Align::Left),
        ("groups".into(), Align::Left),
    ]);
    matches(&pattern, &text, |found| {
        count += 1;
        if count > limit {
            return true;
        }
        let group = |number: usize| found.group(number).map(|(start, end)| text[start..end].to_owned());
        let groups: Vec<Option<String>> = (1..pattern.names().len()).map(group).collect();
        let start = positions.characters(found.start());
        let (line, column) = positions.line();
        let whole = text[found.start()..found.end()].to_owned();
        let mut named = object([]);
        for (name, value) in pattern.names()[1..].iter().zip(&groups) {
            if let Some(name) = name {
                named.push(name.clone(), value.clone());
            }
        }
        let cells: Vec<String> = groups
            .iter()
            .map(|group| group.clone().unwrap_or_else(|| "–".to_owned()))
            .collect();
        shown.row(vec![
            line.to_string(),
            column.to_string(),
            whole.clone(),
            cells.join(", "),
        ]);
        rows.push(object([
            ("match", whole.clone().into()),
            ("start", start.into()),
            ("end", (start + whole.chars().count()).into()),
            ("line", line.into()),
            ("column", column.into()),
            ("groups", groups.into_iter().map(Json::from).collect::<Vec<_>>().into()),
            ("named", named),
        ]));
        true
    });
    let head = match count {
        0 => "Nothing matches.".to_owned(),
        1 => "1 match:".to_owned(),
        count if count > limit => format!("{} matches; the first {}:", count, limit),
        count => format!("{} matches:", count),
    };
    let table = if count == 0 {
        String::new()
    } else {
        format!("\n\n{}", shown.render())
    };
    Ok(Answer::new(
        format!("{}{}", head, table),
        object([("rows", rows.into()), ("count", count.into())]),
    ))
}
