//! Fractions in lowest terms.

use crate::Natural;
use std::cmp::Ordering;

/// Zero is never negative, and the divisor never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rational {
    negative: bool,
    top: Natural,
    bottom: Natural,
}

/// What happens to a half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    HalfEven,
    HalfUp,
    Down,
    Up,
    Floor,
    Ceiling,
}

/// A number in decimal digits, and whether that is all of it.
pub struct Written {
    pub text: String,
    pub exact: bool,
}

impl From<i64> for Rational {
    fn from(value: i64) -> Rational {
        Rational::new(value < 0, Natural::from(value.unsigned_abs()), Natural::one())
    }
}

impl From<Natural> for Rational {
    fn from(value: Natural) -> Rational {
        Rational::new(false, value, Natural::one())
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Rational) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Rational {
    fn cmp(&self, other: &Rational) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (negative, _) => {
                let order = self.top.times(&other.bottom).cmp(&other.top.times(&self.bottom));
                if negative {
                    order.reverse()
                } else {
                    order
                }
            }
        }
    }
}

impl Rational {
    /// A divisor of zero counts as one: callers refuse it before.
    pub fn new(negative: bool, top: Natural, bottom: Natural) -> Rational {
        if bottom.is_zero() || bottom.is_one() {
            let negative = negative && !top.is_zero();
            return Rational {
                negative,
                top,
                bottom: Natural::one(),
            };
        }
        let common = top.gcd(&bottom);
        let (top, bottom) = if common.is_one() {
            (top, bottom)
        } else {
            (top.divided(&common).0, bottom.divided(&common).0)
        };
        Rational {
            negative: negative && !top.is_zero(),
            top,
            bottom,
        }
    }

    pub fn fraction(top: i64, bottom: u64) -> Rational {
        Rational::new(top < 0, Natural::from(top.unsigned_abs()), Natural::from(bottom))
    }

    pub fn zero() -> Rational {
        Rational::from(0)
    }
    pub fn one() -> Rational {
        Rational::from(1)
    }
    pub fn top(&self) -> &Natural {
        &self.top
    }
    pub fn bottom(&self) -> &Natural {
        &self.bottom
    }
    pub fn is_zero(&self) -> bool {
        self.top.is_zero()
    }
    pub fn is_negative(&self) -> bool {
        self.negative
    }
    pub fn is_whole(&self) -> bool {
        self.bottom.is_one()
    }
    /// Binary digits of both parts: what reckoning with it costs.
    pub fn bits(&self) -> usize {
        self.top.bits() + self.bottom.bits()
    }

    pub fn negated(&self) -> Rational {
        Rational {
            negative: !self.negative && !self.top.is_zero(),
            ..self.clone()
        }
    }
    pub fn absolute(&self) -> Rational {
        Rational {
            negative: false,
            ..self.clone()
        }
    }

    pub fn plus(&self, other: &Rational) -> Rational {
        if self.is_whole() && other.is_whole() {
            return signed_sum(self, &self.top, other, &other.top, Natural::one());
        }
        let left = self.top.times(&other.bottom);
        let right = other.top.times(&self.bottom);
        signed_sum(self, &left, other, &right, self.bottom.times(&other.bottom))
    }
    pub fn minus(&self, other: &Rational) -> Rational {
        self.plus(&other.negated())
    }
    pub fn times(&self, other: &Rational) -> Rational {
        let negative = self.negative != other.negative;
        Rational::new(negative, self.top.times(&other.top), self.bottom.times(&other.bottom))
    }
    /// None by zero.
    pub fn divided(&self, other: &Rational) -> Option<Rational> {
        if other.is_zero() {
            return None;
        }
        let negative = self.negative != other.negative;
        Some(Rational::new(
            negative,
            self.top.times(&other.bottom),
            self.bottom.times(&other.top),
        ))
    }
    /// A whole power; none for zero to a negative one.
    pub fn power(&self, exponent: i32) -> Option<Rational> {
        if exponent < 0 && self.is_zero() {
            return None;
        }
        let size = exponent.unsigned_abs();
        let (top, bottom) = (self.top.power(size), self.bottom.power(size));
        let negative = self.negative && size % 2 == 1;
        // Powers of numbers without a common factor have none either.
        let (top, bottom) = if exponent < 0 { (bottom, top) } else { (top, bottom) };
        Some(Rational {
            negative: negative && !top.is_zero(),
            top,
            bottom,
        })
    }

    /// The nearest whole number in a direction.
    pub fn rounded(&self, rounding: Rounding) -> Rational {
        let (quotient, rest) = self.top.divided(&self.bottom);
        if rest.is_zero() {
            return self.clone();
        }
        let half = rest.shifted_left(1).cmp(&self.bottom);
        let away = match rounding {
            Rounding::HalfEven => half.is_gt() || half.is_eq() && !quotient.is_even(),
            Rounding::HalfUp => half.is_ge(),
            Rounding::Down => false,
            Rounding::Up => true,
            Rounding::Floor => self.negative,
            Rounding::Ceiling => !self.negative,
        };
        let whole = if away { quotient.plus(&Natural::one()) } else { quotient };
        Rational::new(self.negative, whole, Natural::one())
    }

    /// Rounded to so many decimal places; negative ones are tens, hundreds …
    pub fn rounded_to(&self, places: i32, rounding: Rounding) -> Rational {
        let ten = Rational::from(Natural::ten_to(places.unsigned_abs()));
        if places >= 0 {
            let whole = self.times(&ten).rounded(rounding);
            Rational::new(whole.negative, whole.top, ten.top)
        } else {
            let part = Rational::new(self.negative, self.top.clone(), self.bottom.times(&ten.top));
            part.rounded(rounding).times(&ten)
        }
    }

