//! Keys and values as the host keeps them: a value is its JSON text.

use mcp::host::{self, Refusal};
use mcp::schema::{self, Schema};
use mcp::{object, parse_exact, Failure, Json};

/// Characters of a key.
pub const KEY_CHARS_MAX: usize = 512;
/// Bytes of a value as JSON text.
pub const VALUE_BYTES_MAX: usize = 256 << 10;

pub const KEY_WORDS: &str = "Key of 1 to 512 characters in parts by '/', such as checkpoints/reviewer/latest or logs/2026-05-01; letter case counts.";

pub fn key_schema() -> Schema {
    schema::text(KEY_WORDS)
        .with("minLength", 1i64)
        .with("maxLength", KEY_CHARS_MAX as i64)
        .with("examples", vec!["tasks/42".into()])
}

pub fn value_schema(description: &'static str) -> Schema {
    schema::any_of(description, &["object", "array", "string", "number", "boolean", "null"])
}

pub fn check_key(key: &str) -> Result<(), Failure> {
    let wrong = |what: &str| {
        Err(Failure(format!(
            "the key '{}' {}. A key is parts such as tasks/42 or logs/2026-05-01.",
            key.chars().take(80).collect::<String>(),
            what
        )))
    };
    if key.is_empty() {
        return wrong("is empty");
    }
    if key.chars().count() > KEY_CHARS_MAX {
        return wrong("has more than 512 characters");
    }
    if key.chars().any(char::is_control) {
        return wrong("holds a control character");
    }
    if key
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return wrong("has an empty part, '.' or '..'; it begins and ends without '/'");
    }
    if key.trim() != key {
        return wrong("begins or ends with white space");
    }
    Ok(())
}

pub fn text_of(key: &str, value: &Json) -> Result<String, Failure> {
    let text = value.to_line();
    if text.len() > VALUE_BYTES_MAX {
        return Err(Failure(format!(
            "the value of '{}' has {} bytes as JSON; at most {} are kept under one key. Split it, as in {}/1, {}/2, or write it to a file.",
            key,
            text.len(),
            VALUE_BYTES_MAX,
            key,
            key
        )));
    }
    Ok(text)
}

pub fn set(key: &str, text: &str) -> Result<(), Refusal> {
    host::ask("state.set", &object([("key", key.to_owned().into())]), text.as_bytes()).map(|_| ())
}

/// The value, if the key is there, and its size.
pub fn get(key: &str) -> Result<Option<(Json, usize)>, Failure> {
    let answer = host::ask("state.get", &object([("key", key.to_owned().into())]), &[])?;
    if answer.head.get("found") != Some(&Json::Bool(true)) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&answer.body);
    // What others have written there may be no JSON; it is then the text.
    let value = parse_exact(&text).unwrap_or_else(|_| text.clone().into_owned().into());
    Ok(Some((value, answer.body.len())))
}

pub fn shown(value: &Json) -> String {
    const SHOWN_CHARS_MAX: usize = 20_000;
    let line = value.to_line();
    match line.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}… ({} more bytes)", &line[..at], line.len() - at),
        None => line,
    }
}
