//! JSON Pointers (RFC 6901).

use mcp::{Failure, Json};

pub fn parse(pointer: &str) -> Result<Vec<String>, Failure> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or_else(|| {
        Failure(format!(
            "'{}' is no JSON Pointer: it is empty or begins with '/', as in /orders/0/total.",
            pointer
        ))
    })?;
    Ok(rest
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub fn write(parts: &[String]) -> String {
    parts.iter().map(|part| format!("/{}", escape(part))).collect()
}

/// The place in a list that a part names; none for `-`, leading zeros and other words.
pub fn index(part: &str) -> Option<usize> {
    let plain = part == "0" || !part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|_| plain)
}

pub fn child<'a>(value: &'a Json, part: &str) -> Option<&'a Json> {
    match value {
        Json::List(items) => items.get(index(part)?),
        other => other.get(part),
    }
}

pub fn child_mut<'a>(value: &'a mut Json, part: &str) -> Option<&'a mut Json> {
    match value {
        Json::List(items) => items.get_mut(index(part)?),
        Json::Object(members) => members
            .iter_mut()
            .rev()
            .find(|(name, _)| name == part)
            .map(|(_, value)| value),
        _ => None,
    }
}
