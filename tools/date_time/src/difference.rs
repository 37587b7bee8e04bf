//! `difference`.

use crate::civil::Date;
use crate::duration::Duration;
use crate::input;
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Outcome, Tool};
use std::collections::BTreeSet;

const HOLIDAYS_MAX: usize = 2_000;

pub const TOOL: Tool = Tool {
    name: "difference",
    title: "Time between two dates",
    description: "Tells the time from one date or time to another: in years, months, days and time of day, as ISO 8601 duration, in total days, hours and seconds, and how many business days (Monday to Friday, holidays left out) lie between.",
    input: || {
        schema::closed(vec![
            schema::required("from", input::time_schema("The first date or time.")),
            schema::required("to", input::time_schema("The second one.")),
            input::zone_property(),
            holidays_property(),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("iso", schema::text("From the first to the second, as ISO 8601 duration; negative when the second is earlier.")),
            schema::required("words", schema::text("In words.")),
            schema::required("seconds", schema::number("Seconds that pass.")),
            schema::required("hours", schema::number("Hours that pass.")),
            schema::required("days", schema::any_of("Whole calendar days.", &["integer"])),
            schema::required("weeks", schema::number("Calendar days, in weeks.")),
            schema::required("months", schema::any_of("Whole months.", &["integer"])),
            schema::required("years", schema::any_of("Whole years.", &["integer"])),
            schema::required("business_days", schema::any_of("Business days from the first date, itself included, up to the second, not included.", &["integer"])),
            input::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

pub fn holidays_property() -> schema::Property {
    schema::optional(
        "holidays",
        schema::list(
            "Dates that are no business days.",
            schema::text("Date such as 2026-12-25."),
        ),
    )
}

/// Days since 1970 of the holidays.
pub fn holidays(arguments: &Arguments) -> Result<BTreeSet<i64>, Failure> {
    let given = arguments.list("holidays")?.unwrap_or_default();
    if given.len() > HOLIDAYS_MAX {
        return Err(Failure(format!(
            "'holidays' has {} dates; at most {} are read.",
            given.len(),
            HOLIDAYS_MAX
        )));
    }
    let days = given.iter().enumerate().map(|(at, value)| {
        let moment = input::moment(
            value,
            &format!("holidays[{}]", at),
            &Arguments::new(&mcp::Json::Null),
            crate::scan::Order::Unknown,
        )?;
        Ok(moment.date().days())
    });
    days.collect()
}

/// Weekdays from one day to another, the second not included.
fn business_days(from: i64, to: i64, holidays: &BTreeSet<i64>) -> i64 {
    if to < from {
        return -business_days(to, from, holidays);
    }
    let weeks = (to - from) / 7;
    let is_weekday = |day: i64| Date::of_days(day).weekday() <= 5;
    let rest = (from + weeks * 7..to).filter(|day| is_weekday(*day)).count() as i64;
    let free = holidays.range(from..to).filter(|day| is_weekday(**day)).count() as i64;
    weeks * 5 + rest - free
}

fn run(arguments: &Arguments) -> Outcome {
    let from = input::required(arguments, "from")?;
    let mut to = input::required(arguments, "to")?;
    let holidays = holidays(arguments)?;
    // Both are looked at on one calendar, that of the first.
    to.zone = crate::zone::Zone::find(&from.zone.name)?;
    let forward = (from.seconds, from.nanos) <= (to.seconds, to.nanos);
    let (early, late) = if forward { (&from, &to) } else { (&to, &from) };
    let (start, end) = (early.local(), late.local());
    let first = start.date();
    // A month is full when its day has come again: from the 31st, no month of 30 days is.
    let fits = |months: i64| {
        let date = first.plus_months(months);
        let place = (date.year, date.month, first.day, start.second_of_day(), start.nanos);
        let until = end.date();
        place <= (until.year, until.month, until.day, end.second_of_day(), end.nanos)
    };
    let last = end.date();
    let mut months = (last.year - first.year) * 12 + last.month - first.month;
    while months > 0 && !fits(months) {
        months -= 1;
    }
    let anchor = first.plus_months(months);
    let mut days = last.days() - anchor.days();
    let mut seconds = end.second_of_day() - start.second_of_day();
    let mut nanos = i64::from(end.nanos) - i64::from(start.nanos);
    if nanos < 0 {
        nanos += 1_000_000_000;
        seconds -= 1;
    }
    if seconds < 0 && days > 0 {
        seconds += 86_400;
        days -= 1;
    }
    let elapsed_seconds = late.seconds - early.seconds;
    // Across a change of the clock on one day the wall says less than passes, or more.
    if months == 0 && days == 0 {
        seconds = elapsed_seconds - i64::from(late.nanos < early.nanos);
    }
    let parts = Duration {
        months,
        days,
        seconds,
        nanos,
    };
    let parts = if forward { parts } else { parts.negated() };
    let sign = if forward { 1 } else { -1 };
    let elapsed = (elapsed_seconds as f64 + (f64::from(late.nanos) - f64::from(early.nanos)) / 1e9) * f64::from(sign);
    let calendar_days = last.days()
        - first.days()
        - i64::from(
            end.second_of_day() < start.second_of_day()
                || end.second_of_day() == start.second_of_day() && end.nanos < start.nanos,
        );
    let calendar_days = calendar_days.max(0) * i64::from(sign);
    let business = business_days(from.date().days(), to.date().days(), &holidays);
    let mut notes = from.notes.clone();
    notes.extend(to.notes.iter().cloned());
    let text = format!(
        "{} to {}: {} ({}), {} days, {} business days.",
        from.short(),
        to.short(),
        parts.words(),
        parts.iso(),
        calendar_days,
        business
    );
    let structured = object([
        ("iso", parts.iso().into()),
        ("words", parts.words().into()),
        ("seconds", elapsed.into()),
        ("hours", (elapsed / 3_600.0).into()),
        ("days", calendar_days.into()),
        ("weeks", (calendar_days as f64 / 7.0).into()),
        ("months", (months * i64::from(sign)).into()),
        ("years", (months / 12 * i64::from(sign)).into()),
        ("business_days", business.into()),
        ("notes", input::texts(&notes)),
    ]);
    Ok(Answer::new(input::with_notes(text, &notes), structured))
}
