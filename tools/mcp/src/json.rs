//! A JSON value whose objects keep their order: rows read in the order of their columns.

use crate::json_text;
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    /// A number as it was written, from `parse_exact`; written out again by the letter.
    Exact(Box<str>),
    Text(Cow<'static, str>),
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
}

/// An object from its members, in this order.
pub fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value))
            .collect(),
    )
}

impl Json {
    /// The member of that name; the last one counts when a name stands twice, as in JavaScript.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<f64> {
        match self {
            Json::Integer(value) => Some(*value as f64),
            Json::Number(value) => Some(*value),
            Json::Exact(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Json]> {
        match self {
            Json::List(items) => Some(items),
            _ => None,
        }
    }

    /// "a text", "a number" …, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Integer(_) | Json::Number(_) | Json::Exact(_) => "a number",
            Json::Text(_) => "a text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// Adds a member to an object; nothing happens to any other value.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        if let Json::Object(members) = self {
            members.push((name.into(), value.into()));
        }
    }

    pub fn to_line(&self) -> String {
        let mut out = String::new();
        json_text::write(self, &mut out);
        out
    }
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Json {
        Json::Text(Cow::Borrowed(text))
    }
}
impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(Cow::Owned(text))
    }
}
impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}
impl From<f64> for Json {
    fn from(value: f64) -> Json {
        Json::Number(value)
    }
}
impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Integer(value)
    }
}
impl From<u64> for Json {
    fn from(value: u64) -> Json {
        Json::Integer(value as i64)
    }
}
impl From<usize> for Json {
    fn from(value: usize) -> Json {
        Json::Integer(value as i64)
    }
}
impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Json {
        Json::List(items)
    }
}
impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}
