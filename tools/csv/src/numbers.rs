//! Numbers in cells, and the markers people write where there is none.

use crate::amounts::{strip_affix, ungroup};
use crate::bytes::trim;

/// How the numbers of one column are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumberStyle {
    /// b'.' or b','.
    pub decimal: u8,
    pub affix: Affix,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Affix {
    None,
    /// Every value carries a percent sign.
    Percent,
    /// Some values carry a currency sign. It may come in any column of numbers; here the sample has shown one.
    Currency,
}

impl NumberStyle {
    pub const fn plain(decimal: u8) -> NumberStyle {
        NumberStyle {
            decimal,
            affix: Affix::None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    NotNumber,
    Whole,
    Fraction,
    /// Digits that are a name and not a quantity: 007, or a telephone number with its +.
    Code,
    /// A whole number too long for a double to hold exactly: an identifier, most likely.
    Big,
}

#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub value: f64,
    pub kind: Kind,
}

impl Reading {
    const NONE: Reading = Reading {
        value: 0.0,
        kind: Kind::NotNumber,
    };

    /// A quantity: codes and identifiers are not.
    #[inline]
    pub fn is_number(self) -> bool {
        matches!(self.kind, Kind::Whole | Kind::Fraction)
    }
}

const EXACT_MAX: u64 = 1 << 53;
const TELEPHONE_DIGITS_MIN: usize = 8;
const TEN_TO: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a trimmed cell in the given style, in which digits may always stand in groups of three.
pub fn read(cell: &[u8], style: NumberStyle) -> Reading {
    read_at_once(cell, style)
}

/// The same, for where every cell of a table goes through: it is made part of the caller.
#[inline(always)]
pub fn read_at_once(cell: &[u8], style: NumberStyle) -> Reading {
    if style.affix != Affix::Percent {
        let reading = plain_at_once(cell, style.decimal);
        if reading.kind != Kind::NotNumber {
            return reading;
        }
    }
    read_styled(cell, style)
}

/// `[+-]digits[.digits][e[+-]digits]`. Exact: the nearest double, always.
pub fn read_plain(cell: &[u8], decimal: u8) -> Reading {
    plain_at_once(cell, decimal)
}

#[inline(always)]
fn plain_at_once(cell: &[u8], decimal: u8) -> Reading {
    match cell.len() {
        0 => Reading::NONE,
        1..=4 => read_few(cell, decimal),
        5..=8 => read_short(cell, decimal),
        _ => read_long(cell, decimal),
    }
}

/// A few bytes, one by one.
#[inline(always)]
fn read_few(cell: &[u8], decimal: u8) -> Reading {
    let digit = |byte: u8| u32::from(byte).wrapping_sub(u32::from(b'0'));
    let mut value = 0;
    let mut rest = cell.iter();
    for byte in rest.by_ref() {
        if digit(*byte) > 9 {
            if *byte != decimal || cell.len() == 1 {
                return read_long(cell, decimal);
            }
            let fraction = rest.len();
            for byte in rest {
                if digit(*byte) > 9 {
                    return read_long(cell, decimal);
                }
                value = value * 10 + digit(*byte);
            }
            return Reading {
                value: f64::from(value) / TEN_TO[fraction & 7],
                kind: Kind::Fraction,
            };
        }
        value = value * 10 + digit(*byte);
    }
    let code = cell[0] == b'0' && cell.len() > 1;
    Reading {
        value: f64::from(value),
        kind: if code { Kind::Code } else { Kind::Whole },
    }
}

/// At most eight bytes, all at once in one word: the first byte is the lowest.
#[inline(always)]
fn read_short(cell: &[u8], decimal: u8) -> Reading {
    let mut word = word_of(cell);
    let mut length = cell.len() as u32;
    let first = word as u8;
    if first <= b'-' {
        if first != b'-' || length == 1 {
            // With a plus, or a comma or point at the start.
            return read_long(cell, decimal);
        }
        word >>= 8;
        length -= 1;
    }
    let negative = first == b'-';
    let mark = word ^ (u64::from(decimal) * EACH);
    // The highest bit of each byte that is the mark; bytes after the first such one may be wrong.
    let found = mark.wrapping_sub(EACH) & !mark & (EACH << 7);
    let mut fraction = 0;
    if found != 0 {
        let before = found.trailing_zeros() & !7;
        fraction = length - 1 - before / 8;
        let low = (1 << before) - 1;
        word = (word & low) | ((word >> 8) & !low);
        length -= 1;
    }
    if length == 0 {
        return Reading::NONE;
    }
    // The digits go to the high end; zeros fill the low one.
    let shift = 64 - 8 * length;
    let digits = (word << shift) | (ZEROS & !(u64::MAX << shift));
    let odd = ((digits & (EACH * 0xf0)) | (((digits + EACH * 6) & (EACH * 0xf0)) >> 4)) ^ (EACH * 0x33);
    if odd != 0 {
        return read_long(cell, decimal);
    }
    let value = eight_digits(digits);
    if found != 0 {
        let size = value as f64 / TEN_TO[fraction as usize];
        return Reading {
            value: if negative { -size } else { size },
            kind: Kind::Fraction,
        };
    }
    let code = word as u8 == b'0' && length > 1 && !negative;
    let size = value as f64;
    Reading {
        value: if negative { -size } else { size },
        kind: if code { Kind::Code } else { Kind::Whole },
    }
}

/// One in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;
const ZEROS: u64 = EACH * b'0' as u64;

/// The first bytes of a cell of one to eight bytes, without reading past its end.
#[inline(always)]
pub fn word_of(cell: &[u8]) -> u64 {
    let half = |at: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&cell[at..at + 4]);
        u64::from(u32::from_le_bytes(four))
    };
    let length = cell.len();
    if length >= 4 {
        half(0) | half(length - 4) << (8 * (length - 4))
    } else {
        let middle = length / 2;
        u64::from(cell[0]) | u64::from(cell[middle]) << (8 * middle) | u64::from(cell[length - 1]) << (8 * (length - 1))
    }
}

