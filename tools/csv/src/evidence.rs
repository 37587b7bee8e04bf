//! What the first cells of a column say about how the column is written.

use crate::amounts::{strip_affix, ungroup};
use crate::column::ColumnKind;
use crate::dates::{self, DateStyle, DATE_STYLES};
use crate::numbers::{is_missing, read_plain, Affix, Kind, NumberStyle};

#[derive(Clone, Default)]
pub struct Evidence {
    present: u32,
    whole: u32,
    codes: u32,
    big: u32,
    /// Fractions by mark, point and comma.
    fractions: [u32; 2],
    /// Of these, the ones like 1.234 that may also be thousands.
    doubtful: [u32; 2],
    /// Grouped numbers by decimal mark, point and comma.
    grouped: [u32; 2],
    /// Amounts with groups or signs whose fraction shows the decimal mark.
    telling: [u32; 2],
    percent: [u32; 2],
    currency: [u32; 2],
    dates: [u32; DATE_STYLES.len()],
}

const MARKS: [u8; 2] = [b'.', b','];

/// Share of a column's values, in percent, that makes its type.
pub const TYPE_PERCENT: u64 = 95;

pub fn is_enough(part: u64, whole: u64) -> bool {
    part * 100 >= whole * TYPE_PERCENT
}

/// Whether more than 95% are: fewer than one in twenty is not.
pub fn is_mostly(part: u64, whole: u64) -> bool {
    (whole - part) * 100 < whole * (100 - TYPE_PERCENT)
}

/// The kind of a column with these first values.
pub fn kind_of(cells: &[Vec<u8>], decimal: u8) -> ColumnKind {
    let mut evidence = Evidence::default();
    for cell in cells {
        evidence.add(cell);
    }
    match evidence.kind(decimal, true) {
        ColumnKind::Empty => ColumnKind::Text,
        kind => kind,
    }
}

impl Evidence {
    pub fn add(&mut self, cell: &[u8]) {
        if is_missing(cell) {
            return;
        }
        self.present += 1;
        // What holds no digit is text, and most text holds none.
        if !cell.iter().any(u8::is_ascii_digit) {
            return;
        }
        for (index, mark) in MARKS.into_iter().enumerate() {
            match read_plain(cell, mark).kind {
                Kind::Whole => return self.whole += 1,
                Kind::Code => return self.codes += 1,
                Kind::Big => return self.big += 1,
                Kind::Fraction => {
                    self.fractions[index] += 1;
                    self.doubtful[index] += u32::from(ungroup(cell, MARKS[1 - index]).is_some());
                    self.grouped[1 - index] += u32::from(ungroup(cell, MARKS[1 - index]).is_some());
                    return;
                }
                Kind::NotNumber => {}
            }
        }
        self.add_written_otherwise(cell);
    }

    fn add_written_otherwise(&mut self, cell: &[u8]) {
        for (index, mark) in MARKS.into_iter().enumerate() {
            self.grouped[index] += u32::from(is_amount(cell, mark));
            self.telling[index] += u32::from(tells(cell, mark));
            for (affix, counts) in [
                (Affix::Percent, &mut self.percent),
                (Affix::Currency, &mut self.currency),
            ] {
                if let Some((_, amount)) = strip_affix(cell, affix) {
                    let fits = read_plain(amount, mark).kind != Kind::NotNumber || is_amount(amount, mark);
                    counts[index] += u32::from(fits);
                    self.telling[index] += u32::from(tells(amount, mark));
                }
            }
        }
        for (style, count) in DATE_STYLES.into_iter().zip(&mut self.dates) {
            *count += u32::from(dates::read(cell, style).is_some());
        }
    }

    /// Fractions that speak clearly for a point, and for a comma.
    pub fn clear_fractions(&self) -> (u32, u32) {
        let clear = |mark: usize| self.fractions[mark] - self.doubtful[mark] + self.telling[mark];
        (clear(0), clear(1))
    }

    /// Fractions that speak for a comma unless commas separate thousands.
    pub fn doubtful_commas(&self) -> u32 {
        self.doubtful[1]
    }

    /// The kind of the column, when the file as a whole writes the decimal mark so.
    pub fn kind(&self, decimal: u8, chosen: bool) -> ColumnKind {
        if self.present == 0 {
            return ColumnKind::Empty;
        }
        let decimal = match self.clear_fractions() {
            (0, commas) if commas > 0 && !chosen => b',',
            (points, 0) if points > 0 && !chosen => b'.',
            _ => decimal,
        };
        let mark = usize::from(decimal == b',');
        let fractions = self.fractions[mark];
        let plain = self.whole + fractions;
        let numbers = plain + self.grouped[mark];
        let names = self.codes > 0 || (self.big > 0 && fractions == 0);
        if numbers + self.big > 0 && !names && self.enough(numbers + self.big) {
            return ColumnKind::Number(NumberStyle::plain(decimal));
        }
        for (affix, counts) in [(Affix::Percent, self.percent), (Affix::Currency, self.currency)] {
            if counts[mark] == self.present {
                return ColumnKind::Number(NumberStyle { decimal, affix });
            }
        }
        let best = DATE_STYLES
            .into_iter()
            .zip(self.dates)
            .find(|(_, count)| self.enough(*count));
        best.map_or(ColumnKind::Text, |(style, _)| ColumnKind::Date(style))
    }

    /// Day and month may be the other way round.
    pub fn is_ambiguous_date(&self) -> bool {
        let count = |style: DateStyle| {
            DATE_STYLES
                .iter()
                .position(|other| *other == style)
                .map_or(0, |at| self.dates[at])
        };
        self.enough(count(DateStyle::DayFirst)) && self.enough(count(DateStyle::MonthFirst))
    }

    fn enough(&self, count: u32) -> bool {
        count > 0 && is_enough(u64::from(count), u64::from(self.present))
    }
}

/// Whether the amount has a fraction that cannot be a group of thousands.
fn tells(amount: &[u8], decimal: u8) -> bool {
    let other = MARKS[usize::from(decimal == b'.')];
    let plain = read_plain(amount, decimal).kind == Kind::Fraction && ungroup(amount, other).is_none();
    amount.contains(&decimal) && (plain || is_amount(amount, decimal))
}

/// A number in groups. Groups parted by plain spaces need a fraction to be one: 555 123 456 is a telephone number.
fn is_amount(cell: &[u8], decimal: u8) -> bool {
    let spaced = cell.contains(&b' ');
    (!spaced || cell.contains(&decimal))
        && ungroup(cell, decimal).map_or(false, |digits| read_plain(&digits, decimal).kind != Kind::NotNumber)
}
