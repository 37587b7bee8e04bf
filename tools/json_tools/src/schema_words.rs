//! JSON Schema 2020-12: keywords that look at one value.

use crate::canonical::{canonical, compare_numbers, decimal, equal, is_number};
use crate::formats;
use crate::schema_check::Checker;
use mcp::{Failure, Json};
use std::cmp::Ordering;
use std::collections::BTreeSet;

fn is_type(value: &Json, name: &str) -> bool {
    match name {
        "null" => *value == Json::Null,
        "boolean" => matches!(value, Json::Bool(_)),
        "string" => matches!(value, Json::Text(_)),
        "array" => matches!(value, Json::List(_)),
        "object" => matches!(value, Json::Object(_)),
        "number" => is_number(value),
        "integer" => decimal(value).map_or(false, |number| number.is_whole()),
        _ => false,
    }
}

fn short(value: &Json) -> String {
    let line = value.to_line();
    match line.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Whether a value fits a keyword; keywords of other kinds of value, and unknown ones, fit all.
pub fn check(checker: &mut Checker, keyword: &str, argument: &Json, value: &Json) -> Result<bool, Failure> {
    Ok(match keyword {
        "type" => of_type(checker, argument, value)?,
        "enum" => {
            let allowed = argument.as_list().unwrap_or_default();
            allowed.iter().any(|one| equal(one, value)) || {
                let list: Vec<String> = allowed.iter().take(20).map(short).collect();
                checker.problem("enum", format!("{} is none of {}", short(value), list.join(", ")))
            }
        }
        "const" => {
            equal(argument, value) || checker.problem("const", format!("{} is not {}", short(value), short(argument)))
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" if is_number(value) => {
            number(checker, keyword, argument, value)?
        }
        "minLength" | "maxLength" | "pattern" | "format" => match value {
            Json::Text(text) => of_text(checker, keyword, argument, text)?,
            _ => true,
        },
        "minItems" | "maxItems" | "uniqueItems" => match value {
            Json::List(items) => of_list(checker, keyword, argument, items),
            _ => true,
        },
        "required" | "minProperties" | "maxProperties" | "dependentRequired" | "dependencies" => match value {
            Json::Object(members) => of_object(checker, keyword, argument, (value, members.len())),
            _ => true,
        },
        _ => true,
    })
}

fn of_type(checker: &mut Checker, argument: &Json, value: &Json) -> Result<bool, Failure> {
    let names: Vec<&str> = match argument {
        Json::Text(name) => vec![name],
        Json::List(names) => names.iter().filter_map(Json::as_text).collect(),
        _ => return Err("a type of the schema is neither a text nor a list.".into()),
    };
    const TYPES: [&str; 7] = ["null", "boolean", "string", "array", "object", "number", "integer"];
    if let Some(wrong) = names.iter().find(|name| !TYPES.contains(name)) {
        return Err(Failure(format!(
            "the schema's type '{}' is not known; there are {}.",
            wrong,
            TYPES.join(", ")
        )));
    }
    if names.iter().any(|name| is_type(value, name)) {
        return Ok(true);
    }
    Ok(checker.problem(
        "type",
        format!("{} is {}, not {}", short(value), value.kind(), names.join(" or ")),
    ))
}

fn number(checker: &mut Checker, keyword: &str, argument: &Json, value: &Json) -> Result<bool, Failure> {
    let order =
        compare_numbers(value, argument).ok_or_else(|| Failure(format!("the schema's {} is no number.", keyword)))?;
    let (name, fits, words) = match keyword {
        "minimum" => ("minimum", order != Ordering::Less, "less than"),
        "maximum" => ("maximum", order != Ordering::Greater, "more than"),
        "exclusiveMinimum" => ("exclusiveMinimum", order == Ordering::Greater, "not more than"),
        "exclusiveMaximum" => ("exclusiveMaximum", order == Ordering::Less, "not less than"),
        _ => ("multipleOf", is_multiple(value, argument)?, "no multiple of"),
    };
    Ok(fits || checker.problem(name, format!("{} is {} {}", short(value), words, short(argument))))
}

fn is_multiple(value: &Json, of: &Json) -> Result<bool, Failure> {
    let rational = |number: &Json| decimal(number).and_then(|number| number.to_rational());
    match (rational(value), rational(of)) {
        (Some(value), Some(of)) => {
            let quotient = value
                .divided(&of)
                .ok_or_else(|| Failure("the schema's multipleOf is zero.".to_owned()))?;
            Ok(quotient.is_whole())
        }
        // Too far apart to be written out: the larger one is a multiple only if it is so large on purpose.
        _ => Ok(compare_numbers(value, of) != Some(Ordering::Less)),
    }
}

fn size(argument: &Json) -> f64 {
    argument.as_number().unwrap_or(0.0)
}

fn of_text(checker: &mut Checker, keyword: &str, argument: &Json, text: &str) -> Result<bool, Failure> {
    let length = || text.chars().count() as f64;
    Ok(match keyword {
        "minLength" => {
            length() >= size(argument)
                || checker.problem(
                    "minLength",
                    format!(
                        "the text has {} characters; at least {} are needed",
                        length(),
                        size(argument)
                    ),
                )
        }
        "maxLength" => {
            length() <= size(argument)
                || checker.problem(
                    "maxLength",
                    format!(
                        "the text has {} characters; at most {} are allowed",
                        length(),
                        size(argument)
                    ),
                )
        }
        "pattern" => {
            let pattern = argument.as_text().unwrap_or("");
            checker.pattern(pattern)?.is_match(text)
                || checker.problem(
                    "pattern",
                    format!(
                        "{} does not match the pattern {}",
                        short(&Json::from(text.to_owned())),
                        pattern
                    ),
                )
        }
        _ => {
            let name = argument.as_text().unwrap_or("");
            !checker.formats
                || formats::fits(name, text)
                || checker.problem(
                    "format",
                    format!("{} is not of the format {}", short(&Json::from(text.to_owned())), name),
                )
        }
    })
}

fn of_list(checker: &mut Checker, keyword: &str, argument: &Json, items: &[Json]) -> bool {
    let length = items.len() as f64;
    match keyword {
        "minItems" => {
            length >= size(argument)
                || checker.problem(
                    "minItems",
                    format!("the list has {} items; at least {} are needed", length, size(argument)),
                )
        }
        "maxItems" => {
            length <= size(argument)
                || checker.problem(
                    "maxItems",
                    format!("the list has {} items; at most {} are allowed", length, size(argument)),
                )
        }
        _ => {
            let mut seen = BTreeSet::new();
            let twice = items.iter().position(|item| !seen.insert(canonical(item)));
            match twice.filter(|_| *argument == Json::Bool(true)) {
                Some(place) => checker.problem("uniqueItems", format!("item {} stands in the list already", place)),
                None => true,
            }
        }
    }
}

fn of_object(checker: &mut Checker, keyword: &str, argument: &Json, object: (&Json, usize)) -> bool {
    let (value, count) = object;
    let names = |list: &Json| -> Vec<String> {
        let names = list.as_list().unwrap_or_default().iter().filter_map(Json::as_text);
        names
            .filter(|name| value.get(name).is_none())
            .map(str::to_owned)
            .collect()
    };
    match keyword {
        "minProperties" => {
            count as f64 >= size(argument)
                || checker.problem(
                    "minProperties",
                    format!(
                        "the object has {} members; at least {} are needed",
                        count,
                        size(argument)
                    ),
                )
        }
        "maxProperties" => {
            count as f64 <= size(argument)
                || checker.problem(
                    "maxProperties",
                    format!(
                        "the object has {} members; at most {} are allowed",
                        count,
                        size(argument)
                    ),
                )
        }
        "required" => {
            let missing = names(argument);
            for name in &missing {
                checker.problem("required", format!("the member '{}' is missing", name));
            }
            missing.is_empty()
        }
        _ => {
            let mut fits = true;
            if let Json::Object(conditions) = argument {
                for (name, needed) in conditions.iter().filter(|(name, _)| value.get(name).is_some()) {
                    for missing in names(needed) {
                        fits = checker.problem(
                            "dependentRequired",
                            format!("with the member '{}' the member '{}' is needed", name, missing),
                        );
                    }
                }
            }
            fits
        }
    }
}
