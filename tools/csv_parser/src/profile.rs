//! What one pass learns of one column.

use crate::distinct::{Budget, Numbers, Texts};
use csv::{is_missing, ColumnKind, Held, Kind, Moment, Moments, Table, Values};

const ODD_SHOWN: usize = 3;
const UNDECIDED_SAMPLE: usize = 200;

/// Counts and values of one column under the assumption that it is of some kind.
pub struct Profile {
    pub kind: ColumnKind,
    pub missing: u64,
    pub present: u64,
    /// Cells that are quantities, that are codes such as 007, that are whole numbers too long for a double.
    pub numbers: u64,
    pub codes: u64,
    pub big: u64,
    fractions: u64,
    dates: u64,
    pub moments: Moments,
    pub values: Values,
    pub numbers_seen: Numbers,
    pub texts_seen: Texts,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// Cells that are not of the kind, with their rows.
    pub odd: Vec<(u64, String)>,
    /// First cells of a column whose kind the sample did not show.
    pub sample: Vec<Vec<u8>>,
    /// What is written where a value is missing, if not nothing.
    pub marker: Option<String>,
}

/// What all columns of a pass share.
pub struct Shared {
    pub held: Held,
    pub budget: Budget,
}

impl Profile {
    pub fn new(kind: ColumnKind) -> Profile {
        Profile {
            kind,
            missing: 0,
            present: 0,
            numbers: 0,
            codes: 0,
            big: 0,
            fractions: 0,
            dates: 0,
            moments: Moments::default(),
            values: Values::default(),
            numbers_seen: Numbers::default(),
            texts_seen: Texts::default(),
            first: None,
            last: None,
            odd: Vec::new(),
            sample: Vec::new(),
            marker: None,
        }
    }

    /// Takes the cell of the table's current row.
    #[inline]
    pub fn add(&mut self, table: &Table, column: usize, shared: &mut Shared) {
        let cell = table.cell(column);
        if is_missing(cell) {
            return self.add_missing(cell);
        }
        self.present += 1;
        match self.kind {
            ColumnKind::Number(_) => self.add_number(table, column, shared),
            ColumnKind::Date(_) => self.add_date(table, column),
            ColumnKind::Text | ColumnKind::Empty => self.add_text(table, column, cell, shared),
        }
    }

    #[inline]
    fn add_missing(&mut self, cell: &[u8]) {
        self.missing += 1;
        if !cell.is_empty() && self.marker.is_none() {
            self.marker = Some(csv::decode(cell).into_owned());
        }
    }

    #[inline]
    fn add_number(&mut self, table: &Table, column: usize, shared: &mut Shared) {
        let reading = table.number(column);
        match reading.kind {
            Kind::Whole | Kind::Fraction | Kind::Big => {
                self.fractions += u64::from(reading.kind == Kind::Fraction);
                self.big += u64::from(reading.kind == Kind::Big);
                self.numbers += 1;
                self.moments.add(reading.value);
                self.values.push(reading.value, &mut shared.held);
                self.numbers_seen.add(reading.value, &mut shared.budget);
            }
            Kind::Code => self.add_odd(table, column, true),
            Kind::NotNumber => self.add_odd(table, column, false),
        }
    }

    #[cold]
    fn add_odd(&mut self, table: &Table, column: usize, code: bool) {
        self.codes += u64::from(code);
        if self.odd.len() < ODD_SHOWN {
            self.odd.push((table.rows, csv::decode(table.cell(column)).chars().take(40).collect()));
        }
    }

    fn add_date(&mut self, table: &Table, column: usize) {
        let moment = match table.moment(column) {
            Some(moment) => moment,
            None => return self.add_odd(table, column, false),
        };
        self.dates += 1;
        if self.first.map_or(true, |first| moment.micros < first.micros) {
            self.first = Some(moment);
        }
        if self.last.map_or(true, |last| moment.micros > last.micros) {
            self.last = Some(moment);
        }
    }

    #[inline]
    fn add_text(&mut self, table: &Table, column: usize, cell: &[u8], shared: &mut Shared) {
        self.texts_seen.add(cell, &mut shared.budget);
        if matches!(cell[0], b'0'..=b'9' | b'+' | b'-' | b'.' | b',') {
            match table.number(column).kind {
                Kind::NotNumber => {}
                Kind::Code => self.codes += 1,
                Kind::Big => self.big += 1,
                kind => {
                    self.numbers += 1;
                    self.fractions += u64::from(kind == Kind::Fraction);
                }
            }
        }
        if self.kind == ColumnKind::Empty && self.sample.len() < UNDECIDED_SAMPLE {
            self.sample.push(cell.to_vec());
        }
    }

    /// The kind the whole column has, when it is not the one assumed.
    pub fn revised(&self, table: &Table) -> Option<ColumnKind> {
        if self.present == 0 {
            return None;
        }
        let names = self.codes > 0 || (self.big > 0 && self.fractions == 0);
        match self.kind {
            ColumnKind::Number(style) => {
                let fits = if style.has_affix() { self.odd.is_empty() } else { csv::is_enough(self.numbers, self.present) };
                (names || !fits).then(|| ColumnKind::Text)
            }
            ColumnKind::Date(style) => (!csv::is_enough(self.dates, self.present)).then(|| {
                // A later day above 12 tells the order that the sample did not.
                style.swapped().map_or(ColumnKind::Text, ColumnKind::Date)
            }),
            ColumnKind::Empty => Some(csv::kind_of(&self.sample, table.decimal)),
            ColumnKind::Text => {
                let fits = !names && csv::is_enough(self.numbers + self.big, self.present);
                fits.then(|| ColumnKind::Number(csv::NumberStyle::plain(table.decimal)))
            }
        }
    }
}
