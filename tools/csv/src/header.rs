//! Whether the first record holds names, and what the columns are called.

use crate::column::{folded, ColumnKind};
use crate::dates;
use crate::numbers::{is_missing, read, Kind};

/// The first record and what the sample after it shows, column by column.
pub struct FirstRecord<'a> {
    pub cells: &'a [Vec<u8>],
    pub kinds: &'a [ColumnKind],
    /// Whether the first record's cell comes again further down.
    pub repeated: &'a [bool],
    pub is_only: bool,
}

impl FirstRecord<'_> {
    pub fn is_header(&self) -> bool {
        if self.is_only {
            return self.cells.iter().all(|cell| !is_value(cell));
        }
        let mut alike = 0;
        let mut unlike = 0;
        for (cell, kind) in self.cells.iter().zip(self.kinds) {
            let fits = match kind {
                ColumnKind::Number(style) => read(cell, *style).is_number(),
                ColumnKind::Date(style) => dates::read(cell, *style).is_some(),
                ColumnKind::Text | ColumnKind::Empty => continue,
            };
            if fits {
                alike += 1;
            } else if !is_missing(cell) {
                unlike += 1;
            }
        }
        match (alike, unlike) {
            (0, 0) => !self.cells.iter().any(|cell| is_value(cell)) && !self.repeated.contains(&true),
            (0, _) => true,
            (_, 0) => self.names_years(),
            _ => unlike >= alike,
        }
    }

    /// A wide table: text first, then years or a count as names of numeric columns.
    fn names_years(&self) -> bool {
        let mut last = None;
        for (index, cell) in self.cells.iter().enumerate() {
            let reading = read(cell, crate::numbers::NumberStyle::plain(b'.'));
            if reading.kind != Kind::Whole {
                if last.is_some() || index >= self.kinds.len() || matches!(self.kinds[index], ColumnKind::Number(_)) {
                    return false;
                }
                continue;
            }
            let begins = |value: f64| value == 1.0 || (1_500.0..2_200.0).contains(&value);
            if index == 0 || !last.map_or_else(|| begins(reading.value), |last: f64| reading.value == last + 1.0) {
                return false;
            }
            last = Some(reading.value);
        }
        self.cells.len() > 2 && !self.repeated.contains(&true)
    }
}

fn is_value(cell: &[u8]) -> bool {
    let reading = read(cell, crate::numbers::NumberStyle::plain(b'.'));
    reading.kind != Kind::NotNumber
        || dates::DATE_STYLES
            .into_iter()
            .any(|style| dates::read(cell, style).is_some())
}

const NAME_CHARS_MAX: usize = 200;

/// Names for `count` columns: those given, `column_3` where there is none, `price_2` for a second `price`.
pub fn column_names(given: &[String], count: usize) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(count);
    let mut names = Vec::with_capacity(count);
    for index in 0..count {
        let given = given.get(index).map_or("", |name| name.as_str());
        let words: Vec<&str> = given.split_whitespace().collect();
        let mut name: String = words.join(" ").chars().take(NAME_CHARS_MAX).collect();
        if name.is_empty() {
            name = format!("column_{}", index + 1);
        }
        let base = name.clone();
        let mut number = 2;
        while taken.contains(&folded(&name)) {
            name = format!("{}_{}", base, number);
            number += 1;
        }
        taken.push(folded(&name));
        names.push(name);
    }
    names
}
