//! Durations of ISO 8601, and `duration`.

use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

/// Calendar parts, whose length differs, and seconds, whose length does not. A day is in `days`.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Duration {
    pub months: i64,
    pub days: i64,
    pub seconds: i64,
    pub nanos: i64,
}

/// Each part of a duration, in size.
const PART_MAX: i64 = 1_000_000_000_000;

pub const TOOL: Tool = Tool {
    name: "duration",
    title: "Read and write durations",
    description: "Reads a duration in ISO 8601 (P1Y2M3DT4H5M6.7S, P2W), as people write it (1h 30m, 2 days 4 hours, 1:30:00) or in seconds, and gives it in ISO 8601, in words and in total seconds, where a month has no fixed length and is told apart.",
    input: || schema::closed(vec![schema::required("duration", schema::any_of("The duration, or a number of seconds.", &["string", "number"]).with("examples", vec!["P1DT2H".into(), "1h 30m".into()]))]),
    output: Some(|| {
        schema::closed(vec![
            schema::required("iso", schema::text("ISO 8601.")),
            schema::required("words", schema::text("In words.")),
            schema::required("months", schema::any_of("Calendar months, years included.", &["integer"])),
            schema::required("days", schema::any_of("Days, weeks included.", &["integer"])),
            schema::required("seconds", schema::number("Hours, minutes and seconds, in seconds.")),
            schema::required("total_seconds", schema::any_of("All of it, with days of 24 hours; null with months.", &["number", "null"])),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

impl Duration {
    pub fn iso(&self) -> String {
        let negative = self.months < 0 || self.days < 0 || self.seconds < 0 || self.nanos < 0;
        let (years, months) = (self.months.abs() / 12, self.months.abs() % 12);
        let mut out = String::from(if negative { "-P" } else { "P" });
        for (value, letter) in [(years, 'Y'), (months, 'M'), (self.days.abs(), 'D')] {
            if value != 0 {
                out.push_str(&format!("{}{}", value, letter));
            }
        }
        let seconds = self.seconds.abs();
        if seconds != 0 || self.nanos != 0 {
            out.push('T');
        }
        for (value, letter) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')] {
            if value != 0 {
                out.push_str(&format!("{}{}", value, letter));
            }
        }
        if seconds % 60 != 0 || self.nanos != 0 {
            let part = format!("{:09}", self.nanos.abs());
            let part = part.trim_end_matches('0');
            let point = if part.is_empty() { "" } else { "." };
            out.push_str(&format!("{}{}{}S", seconds % 60, point, part));
        }
        if out.ends_with('P') {
            out.push_str("T0S");
        }
        out
    }

    pub fn words(&self) -> String {
        let seconds = self.seconds.abs();
        let all = [
            (self.months.abs() / 12, "year"),
            (self.months.abs() % 12, "month"),
            (self.days.abs(), "day"),
            (seconds / 3_600, "hour"),
            (seconds / 60 % 60, "minute"),
            (seconds % 60, "second"),
        ];
        let words: Vec<String> = all
            .iter()
            .filter(|(value, _)| *value != 0)
            .map(|(value, name)| format!("{} {}{}", value, name, if *value == 1 { "" } else { "s" }))
            .collect();
        let minus = if self.iso().starts_with('-') { "minus " } else { "" };
        if words.is_empty() {
            return "no time".to_owned();
        }
        format!("{}{}", minus, words.join(", "))
    }

    pub fn negated(&self) -> Duration {
        Duration {
            months: -self.months,
            days: -self.days,
            seconds: -self.seconds,
            nanos: -self.nanos,
        }
    }
}

/// A number with perhaps a fraction, as units of nanoseconds after a factor in seconds.
fn scaled(digits: &str, unit_seconds: i64) -> Option<(i64, i64)> {
    let digits = digits.replace(',', ".");
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nine: String = part.chars().chain("000000000".chars()).take(9).collect();
    let part: i64 = nine.parse().ok()?;
    if whole > PART_MAX {
        return None;
    }
    let nanos = part as i128 * unit_seconds as i128;
    Some((
        whole * unit_seconds + (nanos / 1_000_000_000) as i64,
        (nanos % 1_000_000_000) as i64,
    ))
}

pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let found = match rest.strip_prefix(['P', 'p']) {
        Some(parts) => iso(parts),
        None if rest.contains(':') => clock(rest),
        None => words(rest),
    }?;
    Some(if negative { found.negated() } else { found })
}

fn add(total: &mut Duration, digits: &str, unit: &str) -> Option<()> {
    let whole = || digits.parse::<i64>().ok().filter(|value| *value <= PART_MAX);
    let seconds = match unit {
        "year" => {
            total.months += whole()? * 12;
            return Some(());
        }
        "month" => {
            total.months += whole()?;
            return Some(());
        }
        "week" | "day" => {
            let days = if unit == "week" { 7 } else { 1 };
            match whole() {
                Some(value) => {
                    total.days += value * days;
                    return Some(());
                }
                None => days * 86_400,
            }
        }
        "hour" => 3_600,
        "minute" => 60,
        "second" => 1,
        "millisecond" => {
            let (seconds, nanos) = scaled(digits, 1)?;
            let all = seconds as i128 * 1_000_000 + nanos as i128 / 1_000;
            total.seconds += (all / 1_000_000_000) as i64;
            total.nanos += (all % 1_000_000_000) as i64;
            return Some(());
        }
        _ => return None,
    };
    let (seconds, nanos) = scaled(digits, seconds)?;
    total.seconds += seconds + (total.nanos + nanos) / 1_000_000_000;
    total.nanos = (total.nanos + nanos) % 1_000_000_000;
    Some(())
}

fn iso(text: &str) -> Option<Duration> {
    let mut total = Duration::default();
    let mut in_time = false;
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            in_time = true;
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = match (rest[length..].chars().next()?.to_ascii_uppercase(), in_time) {
            ('Y', false) => "year",
            ('M', false) => "month",
            ('W', false) => "week",
            ('D', false) => "day",
            ('H', true) => "hour",
            ('M', true) => "minute",
            ('S', true) => "second",
            _ => return None,
        };
        add(&mut total, &rest[..length], unit)?;
        parts += 1;
        rest = &rest[length + 1..];
    }
    (parts > 0).then(|| total)
}

/// 1:30 is an hour and a half; 1:30:15 has seconds.
fn clock(text: &str) -> Option<Duration> {
    let mut total = Duration::default();
    for (part, unit) in text.split(':').zip(["hour", "minute", "second", ""]) {
        add(&mut total, part, unit)?;
    }
    Some(total)
}

fn words(text: &str) -> Option<Duration> {
    const UNITS: [(&str, &[&str]); 8] = [
        ("year", &["y", "yr", "yrs", "year", "years"]),
        ("month", &["mo", "mon", "month", "months"]),
        ("week", &["w", "wk", "week", "weeks"]),
        ("day", &["d", "day", "days"]),
        ("hour", &["h", "hr", "hrs", "hour", "hours"]),
        ("minute", &["m", "min", "mins", "minute", "minutes"]),
        ("second", &["s", "sec", "secs", "second", "seconds"]),
        ("millisecond", &["ms", "msec", "millisecond", "milliseconds"]),
    ];
    let mut total = Duration::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let length = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (digits, after) = rest.split_at(length);
        let after = after.trim_start();
        let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let word = after[..length].to_ascii_lowercase();
        let unit = if word.is_empty() {
            "second"
        } else {
            UNITS.iter().find(|(_, names)| names.contains(&word.as_str()))?.0
        };
        if digits.is_empty() {
            return None;
        }
        add(&mut total, digits, unit)?;
        rest = after[length..].trim_start_matches([',', ' ']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    Some(total)
}

pub fn argument(value: &Json, name: &str) -> Result<Duration, Failure> {
    let text = match value {
        Json::Text(text) => text.to_string(),
        Json::Integer(_) | Json::Number(_) => value.to_line(),
        other => {
            return Err(Failure(format!(
                "'{}' must be a duration such as P1DT2H or \"1h 30m\", not {}.",
                name,
                other.kind()
            )))
        }
    };
    let limit = |duration: &Duration| {
        duration.months.abs() <= 120_000
            && duration.days.abs() <= 4_000_000
            && duration.seconds.abs() <= 400_000_000_000
    };
    parse(&text).filter(limit).ok_or_else(|| Failure(format!("'{}' is \"{}\", which is no duration of at most 10000 years; write P1Y2M3DT4H5M6S, P2W, \"1h 30m\", \"2 days\" or seconds.", name, text)))
}

fn run(arguments: &Arguments) -> Outcome {
    let value = arguments
        .get("duration")
        .ok_or_else(|| Failure("the argument 'duration' is missing.".to_owned()))?;
    let duration = argument(value, "duration")?;
    let seconds = duration.seconds as f64 + duration.nanos as f64 / 1e9;
    let total = (duration.months == 0).then(|| seconds + duration.days as f64 * 86_400.0);
    let structured = object([
        ("iso", duration.iso().into()),
        ("words", duration.words().into()),
        ("months", duration.months.into()),
        ("days", duration.days.into()),
        ("seconds", seconds.into()),
        ("total_seconds", total.into()),
    ]);
    let sum = total.map_or(String::new(), |total| {
        format!(", {} seconds", Json::from(total).to_line())
    });
    Ok(Answer::new(
        format!("{} ({}{})", duration.iso(), duration.words(), sum),
        structured,
    ))
}
