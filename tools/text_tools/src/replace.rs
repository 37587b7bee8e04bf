//! `regex_replace`.

use crate::input;
use crate::regex::matches;
use mcp::schema;
use mcp::{Arguments, Failure, Hints, Outcome, Tool};
use patterns::{Match, Pattern};

const COUNT_MAX: i64 = 1_000_000;
const RESULT_BYTES_MAX: usize = 16 << 20;

pub const TOOL: Tool = Tool {
    name: "regex_replace",
    title: "Replace by a regular expression",
    description: "Replaces the matches of a regular expression (or of a plain text, with literal) and gives the new text. In the replacement $1 is the first group, ${name} a named one, $0 the whole match and $$ a dollar sign.",
    input: || {
        let mut all = input::properties();
        all.extend(input::pattern_properties());
        all.extend([
            schema::required("replacement", schema::text("What takes the place of each match, such as $2 $1.")),
            schema::optional("literal", schema::boolean("Pattern and replacement are plain texts.").default(false)),
            schema::optional("count", schema::integer("Matches to replace; 0 for all.", 0, COUNT_MAX).default(0i64)),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let mut all = input::result_schema("The new text; null when it is in a file.");
        all.push(schema::required("replaced", schema::count("Matches that were replaced.")));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

enum Piece {
    Text(String),
    Group(usize),
}

fn pieces(replacement: &str, pattern: &Pattern) -> Result<Vec<Piece>, Failure> {
    let mut out = Vec::new();
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        out.push(Piece::Text(rest[..at].to_owned()));
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push(Piece::Text("$".to_owned()));
            rest = after;
            continue;
        }
        let (name, after) = match rest.strip_prefix('{') {
            Some(inside) => inside.split_once('}').ok_or_else(|| {
                Failure("a '${' of the replacement is not closed; write $$ for a dollar sign.".to_owned())
            })?,
            None => {
                let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                rest.split_at(length)
            }
        };
        let number = name
            .parse()
            .ok()
            .or_else(|| pattern.names().iter().position(|known| known.as_deref() == Some(name)));
        match number.filter(|number| *number < pattern.names().len()) {
            Some(number) => out.push(Piece::Group(number)),
            None => {
                return Err(Failure(format!(
                    "the replacement names the group '{}', which the pattern does not have; it has {} groups. Write $$ for a dollar sign.",
                    name,
                    pattern.names().len() - 1
                )))
            }
        }
        rest = after;
    }
    out.push(Piece::Text(rest.to_owned()));
    Ok(out)
}

/// A text as a pattern that matches just it.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_ascii_punctuation() {
                vec!['\\', c]
            } else {
                vec![c]
            }
        })
        .collect()
}

fn run(arguments: &Arguments) -> Outcome {
    let text = input::read(arguments)?;
    let replacement = arguments.required_text("replacement")?;
    let most = match arguments.integer("count", 0, (0, COUNT_MAX))? {
        0 => usize::MAX,
        most => most as usize,
    };
    let literal = arguments.boolean("literal")?.unwrap_or(false);
    let (pattern, pieces) = if literal {
        let ignore_case = arguments.boolean("ignore_case")?.unwrap_or(false);
        let flags = patterns::Flags {
            ignore_case,
            ..patterns::Flags::default()
        };
        let pattern = Pattern::new(&escaped(arguments.required_text("pattern")?), flags).map_err(Failure)?;
        (pattern, vec![Piece::Text(replacement.to_owned())])
    } else {
        let pattern = input::pattern(arguments)?;
        let pieces = pieces(replacement, &pattern)?;
        (pattern, pieces)
    };
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut replaced) = (0, 0usize);
    matches(&pattern, &text, |found: Match| {
        out.push_str(&text[copied..found.start()]);
        for piece in &pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(number) => out.push_str(found.group(*number).map_or("", |(start, end)| &text[start..end])),
            }
        }
        copied = found.end();
        replaced += 1;
        replaced < most && out.len() < RESULT_BYTES_MAX
    });
    out.push_str(&text[copied..]);
    input::answer(out, vec![("replaced", replaced.into())])
}
