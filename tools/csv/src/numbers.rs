//! Numbers in cells, and the markers people write where there is none.

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
    Percent,
    Currency,
}

impl NumberStyle {
    pub const fn plain(decimal: u8) -> NumberStyle {
        NumberStyle { decimal, affix: Affix::None }
    }

    /// Every value carries a percent or currency sign.
    pub fn has_affix(self) -> bool {
        self.affix != Affix::None
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
    const NONE: Reading = Reading { value: 0.0, kind: Kind::NotNumber };

    /// A quantity: codes and identifiers are not.
    #[inline]
    pub fn is_number(self) -> bool {
        matches!(self.kind, Kind::Whole | Kind::Fraction)
    }
}

const EXACT_MAX: u64 = 1 << 53;
const TELEPHONE_DIGITS_MIN: usize = 8;
const TEN_TO: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
    1e22,
];

/// Reads a trimmed cell in the given style, in which digits may always stand in groups of three.
#[inline]
pub fn read(cell: &[u8], style: NumberStyle) -> Reading {
    if style.affix == Affix::None {
        let reading = read_plain(cell, style.decimal);
        if reading.kind != Kind::NotNumber {
            return reading;
        }
    }
    read_styled(cell, style)
}

/// `[+-]digits[.digits][e[+-]digits]`. Exact: the nearest double, always.
#[inline]
pub fn read_plain(cell: &[u8], decimal: u8) -> Reading {
    let mut digits = cell.iter();
    let mut first = match digits.next() {
        Some(byte) => *byte,
        None => return Reading::NONE,
    };
    let signed = first == b'-' || first == b'+';
    let negative = first == b'-';
    if signed {
        first = digits.as_slice().first().copied().unwrap_or(0);
    } else {
        digits = cell.iter();
    }
    let length = digits.as_slice().len();
    let mut whole: u64 = 0;
    let mut ended_by = 0;
    for byte in digits.by_ref() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            ended_by = *byte;
            break;
        }
        whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    if ended_by == 0 {
        return read_whole(cell, whole, length, first);
    }
    let fraction = digits.as_slice();
    // The byte that ended the whole part is gone from both.
    if ended_by != decimal || length > 19 || length < 2 {
        return read_slowly(cell, decimal);
    }
    let mut value = whole;
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
    Reading { value: if negative { -size } else { size }, kind: Kind::Fraction }
}

#[inline]
fn read_whole(cell: &[u8], value: u64, length: usize, first: u8) -> Reading {
    if length == 0 {
        return Reading::NONE;
    }
    let signed = length < cell.len();
    let size = if length <= 19 { value as f64 } else { slow_value(cell, b'.').unwrap_or(0.0).abs() };
    let kind = if first == b'0' && length > 1 && !signed {
        Kind::Code
    } else if signed && cell[0] == b'+' && length >= TELEPHONE_DIGITS_MIN {
        Kind::Code
    } else if length > 19 || (length > 15 && value > EXACT_MAX) {
        Kind::Big
    } else {
        Kind::Whole
    };
    Reading { value: if signed && cell[0] == b'-' { -size } else { size }, kind }
}

#[cold]
fn read_slowly(cell: &[u8], decimal: u8) -> Reading {
    slow_value(cell, decimal).map_or(Reading::NONE, |value| Reading { value, kind: Kind::Fraction })
}

const DIGITS_MAX: usize = 400;

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

const CURRENCIES: [&str; 6] = ["$", "€", "£", "¥", "₹", "US$"];

/// Without the percent or currency sign; None when it has none.
pub fn strip_affix(cell: &[u8], affix: Affix) -> Option<(bool, &[u8])> {
    match affix {
        Affix::None => Some((false, cell)),
        Affix::Percent => Some((false, trim_end(cell.strip_suffix(b"%")?))),
        Affix::Currency => CURRENCIES.iter().find_map(|sign| strip_currency(cell, sign.as_bytes())),
    }
}

