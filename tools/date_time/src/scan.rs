//! Texts as dates and times: ISO 8601 in all its shapes, mail and web headers, and what people write.

use crate::civil::{Date, Local, DAY, MONTHS, WEEKDAYS};
use crate::zone::fixed_offset;

/// What a text says.
pub struct Scanned {
    pub local: Local,
    pub offset: Option<i64>,
    pub zone: Option<String>,
    pub has_time: bool,
    pub shape: &'static str,
    /// Day and month could be the other way round.
    pub ambiguous: bool,
}

/// Whether 3/4/2026 has the day first.
#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    DayFirst,
    MonthFirst,
    Unknown,
}

pub fn scan(text: &str, order: Order) -> Option<Scanned> {
    let text = text.trim();
    unix(text).or_else(|| dated(text, order))
}

/// Seconds since 1970, or milliseconds where there are so many digits; `@` before them makes any number seconds.
fn unix(text: &str) -> Option<Scanned> {
    let (plain, marked) = match text.strip_prefix('@') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty()
        || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit())
        || !marked && whole.len() < 9
    {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    let (seconds, nanos) = match whole.len() {
        _ if marked => (value, 0),
        0..=11 => (value, 0),
        12..=14 => (value / 1_000, value % 1_000 * 1_000_000),
        15..=17 => (value / 1_000_000, value % 1_000_000 * 1_000),
        _ => (value / 1_000_000_000, value % 1_000_000_000),
    };
    let nanos = if part.is_empty() { nanos } else { fraction(part)? as i64 };
    let all = seconds as i128 * 1_000_000_000 + nanos as i128;
    let all = if plain.starts_with('-') { -all } else { all };
    let local = Local {
        seconds: all.div_euclid(1_000_000_000) as i64,
        nanos: all.rem_euclid(1_000_000_000) as u32,
    };
    local.in_range().then(|| Scanned {
        local,
        offset: Some(0),
        zone: None,
        has_time: true,
        shape: "Unix time",
        ambiguous: false,
    })
}

/// Digits behind a decimal point as nanoseconds; finer ones are cut off.
fn fraction(digits: &str) -> Option<u32> {
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nine.parse().ok()
}

fn dated(text: &str, order: Order) -> Option<Scanned> {
    // The zone in brackets of RFC 9557, or a name at the end.
    let (text, mut zone) = match text.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((rest, name)) => (rest, Some(name.trim_start_matches('!').to_owned())),
        None => (text, None),
    };
    let mut rest = text.trim();
    if zone.is_none() {
        if let Some((before, last)) = rest.rsplit_once(' ') {
            if last.contains('/') && last.starts_with(|c: char| c.is_ascii_alphabetic()) {
                zone = Some(last.to_owned());
                rest = before.trim_end();
            }
        }
    }
    let rest = without_weekday(rest);
    let (date, shape, ambiguous, after) = date(rest, order)?;
    let after = after.trim_start_matches([',', ' ']);
    let after = after.strip_prefix(['T', 't']).unwrap_or(after);
    let after = after.strip_prefix("at ").unwrap_or(after).trim();
    if after.is_empty() {
        let local = Local::new(date, 0, 0);
        return Some(Scanned {
            local,
            offset: None,
            zone,
            has_time: false,
            shape,
            ambiguous,
        });
    }
    let (second, nanos, after) = time(after)?;
    let after = after.trim();
    let offset = match after {
        "" => None,
        "EST" => Some(-5 * 3_600),
        "EDT" | "CST" => Some(if after == "EDT" { -4 * 3_600 } else { -6 * 3_600 }),
        "MST" => Some(-7 * 3_600),
        "PST" => Some(-8 * 3_600),
        "PDT" => Some(-7 * 3_600),
        "MDT" => Some(-6 * 3_600),
        "CDT" => Some(-5 * 3_600),
        after => Some(fixed_offset(after)?),
    };
    let mut local = Local::new(date, second, nanos);
    // 24:00 is the next day's midnight, and so is a leap second.
    local.seconds = local.seconds.min((date.days() + 1) * DAY);
    Some(Scanned {
        local,
        offset,
        zone,
        has_time: true,
        shape,
        ambiguous,
    })
}

