//! SQL values as JSON and as text.

use crate::sqlite::{Statement, Value};
use mcp::{short_number, Arguments, Failure, Json};

/// Whole numbers beyond this are given as texts, so that no reader rounds them.
const EXACT_MAX: i64 = 1 << 53;
const CELL_CHARS_MAX: usize = 200;

pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) if number.abs() > EXACT_MAX => number.to_string().into(),
        Value::Integer(number) => Json::Integer(*number),
        Value::Real(number) if number.is_finite() => Json::Number(*number),
        Value::Real(number) => number.to_string().into(),
        Value::Text(text) => text.clone().into(),
        Value::Blob(bytes) => hex(bytes).into(),
    }
}

/// A value in a table for reading; long ones are cut.
pub fn to_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => short_number(*number),
        Value::Text(text) => cut(&text.replace(['\n', '\r', '\t'], " ")),
        Value::Blob(bytes) => cut(&hex(bytes)),
    }
}

/// As SQLite writes it: x'…'.
fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{:02x}", byte)).collect();
    format!("x'{}'", digits)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(CELL_CHARS_MAX).collect();
    format!("{}…", kept)
}

/// Gives a statement's parameters their values: a list for `?`, an object for `:name`, `@name` and `$name`.
pub fn bind(statement: &Statement, arguments: &Arguments) -> Result<(), Failure> {
    let wanted = statement.parameters();
    let given = arguments.get("parameters");
    if let (Some(Json::List(items)), true) = (given, wanted.iter().all(Option::is_none)) {
        if items.len() != wanted.len() {
            return Err(Failure(format!(
                "the SQL has {} parameters and 'parameters' has {} values.",
                wanted.len(),
                items.len()
            )));
        }
    }
    for (place, name) in wanted.iter().enumerate() {
        let value = match (given, name) {
            (Some(Json::List(items)), _) => items.get(place),
            (Some(object @ Json::Object(_)), Some(name)) => object.get(&name[1..]).or_else(|| object.get(name)),
            _ => None,
        };
        let label = name.clone().unwrap_or_else(|| format!("?{}", place + 1));
        let value = value.ok_or_else(|| {
            Failure(format!(
                "there is no value for the parameter {}. Give 'parameters': a list for ?, an object for names.",
                label
            ))
        })?;
        let value = from_json(value, &label)?;
        statement.bind(place + 1, &value).map_err(|problem| Failure(problem.message))?;
    }
    Ok(())
}

fn from_json(value: &Json, label: &str) -> Result<Value, Failure> {
    match value {
        Json::Null => Ok(Value::Null),
        Json::Bool(value) => Ok(Value::Integer(i64::from(*value))),
        Json::Integer(value) => Ok(Value::Integer(*value)),
        Json::Number(value) => Ok(Value::Real(*value)),
        Json::Text(text) => Ok(Value::Text(text.to_string())),
        other => Err(Failure(format!(
            "the parameter {} is {}; it must be a text, a number, a boolean or null.",
            label,
            other.kind()
        ))),
    }
}
