//! What one pass learns of one column.

use crate::distinct::Texts;
use csv::{is_missing, is_missing_figure, ColumnKind, Held, Kind, Moment, NumberStyle, Odd, Series, Table};

const UNDECIDED_SAMPLE: usize = 200;
/// Different markers of missing values that are told.
const MARKERS_MAX: usize = 10;

/// Counts and values of one column under the assumption that it is of some kind.
pub struct Profile {
    pub kind: ColumnKind,
    pub missing: u64,
    /// Cells that are neither missing nor numbers nor dates.
    others: u64,
    /// Quantities in a column that is taken for text.
    numbers_in_text: u64,
    /// Cells that are codes such as 007, and quantities that are too long for a double.
    pub codes: u64,
    pub big: u64,
    has_fractions: bool,
    dates: u64,
    pub series: Series,
    pub texts_seen: Texts,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// Cells that are not of the kind.
    pub odd: Odd,
    /// First cells of a column whose kind the sample did not show.
    pub sample: Vec<Vec<u8>>,
    /// What is written where a value is missing, if not nothing, and how often.
    pub markers: Vec<(String, u64)>,
}

impl Profile {
    pub fn new(kind: ColumnKind) -> Profile {
        Profile {
            kind,
            missing: 0,
            others: 0,
            numbers_in_text: 0,
            codes: 0,
            big: 0,
            has_fractions: false,
            dates: 0,
            series: Series::with_distinct(),
            texts_seen: Texts::default(),
            first: None,
            last: None,
            odd: Odd::default(),
            sample: Vec::new(),
            markers: Vec::new(),
        }
    }

    /// Takes the cell of the table's current row.
    #[inline]
    pub fn add(&mut self, table: &Table, column: usize, held: &mut Held) {
        if let ColumnKind::Number(style) = self.kind {
            return self.add_number(table, column, style, held);
        }
        let cell = table.cell(column);
        match self.kind {
            ColumnKind::Date(_) if is_missing_figure(cell) => self.add_missing(cell),
            _ if is_missing(cell) => self.add_missing(cell),
            ColumnKind::Date(_) => self.add_date(table, column),
            _ => self.add_text(table, column, cell, held),
        }
    }

    fn add_missing(&mut self, cell: &[u8]) {
        self.missing += 1;
        if !cell.is_empty() {
            self.count_marker(cell);
        }
    }

    fn count_marker(&mut self, cell: &[u8]) {
        match self.markers.iter().position(|(marker, _)| marker.as_bytes() == cell) {
            Some(at) => self.markers[at].1 += 1,
            None if self.markers.len() < MARKERS_MAX => self.markers.push((csv::decode(cell).into_owned(), 1)),
            None => {}
        }
    }

    #[inline(always)]
    fn add_number(&mut self, table: &Table, column: usize, style: NumberStyle, held: &mut Held) {
        let mut reading = csv::read_at_once(table.untrimmed(column), style);
        if reading.kind == Kind::NotNumber {
            let cell = table.cell(column);
            if is_missing_figure(cell) {
                return self.add_missing(cell);
            }
            reading = csv::read(cell, style);
        }
        match reading.kind {
            Kind::Whole => {}
            Kind::Fraction => self.has_fractions = true,
            Kind::Big => self.big += 1,
            kind => return self.add_odd(table, column, kind == Kind::Code),
        }
        self.series.push(reading.value, held);
    }

    #[cold]
    fn add_odd(&mut self, table: &Table, column: usize, code: bool) {
        self.others += 1;
        self.codes += u64::from(code);
        self.odd.add(table.rows, table.cell(column));
    }

    /// Cells that are quantities.
    pub fn numbers(&self) -> u64 {
        self.numbers_in_text + self.series.count()
    }

    /// Cells that are not missing.
    pub fn present(&self) -> u64 {
        self.others + self.numbers() + self.dates
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
    fn add_text(&mut self, table: &Table, column: usize, cell: &[u8], held: &mut Held) {
        self.texts_seen.add(cell, held);
        if matches!(cell[0], b'0'..=b'9' | b'+' | b'-' | b'.' | b',') {
            match table.number(column).kind {
                Kind::NotNumber => self.others += 1,
                Kind::Code => {
                    self.codes += 1;
                    self.others += 1;
                }
                kind => {
                    self.numbers_in_text += 1;
                    self.big += u64::from(kind == Kind::Big);
                    self.has_fractions |= kind == Kind::Fraction;
                }
            }
        } else {
            self.others += 1;
        }
        if self.kind == ColumnKind::Empty && self.sample.len() < UNDECIDED_SAMPLE {
            self.sample.push(cell.to_vec());
        }
    }

    /// The kind the whole column has, when it is not the one assumed.
    pub fn revised(&self, table: &Table) -> Option<ColumnKind> {
        if self.present() == 0 {
            return None;
        }
        let names = self.codes > 0 || (self.big > 0 && !self.has_fractions);
        match self.kind {
            ColumnKind::Number(_) => (names || !self.odd.leaves(self.numbers())).then(|| ColumnKind::Text),
            ColumnKind::Date(style) => (!self.odd.leaves(self.dates)).then(|| {
                // A later day above 12 tells the order that the sample did not.
                style.swapped().map_or(ColumnKind::Text, ColumnKind::Date)
            }),
            ColumnKind::Empty => Some(csv::kind_of(&self.sample, table.decimal)),
            ColumnKind::Text => {
                let fits = !names && csv::is_enough(self.numbers(), self.present());
                fits.then(|| ColumnKind::Number(csv::NumberStyle::plain(table.decimal)))
            }
        }
    }
}
