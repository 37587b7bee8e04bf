//! The JSON a call is about: a value, a text or a file.

use mcp::schema::{self, Property, Schema};
use mcp::{files, parse_exact, Arguments, Failure, Json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Bytes of a text or file.
pub const BYTES_MAX: u64 = 16 << 20;
const ANY: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// Names of the three arguments that one document can be given by.
pub struct Names {
    pub json: &'static str,
    pub text: &'static str,
    pub file: &'static str,
}

pub const MAIN: Names = Names {
    json: "json",
    text: "text",
    file: "file",
};
pub const OTHER: Names = Names {
    json: "other_json",
    text: "other_text",
    file: "other_file",
};

/// Any JSON value.
pub fn any(description: &'static str) -> Schema {
    schema::any_of(description, &ANY)
}

pub fn properties() -> Vec<Property> {
    vec![
        schema::optional(
            "json",
            any("The JSON value itself. Give exactly one of json, text and file."),
        ),
        schema::optional(
            "text",
            schema::text("JSON as text, such as {\"total\": 12345678901234567890.10}; its numbers keep every digit."),
        ),
        schema::optional(
            "file",
            schema::text("A JSON file; an uploaded one is 'uploads/<name>'.").role("file-path"),
        ),
    ]
}

pub fn other_properties() -> Vec<Property> {
    vec![
        schema::optional(
            "other_json",
            any("The value to compare with. Give exactly one of other_json, other_text and other_file."),
        ),
        schema::optional("other_text", schema::text("The JSON text to compare with.")),
        schema::optional(
            "other_file",
            schema::text("The JSON file to compare with.").role("file-path"),
        ),
    ]
}

/// A document and its size as text.
pub struct Source<'a> {
    pub value: Cow<'a, Json>,
    pub notes: Vec<String>,
}

pub fn read<'a>(arguments: &Arguments<'a>, names: &Names) -> Result<Source<'a>, Failure> {
    // `null` is a document like any other, where it is the only thing given.
    let given = [names.json, names.text, names.file]
        .iter()
        .filter(|name| arguments.get(name).is_some())
        .count();
    if given > 1 {
        return Err(Failure(format!(
            "give only one of '{}', '{}' and '{}'.",
            names.json, names.text, names.file
        )));
    }
    let mut notes = Vec::new();
    let value = if let Some(text) = arguments.text(names.text)? {
        Cow::Owned(parse(text, names.text, &mut notes)?)
    } else if let Some(file) = arguments.text(names.file)? {
        Cow::Owned(parse(&read_file(file)?, file, &mut notes)?)
    } else if let Some(value) = arguments.get(names.json) {
        Cow::Borrowed(value)
    } else {
        return Err(Failure(format!(
            "there is no JSON to work on: give '{}' (a value), '{}' (JSON text) or '{}' (a path).",
            names.json, names.text, names.file
        )));
    };
    Ok(Source { value, notes })
}

fn parse(text: &str, name: &str, notes: &mut Vec<String>) -> Result<Json, Failure> {
    if text.len() as u64 > BYTES_MAX {
        return Err(Failure(format!(
            "'{}' has {} bytes; at most {} are read.",
            name,
            text.len(),
            BYTES_MAX
        )));
    }
    let text = text.trim_start_matches('\u{feff}');
    let value = parse_exact(text).map_err(|problem| Failure(format!("'{}' is not JSON: {}.", name, problem)))?;
    let mut twice = 0;
    let value = without_twins(value, &mut twice);
    if twice > 0 {
        notes.push(format!(
            "{} members stood under a name that their object has already; the last of each name counts",
            twice
        ));
    }
    Ok(value)
}

pub fn read_file(path: &str) -> Result<String, Failure> {
    files::read_text(path, BYTES_MAX)
}

/// Leaves the last of members with one name, in the place of the first.
fn without_twins(value: Json, twice: &mut usize) -> Json {
    match value {
        Json::List(items) => Json::List(items.into_iter().map(|item| without_twins(item, twice)).collect()),
        Json::Object(members) => {
            let mut places: BTreeMap<String, usize> = BTreeMap::new();
            let mut kept: Vec<(Cow<'static, str>, Json)> = Vec::with_capacity(members.len());
            for (name, value) in members {
                let value = without_twins(value, twice);
                match places.get(name.as_ref()) {
                    Some(place) => {
                        *twice += 1;
                        kept[*place].1 = value;
                    }
                    None => {
                        places.insert(name.to_string(), kept.len());
                        kept.push((name, value));
                    }
                }
            }
            Json::Object(kept)
        }
        other => other,
    }
}
