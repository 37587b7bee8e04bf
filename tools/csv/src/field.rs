//! What a row is grouped, chosen, ordered or summed up by: a column, a part of a date, a range of numbers, or arithmetic.

use crate::buckets::Bucket;
use crate::column::ColumnKind;
use crate::dates::{hour_of_clock, Moment};
use crate::formula::{self, Formula};
use crate::numbers::{read, NumberStyle};
use crate::table::{shown, Table};
use mcp::{Failure, Json};

#[derive(Clone, Debug)]
pub enum Field {
    Column(usize),
    Bucket(Bucket, usize),
    /// The hour of a column of times of day.
    ClockHour(usize),
    /// Ranges of so many units.
    Range(usize, f64),
    Formula(Formula),
}

/// The value of a field in one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Missing,
    Number(f64),
    Moment(Moment),
    /// The place of a bucket or range.
    Place(i64),
    /// The cell itself.
    Text,
}

impl Field {
    /// Reads a column's name, `month(date)`, `range(age, 10)` or a formula.
    pub fn parse(text: &str, table: &Table) -> Result<Field, Failure> {
        let text = text.trim();
        if let Some(column) = table.find_column(text) {
            return Ok(Field::Column(column));
        }
        if let Some((name, inner)) = call(text) {
            if name.eq_ignore_ascii_case("range") {
                return range(inner, table);
            }
            if let Some(bucket) = Bucket::named(name) {
                return part(bucket, inner, table);
            }
        }
        if formula::looks_like_one(text) {
            return formula::parse(text, table).map(Field::Formula);
        }
        if text.contains('-') {
            if let Ok(formula) = formula::parse(text, table) {
                return Ok(Field::Formula(formula));
            }
        }
        table.column_named(text).map(Field::Column)
    }

    /// Whether it is arithmetic, a column of numbers, or a number taken from a date.
    pub fn is_number(&self, table: &Table) -> bool {
        match self {
            Field::Column(column) => matches!(table.columns[*column].kind, ColumnKind::Number(_)),
            Field::Formula(_) | Field::ClockHour(_) => true,
            Field::Bucket(bucket, _) => matches!(bucket, Bucket::Year | Bucket::Hour),
            Field::Range(..) => false,
        }
    }

    /// The one column whose cell decides the value.
    pub fn column(&self) -> Option<usize> {
        match self {
            Field::Column(column) | Field::Bucket(_, column) | Field::ClockHour(column) | Field::Range(column, _) => {
                Some(*column)
            }
            Field::Formula(_) => None,
        }
    }

    /// Whether its groups follow one another: times and ranges do.
    pub fn is_sequence(&self) -> bool {
        !matches!(self, Field::Column(_) | Field::Formula(_))
    }

    /// The name in results: as the column is written, and what is done with it.
    pub fn name(&self, given: &str, table: &Table) -> String {
        match self {
            Field::Column(column) => table.columns[*column].name.clone(),
            _ => given.trim().to_owned(),
        }
    }

    /// The value in the table's current row.
    pub fn value(&self, table: &Table) -> Value {
        match self {
            Field::Column(column) => {
                if table.is_missing(*column) {
                    return Value::Missing;
                }
                match table.columns[*column].kind {
                    ColumnKind::Number(_) => {
                        let reading = table.number(*column);
                        if reading.is_number() {
                            return Value::Number(reading.value);
                        }
                    }
                    ColumnKind::Date(_) => {
                        if let Some(moment) = table.moment(*column) {
                            return Value::Moment(moment);
                        }
                    }
                    ColumnKind::Text | ColumnKind::Empty => {}
                }
                Value::Text
            }
            Field::Bucket(bucket, column) => table
                .moment(*column)
                .map_or(Value::Missing, |moment| Value::Place(bucket.place(moment.micros))),
            Field::ClockHour(column) => hour_of_clock(table.cell(*column)).map_or(Value::Missing, Value::Place),
            Field::Range(column, width) => {
                let reading = table.number(*column);
                if reading.is_number() {
                    Value::Place((reading.value / width).floor() as i64)
                } else {
                    Value::Missing
                }
            }
            Field::Formula(formula) => formula.number(table).map_or(Value::Missing, Value::Number),
        }
    }

    /// The number in the current row; none where it is missing or no number.
    pub fn number(&self, table: &Table) -> Option<f64> {
        match self.value(table) {
            Value::Number(value) => Some(value),
            Value::Place(place) => Some(place as f64),
            Value::Moment(moment) => Some(moment.micros as f64),
            Value::Missing | Value::Text => None,
        }
    }

    /// A value of this field in a result; null where it is missing.
    pub fn json(&self, value: Value, table: &Table) -> Json {
        match (self, value) {
            (Field::Bucket(bucket, _), Value::Place(place)) => bucket.label(place),
            (Field::Range(_, width), Value::Place(place)) => {
                let bound = |place: i64| Json::Number((place as f64 * width * 1e9).round() / 1e9).to_line();
                format!("{} to {}", bound(place), bound(place + 1)).into()
            }
            (_, Value::Place(place)) => Json::Number(place as f64),
            (_, Value::Missing) => Json::Null,
            (_, Value::Number(number)) => Json::Number(number),
            (Field::Column(column), _) => shown(table.cell(*column)).into(),
            (_, Value::Moment(moment)) => moment.to_text().into(),
            (_, Value::Text) => Json::Null,
        }
    }
}

/// `name(inner)`, with nothing after it.
fn call(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_suffix(')')?;
    let open = inner.find('(')?;
    let inside = &inner[open + 1..];
    // (a) / (b) is no call.
    let name = inner[..open].trim();
    (!name.is_empty() && !inside.contains('(')).then(|| (name, inside.trim()))
}

fn part(bucket: Bucket, inner: &str, table: &Table) -> Result<Field, Failure> {
    let column = table.column_named(inner.trim_matches(|c| matches!(c, '"' | '\'' | '`')))?;
    match table.columns[column].kind {
        ColumnKind::Text if bucket == Bucket::Hour => Ok(Field::ClockHour(column)),
        ColumnKind::Number(_) if bucket == Bucket::Year => Ok(Field::Column(column)),
        _ => formula::date_column(inner, table).map(|column| Field::Bucket(bucket, column)),
    }
}

fn range(inner: &str, table: &Table) -> Result<Field, Failure> {
    let (name, width) = inner.rsplit_once(',').unwrap_or((inner, ""));
    let width = read(width.trim().as_bytes(), NumberStyle::plain(b'.'));
    if !width.is_number() || width.value <= 0.0 {
        return Err(Failure(format!(
            "range needs a column and how wide a range is, such as range(age, 10), not range({}).",
            inner
        )));
    }
    let column = table.column_named(name.trim().trim_matches(|c| matches!(c, '"' | '\'' | '`')))?;
    match table.columns[column].kind {
        ColumnKind::Number(_) => Ok(Field::Range(column, width.value)),
        _ => Err(Failure(format!(
            "'{}' is not a column of numbers, so it has no ranges.",
            table.columns[column].name
        ))),
    }
}
