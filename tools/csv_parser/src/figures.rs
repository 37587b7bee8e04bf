//! What is kept of one value of a group while the rows pass.

use crate::aggregates::Aggregate;
use crate::distinct::Texts;
use csv::{ColumnKind, Field, Held, Kind, Moment, Moments, Odd, Series, Table, Value, DISTINCT_MAX};
use mcp::Json;

/// A value that is aggregated.
pub struct Measure {
    pub field: Field,
    pub name: String,
    /// The column has dates, or texts of which only counts and names are asked for.
    kind: MeasureKind,
    /// Cells that are no numbers.
    pub odd: Odd,
    pub numbers: u64,
    keeps_texts: bool,
    keeps_ends: bool,
    counts_numbers: bool,
    fractions: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum MeasureKind {
    Number,
    Date,
    Text,
}

#[derive(Default)]
pub struct Figures {
    pub missing: u64,
    pub series: Series,
    pub moments: Moments,
    quantiles: Vec<(f64, Option<f64>)>,
    texts: Option<Texts>,
    distinct: Option<(usize, bool)>,
    pub mode: Option<Json>,
    pub first: Option<Json>,
    pub last: Option<Json>,
    extremes: Option<(Moment, Moment)>,
    /// The sum of the values in rows of the part, and what rounding took from it.
    part_sum: (f64, f64),
}

impl Measure {
    /// `of_text` when only figures are asked for that texts have too.
    pub fn new(field: Field, name: String, table: &Table, of_text: bool) -> Measure {
        let kind = match &field {
            field if field.is_number(table) => MeasureKind::Number,
            Field::Column(column) => match table.columns[*column].kind {
                ColumnKind::Date(_) => MeasureKind::Date,
                _ if of_text => MeasureKind::Text,
                _ => MeasureKind::Number,
            },
            _ => MeasureKind::Text,
        };
        Measure {
            field,
            name,
            kind,
            odd: Odd::default(),
            numbers: 0,
            keeps_texts: false,
            keeps_ends: false,
            counts_numbers: false,
            fractions: Vec::new(),
        }
    }

    /// Sees to it that these figures can be given.
    pub fn keep_for(&mut self, asked: impl Iterator<Item = Aggregate>) {
        for one in asked {
            match one {
                Aggregate::Distinct if self.is_number() => self.counts_numbers = true,
                Aggregate::Distinct | Aggregate::Mode => self.keeps_texts = true,
                Aggregate::First | Aggregate::Last => self.keeps_ends = true,
                _ => {}
            }
            if let Some(fraction) = one.fraction().filter(|fraction| !self.fractions.contains(fraction)) {
                self.fractions.push(fraction);
            }
        }
    }

    pub fn is_text(&self) -> bool {
        self.kind == MeasureKind::Text
    }

    pub fn is_number(&self) -> bool {
        self.kind == MeasureKind::Number
    }

    pub fn figures(&self) -> Figures {
        Figures {
            series: if self.counts_numbers {
                Series::with_distinct()
            } else {
                Series::default()
            },
            texts: self.keeps_texts.then(Texts::default),
            ..Figures::default()
        }
    }

    /// Takes the value of the current row.
    #[inline]
    pub fn add(&mut self, figures: &mut Figures, table: &Table, is_part: bool, held: &mut Held) {
        match (&self.field, self.kind) {
            (Field::Column(column), MeasureKind::Number) => {
                let column = *column;
                let style = table.number_style(column);
                let mut reading = csv::read_at_once(table.untrimmed(column), style);
                if reading.kind == Kind::NotNumber {
                    reading = csv::read(table.cell(column), style);
                }
                if reading.is_number() || reading.kind == Kind::Big {
                    self.add_number(figures, reading.value, is_part, held);
                } else if csv::is_missing_figure(table.cell(column)) {
                    figures.missing += 1;
                } else {
                    self.odd.add(table.rows, table.cell(column));
                }
            }
            (field, MeasureKind::Number) => match field.number(table) {
                Some(value) => self.add_number(figures, value, is_part, held),
                None => figures.missing += 1,
            },
            _ => self.add_other(figures, table, held),
        }
    }

