//! Access to a call's arguments with messages that name the argument and what it should be.

use crate::answer::Failure;
use crate::json::Json;
use crate::nearest::nearest;
use crate::schema::Schema;

pub struct Arguments<'a>(&'a Json);

impl<'a> Arguments<'a> {
    pub fn new(arguments: &'a Json) -> Arguments<'a> {
        Arguments(arguments)
    }

    /// Refuses names the schema does not know, and misses those it requires.
    pub(crate) fn check_names(&self, schema: &Schema) -> Result<(), Failure> {
        let known = schema.property_names();
        if let Json::Object(members) = self.0 {
            for (name, _) in members {
                if !known.contains(&name.as_ref()) {
                    let meant = nearest(name, known.iter().copied());
                    let hint = meant.map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
                    let known = known.join(", ");
                    return Err(Failure(format!(
                        "there is no argument '{}'.{} Arguments: {}.",
                        name, hint, known
                    )));
                }
            }
        }
        for name in schema.required_names() {
            // Null counts as absent, except where the schema has room for it.
            let given = self.get(name).is_some() || schema.takes_null(name) && self.0.get(name).is_some();
            if !given {
                return Err(Failure(format!("the argument '{}' is missing.", name)));
            }
        }
        Ok(())
    }

    /// The argument, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.0.get(name).filter(|value| **value != Json::Null)
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a text", other)),
        }
    }

    pub fn required_text(&self, name: &str) -> Result<&'a str, Failure> {
        self.text(name)?
            .ok_or_else(|| Failure(format!("the argument '{}' is missing.", name)))
    }

    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong(name, "true or false", other)),
        }
    }

    /// A whole number in the range, or `default` when absent.
    pub fn integer(&self, name: &str, default: i64, range: (i64, i64)) -> Result<i64, Failure> {
        let (min, max) = range;
        let value = match self.get(name) {
            None => return Ok(default),
            Some(Json::Integer(value)) => *value,
            Some(Json::Number(value)) if value.fract() == 0.0 => *value as i64,
            Some(other) => return Err(wrong(name, "a whole number", other)),
        };
        if value < min || value > max {
            return Err(Failure(format!(
                "'{}' is {}; it must be from {} to {}.",
                name, value, min, max
            )));
        }
        Ok(value)
    }

    /// One of the values, or the first of them when absent.
    pub fn choice(&self, name: &str, values: &[&'static str]) -> Result<&'static str, Failure> {
        let text = match self.text(name)? {
            Some(text) => text,
            None => return Ok(values[0]),
        };
        values.iter().copied().find(|value| *value == text).ok_or_else(|| {
            Failure(format!(
                "'{}' is \"{}\"; it must be one of: {}.",
                name,
                text,
                values.join(", ")
            ))
        })
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Failure> {
        let items = match self.get(name) {
            None => return Ok(None),
            Some(Json::Text(text)) => return Ok(Some(vec![text])),
            Some(Json::List(items)) => items,
            Some(other) => return Err(wrong(name, "a list of texts", other)),
        };
        let texts = items
            .iter()
            .map(|item| item.as_text().ok_or_else(|| wrong(name, "a list of texts", item)));
        texts.collect::<Result<Vec<_>, _>>().map(Some)
    }

    pub fn list(&self, name: &str) -> Result<Option<&'a [Json]>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::List(items)) => Ok(Some(items)),
            Some(other) => Err(wrong(name, "a list", other)),
        }
    }
}

fn wrong(name: &str, wanted: &str, found: &Json) -> Failure {
    Failure(format!("'{}' must be {}, not {}.", name, wanted, found.kind()))
}
