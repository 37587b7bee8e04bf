//! Cron expressions: minute, hour, day of the month, month, day of the week; six fields begin with seconds.

use crate::civil::{days_in_month, Date};

pub struct Cron {
    pub seconds: Vec<i64>,
    pub minutes: Vec<i64>,
    pub hours: Vec<i64>,
    months: Vec<i64>,
    days: Days,
    weekdays: Weekdays,
}

struct Days {
    any: bool,
    listed: Vec<i64>,
    last: bool,
}

struct Weekdays {
    any: bool,
    /// Sunday is 0.
    listed: Vec<i64>,
    /// Weekday and which of the month, 5 meaning the last for `L`.
    nth: Vec<(i64, i64)>,
}

const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Which of the month the last one is.
const LAST: i64 = 0;

struct Field {
    name: &'static str,
    min: i64,
    max: i64,
    names: &'static [&'static str],
}

impl Field {
    fn number(&self, text: &str) -> Result<i64, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = named.map(|at| at as i64 + self.min).or_else(|| {
            text.parse()
                .ok()
                .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        });
        value
            .filter(|value| (self.min..=self.max).contains(value))
            .ok_or_else(|| format!("'{}' is no {} from {} to {}", text, self.name, self.min, self.max))
    }

    fn list(&self, text: &str) -> Result<Vec<i64>, String> {
        let mut out = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (
                    range,
                    step.parse::<i64>()
                        .ok()
                        .filter(|step| *step > 0)
                        .ok_or_else(|| format!("'{}' is no step of a {}", step, self.name))?,
                ),
                None => (part, 1),
            };
            let (low, high) = match range {
                "*" | "?" => (self.min, self.max),
                range => match range.split_once('-') {
                    Some((low, high)) => (self.number(low)?, self.number(high)?),
                    None if part.contains('/') => (self.number(range)?, self.max),
                    None => (self.number(range)?, self.number(range)?),
                },
            };
            // FRI-MON goes round the week's end.
            let high = if high < low && self.max == 7 { high + 7 } else { high };
            if high < low {
                return Err(format!(
                    "the range {} of the {} is the wrong way round",
                    range, self.name
                ));
            }
            let mut value = low;
            while value <= high {
                out.push(if self.max == 7 { value % 7 } else { value });
                value += step;
            }
        }
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }
}

impl Cron {
    pub fn parse(text: &str) -> Result<Cron, String> {
        let text = text.trim();
        let expanded = MACROS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map_or(text, |(_, fields)| fields);
        let mut fields: Vec<&str> = expanded.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let (second, minute, hour, day, month, weekday) = match fields[..] {
            [second, minute, hour, day, month, weekday] => (second, minute, hour, day, month, weekday),
            _ => return Err(format!("there are {} fields; there must be five (minute, hour, day, month, weekday), or six with seconds first, or a name such as @daily", fields.len())),
        };
        let field = |name, min, max, names| Field { name, min, max, names };
        let day_parts: Vec<&str> = day.split(',').collect();
        let plain_days: Vec<&str> = day_parts
            .iter()
            .copied()
            .filter(|part| !part.eq_ignore_ascii_case("L"))
            .collect();
        let days = Days {
            any: day.starts_with(['*', '?']),
            last: plain_days.len() < day_parts.len(),
            listed: if plain_days.is_empty() {
                Vec::new()
            } else {
                field("day of the month", 1, 31, &[]).list(&plain_days.join(","))?
            },
        };
        Ok(Cron {
            seconds: field("second", 0, 59, &[]).list(second)?,
            minutes: field("minute", 0, 59, &[]).list(minute)?,
            hours: field("hour", 0, 23, &[]).list(hour)?,
            months: field("month", 1, 12, &MONTHS).list(month)?,
            days,
            weekdays: weekdays(&field("day of the week", 0, 7, &WEEKDAYS), weekday)?,
        })
    }

    pub fn runs_on(&self, date: Date) -> bool {
        if !self.months.contains(&date.month) {
            return false;
        }
        let last = days_in_month(date.year, date.month);
        let by_day = self.days.listed.contains(&date.day) || self.days.last && date.day == last;
        let weekday = date.weekday() % 7;
        let nth = |(wanted, which): &(i64, i64)| {
            *wanted == weekday
                && if *which == LAST {
                    date.day + 7 > last
                } else {
                    (date.day + 6) / 7 == *which
                }
        };
        let by_weekday = self.weekdays.listed.contains(&weekday) || self.weekdays.nth.iter().any(nth);
        // As in every cron: when both days are restricted, either of them suffices.
        if self.days.any || self.weekdays.any {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        }
    }
}

fn weekdays(field: &Field, text: &str) -> Result<Weekdays, String> {
    let mut nth = Vec::new();
    let mut plain = Vec::new();
    for part in text.split(',') {
        if let Some((day, which)) = part.split_once('#') {
            let which = which
                .parse()
                .ok()
                .filter(|which| (1..=5).contains(which))
                .ok_or_else(|| format!("'{}' must end in #1 to #5", part))?;
            nth.push((field.number(day)? % 7, which));
        } else if let Some(day) = part.strip_suffix(['L', 'l']).filter(|day| !day.is_empty()) {
            nth.push((field.number(day)? % 7, LAST));
        } else {
            plain.push(part);
        }
    }
    let listed = if plain.is_empty() {
        Vec::new()
    } else {
        field.list(&plain.join(","))?
    };
    Ok(Weekdays {
        any: text.starts_with(['*', '?']),
        listed,
        nth,
    })
}
