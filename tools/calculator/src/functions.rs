//! Functions of expressions: exact ones on exact numbers, the others in floating point.

use crate::floats;
use crate::number::{Number, BITS_MAX};
use mcp::{nearest, Failure};
use numbers::{Natural, Rational, Rounding};

/// The largest number whose factorial is computed.
pub const FACTORIAL_MAX: i64 = 5_000;
/// The largest whole exponent of a power that is computed exactly.
const EXPONENT_MAX: i64 = 100_000;

pub const NAMES: &str = "abs sign floor ceil trunc round sqrt cbrt root exp ln log log2 log10 pow mod gcd lcm factorial gamma binomial permutations min max sum mean median sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh degrees radians hypot if is_prime";

pub fn call(name: &str, values: &[Number]) -> Result<Number, Failure> {
    let count = |wanted: &[usize]| {
        if wanted.contains(&values.len()) {
            return Ok(());
        }
        let wanted: Vec<String> = wanted.iter().map(usize::to_string).collect();
        Err(Failure(format!(
            "{}() takes {} arguments, not {}.",
            name,
            wanted.join(" or "),
            values.len()
        )))
    };
    if let Some(function) = floats::named(name) {
        count(&[1])?;
        return special(name, &values[0])
            .unwrap_or_else(|| Number::Float(function(values[0].to_f64())))
            .bounded();
    }
    match name {
        "abs" | "sign" | "floor" | "ceil" | "trunc" | "sqrt" | "cbrt" | "factorial" | "is_prime" => {
            count(&[1])?;
            single(name, &values[0])
        }
        "round" => {
            count(&[1, 2])?;
            round(&values[0], values.get(1))
        }
        "log" => {
            count(&[1, 2])?;
            match values.get(1) {
                // A logarithm of a whole power is whole.
                Some(base) => exact_log(&values[0], base).map_or_else(
                    || Number::Float(values[0].to_f64().ln() / base.to_f64().ln()).bounded(),
                    Ok,
                ),
                None => Number::Float(values[0].to_f64().ln()).bounded(),
            }
        }
        "root" => {
            count(&[2])?;
            root(&values[0], whole(&values[1], "the degree of a root")?)
        }
        "pow" => {
            count(&[2])?;
            power(&values[0], &values[1])
        }
        "mod" => {
            count(&[2])?;
            remainder(&values[0], &values[1])
        }
        "atan2" => {
            count(&[2])?;
            Number::Float(values[0].to_f64().atan2(values[1].to_f64())).bounded()
        }
        "hypot" => {
            let mut sum = Number::from(Rational::zero());
            for value in values {
                sum = add(&sum, &multiply(value, value)?)?;
            }
            single("sqrt", &sum)
        }
        "if" => {
            count(&[3])?;
            Ok(if values[0].to_f64() != 0.0 {
                values[1].clone()
            } else {
                values[2].clone()
            })
        }
        "binomial" | "permutations" => {
            count(&[2])?;
            choose(name, whole(&values[0], "n")?, whole(&values[1], "k")?)
        }
        "gcd" | "lcm" | "min" | "max" | "sum" | "mean" | "median" => many(name, values),
        _ => {
            let hint =
                nearest(name, NAMES.split(' ')).map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
            Err(Failure(format!(
                "there is no function '{}'.{} There are {}.",
                name,
                hint,
                NAMES.replace(' ', ", ")
            )))
        }
    }
}

/// Values of functions that are known exactly.
fn special(name: &str, value: &Number) -> Option<Number> {
    let value = match value {
        Number::Exact(value) => value,
        Number::Float(_) => return None,
    };
    let exact = |value: i64| Some(Number::from(Rational::from(value)));
    match (name, value.to_i64()) {
        ("sin" | "tan" | "asin" | "atan" | "sinh" | "tanh" | "asinh" | "atanh", Some(0))
        | ("ln", Some(1))
        | ("acos" | "acosh", Some(1)) => exact(0),
        ("cos" | "exp" | "cosh", Some(0)) => exact(1),
        ("gamma", Some(n @ 1..=FACTORIAL_MAX)) => Some(Number::from(Rational::from(factorial(n - 1)))),
        ("log2", _) => exact_log(&Number::from(value.clone()), &Number::from(Rational::from(2))),
        ("log10", _) => exact_log(&Number::from(value.clone()), &Number::from(Rational::from(10))),
        _ => None,
    }
}

