//! Numbers that know whether they are exact: a fraction, or a floating point number that stands for one.

use mcp::{Arguments, Failure, Json};
use numbers::{Decimal, Rational};

/// Binary digits of an exact number; larger ones are refused.
pub const BITS_MAX: usize = 120_000;
/// Significant digits of a result that is not exact as a decimal.
pub const DIGITS: usize = 30;
/// Significant digits that are right in a floating point number.
const FLOAT_DIGITS: usize = 15;

#[derive(Clone, Debug)]
pub enum Number {
    Exact(Rational),
    /// About 15 significant digits.
    Float(f64),
}

impl From<Rational> for Number {
    fn from(value: Rational) -> Number {
        Number::Exact(value)
    }
}

impl Number {
    pub fn to_f64(&self) -> f64 {
        match self {
            Number::Exact(value) => value.to_f64(),
            Number::Float(value) => *value,
        }
    }

    /// Checks that it can be reckoned with further.
    pub fn bounded(self) -> Result<Number, Failure> {
        match &self {
            Number::Exact(value) if value.bits() > BITS_MAX => Err(Failure(format!(
                "the number would have more than {} digits; only smaller ones are computed exactly. Use floating point: write one of the numbers with ~, as in ~2^200000.",
                BITS_MAX * 3 / 10
            ))),
            Number::Float(value) if value.is_nan() => Err("the result is not a real number, such as the root or logarithm of a negative one.".into()),
            Number::Float(value) if value.is_infinite() => Err("the result is too large for a floating point number (about 1.8e308).".into()),
            _ => Ok(self),
        }
    }

    /// As text, with whether the text is all of it.
    pub fn written(&self, digits: usize) -> (String, bool) {
        match self {
            Number::Exact(value) => {
                let written = value.to_decimal(digits);
                (written.text, written.exact)
            }
            Number::Float(value) => (float_text(*value, digits.min(FLOAT_DIGITS)), false),
        }
    }

    /// "1/3", when a decimal cannot hold it.
    pub fn fraction(&self, digits: usize) -> Option<String> {
        match self {
            Number::Exact(value) if !value.to_decimal(digits).exact && value.bits() < 2_000 => {
                Some(value.to_fraction())
            }
            _ => None,
        }
    }

    /// For structured results: a JSON number, as exact as the text.
    pub fn json(&self, digits: usize) -> Json {
        let (text, _) = self.written(digits);
        mcp::parse_exact(&text).unwrap_or(Json::Null)
    }
}

fn float_text(value: f64, digits: usize) -> String {
    let rounded: f64 = format!("{:.*e}", digits - 1, value).parse().unwrap_or(value);
    if rounded == 0.0 {
        return "0".to_owned();
    }
    match rounded.abs() {
        size if (1e-6..1e15).contains(&size) => format!("{}", rounded),
        _ => format!("{:e}", rounded),
    }
}

/// A number given as a JSON number or as a text such as "0.1" or "1/3".
pub fn parse(value: &Json, name: &str) -> Result<Rational, Failure> {
    let text = match value {
        Json::Text(text) => text.trim().replace(['_', ' '], ""),
        Json::Integer(_) | Json::Number(_) | Json::Exact(_) => value.to_line(),
        other => {
            return Err(Failure(format!(
                "'{}' must be a number, or a text such as \"0.1\" or \"1/3\", not {}.",
                name,
                other.kind()
            )))
        }
    };
    parse_text(&text).ok_or_else(|| {
        Failure(format!(
            "'{}' is \"{}\"; it must be a number such as 12.5, or a text such as \"0.1\", \"1/3\" or \"5%\".",
            name, text
        ))
    })
}

pub fn parse_text(text: &str) -> Option<Rational> {
    if let Some(percent) = text.strip_suffix('%') {
        return parse_text(percent)?.divided(&Rational::from(100));
    }
    if let Some((top, bottom)) = text.split_once('/') {
        let whole = |text: &str| Decimal::parse(text)?.to_rational();
        return whole(top)?.divided(&whole(bottom)?);
    }
    Decimal::parse(text)?.to_rational()
}

pub fn required(arguments: &Arguments, name: &str) -> Result<Rational, Failure> {
    optional(arguments, name)?.ok_or_else(|| Failure(format!("the argument '{}' is missing.", name)))
}

pub fn optional(arguments: &Arguments, name: &str) -> Result<Option<Rational>, Failure> {
    arguments.get(name).map(|value| parse(value, name)).transpose()
}