fn without_weekday(text: &str) -> &str {
    let length = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let word = &text[..length];
    let is_day = length >= 3
        && WEEKDAYS
            .iter()
            .any(|day| day.len() >= length && day[..length].eq_ignore_ascii_case(word));
    if is_day {
        text[length..].trim_start_matches([',', '.', ' '])
    } else {
        text
    }
}

fn take_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn month_named(word: &str) -> Option<i64> {
    let word = word.trim_end_matches('.');
    let fits =
        |name: &&str| word.len() >= 3 && name.len() >= word.len() && name[..word.len()].eq_ignore_ascii_case(word);
    let at = MONTHS
        .iter()
        .position(|name| fits(&name))
        .or_else(|| word.eq_ignore_ascii_case("sept").then(|| 8))?;
    Some(at as i64 + 1)
}

type Found<'a> = (Date, &'static str, bool, &'a str);

fn date(text: &str, order: Order) -> Option<Found<'_>> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return month_first(text);
    }
    let (first, rest) = take_digits(text);
    let number = |text: &str| text.parse::<i64>().ok();
    match first.len() {
        4 => year_first(number(first)?, rest),
        8 => {
            let date = Date::checked(number(&first[..4])?, number(&first[4..6])?, number(&first[6..])?)?;
            Some((date, "ISO 8601 date without hyphens", false, rest))
        }
        7 => ordinal(number(&first[..4])?, number(&first[4..])?, rest),
        1 | 2 => day_first(number(first)?, rest, order),
        _ => None,
    }
}

fn ordinal(year: i64, day: i64, rest: &str) -> Option<Found<'_>> {
    let first = Date::checked(year, 1, 1)?;
    let date = Date::of_days(first.days() + day - 1);
    (day >= 1 && date.year == year).then(|| (date, "ISO 8601 ordinal date", false, rest))
}

fn year_first(year: i64, rest: &str) -> Option<Found<'_>> {
    let hyphen = rest.strip_prefix('-');
    if let Some(week) = hyphen.unwrap_or(rest).strip_prefix('W') {
        let (digits, after) = take_digits(week);
        let (week, day, after) = match digits.len() {
            2 => match after.strip_prefix('-').map(take_digits) {
                Some((day, after)) if day.len() == 1 => (digits, day, after),
                _ => (digits, "1", after),
            },
            3 => (&digits[..2], &digits[2..], after),
            _ => return None,
        };
        let (week, day) = (week.parse::<i64>().ok()?, day.parse::<i64>().ok()?);
        let fourth = Date::checked(year, 1, 4)?;
        let date = Date::of_days(fourth.days() - fourth.weekday() + 1 + (week - 1) * 7 + day - 1);
        return (date.iso_week() == (year, week) && (1..=7).contains(&day))
            .then(|| (date, "ISO 8601 week date", false, after));
    }
    let mark = rest.chars().next().filter(|mark| "-/.".contains(*mark))?;
    let (second, after) = take_digits(&rest[1..]);
    if second.len() == 3 && mark == '-' {
        return ordinal(year, second.parse().ok()?, after);
    }
    let month = second.parse().ok()?;
    match after.strip_prefix(mark).map(take_digits) {
        Some((day, after)) if !day.is_empty() => Some((
            Date::checked(year, month, day.parse().ok()?)?,
            "year-month-day",
            false,
            after,
        )),
        _ => Some((Date::checked(year, month, 1)?, "year-month", false, after)),
    }
}

