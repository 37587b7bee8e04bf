//! What stands around and between the digits of an amount: signs of currency and percent, marks between thousands.

use crate::numbers::{Affix, DIGITS_MAX};

/// The longer ones first, since some end with a shorter one.
const CURRENCIES: [&str; 28] = [
    "US$", "NZ$", "HK$", "MX$", "CA$", "AU$", "R$", "C$", "A$", "S$", "$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₪", "₫",
    "₴", "₦", "₱", "฿", "EUR", "USD", "GBP", "CHF",
];

/// Without the percent or currency sign; None when it has none.
pub fn strip_affix(cell: &[u8], affix: Affix) -> Option<(bool, &[u8])> {
    match affix {
        Affix::Percent => Some((false, trim_end(cell.strip_suffix(b"%")?))),
        Affix::Currency | Affix::None => {
            // Most of what is no plain number has no sign either.
            let (first, last) = (*cell.first()?, *cell.last()?);
            let starts = first >= 0x80 || b"$-UNHMCARSEG".contains(&first);
            let ends = last >= 0x80 || b"$DRPF".contains(&last);
            if !(starts || ends) || !cell.iter().any(u8::is_ascii_digit) {
                return None;
            }
            CURRENCIES.iter().find_map(|sign| strip_currency(cell, sign.as_bytes()))
        }
    }
}

/// The currency sign of an amount.
pub fn currency_of(cell: &[u8]) -> Option<&'static str> {
    CURRENCIES
        .into_iter()
        .find(|sign| strip_currency(cell, sign.as_bytes()).is_some())
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
        let right_size = if mark.is_empty() {
            (1..=3).contains(&run)
        } else {
            run == 3 && found == mark
        };
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
        _ => [NO_BREAK, NARROW, QUOTE]
            .into_iter()
            .find(|mark| bytes.starts_with(mark))
            .map(|mark| &bytes[..mark.len()]),
    }
}

/// What stands between the groups of an amount.
pub fn group_mark_of(cell: &[u8], decimal: u8) -> Option<char> {
    let first = cell.iter().position(u8::is_ascii_digit)?;
    let digits = cell[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = cell.get(first + digits..).filter(|rest| !rest.is_empty())?;
    group_mark(rest, decimal).and_then(|mark| std::str::from_utf8(mark).ok()?.chars().next())
}
