//! Dates and times in cells.

use mcp::calendar::{civil, days};

/// How the dates of one column are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateStyle {
    /// 2024-05-31, 2024/05/31, and with a time 2024-05-31T12:30:00Z.
    YearFirst,
    /// 31/05/2024, 31.05.2024, 31-05-2024.
    DayFirst,
    /// 05/31/2024.
    MonthFirst,
    /// May 31, 2024; 31 May 2024; 31-May-24 is not.
    Named,
    /// 2024-05.
    YearMonth,
}

impl DateStyle {
    /// The same with day and month the other way round.
    pub fn swapped(self) -> Option<DateStyle> {
        match self {
            DateStyle::DayFirst => Some(DateStyle::MonthFirst),
            DateStyle::MonthFirst => Some(DateStyle::DayFirst),
            _ => None,
        }
    }
}

pub const DATE_STYLES: [DateStyle; 5] = [
    DateStyle::YearFirst,
    DateStyle::DayFirst,
    DateStyle::MonthFirst,
    DateStyle::Named,
    DateStyle::YearMonth,
];

/// A date, perhaps with a time. Those with an offset are compared in UTC.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00.
    pub micros: i64,
    precision: Precision,
    utc: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Precision {
    Month,
    Day,
    Time,
}

const MICROS_A_SECOND: i64 = 1_000_000;
const SECONDS_A_DAY: i64 = 86_400;

impl Moment {
    /// ISO 8601, as precise as it was written.
    pub fn to_text(self) -> String {
        let seconds = self.micros.div_euclid(MICROS_A_SECOND);
        let (year, month, day) = civil(seconds.div_euclid(SECONDS_A_DAY));
        match self.precision {
            Precision::Month => format!("{:04}-{:02}", year, month),
            Precision::Day => format!("{:04}-{:02}-{:02}", year, month, day),
            Precision::Time => {
                let second = seconds.rem_euclid(SECONDS_A_DAY);
                let micros = self.micros.rem_euclid(MICROS_A_SECOND);
                let fraction = if micros == 0 {
                    String::new()
                } else {
                    format!(".{:06}", micros).trim_end_matches('0').to_owned()
                };
                format!(
                    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}",
                    year,
                    month,
                    day,
                    second / 3600,
                    second / 60 % 60,
                    second % 60,
                    fraction,
                    if self.utc { "Z" } else { "" }
                )
            }
        }
    }
}

/// Reads a trimmed cell in the style; None when it is not such a date.
pub fn read(cell: &[u8], style: DateStyle) -> Option<Moment> {
    if style == DateStyle::YearFirst && cell.len() == 10 {
        if let Some((year, month, day)) = plain_day(cell) {
            return moment(year, month, day, Precision::Day, "");
        }
    }
    read_any(cell, style)
}

/// The most frequent way to write a day: 2024-05-31.
fn plain_day(cell: &[u8]) -> Option<(i64, i64, i64)> {
    const ZEROS: i64 = b'0' as i64 * 11;
    if cell[4] != b'-' || cell[7] != b'-' || cell.iter().filter(|byte| byte.is_ascii_digit()).count() != 8 {
        return None;
    }
    let two = |at: usize| i64::from(cell[at]) * 10 + i64::from(cell[at + 1]) - ZEROS;
    Some((two(0) * 100 + two(2), two(5), two(8)))
}

fn read_any(cell: &[u8], style: DateStyle) -> Option<Moment> {
    let text = std::str::from_utf8(cell)
        .ok()
        .filter(|text| (6..=40).contains(&text.len()))?;
    if style == DateStyle::Named {
        return named(text);
    }
    if !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let date_end = text.find(|c| c == 'T' || c == ' ').unwrap_or(text.len());
    let (first, rest) = digits(&text[..date_end])?;
    let mark = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, rest) = digits(rest.strip_prefix(mark)?)?;
    if style == DateStyle::YearMonth {
        let fits = rest.is_empty() && date_end == text.len() && first.1 == 4 && second.1 == 2;
        return if fits {
            moment(first.0, second.0, 1, Precision::Month, "")
        } else {
            None
        };
    }
    let (third, rest) = digits(rest.strip_prefix(mark)?)?;
    if !rest.is_empty() {
        return None;
    }
    let (year, month, day) = match style {
        DateStyle::YearFirst => (first, second, third),
        DateStyle::DayFirst => (third, second, first),
        _ => (third, first, second),
    };
    if year.1 != 4 || month.1 > 2 || day.1 > 2 {
        return None;
    }
    let time = text[date_end..].trim_start_matches(|c| c == 'T' || c == ' ');
    let precision = if time.is_empty() {
        Precision::Day
    } else {
        Precision::Time
    };
    moment(year.0, month.0, day.0, precision, time)
}

