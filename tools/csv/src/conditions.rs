//! Conditions on rows: `[{"column": "year", "op": ">=", "value": 2008}]`, all of which must hold.

use crate::column::ColumnKind;
use crate::dates::{self, Moment};
use crate::numbers::{is_missing, read_plain};
use crate::source::decode;
use crate::table::Table;
use mcp::{Failure, Json};

pub const OPERATORS: [&str; 10] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "in",
    "is_missing",
    "not_missing",
];

const CONDITIONS_MAX: usize = 50;
const VALUES_MAX: usize = 1_000;

pub struct Conditions {
    all: Vec<Condition>,
}

struct Condition {
    column: usize,
    operator: &'static str,
    wanted: Vec<Wanted>,
    /// A value that differs from a wanted one in case only, and whether any row fitted.
    near: Option<(String, String)>,
    fitted: bool,
}

struct Wanted {
    text: String,
    number: Option<f64>,
    moment: Option<Moment>,
}

impl Conditions {
    /// Reads the argument; without one every row fits.
    pub fn new(given: Option<&[Json]>, table: &Table) -> Result<Conditions, Failure> {
        let given = given.unwrap_or_default();
        if given.len() > CONDITIONS_MAX {
            return Err(Failure(format!(
                "there are {} conditions; at most {} are checked.",
                given.len(),
                CONDITIONS_MAX
            )));
        }
        let all = given
            .iter()
            .map(|item| condition(item, table))
            .collect::<Result<_, _>>()?;
        Ok(Conditions { all })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the table's current row fits.
    #[inline]
    pub fn fit(&mut self, table: &Table) -> bool {
        self.all.iter_mut().all(|condition| condition.fits(table))
    }

    /// Conditions that no row fitted and almost could have.
    pub fn notes(&self, table: &Table) -> Vec<String> {
        let lost = self.all.iter().filter(|condition| !condition.fitted);
        lost.filter_map(|condition| {
            let (wanted, found) = condition.near.as_ref()?;
            let name = &table.columns[condition.column].name;
            Some(format!(
                "no row has '{}' in '{}', but some have '{}': upper and lower case differ",
                wanted, name, found
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
    let column = table.column_named(name)?;
    let given = item.get("op").and_then(Json::as_text).unwrap_or("=");
    let operator = OPERATORS.into_iter().find(|known| *known == given);
    let operator = operator.ok_or_else(|| {
        Failure(format!(
            "there is no operator '{}' for conditions; use one of: {}.",
            given,
            OPERATORS.join(" ")
        ))
    })?;
    let value = item.get("value").filter(|value| **value != Json::Null);
    let values: &[Json] = match (operator, value) {
        ("is_missing" | "not_missing", _) => &[],
        (_, None) => return Err(Failure(format!("the condition on '{}' has no 'value'.", name))),
        ("in", Some(Json::List(values))) => values,
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
    let wanted = values
        .iter()
        .map(|value| wanted(value, column, table))
        .collect::<Result<Vec<_>, _>>()?;
    let ordered = matches!(operator, "<" | "<=" | ">" | ">=");
    if ordered && matches!(table.columns[column].kind, ColumnKind::Number(_)) && wanted[0].number.is_none() {
        return Err(Failure(format!(
            "'{}' is a column of numbers; it cannot be {} '{}'.",
            name, operator, wanted[0].text
        )));
    }
    if ordered && matches!(table.columns[column].kind, ColumnKind::Date(_)) && wanted[0].moment.is_none() {
        return Err(Failure(format!(
            "'{}' is a column of dates; write '{}' as 2024-05-31.",
            name, wanted[0].text
        )));
    }
    Ok(Condition {
        column,
        operator,
        wanted,
        near: None,
        fitted: false,
    })
}

fn wanted(value: &Json, column: usize, table: &Table) -> Result<Wanted, Failure> {
    let kind = table.columns[column].kind;
    let text = match value {
        Json::Text(text) => text.to_string(),
        Json::Bool(value) => value.to_string(),
        Json::Integer(_) | Json::Number(_) => value.to_line(),
        other => {
            return Err(Failure(format!(
                "the value of a condition must be a text or a number, not {}.",
                other.kind()
            )))
        }
    };
    let number = match kind {
        ColumnKind::Number(_) => value.as_number().or_else(|| {
            Some(read_plain(text.trim().as_bytes(), b'.'))
                .filter(|r| r.is_number())
                .map(|r| r.value)
        }),
        _ => None,
    };
    let moment = match kind {
        ColumnKind::Date(style) => {
            let bytes = text.trim().as_bytes();
            [dates::DateStyle::YearFirst, dates::DateStyle::YearMonth, style]
                .into_iter()
                .find_map(|style| dates::read(bytes, style))
        }
        _ => None,
    };
    Ok(Wanted { text, number, moment })
}

impl Condition {
    fn fits(&mut self, table: &Table) -> bool {
        let cell = table.cell(self.column);
        let missing = is_missing(cell);
        let fits = match self.operator {
            "is_missing" => missing,
            "not_missing" => !missing,
            // A missing value is neither equal nor unequal to anything.
            _ if missing => false,
            "contains" => {
                let cell = decode(cell).to_lowercase();
                self.wanted
                    .iter()
                    .any(|wanted| cell.contains(&wanted.text.to_lowercase()))
            }
            "!=" => !self.equals_any(table, cell),
            "=" | "in" => self.equals_any(table, cell),
            _ => self.is_ordered(table, cell),
        };
        self.fitted |= fits;
        fits
    }

    fn equals_any(&mut self, table: &Table, cell: &[u8]) -> bool {
        let reading = table.number(self.column);
        let moment = if self.wanted.iter().any(|wanted| wanted.moment.is_some()) {
            table.moment(self.column)
        } else {
            None
        };
        for wanted in &self.wanted {
            let same = match (wanted.number, wanted.moment, moment) {
                (Some(number), _, _) if reading.is_number() => number == reading.value,
                (_, Some(left), Some(right)) => left.micros == right.micros,
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

    fn is_ordered(&self, table: &Table, cell: &[u8]) -> bool {
        let wanted = &self.wanted[0];
        let order = if let Some(number) = wanted.number {
            let reading = table.number(self.column);
            if !reading.is_number() {
                return false;
            }
            reading.value.partial_cmp(&number)
        } else if let Some(moment) = wanted.moment {
            match table.moment(self.column) {
                Some(found) => found.micros.partial_cmp(&moment.micros),
                None => return false,
            }
        } else {
            decode(cell).as_ref().partial_cmp(wanted.text.as_str())
        };
        match (self.operator, order) {
            ("<", Some(order)) => order.is_lt(),
            ("<=", Some(order)) => order.is_le(),
            (">", Some(order)) => order.is_gt(),
            (">=", Some(order)) => order.is_ge(),
            _ => false,
        }
    }
}
