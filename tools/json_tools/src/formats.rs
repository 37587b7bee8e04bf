//! The formats of JSON Schema that are checked; others fit anything.

use patterns::{Flags, Pattern};

pub const NAMES: &str = "date, time, date-time, duration, email, hostname, ipv4, ipv6, uri, uuid, json-pointer, regex";

pub fn fits(name: &str, text: &str) -> bool {
    match name {
        "date" => is_date(text),
        "time" => is_time(text),
        "date-time" => match text.char_indices().find(|(_, c)| "Tt ".contains(*c)) {
            Some((at, _)) => is_date(&text[..at]) && is_time(&text[at + 1..]),
            None => false,
        },
        "duration" => {
            matches(
                text,
                r"^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$",
            ) && text.ends_with(|c: char| c.is_ascii_alphabetic() && c != 'T')
                && text.len() > 2
        }
        "email" | "idn-email" => matches(text, r"^[^\s@<>()\[\],;:\\]+@[^\s@.]+(?:\.[^\s@.]+)*$"),
        "hostname" | "idn-hostname" => text.len() <= 253 && text.split('.').all(is_label),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "uri" | "iri" => matches(text, r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>{}|\\^`\x22]*$"),
        "uuid" => matches(
            text,
            r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        ),
        "json-pointer" => matches(text, r"^(?:/(?:[^~]|~[01])*)?$"),
        "regex" => Pattern::new(text, Flags::default()).is_ok(),
        _ => true,
    }
}

fn matches(text: &str, pattern: &str) -> bool {
    Pattern::new(
        pattern,
        Flags {
            ascii: true,
            ..Flags::default()
        },
    )
    .map_or(false, |pattern| pattern.is_match(text))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

fn digits(text: &str, from: usize, to: usize) -> Option<i64> {
    let part = text.get(from..to)?;
    part.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| part.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let parts = (digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10));
    match parts {
        (Some(year), Some(month @ 1..=12), Some(day))
            if text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' =>
        {
            mcp::calendar::civil(mcp::calendar::days(year, month, day)) == (year, month, day)
        }
        _ => false,
    }
}

fn is_time(text: &str) -> bool {
    if !matches(text, r"^\d\d:\d\d:\d\d(?:\.\d+)?(?:[zZ]|[+\-]\d\d:\d\d)$") {
        return false;
    }
    let offset = |sign: usize| {
        digits(text, sign + 1, sign + 3).map_or(true, |hour| hour < 24)
            && digits(text, sign + 4, sign + 6).map_or(true, |minute| minute < 60)
    };
    let sign = text.len().saturating_sub(6);
    let has_offset = !text.ends_with(['z', 'Z']);
    digits(text, 0, 2).map_or(false, |hour| hour < 24)
        && digits(text, 3, 5).map_or(false, |minute| minute < 60)
        && digits(text, 6, 8).map_or(false, |second| second <= 60)
        && (!has_offset || offset(sign))
}
