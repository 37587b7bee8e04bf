//! The functions of RFC 9535 section 2.4: length, count, match, search, value.

use crate::path::{Comparable, Fits, Logical};
use crate::path_parser::{Parser, Term};
use mcp::{Failure, Json};
use patterns::{Flags, Pattern};

/// A call, after its opening parenthesis.
pub fn call(parser: &mut Parser, name: &str) -> Result<Term, Failure> {
    let count = match name {
        "length" | "count" | "value" => 1,
        "match" | "search" => 2,
        _ => return Err(parser.refuse("this function is not known; there are length, count, match, search and value")),
    };
    let mut terms = parser.arguments(name, count)?;
    let second = if count == 2 { terms.pop() } else { None };
    let first = match terms.pop() {
        Some(first) => first,
        None => return Err(parser.refuse("an argument is missing")),
    };
    Ok(match (name, first, second) {
        ("length", first, _) => Term::Value(Comparable::Length(Box::new(parser.comparable(first)?))),
        ("count", Term::Query(query), _) => Term::Value(Comparable::Count(query)),
        ("value", Term::Query(query), _) => Term::Value(Comparable::Value(query)),
        ("count" | "value", _, _) => {
            return Err(parser.refuse("count() and value() take a path that begins with @ or $"))
        }
        (_, first, Some(second)) => {
            let (text, pattern) = (parser.comparable(first)?, parser.comparable(second)?);
            let whole = name == "match";
            let compiled = match &pattern {
                Comparable::Literal(Json::Text(text)) => Some(compile(text, whole)),
                Comparable::Literal(_) => Some(None),
                _ => None,
            };
            Term::Test(Logical::Fits(Box::new(Fits {
                text,
                pattern,
                compiled,
                whole,
            })))
        }
        (_, _, None) => return Err(parser.refuse("an argument is missing")),
    })
}

/// The pattern of match() or search(); a text that is no pattern fits nothing.
pub fn compile(pattern: &str, whole: bool) -> Option<Pattern> {
    let pattern = if whole {
        format!(r"\A(?:{})\z", pattern)
    } else {
        pattern.to_owned()
    };
    Pattern::new(&pattern, Flags::default()).ok()
}