/// The logarithm when it is a whole number.
fn exact_log(value: &Number, base: &Number) -> Option<Number> {
    let (value, base) = match (value, base) {
        (Number::Exact(value), Number::Exact(base)) => (value, base),
        _ => return None,
    };
    let guess = (value.to_f64().ln() / base.to_f64().ln()).round();
    if !guess.is_finite() || guess.abs() > 4_000.0 || base.bits() as f64 * guess.abs() > BITS_MAX as f64 {
        return None;
    }
    (base.power(guess as i32).as_ref() == Some(value)).then(|| Number::from(Rational::from(guess as i64)))
}

pub fn whole(value: &Number, what: &str) -> Result<i64, Failure> {
    match value {
        Number::Exact(value) => value.to_i64(),
        Number::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
        Number::Float(_) => None,
    }
    .ok_or_else(|| Failure(format!("{} must be a whole number, not {}.", what, value.written(10).0)))
}

fn float(value: f64) -> Result<Number, Failure> {
    Number::Float(value).bounded()
}

fn single(name: &str, value: &Number) -> Result<Number, Failure> {
    let exact = match value {
        Number::Exact(value) => value,
        Number::Float(value) => {
            return match name {
                "abs" => float(value.abs()),
                "sign" => Ok(Number::from(Rational::from(if *value > 0.0 {
                    1
                } else {
                    -i64::from(*value < 0.0)
                }))),
                "floor" => float(value.floor()),
                "ceil" => float(value.ceil()),
                "trunc" => float(value.trunc()),
                "sqrt" => float(value.sqrt()),
                "cbrt" => float(value.cbrt()),
                "factorial" => float(floats::gamma(value + 1.0)),
                _ => Err(Failure(format!("{}() takes a whole number.", name))),
            }
        }
    };
    match name {
        "abs" => Ok(exact.absolute().into()),
        "sign" => Ok(Rational::from(if exact.is_zero() {
            0
        } else {
            1 - 2 * i64::from(exact.is_negative())
        })
        .into()),
        "floor" => Ok(exact.rounded(Rounding::Floor).into()),
        "ceil" => Ok(exact.rounded(Rounding::Ceiling).into()),
        "trunc" => Ok(exact.rounded(Rounding::Down).into()),
        "sqrt" => root(value, 2),
        "cbrt" => root(value, 3),
        "is_prime" => Ok(Rational::from(i64::from(is_prime(whole(value, "is_prime() of what")?)?)).into()),
        _ => match exact.to_i64() {
            Some(n @ 0..=FACTORIAL_MAX) => Ok(Rational::from(factorial(n)).into()),
            Some(n) if n < 0 => Err("the factorial of a negative whole number does not exist.".into()),
            None if !exact.is_whole() => float(floats::gamma(exact.to_f64() + 1.0)),
            _ => Err(Failure(format!("factorials are computed up to {}!.", FACTORIAL_MAX))),
        },
    }
}

fn factorial(n: i64) -> Natural {
    (2..=n as u32).fold(Natural::one(), |product, factor| product.times_small(factor, 0))
}

/// Trial division; numbers up to 10^12.
fn is_prime(n: i64) -> Result<bool, Failure> {
    const PRIME_MAX: i64 = 1_000_000_000_000;
    if n > PRIME_MAX {
        return Err(Failure(format!("is_prime() looks at numbers up to {}.", PRIME_MAX)));
    }
    if n < 4 {
        return Ok(n >= 2);
    }
    let mut divisor = 3;
    let mut prime = n % 2 != 0;
    while prime && divisor * divisor <= n {
        prime = n % divisor != 0;
        divisor += 2;
    }
    Ok(prime)
}

fn choose(name: &str, n: i64, k: i64) -> Result<Number, Failure> {
    const N_MAX: i64 = 100_000;
    if !(0..=N_MAX).contains(&n) || k < 0 {
        return Err(Failure(format!(
            "{}(n, k) takes n from 0 to {} and k from 0.",
            name, N_MAX
        )));
    }
    if k > n {
        return Ok(Rational::zero().into());
    }
    let steps = if name == "binomial" { k.min(n - k) } else { k };
    if steps > FACTORIAL_MAX {
        return Err(Failure(format!(
            "{}({}, {}) has more than {} factors.",
            name, n, k, FACTORIAL_MAX
        )));
    }
    let mut out = Natural::one();
    for step in 0..steps {
        out = out.times_small((n - step) as u32, 0);
        if name == "binomial" {
            out = out.divided_small(step as u32 + 1).0;
        }
    }
    Number::from(Rational::from(out)).bounded()
}

