//! Conditions on rows: `[{"column": "year", "op": ">=", "value": 2008}]`, all of which must hold.

use crate::buckets::Bucket;
use crate::column::ColumnKind;
use crate::dates::{period, Period};
use crate::field::Field;
use crate::numbers::{read, read_plain, Affix, NumberStyle};
use crate::source::decode;
use crate::table::Table;
use mcp::{Failure, Json};

pub const OPERATORS: [&str; 13] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "is_missing",
    "not_missing",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Between,
    In,
    NotIn,
    Contains,
    StartsWith,
    IsMissing,
    NotMissing,
}

/// In the order of their names.
const ALL: [Operator; OPERATORS.len()] = [
    Operator::Equal,
    Operator::Unequal,
    Operator::Less,
    Operator::AtMost,
    Operator::More,
    Operator::AtLeast,
    Operator::Between,
    Operator::In,
    Operator::NotIn,
    Operator::Contains,
    Operator::StartsWith,
    Operator::IsMissing,
    Operator::NotMissing,
];

const CONDITIONS_MAX: usize = 50;
const VALUES_MAX: usize = 1_000;

pub struct Conditions {
    /// Of each list one must hold.
    all: Vec<Vec<Condition>>,
}

/// What a condition looks at.
enum Subject {
    Cell(usize),
    /// A number that is computed, or a part of a date.
    Number(Field),
}

struct Condition {
    subject: Subject,
    operator: Operator,
    wanted: Vec<Wanted>,
    /// A value that differs from a wanted one in case only, and whether any row fitted.
    near: Option<(String, String)>,
    fitted: bool,
}

struct Wanted {
    text: String,
    number: Option<f64>,
    period: Option<Period>,
}

