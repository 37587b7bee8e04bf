//! Round points in time along an axis: full hours, days, months, years.

use mcp::calendar::{civil, days};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MONTH_NAMES: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const SHORT_STEPS: [i64; 14] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
];
/// Days of each month, where every day is too much and every month too little, and how far they are apart.
const MONTH_PARTS: [(i64, &[i64]); 2] = [(7 * DAY, &[1, 8, 15, 22]), (14 * DAY, &[1, 15])];
const MONTH_STEPS: [i64; 12] = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 6_000, 12_000];
const MONTH_DAYS: i64 = 30;

/// At most `count` round times from `min` to `max` (microseconds since 1970) with their texts.
pub fn time_marks(min: i64, max: i64, count: usize) -> Vec<(f64, String)> {
    let wanted = ((max - min) / count.max(1) as i64).max(1);
    if let Some(step) = SHORT_STEPS.into_iter().find(|step| *step >= wanted) {
        return short_marks(min, max, step);
    }
    if let Some((_, parts)) = MONTH_PARTS.into_iter().find(|(step, _)| *step >= wanted) {
        return month_marks(min, max, 1, parts);
    }
    let months = MONTH_STEPS
        .into_iter()
        .find(|months| months * MONTH_DAYS * DAY >= wanted)
        .unwrap_or(12_000);
    month_marks(min, max, months, &[1])
}

fn short_marks(min: i64, max: i64, step: i64) -> Vec<(f64, String)> {
    let first = min.div_euclid(step) + i64::from(min.rem_euclid(step) != 0);
    let text = |micros: i64| {
        let seconds = micros.rem_euclid(DAY) / SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if step >= DAY || (step >= HOUR && seconds == 0) {
            day_text(micros)
        } else if step >= MINUTE {
            format!("{:02}:{:02}", hour, minute)
        } else {
            format!("{:02}:{:02}:{:02}", hour, minute, second)
        }
    };
    (first..=max.div_euclid(step))
        .map(|index| (index * step))
        .map(|micros| (micros as f64, text(micros)))
        .collect()
}

fn day_text(micros: i64) -> String {
    let (_, month, day) = civil(micros.div_euclid(DAY));
    format!("{} {}", day, MONTH_NAMES[month as usize - 1])
}

/// The given days of every so many months.
fn month_marks(min: i64, max: i64, months: i64, parts: &[i64]) -> Vec<(f64, String)> {
    let (year, month, _) = civil(min.div_euclid(DAY));
    let mut number = (year * 12 + month - 1).div_euclid(months) * months;
    let mut marks = Vec::new();
    loop {
        let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
        for day in parts {
            let micros = days(year, month, *day) * DAY;
            if micros > max {
                return marks;
            }
            let text = match (parts.len(), months) {
                (1, 12..) => year.to_string(),
                (1, _) => format!("{} {}", MONTH_NAMES[month as usize - 1], year),
                _ => day_text(micros),
            };
            if micros >= min {
                marks.push((micros as f64, text));
            }
        }
        number += months;
    }
}