/// A date or time as ISO 8601 writes it: 2024-05, 2024-05-31, 2024-05-31T12:30.
pub fn iso_date(text: &str) -> Option<Moment> {
    let cell = text.trim().as_bytes();
    read(cell, DateStyle::YearFirst).or_else(|| read(cell, DateStyle::YearMonth))
}

/// A number of at most four digits, how many there are, and what follows.
fn digits(text: &str) -> Option<((i64, usize), &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 || count > 4 {
        return None;
    }
    Some(((text[..count].parse().ok()?, count), &text[count..]))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn named(text: &str) -> Option<Moment> {
    let mut words = text
        .split(|c: char| matches!(c, ' ' | ',' | '-'))
        .filter(|word| !word.is_empty());
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    let (day, month) = if first.as_bytes()[0].is_ascii_digit() {
        (first, second)
    } else {
        (second, first)
    };
    let month = month.trim_end_matches('.').to_ascii_lowercase();
    let number = MONTHS
        .iter()
        .position(|name| *name == month || (month.len() >= 3 && name.starts_with(&month)))?;
    let (year, rest) = digits(third)?;
    let (day, after) = digits(day)?;
    if year.1 != 4 || day.1 > 2 || !rest.is_empty() || !matches!(after, "" | "." | "st" | "nd" | "rd" | "th") {
        return None;
    }
    let time = words.next();
    let end = words.next();
    let time = match (time, end) {
        (None, _) => String::new(),
        (Some(time), None) => time.to_owned(),
        (Some(time), Some(half)) => format!("{} {}", time, half),
    };
    let precision = if time.is_empty() {
        Precision::Day
    } else {
        Precision::Time
    };
    moment(year.0, number as i64 + 1, day.0, precision, &time)
}

fn moment(year: i64, month: i64, day: i64, precision: Precision, time: &str) -> Option<Moment> {
    if !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
        return None;
    }
    let (seconds_micros, utc) = if time.is_empty() { (0, false) } else { clock(time)? };
    let micros = days(year, month, day) * SECONDS_A_DAY * MICROS_A_SECOND + seconds_micros;
    Some(Moment { micros, precision, utc })
}

/// `HH:MM[:SS[.fraction]] [AM|PM] [Z|±HH[:MM]]` as microseconds of the day in UTC, and whether an offset was given.
fn clock(text: &str) -> Option<(i64, bool)> {
    let (hour, rest) = digits(text)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?)?;
    let mut micros = 0;
    let mut second = 0;
    if let Some(after) = rest.strip_prefix(':') {
        let (found, after) = digits(after)?;
        second = found.0;
        rest = after;
        if let Some(fraction) = rest.strip_prefix(|c| c == '.' || c == ',') {
            let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let six: String = fraction[..count].chars().chain("000000".chars()).take(6).collect();
            micros = six.parse().ok()?;
            rest = &fraction[count..];
        }
    }
    let mut hour = hour.0;
    rest = rest.trim_start();
    for (half, shift) in [("AM", 0), ("PM", 12)] {
        if rest.len() >= 2 && rest.is_char_boundary(2) && rest[..2].eq_ignore_ascii_case(half) {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + shift;
            rest = rest[2..].trim_start();
        }
    }
    if hour > 23 || minute.0 > 59 || second > 60 {
        return None;
    }
    let seconds = hour * 3600 + minute.0 * 60 + second;
    let offset = if rest.is_empty() {
        None
    } else {
        Some(offset_seconds(rest)?)
    };
    Some((
        (seconds - offset.unwrap_or(0)) * MICROS_A_SECOND + micros,
        offset.is_some(),
    ))
}

fn offset_seconds(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let ((first, count), rest) = digits(&text[1..])?;
    let (hours, minutes) = match (count, rest.strip_prefix(':')) {
        (4, None) if rest.is_empty() => (first / 100, first % 100),
        (2, None) if rest.is_empty() => (first, 0),
        (2, Some(minutes)) => (first, digits(minutes).filter(|(_, rest)| rest.is_empty())?.0 .0),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}