/// 31.05.2026, 05/31/2026, 31 May 2026, 31-May-26.
fn day_first(first: i64, rest: &str, order: Order) -> Option<Found<'_>> {
    let mark = rest.chars().next()?;
    let tail = rest
        .trim_start_matches(|c: char| c.is_ascii_alphabetic() && mark.is_ascii_alphabetic() && !c.is_whitespace())
        .trim_start_matches([' ', '-', '.', '/']);
    let ordinal_end = ["st", "nd", "rd", "th"].iter().any(|end| rest.starts_with(end));
    let named = if ordinal_end || !mark.is_ascii_alphabetic() {
        tail
    } else {
        rest
    };
    let named = named.strip_prefix("of ").unwrap_or(named);
    let length = named.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(named.len());
    if let Some(month) = month_named(&named[..length]) {
        let (year, after) = take_digits(named[length..].trim_start_matches(['.', ',', ' ', '-', '/']));
        return Some((
            Date::checked(full_year(year)?, month, first)?,
            "day month year",
            false,
            after,
        ));
    }
    if !"/.-".contains(mark) {
        return None;
    }
    let (second, after) = take_digits(&rest[1..]);
    let (year, after) = take_digits(after.strip_prefix(mark)?);
    let (second, year) = (second.parse::<i64>().ok()?, full_year(year)?);
    let month_first = mark == '/' && (order == Order::MonthFirst && second <= 31 && first <= 12 || second > 12);
    let month_first = month_first && !(order == Order::DayFirst && second <= 12);
    let (day, month) = if month_first { (second, first) } else { (first, second) };
    let ambiguous = mark == '/' && first <= 12 && second <= 12 && first != second && order == Order::Unknown;
    Some((
        Date::checked(year, month, day)?,
        if month_first {
            "month/day/year"
        } else {
            "day/month/year"
        },
        ambiguous,
        after,
    ))
}

/// Two digits are of the years 1970 to 2069.
fn full_year(digits: &str) -> Option<i64> {
    let year: i64 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(year),
        2 => Some(if year < 70 { 2_000 + year } else { 1_900 + year }),
        _ => None,
    }
}

/// May 31, 2026; May 2026.
fn month_first(text: &str) -> Option<Found<'_>> {
    let length = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let month = month_named(&text[..length])?;
    let (first, after) = take_digits(text[length..].trim_start_matches(['.', ' ', '-']));
    if first.len() == 4 {
        return Some((
            Date::checked(first.parse().ok()?, month, 1)?,
            "month year",
            false,
            after,
        ));
    }
    let day = first.parse().ok()?;
    let after = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| after.strip_prefix(end))
        .unwrap_or(after);
    let after = after.trim_start_matches([',', ' ', '-']);
    let (year, rest) = take_digits(after);
    if year.len() == 4 {
        return Some((
            Date::checked(year.parse().ok()?, month, day)?,
            "month day year",
            false,
            rest,
        ));
    }
    // The way of asctime: Sun Nov  6 08:49:37 1994.
    let (clock, year) = after.rsplit_once(' ')?;
    let date = Date::checked(year.parse().ok().filter(|_| year.len() == 4)?, month, day)?;
    Some((date, "month day time year", false, clock))
}

/// `14:30`, `143000`, `2:30 pm`, `14h30`, with seconds and a fraction; what follows is given back.
pub fn time(text: &str) -> Option<(i64, u32, &str)> {
    let (first, mut rest) = take_digits(text);
    let number = |text: &str| text.parse::<i64>().ok();
    let (mut hour, mut minute, mut second, mut nanos) = match first.len() {
        1 | 2 => (number(first)?, 0, 0, 0),
        4 | 6 => (
            number(&first[..2])?,
            number(&first[2..4])?,
            first
                .get(4..)
                .map_or(Some(0), |part| if part.is_empty() { Some(0) } else { number(part) })?,
            0,
        ),
        _ => return None,
    };
    if first.len() <= 2 {
        if let Some(after) = rest.strip_prefix([':', 'h']) {
            let (digits, after) = take_digits(after);
            minute = number(digits).filter(|_| digits.len() == 2)?;
            rest = after;
            if let Some(after) = rest.strip_prefix(':') {
                let (digits, after) = take_digits(after);
                second = number(digits).filter(|_| digits.len() == 2)?;
                rest = after;
            }
        }
    }
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let (digits, after) = take_digits(after);
        if !digits.is_empty() {
            nanos = fraction(digits)?;
            rest = after;
        }
    }
    let low = rest.trim_start().to_ascii_lowercase();
    for (word, afternoon) in [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)] {
        if low.starts_with(word) {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
            rest = &rest.trim_start()[word.len()..];
            let all = hour * 3_600 + minute * 60 + second;
            return (minute < 60 && second < 60).then(|| (all, nanos, rest));
        }
    }
    let bare = first.len() <= 2 && rest.len() == text.len() - first.len();
    let midnight = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    let fits = (hour < 24 || midnight)
        && minute < 60
        && second <= 60
        && !(bare && !rest.is_empty() && !rest.starts_with(['Z', '+', '-']));
    fits.then(|| (hour * 3_600 + minute * 60 + second, nanos, rest))
}
