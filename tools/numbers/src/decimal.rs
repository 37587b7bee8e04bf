//! Decimal numbers as texts such as `-12.50e3`, compared without ever being written out.

use crate::{Natural, Rational};
use std::cmp::Ordering;

/// Sign, digits without zeros at either end, and the power of ten that the first digit stands behind:
/// 0.digits × 10^exponent. Zero has no digits. Equal numbers are equal here, however they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Powers of ten that are written out for reckoning.
const EXPONENT_MAX: i64 = 1_000;

impl Decimal {
    /// A number in JSON's grammar, a leading `+` or `.` allowed.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.find(|c| c == 'e' || c == 'E') {
            Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: String = [whole, part].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Decimal {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Some(Decimal {
            negative,
            digits,
            exponent: exponent.saturating_add(whole.len() as i64 - leading as i64),
        })
    }

    pub fn is_whole(&self) -> bool {
        self.exponent >= self.digits.len() as i64
    }

    /// The number as a fraction; none when it is so large or small that it cannot be written out.
    pub fn to_rational(&self) -> Option<Rational> {
        if self.exponent.abs() > EXPONENT_MAX || self.digits.len() as i64 > EXPONENT_MAX * 10 {
            return None;
        }
        let digits = Natural::parse_decimal(&self.digits)?;
        let shift = self.exponent - self.digits.len() as i64;
        let ten = Natural::ten_to(shift.unsigned_abs() as u32);
        Some(if shift >= 0 {
            Rational::new(self.negative, digits.times(&ten), Natural::one())
        } else {
            Rational::new(self.negative, digits, ten)
        })
    }
}

/// Exponents beyond any use are kept as very large ones.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(|c| c == '-' || c == '+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -size } else { size })
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let sign = |number: &Decimal| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, negative) => 1 - 2 * i32::from(negative),
        };
        let by_size = || {
            self.exponent
                .cmp(&other.exponent)
                .then_with(|| self.digits.cmp(&other.digits))
        };
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => by_size(),
            _ => by_size().reverse(),
        })
    }
}
