//! When two values are equal, and which number is larger: by value, whatever the way they are written.

use mcp::{write_text, Json};
use numbers::Decimal;
use std::cmp::Ordering;

/// The number as a decimal; none for what is no number.
pub fn decimal(value: &Json) -> Option<Decimal> {
    match value {
        Json::Integer(_) | Json::Number(_) => Decimal::parse(&value.to_line()),
        Json::Exact(text) => Decimal::parse(text),
        _ => None,
    }
}

pub fn is_number(value: &Json) -> bool {
    matches!(value, Json::Integer(_) | Json::Number(_) | Json::Exact(_))
}

pub fn compare_numbers(left: &Json, right: &Json) -> Option<Ordering> {
    if let (Json::Integer(left), Json::Integer(right)) = (left, right) {
        return Some(left.cmp(right));
    }
    Some(decimal(left)?.cmp(&decimal(right)?))
}

pub fn equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Text(left), Json::Text(right)) => left == right,
        (Json::Bool(left), Json::Bool(right)) => left == right,
        (Json::Null, Json::Null) => true,
        (Json::List(left), Json::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Json::Object(one), Json::Object(two)) => one.len() == two.len() && canonical(left) == canonical(right),
        _ => compare_numbers(left, right) == Some(Ordering::Equal),
    }
}

/// A text that is the same for equal values and for no others.
pub fn canonical(value: &Json) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Text(text) => write_text(text, out),
        Json::List(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut sorted: Vec<(&str, &Json)> = members.iter().map(|(name, value)| (name.as_ref(), value)).collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                write_text(name, out);
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Json::Integer(value) => out.push_str(&format!("{:?}", Decimal::parse(&value.to_string()))),
        number if is_number(number) => out.push_str(&format!("{:?}", decimal(number))),
        other => out.push_str(&other.to_line()),
    }
}

/// An order of all values, for sorting: null, false, true, numbers, texts, then the rest.
pub fn order(left: &Json, right: &Json) -> Ordering {
    let rank = |value: &Json| match value {
        Json::Null => 0,
        Json::Bool(_) => 1,
        Json::Integer(_) | Json::Number(_) | Json::Exact(_) => 2,
        Json::Text(_) => 3,
        Json::List(_) => 4,
        Json::Object(_) => 5,
    };
    match (left, right) {
        (Json::Bool(left), Json::Bool(right)) => left.cmp(right),
        (Json::Text(left), Json::Text(right)) => left.cmp(right),
        _ => match compare_numbers(left, right) {
            Some(order) => order,
            None => rank(left).cmp(&rank(right)),
        },
    }
}
