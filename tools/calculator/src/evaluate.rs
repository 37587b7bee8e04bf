//! `evaluate`: the value of an expression.

use crate::expression::{Expression, Operator};
use crate::functions::{self, add, divide, multiply, negate, power, remainder, whole_divide, NAMES};
use crate::number::{self, Number, DIGITS};
use crate::parser;
use mcp::schema;
use mcp::{nearest, object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use numbers::Rational;
use std::cmp::Ordering;
use std::collections::BTreeMap;

const DIGITS_MAX: i64 = 1_000;
/// Characters of an exact result; longer ones are rounded.
const SHOWN_DIGITS_MAX: usize = 40_000;

pub const TOOL: Tool = Tool {
    name: "evaluate",
    title: "Evaluate an expression",
    description: "Computes an expression exactly where that is possible: 0.1 + 0.2 is 0.3, 2^200, 1/3 + 1/6, 25!, 15% * 80, 7 mod 3, sqrt(2), (1 + 5%)^10, round(2/3, 2), 3 * x with variables. Angles are radians. The result says whether it is exact.",
    input: || {
        schema::closed(vec![
            schema::required(
                "expression",
                schema::text("Such as (12.5 + 7) * 3 ^ 2. + - * / ^ ! %, // whole quotient, mod remainder, comparisons; functions such as sqrt, round, log(x, base), gcd, binomial; pi, e, tau, phi. A percent sign means hundredths.")
                    .with("examples", vec!["0.1 + 0.2".into(), "1000 * (1 + 3.5%)^10".into()])
                    .role("query"),
            ),
            schema::optional("variables", schema::whole(Vec::new()).described("Values of names in the expression: numbers, or texts such as \"1/3\".")),
            schema::optional("digits", schema::integer("Significant digits of a result that has no end.", 1, DIGITS_MAX).default(DIGITS as i64)),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("result", schema::text("The value in decimal digits, or true or false.")),
            schema::required("value", schema::any_of("The value as a JSON number or boolean; programs that read 64-bit numbers may lose digits.", &["number", "boolean", "null"])),
            schema::required("exact", schema::boolean("Nothing was rounded.")),
            schema::required("fraction", schema::any_of("The exact value as a fraction, when the decimal has no end; else null.", &["string", "null"])),
            schema::required("rounding", schema::text("How the result is rounded.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

enum Value {
    Number(Number),
    Truth(bool),
}

fn constant(name: &str) -> Option<f64> {
    use std::f64::consts::{E, PI, TAU};
    Some(match name {
        "pi" | "PI" => PI,
        "tau" => TAU,
        "e" | "E" => E,
        "phi" => 1.618_033_988_749_895,
        _ => return None,
    })
}

struct Evaluator {
    variables: BTreeMap<String, Number>,
}

impl Evaluator {
    fn number(&self, expression: &Expression) -> Result<Number, Failure> {
        match self.value(expression)? {
            Value::Number(value) => Ok(value),
            Value::Truth(truth) => Ok(Rational::from(i64::from(truth)).into()),
        }
    }

    fn value(&self, expression: &Expression) -> Result<Value, Failure> {
        let value = match expression {
            Expression::Number(value) => value.clone(),
            Expression::Name(name) => self.name(name)?,
            Expression::Negate(inner) => negate(&self.number(inner)?),
            Expression::Factorial(inner) => functions::call("factorial", &[self.number(inner)?])?,
            Expression::Percent(inner) => divide(&self.number(inner)?, &Rational::from(100).into())?,
            Expression::Call(name, arguments) => {
                let values = arguments
                    .iter()
                    .map(|argument| self.number(argument))
                    .collect::<Result<Vec<_>, _>>()?;
                functions::call(name, &values)?
            }
            Expression::Chain(first, rest) => {
                let mut value = self.number(first)?;
                for (operator, next) in rest {
                    value = apply(*operator, &value, &self.number(next)?)?;
                }
                value
            }
            Expression::Binary(Operator::Power, left, right) => power(&self.number(left)?, &self.number(right)?)?,
            Expression::Binary(operator, left, right) => {
                let order = functions::compare(&self.number(left)?, &self.number(right)?);
                return Ok(Value::Truth(match operator {
                    Operator::Equal => order == Ordering::Equal,
                    Operator::NotEqual => order != Ordering::Equal,
                    Operator::Less => order == Ordering::Less,
                    Operator::LessOrEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                }));
            }
        };
        Ok(Value::Number(value))
    }

    fn name(&self, name: &str) -> Result<Number, Failure> {
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        if let Some(value) = constant(name) {
            return Ok(Number::Float(value));
        }
        let known = self
            .variables
            .keys()
            .map(String::as_str)
            .chain(["pi", "e", "tau", "phi"])
            .chain(NAMES.split(' '));
        let hint = nearest(name, known).map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
        Err(Failure(format!(
            "there is no value for '{}'.{} Give it in 'variables', or call a function with parentheses, as in sqrt(2); units are converted by the tool convert_units.",
            name, hint
        )))
    }
}

fn apply(operator: Operator, left: &Number, right: &Number) -> Result<Number, Failure> {
    match operator {
        Operator::Add => add(left, right),
        Operator::Subtract => add(left, &negate(right)),
        Operator::Multiply => multiply(left, right),
        Operator::WholeDivide => whole_divide(left, right),
        Operator::Remainder => remainder(left, right),
        _ => divide(left, right),
    }
}

fn run(arguments: &Arguments) -> Outcome {
    let expression = parser::parse(arguments.required_text("expression")?)?;
    let digits = arguments.integer("digits", DIGITS as i64, (1, DIGITS_MAX))? as usize;
    let mut variables = BTreeMap::new();
    match arguments.get("variables") {
        None => {}
        Some(Json::Object(members)) => {
            for (name, value) in members {
                variables.insert(name.to_string(), number::parse(value, name)?.into());
            }
        }
        Some(other) => {
            return Err(Failure(format!(
                "'variables' must be an object of names and numbers, not {}.",
                other.kind()
            )))
        }
    }
    let value = match (Evaluator { variables }).value(&expression)? {
        Value::Number(value) => value,
        Value::Truth(truth) => {
            let text = if truth { "true" } else { "false" };
            let structured = object([
                ("result", text.into()),
                ("value", truth.into()),
                ("exact", true.into()),
                ("fraction", Json::Null),
                ("rounding", "exact".into()),
            ]);
            return Ok(Answer::new(text, structured));
        }
    };
    let (text, exact, fraction, rounding) = result(&value, digits);
    let shown = match (&fraction, exact) {
        (_, true) => text.clone(),
        (Some(fraction), _) => format!("≈ {}\nexactly {}\n({})", text, fraction, rounding),
        (None, _) => format!("≈ {}\n({})", text, rounding),
    };
    let structured = object([
        ("result", text.clone().into()),
        ("value", mcp::parse_exact(&text).unwrap_or(Json::Null)),
        ("exact", exact.into()),
        ("fraction", fraction.into()),
        ("rounding", rounding.into()),
    ]);
    Ok(Answer::new(shown, structured))
}

/// Text, whether that is all of it, the fraction if it is not, and how it was rounded.
pub fn result(value: &Number, digits: usize) -> (String, bool, Option<String>, String) {
    // What has an end is written out, however many digits it has.
    let (whole, exact) = match value {
        Number::Exact(number) => {
            let written = number.to_decimal(SHOWN_DIGITS_MAX.min(digits.max(500)));
            (written.text, written.exact)
        }
        Number::Float(_) => (String::new(), false),
    };
    if exact {
        return (whole, true, None, "exact".to_owned());
    }
    let (text, _) = value.written(digits);
    let rounding = match value {
        Number::Exact(_) => format!("rounded half to even to {} significant digits", digits),
        Number::Float(_) => format!(
            "computed in 64-bit floating point, shown to {} significant digits",
            digits.min(15)
        ),
    };
    (text, false, value.fraction(digits), rounding)
}
