//! Figures of many values: sums and means are exact for decimal numbers.

use crate::canonical::decimal;
use crate::canonical::{canonical, is_number, order};
use mcp::Json;
use numbers::Rational;
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub const OPERATIONS: [&str; 10] = [
    "count", "sum", "mean", "min", "max", "median", "first", "last", "list", "distinct",
];

/// Significant digits of a mean or median that has no end.
const DIGITS: usize = 20;
/// Numbers of more binary digits than this are reckoned as floating point numbers.
const BITS_MAX: usize = 8_000;

/// What an operation makes of the values that are there; missing ones are no values.
pub fn aggregate(operation: &str, values: &[&Json], rows: usize, notes: &mut BTreeSet<String>) -> Json {
    let present: Vec<&Json> = values.iter().copied().filter(|value| **value != Json::Null).collect();
    match operation {
        "count" => rows.into(),
        "first" => present.first().copied().cloned().unwrap_or(Json::Null),
        "last" => present.last().copied().cloned().unwrap_or(Json::Null),
        "list" => present.into_iter().cloned().collect::<Vec<_>>().into(),
        "distinct" => {
            let mut seen = BTreeSet::new();
            let new = present.into_iter().filter(|value| seen.insert(canonical(value)));
            new.cloned().collect::<Vec<_>>().into()
        }
        "min" | "max" => {
            let wanted = if operation == "min" {
                Ordering::Less
            } else {
                Ordering::Greater
            };
            let better = |best: &'_ Json, value: &'_ Json| order(value, best) == wanted;
            let best = present
                .into_iter()
                .reduce(|best, value| if better(best, value) { value } else { best });
            best.cloned().unwrap_or(Json::Null)
        }
        _ => figure(operation, &present, notes),
    }
}

fn figure(operation: &str, values: &[&Json], notes: &mut BTreeSet<String>) -> Json {
    let numbers: Vec<&Json> = values.iter().copied().filter(|value| is_number(value)).collect();
    if numbers.len() < values.len() {
        notes.insert(format!(
            "{} of {} values are no numbers and left out of {}",
            values.len() - numbers.len(),
            values.len(),
            operation
        ));
    }
    if numbers.is_empty() {
        return if operation == "sum" { 0i64.into() } else { Json::Null };
    }
    match exact(operation, &numbers) {
        Some(value) => {
            let written = value.to_decimal(DIGITS);
            if !written.exact {
                notes.insert(format!("{} is rounded to {} significant digits", operation, DIGITS));
            }
            mcp::parse_exact(&written.text).unwrap_or(Json::Null)
        }
        None => {
            notes.insert("numbers too far apart to be added exactly are reckoned in floating point".to_owned());
            let values: Vec<f64> = numbers.iter().filter_map(|value| value.as_number()).collect();
            let sum: f64 = values.iter().sum();
            Json::Number(if operation == "sum" {
                sum
            } else {
                sum / values.len() as f64
            })
        }
    }
}

fn exact(operation: &str, numbers: &[&Json]) -> Option<Rational> {
    let rational = |value: &Json| match value {
        Json::Integer(value) => Some(Rational::from(*value)),
        other => decimal(other)?.to_rational(),
    };
    if operation == "median" {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(|left, right| order(left, right));
        let upper = rational(sorted[sorted.len() / 2])?;
        let lower = rational(sorted[(sorted.len() - 1) / 2])?;
        return upper.plus(&lower).divided(&Rational::from(2));
    }
    let mut sum = Rational::zero();
    for value in numbers {
        sum = sum.plus(&rational(value)?);
        if sum.bits() > BITS_MAX {
            return None;
        }
    }
    match operation {
        "mean" => sum.divided(&Rational::from(numbers.len() as i64)),
        _ => Some(sum),
    }
}