    #[inline]
    fn add_number(&mut self, figures: &mut Figures, value: f64, is_part: bool, held: &mut Held) {
        self.numbers += 1;
        figures.series.push(value, held);
        if is_part {
            let (sum, lost) = figures.part_sum;
            figures.part_sum = (sum + value, lost + lost_in_sum(sum, value));
        }
        if self.keeps_ends || self.keeps_texts {
            let text = Json::Number(value).to_line();
            keep(figures, &Json::Number(value), text.as_bytes(), held);
        }
    }

    fn add_other(&self, figures: &mut Figures, table: &Table, held: &mut Held) {
        let value = self.field.value(table);
        if value == Value::Missing {
            figures.missing += 1;
            return;
        }
        if let Value::Moment(moment) = value {
            let (low, high) = figures.extremes.unwrap_or((moment, moment));
            figures.extremes = Some((
                if moment.micros < low.micros { moment } else { low },
                if moment.micros > high.micros { moment } else { high },
            ));
        }
        if !self.keeps_ends && !self.keeps_texts {
            return;
        }
        let shown = self.field.json(value, table);
        match (&self.field, &shown) {
            (Field::Column(column), _) => keep(figures, &shown, table.cell(*column), held),
            (_, Json::Text(text)) => {
                let text = text.to_string();
                keep(figures, &shown, text.as_bytes(), held);
            }
            _ => {}
        }
    }

    /// Sums up a group's figures after the last row.
    pub fn finish(&self, figures: &mut Figures, held: &mut Held) {
        figures.moments = figures.series.moments(held);
        figures.distinct = match (&figures.series.distinct, &figures.texts) {
            (Some(seen), _) => Some((seen.count(), seen.is_full())),
            (None, Some(texts)) => Some((texts.count(), texts.full)),
            (None, None) => None,
        };
        if let Some((value, _)) = figures.texts.as_ref().and_then(|texts| texts.top(1).into_iter().next()) {
            figures.mode = Some(match value.parse() {
                Ok(number) if self.is_number() => Json::Number(number),
                _ => value.into(),
            });
        }
        figures.texts = None;
        if !self.fractions.is_empty() {
            let found = figures.series.quantiles(&self.fractions, held);
            let at = |index: usize| found.as_ref().map(|found| found[index]);
            figures.quantiles = self
                .fractions
                .iter()
                .enumerate()
                .map(|(index, fraction)| (*fraction, at(index)))
                .collect();
        }
    }
}

fn keep(figures: &mut Figures, shown: &Json, text: &[u8], held: &mut Held) {
    if figures.first.is_none() {
        figures.first = Some(shown.clone());
    }
    figures.last = Some(shown.clone());
    if let Some(texts) = &mut figures.texts {
        texts.add(text, held);
    }
}

/// What rounding takes from the sum of two numbers.
fn lost_in_sum(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let part = sum - a;
    (a - (sum - part)) + (b - part)
}

impl Figures {
    pub fn part_sum(&self) -> f64 {
        self.part_sum.0 + self.part_sum.1
    }

    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let found = self.quantiles.iter().find(|(known, _)| *known == fraction);
        found.and_then(|(_, value)| *value)
    }

    pub fn distinct(&self) -> Json {
        match self.distinct {
            None => Json::Null,
            Some((count, true)) => format!(">{}", count.min(DISTINCT_MAX)).into(),
            Some((count, false)) => Json::Number(count as f64),
        }
    }

    pub fn extreme(&self, pick: fn((Moment, Moment)) -> Moment, number: Option<f64>) -> Json {
        match self.extremes {
            Some(extremes) => pick(extremes).to_text().into(),
            None => number.into(),
        }
    }
}