/// The number that eight digits write, the first one in the lowest byte: pairs, then fours, then all.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    let ones = digits & (EACH * 0x0f);
    let pairs = ones.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

#[inline(never)]
fn read_long(cell: &[u8], decimal: u8) -> Reading {
    let signed = matches!(cell[0], b'-' | b'+');
    let negative = cell[0] == b'-';
    let body = &cell[usize::from(signed)..];
    let length = body.len();
    let mut value: u64 = 0;
    let mut at = 0;
    while at < length {
        let digit = body[at].wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    if at == length {
        return read_whole(cell, value, length, body.first().copied().unwrap_or(0));
    }
    if body[at] != decimal || !(2..=19).contains(&length) {
        return read_slowly(cell, decimal);
    }
    let fraction = &body[at + 1..];
    for byte in fraction {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return read_slowly(cell, decimal);
        }
        value = value * 10 + u64::from(digit);
    }
    if value > EXACT_MAX {
        return read_slowly(cell, decimal);
    }
    let size = value as f64 / TEN_TO[fraction.len()];
    Reading {
        value: if negative { -size } else { size },
        kind: Kind::Fraction,
    }
}

fn read_whole(cell: &[u8], value: u64, length: usize, first: u8) -> Reading {
    if length == 0 {
        return Reading::NONE;
    }
    let signed = length < cell.len();
    let size = if length <= 19 {
        value as f64
    } else {
        slow_value(cell, b'.').unwrap_or(0.0).abs()
    };
    let kind = if first == b'0' && length > 1 && !signed {
        Kind::Code
    } else if signed && cell[0] == b'+' && length >= TELEPHONE_DIGITS_MIN {
        Kind::Code
    } else if length > 19 || (length > 15 && value > EXACT_MAX) {
        Kind::Big
    } else {
        Kind::Whole
    };
    Reading {
        value: if signed && cell[0] == b'-' { -size } else { size },
        kind,
    }
}

#[cold]
fn read_slowly(cell: &[u8], decimal: u8) -> Reading {
    slow_value(cell, decimal).map_or(Reading::NONE, |value| Reading {
        value,
        kind: Kind::Fraction,
    })
}

pub const DIGITS_MAX: usize = 400;

fn slow_value(cell: &[u8], decimal: u8) -> Option<f64> {
    let starts = matches!(cell.first()?, b'0'..=b'9' | b'+' | b'-' | b'.' | b',');
    if !starts || cell.len() > DIGITS_MAX {
        return None;
    }
    let mut text = String::with_capacity(cell.len());
    for byte in cell {
        match byte {
            b'0'..=b'9' | b'e' | b'E' | b'+' | b'-' => text.push(char::from(*byte)),
            byte if *byte == decimal => text.push('.'),
            _ => return None,
        }
    }
    // What is left can be "-", ".", "1e5" or "1-2": the standard parser tells them apart, and is exact.
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cold]
fn read_styled(cell: &[u8], style: NumberStyle) -> Reading {
    if let [b'(', inner @ .., b')'] = cell {
        // Bookkeeping writes a loss in parentheses.
        let reading = read_styled(trim(inner), style);
        return Reading {
            value: -reading.value,
            ..reading
        };
    }
    let (minus, amount) = match strip_affix(cell, style.affix) {
        Some(found) => found,
        None if style.affix == Affix::Percent => return Reading::NONE,
        None => (false, cell),
    };
    if let ([b'(', inner @ .., b')'], false) = (amount, amount.len() == cell.len()) {
        return Reading {
            value: -read_styled(inner, style).value,
            ..read_styled(inner, style)
        };
    }
    let mut reading = read_plain(amount, style.decimal);
    if reading.kind == Kind::NotNumber {
        reading = ungroup(amount, style.decimal).map_or(reading, |digits| read_plain(&digits, style.decimal));
    }
    // With a sign or groups it is an amount, however it is written.
    let kind = if reading.kind == Kind::Code {
        Kind::Whole
    } else {
        reading.kind
    };
    Reading {
        value: if minus { -reading.value } else { reading.value },
        kind,
    }
}

/// Whether a trimmed cell says that there is no value: empty, NA, N/A, #N/A, NaN, null, - or ?, in any case.
#[inline]
pub fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || (cell.len() <= 4 && is_marker(cell))
}

/// The same in a column of numbers or dates, where `none` is no value either; among texts it may be the name of one.
#[inline]
pub fn is_missing_figure(cell: &[u8]) -> bool {
    is_missing(cell) || is_none(cell)
}

pub fn is_none(cell: &[u8]) -> bool {
    cell.eq_ignore_ascii_case(b"none")
}

fn is_marker(cell: &[u8]) -> bool {
    const MARKERS: [&[u8]; 7] = [b"na", b"n/a", b"#n/a", b"nan", b"null", b"-", b"?"];
    matches!(cell[0], b'n' | b'N' | b'-' | b'?' | b'#')
        && MARKERS.iter().any(|marker| cell.eq_ignore_ascii_case(marker))
}
