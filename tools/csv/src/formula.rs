//! Arithmetic of the numeric columns of a row: `quantity * unit_price`, `(price - cost) / price`, `days(end - start)`.

use crate::buckets::Bucket;
use crate::column::ColumnKind;
use crate::dates::MICROS_A_DAY;
use crate::table::Table;
use mcp::Failure;

const LENGTH_MAX: usize = 500;
const DEPTH_MAX: usize = 32;

/// Names of lengths of time and how many of them a day has.
const SPANS: [(&str, f64); 4] = [
    ("weeks", 1.0 / 7.0),
    ("days", 1.0),
    ("hours", 24.0),
    ("minutes", 1_440.0),
];

#[derive(Clone, Debug)]
pub enum Formula {
    Number(f64),
    Column(usize),
    /// Days since 1970-01-01, with the time as a fraction.
    Days(usize),
    Part(Bucket, usize),
    Scaled(f64, Box<Formula>),
    Absolute(Box<Formula>),
    Pair(u8, Box<(Formula, Formula)>),
}

impl Formula {
    /// The number of the table's current row; none where a value is missing or there is no number, as for 1 / 0.
    pub fn number(&self, table: &Table) -> Option<f64> {
        match self {
            Formula::Number(value) => Some(*value),
            Formula::Column(column) => {
                let reading = table.number(*column);
                reading.is_number().then(|| reading.value)
            }
            Formula::Days(column) => Some(table.moment(*column)?.micros as f64 / MICROS_A_DAY as f64),
            Formula::Part(bucket, column) => Some(bucket.place(table.moment(*column)?.micros) as f64),
            Formula::Scaled(factor, inner) => Some(factor * inner.number(table)?),
            Formula::Absolute(inner) => inner.number(table).map(f64::abs),
            Formula::Pair(operator, pair) => {
                let (left, right) = (pair.0.number(table)?, pair.1.number(table)?);
                let value = match operator {
                    b'+' => left + right,
                    b'-' => left - right,
                    b'*' => left * right,
                    _ => left / right,
                };
                value.is_finite().then(|| value)
            }
        }
    }
}

