//! Dates and times in cells.

use mcp::calendar::{civil, days};

/// How the dates of one column are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateStyle {
    /// 2024-05-31, 2024/05/31, and with a time 2024-05-31T12:30:00Z.
    YearFirst,
    /// 31/05/2024, 31.05.2024, 31-05-2024, 31/05/24.
    DayFirst,
    /// 05/31/2024, 5/31/24.
    MonthFirst,
    /// May 31, 2024; 31 May 2024; 31-May-24.
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
pub const MICROS_A_DAY: i64 = SECONDS_A_DAY * MICROS_A_SECOND;

impl Moment {
    /// The month, day or instant that is written.
    pub fn period(self) -> Period {
        let end = match self.precision {
            Precision::Month => {
                let (year, month, _) = civil(self.micros.div_euclid(MICROS_A_DAY));
                days(year + month / 12, month % 12 + 1, 1) * MICROS_A_DAY
            }
            Precision::Day => self.micros + MICROS_A_DAY,
            Precision::Time => self.micros + 1,
        };
        Period {
            start: self.micros,
            end,
        }
    }

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
    // With hyphens two digits are rather a code or a number of a telephone.
    let year = if mark == '-' || style == DateStyle::YearFirst {
        (year.1 == 4).then(|| year.0)
    } else {
        whole_year(year)
    };
    let year = year.filter(|_| month.1 <= 2 && day.1 <= 2)?;
    let time = text[date_end..].trim_start_matches(|c| c == 'T' || c == ' ');
    let precision = if time.is_empty() {
        Precision::Day
    } else {
        Precision::Time
    };
    moment(year, month.0, day.0, precision, time)
}

/// A date or time as ISO 8601 writes it: 2024-05, 2024-05-31, 2024-05-31T12:30.
pub fn iso_date(text: &str) -> Option<Moment> {
    let cell = text.trim().as_bytes();
    read(cell, DateStyle::YearFirst).or_else(|| read(cell, DateStyle::YearMonth))
}

/// The beginnings of dates that are all written in one way, as microseconds: days, months, 2024-Q2, 2024-W18.
pub fn times_of(texts: &[String]) -> Option<Vec<f64>> {
    let styles = [
        DateStyle::YearFirst,
        DateStyle::YearMonth,
        DateStyle::Named,
        DateStyle::MonthFirst,
        DateStyle::DayFirst,
    ];
    let read_all = |read: &dyn Fn(&str) -> Option<i64>| -> Option<Vec<f64>> {
        texts
            .iter()
            .map(|text| read(text).map(|micros| micros as f64))
            .collect()
    };
    let in_style = |style: DateStyle| read_all(&|text| Some(read(text.trim().as_bytes(), style)?.micros));
    let is_span = |text: &str| text.contains(|c: char| !c.is_ascii_digit());
    styles
        .into_iter()
        .find_map(in_style)
        .or_else(|| read_all(&|text| Some(period(text, DateStyle::YearFirst).filter(|_| is_span(text))?.start)))
}

/// A year of four digits, or of two: those below 69 are of this century, as POSIX has it.
fn whole_year((year, digits): (i64, usize)) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 => Some(if year < 69 { 2_000 + year } else { 1_900 + year }),
        _ => None,
    }
}

/// A number of at most four digits, how many there are, and what follows.
fn digits(text: &str) -> Option<((i64, usize), &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 || count > 4 {
        return None;
    }
    Some(((text[..count].parse().ok()?, count), &text[count..]))
}

pub const MONTHS: [&str; 12] = [
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

/// The place of a name of a month or weekday, written out or with its first three letters at least; a point may follow.
pub fn place_named(text: &str, names: &[&str]) -> Option<usize> {
    let word = text.trim_end_matches('.').to_ascii_lowercase();
    names
        .iter()
        .position(|name| *name == word || (word.len() >= 3 && name.starts_with(&word)))
}

/// A span of time in microseconds since 1970-01-01T00:00, its end not included.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Period {
    pub start: i64,
    pub end: i64,
}

/// A year, quarter, month, week, day or instant: 2024, 2024-Q1, 2024-05, May 2024, 2024-W18, or a date in the style.
pub fn period(text: &str, style: DateStyle) -> Option<Period> {
    let text = text.trim();
    let months = |from: i64, count: i64| Period {
        start: days(from.div_euclid(12), from.rem_euclid(12) + 1, 1) * MICROS_A_DAY,
        end: days((from + count).div_euclid(12), (from + count).rem_euclid(12) + 1, 1) * MICROS_A_DAY,
    };
    let words: Vec<&str> = text
        .split(|c: char| matches!(c, ' ' | '-' | '/' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let year = |word: &str| -> Option<i64> {
        let digits = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        word.parse().ok().filter(|_| digits)
    };
    let parts = match words[..] {
        [one] => return year(one).map(|year| months(year * 12, 12)),
        [first, second] => year(first)
            .map(|year| (year, second))
            .or_else(|| year(second).map(|year| (year, first))),
        _ => None,
    };
    if let Some((year, part)) = parts {
        let numbered = |letter: char| -> Option<i64> {
            let rest = part.strip_prefix([letter, letter.to_ascii_lowercase()])?;
            rest.parse().ok()
        };
        if let Some(quarter) = numbered('Q').filter(|quarter| (1..=4).contains(quarter)) {
            return Some(months(year * 12 + quarter * 3 - 3, 3));
        }
        if let Some(week) = numbered('W').filter(|week| (1..=53).contains(week)) {
            // The first week is the one with January 4.
            let fourth = days(year, 1, 4);
            let start = fourth - (fourth + 3).rem_euclid(7) + week * 7 - 7;
            return Some(Period {
                start: start * MICROS_A_DAY,
                end: (start + 7) * MICROS_A_DAY,
            });
        }
        if let Some(month) = place_named(part, &MONTHS) {
            return Some(months(year * 12 + month as i64, 1));
        }
    }
    [DateStyle::YearFirst, DateStyle::YearMonth, style, DateStyle::Named]
        .into_iter()
        .find_map(|style| read(text.as_bytes(), style))
        .map(Moment::period)
}

/// The hour of a time of day such as 18:30, 18:30:15 or 6:30 PM.
pub fn hour_of_clock(cell: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(cell).ok()?;
    let (micros, _) = clock(text)?;
    Some(micros.div_euclid(3600 * MICROS_A_SECOND).rem_euclid(24))
}

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
    let number = place_named(month, &MONTHS)?;
    let (year, rest) = digits(third)?;
    let (day, after) = digits(day)?;
    let year = whole_year(year)?;
    if day.1 > 2 || !rest.is_empty() || !matches!(after, "" | "." | "st" | "nd" | "rd" | "th") {
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
    moment(year, number as i64 + 1, day.0, precision, &time)
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