/// The amount and whether a minus stood before the sign: -$5.
fn strip_currency<'a>(cell: &'a [u8], sign: &[u8]) -> Option<(bool, &'a [u8])> {
    if let Some(amount) = cell.strip_suffix(sign) {
        return Some((false, trim_end(amount)));
    }
    let (minus, rest) = cell.strip_prefix(b"-").map_or((false, cell), |rest| (true, rest));
    let amount = rest.strip_prefix(sign)?;
    let spaces = amount.iter().take_while(|byte| **byte == b' ').count();
    Some((minus, &amount[spaces..]))
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let spaces = bytes.iter().rev().take_while(|byte| **byte == b' ').count();
    &bytes[..bytes.len() - spaces]
}

#[cold]
fn read_styled(cell: &[u8], style: NumberStyle) -> Reading {
    let (minus, amount) = match strip_affix(cell, style.affix) {
        Some(found) => found,
        None => return Reading::NONE,
    };
    let mut reading = read_plain(amount, style.decimal);
    if reading.kind == Kind::NotNumber {
        reading = ungroup(amount, style.decimal).map_or(reading, |digits| read_plain(&digits, style.decimal));
    }
    // With a sign or groups it is an amount, however it is written.
    let kind = if reading.kind == Kind::Code { Kind::Whole } else { reading.kind };
    Reading { value: if minus { -reading.value } else { reading.value }, kind }
}

/// The digits without the marks between groups of three; None when the groups are not of three.
pub fn ungroup(cell: &[u8], decimal: u8) -> Option<Vec<u8>> {
    if cell.len() > DIGITS_MAX || !matches!(cell, [b'0'..=b'9', ..] | [b'-' | b'+', b'0'..=b'9', ..]) {
        return None;
    }
    let mut digits = Vec::with_capacity(cell.len());
    let (sign, body) = match cell {
        [sign @ (b'-' | b'+'), rest @ ..] => (Some(*sign), rest),
        _ => (None, cell),
    };
    digits.extend(sign);
    let whole_end = body.iter().position(|byte| *byte == decimal).unwrap_or(body.len());
    let mut rest = &body[..whole_end];
    let mut mark: &[u8] = b"";
    let mut run = 0;
    while let Some((first, after)) = rest.split_first() {
        if first.is_ascii_digit() {
            digits.push(*first);
            run += 1;
            rest = after;
            continue;
        }
        let found = group_mark(rest, decimal)?;
        let right_size = if mark.is_empty() { (1..=3).contains(&run) } else { run == 3 && found == mark };
        if !right_size {
            return None;
        }
        mark = found;
        run = 0;
        rest = &rest[found.len()..];
    }
    if !mark.is_empty() && run != 3 {
        return None;
    }
    digits.extend_from_slice(&body[whole_end..]);
    Some(digits)
}

/// The mark that stands between groups here: the other one of comma and point, an apostrophe, or a kind of space.
fn group_mark(bytes: &[u8], decimal: u8) -> Option<&[u8]> {
    const NO_BREAK: &[u8] = "\u{a0}".as_bytes();
    const NARROW: &[u8] = "\u{202f}".as_bytes();
    const QUOTE: &[u8] = "’".as_bytes();
    match bytes[0] {
        b',' | b'.' if bytes[0] != decimal => Some(&bytes[..1]),
        b'\'' | b' ' => Some(&bytes[..1]),
        _ => [NO_BREAK, NARROW, QUOTE].into_iter().find(|mark| bytes.starts_with(mark)).map(|mark| &bytes[..mark.len()]),
    }
}

/// Whether a trimmed cell says that there is no value: empty, NA, N/A, #N/A, NaN, null, None, - or ?, in any case.
#[inline]
pub fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || (cell.len() <= 4 && is_marker(cell))
}

fn is_marker(cell: &[u8]) -> bool {
    const MARKERS: [&[u8]; 8] = [b"na", b"n/a", b"#n/a", b"nan", b"null", b"none", b"-", b"?"];
    matches!(cell[0], b'n' | b'N' | b'-' | b'?' | b'#') && MARKERS.iter().any(|marker| cell.eq_ignore_ascii_case(marker))
}
