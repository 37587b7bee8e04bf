//! `now`, and what there is to tell of a moment.

use crate::civil::{days_in_month, is_leap, offset_text, MONTHS, WEEKDAYS};
use crate::input::{self, Moment};
use crate::zone::Zone;
use mcp::schema::{self, Property};
use mcp::{object, wasi, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

/// Where the clock stands that a server without the grant is given.
const FROZEN_S: i64 = 946_684_800;

pub const TOOL: Tool = Tool {
    name: "now",
    title: "Current date and time",
    description: "Tells the current date and time in a time zone (UTC when absent), with weekday, ISO week, day of the year, quarter and Unix time.",
    input: || schema::closed(vec![input::zone_property()]),
    output: Some(|| schema::closed(described())),
    hints: Some(Hints::READ),
    run,
};

pub fn described() -> Vec<Property> {
    vec![
        schema::required("iso", schema::text("ISO 8601 with offset.")),
        schema::required("utc", schema::text("The same moment in UTC.")),
        schema::required(
            "unix",
            schema::integer("Seconds since 1970-01-01 UTC.", -62_135_596_800, 253_402_300_799),
        ),
        schema::required("zone", schema::text("Time zone.")),
        schema::required("offset", schema::text("Offset from UTC.")),
        schema::required("abbreviation", schema::text("Abbreviation of the zone's time.")),
        schema::required("summer_time", schema::boolean("Daylight saving time is in force.")),
        schema::required("date", schema::text("Date, year-month-day.")),
        schema::required("time", schema::text("Time of day.")),
        schema::required("weekday", schema::text("Day of the week.")),
        schema::required("iso_weekday", schema::integer("Monday is 1, Sunday 7.", 1, 7)),
        schema::required("iso_week", schema::text("Week, as in 2026-W22.")),
        schema::required("day_of_year", schema::integer("From 1.", 1, 366)),
        schema::required("quarter", schema::integer("Of the year.", 1, 4)),
        schema::required("days_in_month", schema::integer("Of its month.", 28, 31)),
        schema::required("leap_year", schema::boolean("The year has 366 days.")),
        input::notes_schema(),
    ]
}

fn run(arguments: &Arguments) -> Outcome {
    let zone = input::zone(arguments)?.unwrap_or_else(|| Zone::fixed(0));
    let nanos =
        wasi::now().map_err(|problem| Failure(format!("the clock cannot be read (WASI error {}).", problem)))?;
    let seconds = (nanos / 1_000_000_000) as i64;
    if seconds == FROZEN_S {
        return Err("the clock is not granted to this server: set clock = true under [tool_servers.date_time.grants] in caxton.toml.".into());
    }
    let moment = Moment {
        seconds,
        nanos: (nanos % 1_000_000_000) as u32,
        zone,
        has_time: true,
        notes: Vec::new(),
    };
    Ok(Answer::new(sentence(&moment), describe(&moment)))
}

pub fn sentence(moment: &Moment) -> String {
    let date = moment.date();
    let (hour, minute, second) = moment.local().clock();
    let (_, week) = date.iso_week();
    let name = MONTHS[(date.month - 1) as usize];
    let weekday = WEEKDAYS[(date.weekday() - 1) as usize];
    format!(
        "{} ({}, {} {} {}, {:02}:{:02}:{:02} {}, week {}, day {})",
        moment.iso(),
        weekday,
        date.day,
        name,
        date.year,
        hour,
        minute,
        second,
        moment.zone.name,
        week,
        date.day_of_year()
    )
}

pub fn describe(moment: &Moment) -> Json {
    let local = moment.local();
    let date = local.date();
    let period = moment.zone.at(moment.seconds);
    let (week_year, week) = date.iso_week();
    let utc = Zone::fixed(0).local(moment.seconds, moment.nanos);
    let text = local.text();
    object([
        ("iso", moment.iso().into()),
        ("utc", format!("{}Z", utc.text()).into()),
        ("unix", moment.seconds.into()),
        ("zone", moment.zone.name.clone().into()),
        ("offset", offset_text(period.offset).into()),
        ("abbreviation", period.abbreviation.into()),
        ("summer_time", period.summer.into()),
        ("date", date.text().into()),
        ("time", text[text.len().min(11)..].to_owned().into()),
        ("weekday", WEEKDAYS[(date.weekday() - 1) as usize].into()),
        ("iso_weekday", date.weekday().into()),
        ("iso_week", format!("{:04}-W{:02}", week_year, week).into()),
        ("day_of_year", date.day_of_year().into()),
        ("quarter", ((date.month + 2) / 3).into()),
        ("days_in_month", days_in_month(date.year, date.month).into()),
        ("leap_year", is_leap(date.year).into()),
        ("notes", input::texts(&moment.notes)),
    ])
}