impl Conditions {
    /// Reads the argument; without one every row fits.
    pub fn new(given: Option<&[Json]>, table: &Table) -> Result<Conditions, Failure> {
        let given = given.unwrap_or_default();
        let lists = given.iter().map(|item| match item.get("any") {
            Some(Json::List(items)) if !items.is_empty() => Ok(&items[..]),
            Some(_) => Err(Failure(
                "'any' is a list of conditions of which one must hold; it is empty or no list.".to_owned(),
            )),
            None => Ok(std::slice::from_ref(item)),
        });
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        let count: usize = lists.iter().map(|list| list.len()).sum();
        if count > CONDITIONS_MAX {
            return Err(Failure(format!(
                "there are {} conditions; at most {} are checked.",
                count, CONDITIONS_MAX
            )));
        }
        let all = lists
            .into_iter()
            .map(|list| list.iter().map(|item| condition(item, table)).collect())
            .collect::<Result<_, _>>()?;
        Ok(Conditions { all })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the table's current row fits.
    #[inline]
    pub fn fit(&mut self, table: &Table) -> bool {
        self.all
            .iter_mut()
            .all(|any| any.iter_mut().any(|condition| condition.fits(table)))
    }

    /// Conditions that no row fitted and almost could have.
    pub fn notes(&self, table: &Table) -> Vec<String> {
        let lost = self.all.iter().flatten().filter(|condition| !condition.fitted);
        lost.filter_map(|condition| {
            let (wanted, found) = condition.near.as_ref()?;
            let column = match condition.subject {
                Subject::Cell(column) => column,
                Subject::Number(_) => return None,
            };
            Some(format!(
                "no row has '{}' in '{}', but some have '{}': upper and lower case differ",
                wanted, table.columns[column].name, found
            ))
        })
        .collect()
    }
}

fn condition(item: &Json, table: &Table) -> Result<Condition, Failure> {
    const SHAPE: &str =
        "each condition in 'where' is an object such as {\"column\": \"year\", \"op\": \">=\", \"value\": 2008}";
    let name = item
        .get("column")
        .and_then(Json::as_text)
        .ok_or_else(|| Failure(format!("{}; 'column' is missing.", SHAPE)))?;
    let given = item.get("op").and_then(Json::as_text).unwrap_or("=");
    let known = OPERATORS.iter().position(|known| *known == given);
    let operator = known.map(|place| ALL[place]).ok_or_else(|| {
        Failure(format!(
            "there is no operator '{}' for conditions; use one of: {}.",
            given,
            OPERATORS.join(" ")
        ))
    })?;
    let value = item.get("value").filter(|value| **value != Json::Null);
    let values: &[Json] = match (operator, value) {
        (Operator::IsMissing | Operator::NotMissing, _) => &[],
        (_, None) => return Err(Failure(format!("the condition on '{}' has no 'value'.", name))),
        (Operator::In | Operator::NotIn | Operator::Between, Some(Json::List(values))) => values,
        (_, Some(value)) => std::slice::from_ref(value),
    };
    if values.len() > VALUES_MAX {
        return Err(Failure(format!(
            "the condition on '{}' lists {} values; at most {}.",
            name,
            values.len(),
            VALUES_MAX
        )));
    }
    if operator == Operator::Between && values.len() != 2 {
        return Err(Failure(format!(
            "'between' on '{}' needs a list of two values, the first and the last that fit.",
            name
        )));
    }
    let texts = values.iter().map(value_text).collect::<Result<Vec<_>, _>>()?;
    let field = simplest(Field::parse(name, table)?, &texts);
    let ordered = matches!(
        operator,
        Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast | Operator::Between
    );
    let (subject, wanted) = match field {
        Field::Column(column) => {
            let wanted: Vec<Wanted> = texts.into_iter().map(|text| wanted(text, column, table)).collect();
            let kind = table.columns[column].kind;
            let number = matches!(kind, ColumnKind::Number(_));
            let unread = wanted.iter().find(|wanted| {
                if number {
                    wanted.number.is_none()
                } else {
                    wanted.period.is_none()
                }
            });
            match (unread, kind) {
                (Some(wanted), ColumnKind::Number(_)) if ordered => {
                    return Err(Failure(format!(
                        "'{}' is a column of numbers; it cannot be {} '{}'.",
                        name, given, wanted.text
                    )))
                }
                (Some(wanted), ColumnKind::Date(_)) if ordered => {
                    return Err(Failure(format!(
                        "'{}' is a column of dates; write '{}' as 2024-05-31, 2024-05, 2024-Q2 or 2024.",
                        name, wanted.text
                    )))
                }
                _ => {}
            }
            (Subject::Cell(column), wanted)
        }
        field => {
            if matches!(operator, Operator::Contains | Operator::StartsWith) {
                return Err(Failure(format!("'{}' is computed; '{}' needs a column.", name, given)));
            }
            let wanted = texts
                .into_iter()
                .map(|text| computed(text, name, &field))
                .collect::<Result<_, _>>()?;
            (Subject::Number(field), wanted)
        }
    };
    Ok(Condition {
        subject,
        operator,
        wanted,
        near: None,
        fitted: false,
    })
}

/// A span of a date is compared as the date itself; `month(date) = "March"` means the month of any year.
fn simplest(field: Field, texts: &[String]) -> Field {
    match field {
        Field::Bucket(bucket, column) if !bucket.is_cyclic() && bucket != Bucket::Year => {
            let cyclic = match bucket {
                Bucket::Month => Bucket::MonthOfYear,
                Bucket::Quarter => Bucket::QuarterOfYear,
                Bucket::Day => Bucket::Weekday,
                _ => return Field::Column(column),
            };
            if !texts.is_empty() && texts.iter().all(|text| cyclic.place_of(text).is_some()) {
                Field::Bucket(cyclic, column)
            } else {
                Field::Column(column)
            }
        }
        other => other,
    }
}

fn value_text(value: &Json) -> Result<String, Failure> {
    match value {
        Json::Text(text) => Ok(text.to_string()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Integer(_) | Json::Number(_) => Ok(value.to_line()),
        other => Err(Failure(format!(
            "the value of a condition must be a text or a number, not {}.",
            other.kind()
        ))),
    }
}

/// A number as people write it to a program: 2008, 1e6, 132,000 or $132,000.
fn written_number(text: &str, style: NumberStyle) -> Option<f64> {
    let bytes = text.trim().as_bytes();
    let percent = NumberStyle {
        decimal: b'.',
        affix: Affix::Percent,
    };
    let readings = [
        read_plain(bytes, b'.'),
        read(bytes, style),
        read(bytes, NumberStyle::plain(b'.')),
        read(bytes, percent),
    ];
    readings
        .iter()
        .find(|reading| reading.is_number())
        .map(|reading| reading.value)
}

fn wanted(text: String, column: usize, table: &Table) -> Wanted {
    let (number, period) = match table.columns[column].kind {
        ColumnKind::Number(style) => (written_number(&text, style), None),
        ColumnKind::Date(style) => (None, period(&text, style)),
        ColumnKind::Text | ColumnKind::Empty => (None, None),
    };
    Wanted { text, number, period }
}

/// The value for a field that is computed: a number, or the name of a bucket.
fn computed(text: String, name: &str, field: &Field) -> Result<Wanted, Failure> {
    let number = match field {
        Field::Bucket(bucket, _) if bucket.is_cyclic() => bucket.place_of(&text).map(|place| place as f64),
        Field::Range(..) => {
            return Err(Failure(format!(
                "'{}' makes groups; in a condition compare its column.",
                name
            )))
        }
        _ => written_number(&text, NumberStyle::plain(b'.')),
    };
    if number.is_none() {
        return Err(Failure(format!("'{}' cannot be '{}'.", name, text)));
    }
    Ok(Wanted {
        text,
        number,
        period: None,
    })
}

impl Condition {
    fn fits(&mut self, table: &Table) -> bool {
        let fits = match self.subject {
            Subject::Cell(column) => self.cell_fits(table, column),
            Subject::Number(ref field) => {
                let number = field.number(table);
                match (self.operator, number) {
                    (Operator::IsMissing, number) => number.is_none(),
                    (_, None) => false,
                    (Operator::NotMissing, _) => true,
                    (operator, Some(number)) => number_fits(operator, number, &self.wanted),
                }
            }
        };
        self.fitted |= fits;
        fits
    }

    fn cell_fits(&mut self, table: &Table, column: usize) -> bool {
        let cell = table.cell(column);
        let missing = table.is_missing(column);
        match self.operator {
            Operator::IsMissing => missing,
            Operator::NotMissing => !missing,
            // A missing value is neither equal nor unequal to anything.
            _ if missing => false,
            Operator::Contains | Operator::StartsWith => {
                let cell = decode(cell).to_lowercase();
                let starts = self.operator == Operator::StartsWith;
                self.wanted.iter().any(|wanted| {
                    let wanted = wanted.text.to_lowercase();
                    if starts {
                        cell.starts_with(&wanted)
                    } else {
                        cell.contains(&wanted)
                    }
                })
            }
            Operator::Unequal | Operator::NotIn => !self.equals_any(table, column, cell),
            Operator::Equal | Operator::In => self.equals_any(table, column, cell),
            _ => self.is_ordered(table, column, cell),
        }
    }

    fn equals_any(&mut self, table: &Table, column: usize, cell: &[u8]) -> bool {
        let number = if self.wanted.iter().any(|wanted| wanted.number.is_some()) {
            Some(table.number(column)).filter(|reading| reading.is_number())
        } else {
            None
        };
        let moment = if self.wanted.iter().any(|wanted| wanted.period.is_some()) {
            table.moment(column)
        } else {
            None
        };
        for wanted in &self.wanted {
            let same = match (wanted.number, number, wanted.period, moment) {
                (Some(wanted), Some(reading), _, _) => wanted == reading.value,
                (_, _, Some(period), Some(moment)) => (period.start..period.end).contains(&moment.micros),
                _ => cell == wanted.text.as_bytes() || *decode(cell) == wanted.text,
            };
            if same {
                return true;
            }
            if self.near.is_none() && cell.eq_ignore_ascii_case(wanted.text.as_bytes()) {
                self.near = Some((wanted.text.clone(), decode(cell).into_owned()));
            }
        }
        false
    }

    fn is_ordered(&self, table: &Table, column: usize, cell: &[u8]) -> bool {
        let wanted = &self.wanted[0];
        if wanted.number.is_some() {
            let reading = table.number(column);
            return reading.is_number() && number_fits(self.operator, reading.value, &self.wanted);
        }
        if let Some(first) = wanted.period {
            let last = self.wanted.last().and_then(|wanted| wanted.period).unwrap_or(first);
            let micros = match table.moment(column) {
                Some(moment) => moment.micros,
                None => return false,
            };
            return match self.operator {
                Operator::Less => micros < first.start,
                Operator::AtMost => micros < first.end,
                Operator::More => micros >= first.end,
                Operator::AtLeast => micros >= first.start,
                _ => micros >= first.start && micros < last.end,
            };
        }
        let text = decode(cell);
        let text = text.as_ref();
        let wanted = wanted.text.as_str();
        match self.operator {
            Operator::Less => text < wanted,
            Operator::AtMost => text <= wanted,
            Operator::More => text > wanted,
            Operator::AtLeast => text >= wanted,
            _ => text >= wanted && self.wanted.last().map_or(false, |last| text <= last.text.as_str()),
        }
    }
}

fn number_fits(operator: Operator, number: f64, wanted: &[Wanted]) -> bool {
    let bounds = (
        wanted.first().and_then(|wanted| wanted.number),
        wanted.last().and_then(|wanted| wanted.number),
    );
    let is_any = || wanted.iter().any(|wanted| wanted.number == Some(number));
    match (operator, bounds) {
        (Operator::Equal | Operator::In, _) => is_any(),
        (Operator::Unequal | Operator::NotIn, _) => !is_any(),
        (Operator::Less, (Some(bound), _)) => number < bound,
        (Operator::AtMost, (Some(bound), _)) => number <= bound,
        (Operator::More, (Some(bound), _)) => number > bound,
        (Operator::AtLeast, (Some(bound), _)) => number >= bound,
        (Operator::Between, (Some(low), Some(high))) => number >= low && number <= high,
        _ => false,
    }
}