    pub fn to_i64(&self) -> Option<i64> {
        let size = self.top.to_u64().filter(|_| self.is_whole())?;
        let value = i64::try_from(size).ok()?;
        Some(if self.negative { -value } else { value })
    }

    /// The exact value of a floating point number; none for infinities and the like.
    pub fn from_f64(value: f64) -> Option<Rational> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) = match exponent {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, exponent - 1075),
        };
        let mantissa = Natural::from(mantissa);
        let shift = exponent.unsigned_abs() as usize;
        Some(if exponent >= 0 {
            Rational::new(value < 0.0, mantissa.shifted_left(shift), Natural::one())
        } else {
            Rational::new(value < 0.0, mantissa, Natural::one().shifted_left(shift))
        })
    }

    /// The nearest floating point number, or one next to it.
    pub fn to_f64(&self) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        // A quotient of at least 64 bits holds more than a floating point number does.
        let shift = (64 + self.bottom.bits()).saturating_sub(self.top.bits());
        let (quotient, _) = self.top.shifted_left(shift).divided(&self.bottom);
        let (top, below) = quotient.top_bits();
        let exponent = below as i64 - shift as i64;
        let size = scaled(top as f64, exponent);
        if self.negative {
            -size
        } else {
            size
        }
    }

    /// In decimal digits: all of them when there are at most `digits_max` after the point, else rounded half to even
    /// to `digits_max` significant ones. Very large and small numbers that are not exact get an exponent.
    pub fn to_decimal(&self, digits_max: usize) -> Written {
        if let Some(places) = self.decimal_places(digits_max) {
            return Written {
                text: self.fixed(places),
                exact: true,
            };
        }
        let magnitude = self.magnitude();
        let places = digits_max as i64 - magnitude;
        let rounded = self.rounded_to(places as i32, Rounding::HalfEven);
        let text = if (-7..=40).contains(&magnitude) {
            trim(rounded.fixed(places.max(0) as usize))
        } else {
            let one = Rational::from(Natural::ten_to((magnitude - 1).unsigned_abs() as u32));
            let mantissa = if magnitude > 1 {
                rounded.divided(&one).unwrap_or(rounded)
            } else {
                rounded.times(&one)
            };
            format!("{}e{}", trim(mantissa.fixed(digits_max)), magnitude - 1)
        };
        Written { text, exact: false }
    }

    /// Decimal places that hold all of it, if there are at most so many.
    fn decimal_places(&self, most: usize) -> Option<usize> {
        let mut rest = self.bottom.clone();
        let (mut twos, mut fives) = (0, 0);
        while rest.is_even() {
            rest = rest.shifted_right(1);
            twos += 1;
            if twos > most {
                return None;
            }
        }
        loop {
            let (quotient, part) = rest.divided_small(5);
            if part != 0 || quotient.is_zero() {
                break;
            }
            rest = quotient;
            fives += 1;
            if fives > most {
                return None;
            }
        }
        rest.is_one().then(|| twos.max(fives))
    }

    /// The power of ten just above the number: 1 for 1 to 10, 0 for 0.1 to 1.
    fn magnitude(&self) -> i64 {
        let guess = ((self.top.bits() as f64 - self.bottom.bits() as f64 - 1.0) * std::f64::consts::LOG10_2).floor();
        let mut magnitude = guess as i64;
        let size = self.absolute();
        loop {
            let ten = Natural::ten_to(magnitude.unsigned_abs() as u32);
            let bound = if magnitude >= 0 {
                Rational::from(ten)
            } else {
                Rational {
                    negative: false,
                    top: Natural::one(),
                    bottom: ten,
                }
            };
            if size < bound {
                return magnitude;
            }
            magnitude += 1;
        }
    }

    /// So many decimal places, the rest cut off.
    pub fn fixed(&self, places: usize) -> String {
        let (whole, _) = self.top.times(&Natural::ten_to(places as u32)).divided(&self.bottom);
        let digits = whole.to_decimal();
        let digits = format!("{:0>width$}", digits, width = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        let sign = if self.negative { "-" } else { "" };
        if part.is_empty() {
            format!("{}{}", sign, whole)
        } else {
            format!("{}{}.{}", sign, whole, part)
        }
    }

    /// "7", "-3/4".
    pub fn to_fraction(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.is_whole() {
            true => format!("{}{}", sign, self.top.to_decimal()),
            false => format!("{}{}/{}", sign, self.top.to_decimal(), self.bottom.to_decimal()),
        }
    }
}

fn signed_sum(left: &Rational, a: &Natural, right: &Rational, b: &Natural, bottom: Natural) -> Rational {
    if left.negative == right.negative {
        return Rational::new(left.negative, a.plus(b), bottom);
    }
    let negative = if a >= b { left.negative } else { right.negative };
    Rational::new(negative, a.distance(b), bottom)
}

fn trim(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A number times a power of two, in steps that overflow no sooner than the result does.
fn scaled(mut value: f64, mut exponent: i64) -> f64 {
    if exponent < -2_300 {
        return 0.0;
    }
    while exponent > 0 && value.is_finite() {
        let step = exponent.min(1_000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 {
        let step = (-exponent).min(1_000);
        value /= 2f64.powi(step as i32);
        exponent += step;
    }
    value
}
