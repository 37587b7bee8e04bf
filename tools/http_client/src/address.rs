//! URLs and their query.

use mcp::encoding::percent;
use mcp::{Failure, Json};

const URL_BYTES_MAX: usize = 8_192;

/// The URL with the query's members added.
pub fn build(url: &str, query: Option<&Json>) -> Result<String, Failure> {
    let url = url.trim();
    let wrong = |what: &str| {
        Failure(format!(
            "'url' is \"{}\", which {}; give a whole one such as https://api.example.com/v1/items.",
            url.chars().take(200).collect::<String>(),
            what
        ))
    };
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or_else(|| wrong("does not begin with https:// or http://"))?;
    if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
        return Err(wrong("names no host"));
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong("holds a blank; write it as %20, or give values in 'query'"));
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    if host.contains('@') {
        return Err(wrong("holds a user name; send credentials in a header"));
    }
    // Fragments are for the reader's side and never sent.
    let base = url.split_once('#').map_or(url, |(base, _)| base);
    // Fragments are for the reader's side and never sent.
    let mut out = base.to_owned();
    let mut joins = if base.contains('?') { "&" } else { "?" };
    for (name, value) in pairs(query, "query")? {
        out.push_str(joins);
        out.push_str(&format!("{}={}", percent(&name), percent(&value)));
        joins = "&";
    }
    if out.len() > URL_BYTES_MAX {
        return Err(Failure(format!(
            "the URL has {} bytes; at most {} are sent. Send more in the body.",
            out.len(),
            URL_BYTES_MAX
        )));
    }
    Ok(out)
}

/// Names and values of an object; a list gives a name several times, null leaves it out.
pub fn pairs(value: Option<&Json>, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let members = match value {
        None => return Ok(Vec::new()),
        Some(Json::Object(members)) => members,
        Some(other) => {
            return Err(Failure(format!(
                "'{}' must be an object of names and values, not {}.",
                name,
                other.kind()
            )))
        }
    };
    let mut out = Vec::new();
    for (key, value) in members {
        let values = match value {
            Json::List(items) => items.iter().collect(),
            Json::Null => Vec::new(),
            one => vec![one],
        };
        for value in values {
            let text = match value {
                Json::Text(text) => text.to_string(),
                Json::List(_) | Json::Object(_) => {
                    return Err(Failure(format!(
                        "'{}' of '{}' must be a text, a number or a boolean, not {}.",
                        key,
                        name,
                        value.kind()
                    )))
                }
                other => other.to_line(),
            };
            out.push((key.to_string(), text));
        }
    }
    Ok(out)
}