/// Rounds half up in size, as schools teach it, to decimal places.
fn round(value: &Number, places: Option<&Number>) -> Result<Number, Failure> {
    let places = places.map_or(Ok(0), |places| whole(places, "the number of decimal places"))?;
    if places.abs() > 1_000 {
        return Err("round() takes from -1000 to 1000 decimal places.".into());
    }
    match value {
        Number::Exact(value) => Ok(value.rounded_to(places as i32, Rounding::HalfUp).into()),
        Number::Float(value) => match Rational::from_f64(*value) {
            Some(exact) => Ok(Number::Float(
                exact.rounded_to(places as i32, Rounding::HalfUp).to_f64(),
            )),
            None => float(*value),
        },
    }
}

/// The exact root where there is one.
pub fn root(value: &Number, degree: i64) -> Result<Number, Failure> {
    if !(1..=1_000).contains(&degree) {
        return Err("the degree of a root is from 1 to 1000.".into());
    }
    let negative = value.to_f64() < 0.0;
    if negative && degree % 2 == 0 {
        return Err(Failure(format!(
            "the root of the negative number {} is not real.",
            value.written(20).0
        )));
    }
    if let Number::Exact(exact) = value {
        let parts = natural_root(exact.top(), degree as u32).zip(natural_root(exact.bottom(), degree as u32));
        if let Some((top, bottom)) = parts {
            return Ok(Rational::new(exact.is_negative(), top, bottom).into());
        }
    }
    let size = value.to_f64().abs();
    let size = match degree {
        2 => size.sqrt(),
        3 => size.cbrt(),
        degree => size.powf(1.0 / degree as f64),
    };
    float(if negative { -size } else { size })
}

fn natural_root(value: &Natural, degree: u32) -> Option<Natural> {
    if degree == 1 || value.is_zero() || value.is_one() {
        return Some(value.clone());
    }
    let found = if degree == 2 {
        value.square_root()
    } else {
        // Only roots that a floating point number finds: others are not exact anyway, or far too large.
        let size = Rational::from(value.clone())
            .to_f64()
            .powf(1.0 / f64::from(degree))
            .round();
        let near = Rational::from_f64(size).filter(|_| size < 9e15)?;
        near.top().clone()
    };
    (found.power(degree) == *value).then_some(found)
}

pub fn power(base: &Number, exponent: &Number) -> Result<Number, Failure> {
    if let (Number::Exact(base_value), Number::Exact(exponent_value)) = (base, exponent) {
        if let Some(whole) = exponent_value.to_i64() {
            if base_value.is_zero() && whole < 0 {
                return Err("zero cannot be raised to a negative power: that divides by zero.".into());
            }
            let trivial = base_value.is_zero() || base_value.absolute() == Rational::one();
            let size = base_value.bits() as f64 * whole.unsigned_abs() as f64;
            if trivial {
                let odd = whole % 2 != 0;
                let value = if odd {
                    base_value.clone()
                } else {
                    base_value.times(base_value)
                };
                return Ok(if whole == 0 {
                    Rational::one().into()
                } else {
                    value.into()
                });
            }
            if whole.abs() > EXPONENT_MAX || size > BITS_MAX as f64 {
                return Err(Failure(format!(
                    "the power would have about {:.0} digits; at most {} are computed exactly. Write ~ before a number for floating point, as in ~2^1000.",
                    size * 0.3,
                    BITS_MAX * 3 / 10
                )));
            }
            return match base_value.power(whole as i32) {
                Some(value) => Number::from(value).bounded(),
                None => Err("zero cannot be raised to a negative power.".into()),
            };
        }
        // A power by a fraction is a root where there is one.
        let degree = exponent_value.bottom().to_u64().filter(|degree| *degree <= 1_000);
        let inner = Rational::new(
            exponent_value.is_negative(),
            exponent_value.top().clone(),
            Natural::one(),
        );
        if let (Some(degree), false) = (degree, base_value.is_negative()) {
            if let Number::Exact(root) = root(base, degree as i64)? {
                return power(&root.into(), &inner.into());
            }
        }
    }
    let (left, right) = (base.to_f64(), exponent.to_f64());
    if left < 0.0 && right.fract() != 0.0 {
        return Err("a negative number to a power that is not whole is not real; for roots use root(x, n).".into());
    }
    float(left.powf(right))
}

