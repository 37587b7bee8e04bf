//! What the first cells of a column say about how the column is written.

use crate::amounts::{currency_of, group_mark_of, strip_affix, ungroup};
use crate::column::ColumnKind;
use crate::dates::{self, DateStyle, DATE_STYLES};
use crate::numbers::{is_missing, is_none, read_plain, Affix, Kind, NumberStyle};
use crate::odd::{is_of_kind, WORDS_MAX};

#[derive(Clone, Default)]
pub struct Evidence {
    present: u32,
    /// Cells with the word none, which is no value unless the column is of texts.
    nones: u32,
    whole: u32,
    codes: u32,
    big: u32,
    /// Fractions by mark, point and comma.
    fractions: [u32; 2],
    /// Of these, and of amounts with a sign, the ones like 1.234 that may also be thousands.
    doubtful: [u32; 2],
    /// Numbers, with or without a sign, that can only have this decimal mark.
    clear: [u32; 2],
    /// Grouped numbers by decimal mark, point and comma.
    grouped: [u32; 2],
    percent: [u32; 2],
    currency: [u32; 2],
    dates: [u32; DATE_STYLES.len()],
    /// Cells without a digit, and different ones of them, up to one more than may stand among numbers.
    words: u32,
    different_words: Vec<Vec<u8>>,
    /// Signs of currency.
    pub signs: Vec<&'static str>,
    /// What stands between groups of three digits.
    pub group_mark: Option<char>,
}

const MARKS: [u8; 2] = [b'.', b','];

/// Share of a column's values, in percent, that makes its type.
pub const TYPE_PERCENT: u64 = 95;

pub fn is_enough(part: u64, whole: u64) -> bool {
    part * 100 >= whole * TYPE_PERCENT
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
        if is_none(cell) {
            return self.nones += 1;
        }
        self.present += 1;
        // What holds no digit is text, and most text holds none.
        if !cell.iter().any(u8::is_ascii_digit) {
            return self.add_word(cell);
        }
        for (index, mark) in MARKS.into_iter().enumerate() {
            match read_plain(cell, mark).kind {
                Kind::Whole => return self.whole += 1,
                Kind::Code => return self.codes += 1,
                Kind::Big => return self.big += 1,
                Kind::Fraction => {
                    self.fractions[index] += 1;
                    if ungroup(cell, MARKS[1 - index]).is_some() {
                        self.doubtful[index] += 1;
                        self.grouped[1 - index] += 1;
                        self.group_mark = Some(char::from(mark));
                    } else {
                        self.clear[index] += 1;
                    }
                    return;
                }
                Kind::NotNumber => {}
            }
        }
        self.add_written_otherwise(cell);
    }

    fn add_word(&mut self, cell: &[u8]) {
        self.words += 1;
        if self.different_words.len() <= WORDS_MAX && !self.different_words.iter().any(|word| word == cell) {
            self.different_words.push(cell.to_vec());
        }
    }

    fn add_written_otherwise(&mut self, cell: &[u8]) {
        let bare = without_parentheses(cell);
        for (index, mark) in MARKS.into_iter().enumerate() {
            if is_amount(bare, mark) || (bare.len() < cell.len() && is_number(bare, mark)) {
                self.grouped[index] += 1;
                self.weigh(bare, index);
            }
            for affix in [Affix::Percent, Affix::Currency] {
                let amount = match strip_affix(bare, affix) {
                    Some((_, amount)) => without_parentheses(amount),
                    None => continue,
                };
                if !is_number(amount, mark) && !is_amount(amount, mark) {
                    continue;
                }
                match affix {
                    Affix::Percent => self.percent[index] += 1,
                    _ => {
                        self.currency[index] += 1;
                        self.note_sign(bare);
                    }
                }
                self.weigh(amount, index);
            }
        }
        for (style, count) in DATE_STYLES.into_iter().zip(&mut self.dates) {
            *count += u32::from(dates::read(cell, style).is_some());
        }
    }

    /// Counts an amount that can be read with this decimal mark as clear or doubtful.
    fn weigh(&mut self, amount: &[u8], index: usize) {
        let (mark, other) = (MARKS[index], MARKS[1 - index]);
        let others = amount.iter().filter(|byte| **byte == other).count();
        if self.group_mark.is_none() {
            self.group_mark = group_mark_of(amount, mark);
        }
        if amount.contains(&mark) {
            let doubtful = read_plain(amount, mark).kind == Kind::Fraction && ungroup(amount, other).is_some();
            self.doubtful[index] += u32::from(doubtful);
            self.clear[index] += u32::from(!doubtful);
        } else if others > 1 {
            // 1,683,000: what comes twice is not the decimal mark.
            self.clear[index] += 1;
        }
    }

    fn note_sign(&mut self, amount: &[u8]) {
        const SIGNS_MAX: usize = 4;
        if let Some(sign) = currency_of(amount) {
            if self.signs.len() < SIGNS_MAX && !self.signs.contains(&sign) {
                self.signs.push(sign);
            }
        }
    }

    /// Numbers that speak clearly for a point, and for a comma.
    pub fn clear_fractions(&self) -> (u32, u32) {
        (self.clear[0], self.clear[1])
    }

    /// Fractions that speak for a comma unless commas separate thousands.
    pub fn doubtful_commas(&self) -> u32 {
        self.doubtful[1]
    }

    /// The kind of the column, when the file as a whole writes the decimal mark so.
    pub fn kind(&self, decimal: u8, chosen: bool) -> ColumnKind {
        if self.present == 0 {
            return if self.nones == 0 {
                ColumnKind::Empty
            } else {
                ColumnKind::Text
            };
        }
        let decimal = match self.clear_fractions() {
            (0, commas) if commas > 0 && !chosen => b',',
            (points, 0) if points > 0 && !chosen => b'.',
            _ => decimal,
        };
        let mark = usize::from(decimal == b',');
        let fractions = self.fractions[mark];
        let numbers = self.whole + fractions + self.grouped[mark] + self.big + self.currency[mark];
        let names = self.codes > 0 || (self.big > 0 && fractions == 0);
        if !names && self.enough(numbers) {
            let affix = if self.currency[mark] > 0 {
                Affix::Currency
            } else {
                Affix::None
            };
            return ColumnKind::Number(NumberStyle { decimal, affix });
        }
        if self.percent[mark] > 0 && self.percent[mark] + self.few_words() == self.present {
            return ColumnKind::Number(NumberStyle {
                decimal,
                affix: Affix::Percent,
            });
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

    /// Cells that are one of a few words, such as `absent`.
    fn few_words(&self) -> u32 {
        if self.different_words.len() > WORDS_MAX {
            0
        } else {
            self.words
        }
    }

    fn enough(&self, count: u32) -> bool {
        let others = u64::from(self.present.saturating_sub(count));
        is_of_kind(u64::from(count), others, u64::from(self.few_words()))
    }
}

fn without_parentheses(cell: &[u8]) -> &[u8] {
    match cell {
        [b'(', inner @ .., b')'] => inner,
        _ => cell,
    }
}

fn is_number(amount: &[u8], decimal: u8) -> bool {
    read_plain(amount, decimal).kind != Kind::NotNumber
}

/// A number in groups. Groups parted by plain spaces need a fraction to be one: 555 123 456 is a telephone number.
fn is_amount(cell: &[u8], decimal: u8) -> bool {
    let spaced = cell.contains(&b' ');
    (!spaced || cell.contains(&decimal))
        && ungroup(cell, decimal).map_or(false, |digits| {
            digits.len() < cell.len() && read_plain(&digits, decimal).kind != Kind::NotNumber
        })
}