/// Reads a formula.
pub fn parse(text: &str, table: &Table) -> Result<Formula, Failure> {
    if text.len() > LENGTH_MAX {
        return Err(Failure(format!(
            "a formula has {} bytes; at most {} are read.",
            text.len(),
            LENGTH_MAX
        )));
    }
    let mut parser = Parser {
        text,
        at: 0,
        table,
        depth: 0,
        dates: false,
    };
    let formula = parser.sum()?;
    if parser.peek().is_some() {
        return Err(parser.unexpected());
    }
    Ok(formula)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    table: &'a Table,
    depth: usize,
    /// Within `days(…)` and its like, where columns of dates stand.
    dates: bool,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&mut self) -> Option<u8> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().bytes().next()
    }

    fn takes(&mut self, bytes: &[u8]) -> Option<u8> {
        let found = self.peek().filter(|byte| bytes.contains(byte))?;
        self.at += 1;
        Some(found)
    }

    fn unexpected(&mut self) -> Failure {
        match self.peek() {
            None => Failure(format!("the formula '{}' ends too early.", self.text)),
            Some(_) => Failure(format!(
                "the formula '{}' cannot be read at '{}'; write columns, numbers, + - * / and parentheses, such as (price - cost) / price.",
                self.text,
                self.rest()
            )),
        }
    }

    fn sum(&mut self) -> Result<Formula, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Failure(format!(
                "the formula '{}' has more than {} parentheses within each other.",
                self.text, DEPTH_MAX
            )));
        }
        let mut left = self.product()?;
        while let Some(operator) = self.takes(b"+-") {
            left = Formula::Pair(operator, Box::new((left, self.product()?)));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Result<Formula, Failure> {
        let mut left = self.factor()?;
        while let Some(operator) = self.takes(b"*/") {
            left = Formula::Pair(operator, Box::new((left, self.factor()?)));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Formula, Failure> {
        // A column may begin with anything, even a parenthesis or a digit.
        if let Some((column, length)) = self.column_here() {
            self.at += length;
            return self.column(column);
        }
        match self.peek() {
            Some(b'-') => {
                self.at += 1;
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(self.unexpected());
                }
                let inner = self.factor()?;
                self.depth -= 1;
                Ok(Formula::Scaled(-1.0, Box::new(inner)))
            }
            Some(b'(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.closed()?;
                Ok(inner)
            }
            Some(b'0'..=b'9' | b'.') => self.number(),
            Some(_) => self.named(),
            None => Err(self.unexpected()),
        }
    }

    fn closed(&mut self) -> Result<(), Failure> {
        self.takes(b")").map(|_| ()).ok_or_else(|| self.unexpected())
    }

    fn number(&mut self) -> Result<Formula, Failure> {
        let digits = self
            .rest()
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count();
        let value = self.rest()[..digits].parse().map_err(|_| self.unexpected())?;
        self.at += digits;
        Ok(Formula::Number(value))
    }

    /// A function, a column whose name differs in spaces or underscores, or one in quotes.
    fn named(&mut self) -> Result<Formula, Failure> {
        if let Some(quote) = self.takes(b"\"'`[") {
            let close = if quote == b'[' { ']' } else { char::from(quote) };
            let end = self.rest().find(close).ok_or_else(|| self.unexpected())?;
            let column = self.table.column_named(&self.rest()[..end])?;
            self.at += end + 1;
            return self.column(column);
        }
        let rest = self.rest();
        let end = rest
            .find(|c| matches!(c, '+' | '-' | '*' | '/' | '(' | ')'))
            .unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        if !rest[end..].starts_with('(') || name.is_empty() {
            if name.is_empty() {
                return Err(self.unexpected());
            }
            let column = self.table.column_named(&name)?;
            self.at += end;
            return self.column(column);
        }
        self.at += end + 1;
        if let Some((_, factor)) = SPANS.iter().find(|(span, _)| span.eq_ignore_ascii_case(&name)) {
            let outside = std::mem::replace(&mut self.dates, true);
            let inner = self.sum()?;
            self.dates = outside;
            self.closed()?;
            return Ok(Formula::Scaled(*factor, Box::new(inner)));
        }
        if name.eq_ignore_ascii_case("abs") {
            let inner = self.sum()?;
            self.closed()?;
            return Ok(Formula::Absolute(Box::new(inner)));
        }
        if let Some(bucket @ (Bucket::Year | Bucket::Hour)) = Bucket::named(&name) {
            let end = self.rest().find(')').ok_or_else(|| self.unexpected())?;
            let column = date_column(self.rest()[..end].trim(), self.table)?;
            self.at += end + 1;
            return Ok(Formula::Part(bucket, column));
        }
        Err(Failure(format!(
            "there is no function '{}' in formulas; there are days, hours, minutes, weeks (of a difference of dates), year, hour and abs.",
            name
        )))
    }

    /// The column with the longest name that stands here.
    fn column_here(&mut self) -> Option<(usize, usize)> {
        self.peek()?;
        let rest = self.rest();
        let found = self.table.columns.iter().enumerate().filter(|(_, column)| {
            let length = column.name.len();
            let stands = rest
                .get(..length)
                .map_or(false, |start| start.to_lowercase() == column.name.to_lowercase());
            let letter = |c: char| c.is_alphanumeric() || c == '_';
            // A name of digits only is a number when it may be one.
            let number = column.name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let ends = !rest
                .get(length..)
                .and_then(|after| after.chars().next())
                .map_or(false, letter);
            stands && ends && !number
        });
        found
            .max_by_key(|(_, column)| column.name.len())
            .map(|(index, column)| (index, column.name.len()))
    }

    fn column(&self, column: usize) -> Result<Formula, Failure> {
        let name = &self.table.columns[column].name;
        match self.table.columns[column].kind {
            ColumnKind::Number(_) | ColumnKind::Empty => Ok(Formula::Column(column)),
            ColumnKind::Date(_) if self.dates => Ok(Formula::Days(column)),
            ColumnKind::Date(_) => Err(Failure(format!(
                "'{}' is a column of dates; a difference of dates is written days(a - b).",
                name
            ))),
            ColumnKind::Text => Err(Failure(format!(
                "'{}' is a column of text; a formula needs numbers.",
                name
            ))),
        }
    }
}

/// A column whose parts of dates can be taken.
pub fn date_column(name: &str, table: &Table) -> Result<usize, Failure> {
    let name = name.trim_matches(|c| matches!(c, '"' | '\'' | '`'));
    let column = table.column_named(name)?;
    match table.columns[column].kind {
        ColumnKind::Date(_) => Ok(column),
        _ => Err(Failure(format!(
            "'{}' is not a column of dates.{}",
            table.columns[column].name,
            date_hint(table)
        ))),
    }
}

fn date_hint(table: &Table) -> String {
    let dates: Vec<String> = table
        .columns
        .iter()
        .filter(|column| matches!(column.kind, ColumnKind::Date(_)))
        .map(|column| format!("'{}'", column.name))
        .collect();
    if dates.is_empty() {
        " The table has none.".to_owned()
    } else {
        format!(" Columns of dates: {}.", dates.join(", "))
    }
}

/// Whether a text that is no column's name may be a formula.
pub fn looks_like_one(text: &str) -> bool {
    text.contains(|c| matches!(c, '+' | '*' | '/' | '(')) || text.contains(" - ")
}