/// The remainder with the sign of the divisor.
pub fn remainder(left: &Number, right: &Number) -> Result<Number, Failure> {
    let quotient = whole_divide(left, right)?;
    add(left, &negate(&multiply(&quotient, right)?))
}

pub fn whole_divide(left: &Number, right: &Number) -> Result<Number, Failure> {
    single("floor", &divide(left, right)?)
}

pub fn negate(value: &Number) -> Number {
    match value {
        Number::Exact(value) => value.negated().into(),
        Number::Float(value) => Number::Float(-value),
    }
}

pub fn add(left: &Number, right: &Number) -> Result<Number, Failure> {
    match (left, right) {
        (Number::Exact(left), Number::Exact(right)) => Number::from(left.plus(right)).bounded(),
        _ => float(left.to_f64() + right.to_f64()),
    }
}

pub fn multiply(left: &Number, right: &Number) -> Result<Number, Failure> {
    match (left, right) {
        (Number::Exact(left), Number::Exact(right)) => Number::from(left.times(right)).bounded(),
        _ => float(left.to_f64() * right.to_f64()),
    }
}

pub fn divide(left: &Number, right: &Number) -> Result<Number, Failure> {
    let by_zero = || Failure("division by zero.".to_owned());
    match (left, right) {
        (Number::Exact(left), Number::Exact(right)) => Number::from(left.divided(right).ok_or_else(by_zero)?).bounded(),
        (_, right) if right.to_f64() == 0.0 => Err(by_zero()),
        _ => float(left.to_f64() / right.to_f64()),
    }
}

fn many(name: &str, values: &[Number]) -> Result<Number, Failure> {
    if values.is_empty() {
        return Err(Failure(format!("{}() takes at least one argument.", name)));
    }
    let total = |values: &[Number]| {
        values
            .iter()
            .try_fold(Number::from(Rational::zero()), |sum, value| add(&sum, value))
    };
    match name {
        "gcd" | "lcm" => {
            let mut out: Option<Natural> = None;
            for value in values {
                let size = match value {
                    Number::Exact(value) if value.is_whole() => value.top().clone(),
                    other => {
                        return Err(Failure(format!(
                            "{}() takes whole numbers, not {}.",
                            name,
                            other.written(10).0
                        )))
                    }
                };
                out = Some(match out {
                    None => size,
                    Some(before) if name == "gcd" => before.gcd(&size),
                    Some(before) => {
                        let common = before.gcd(&size);
                        if common.is_zero() {
                            Natural::zero()
                        } else {
                            before.divided(&common).0.times(&size)
                        }
                    }
                });
            }
            Number::from(Rational::from(out.unwrap_or_default())).bounded()
        }
        "min" | "max" => {
            let better = |left: &Number, right: &Number| {
                compare(left, right)
                    == if name == "min" {
                        std::cmp::Ordering::Less
                    } else {
                        std::cmp::Ordering::Greater
                    }
            };
            let best = values
                .iter()
                .reduce(|best, value| if better(value, best) { value } else { best });
            Ok(best.unwrap_or(&values[0]).clone())
        }
        "sum" => total(values),
        "mean" => divide(&total(values)?, &Rational::from(values.len() as i64).into()),
        _ => {
            let mut sorted: Vec<&Number> = values.iter().collect();
            sorted.sort_by(|left, right| compare(left, right));
            let middle = add(sorted[sorted.len() / 2], sorted[(sorted.len() - 1) / 2])?;
            divide(&middle, &Rational::from(2).into())
        }
    }
}

pub fn compare(left: &Number, right: &Number) -> std::cmp::Ordering {
    match (left, right) {
        (Number::Exact(left), Number::Exact(right)) => left.cmp(right),
        _ => left.to_f64().total_cmp(&right.to_f64()),
    }
}
