//! `add`: a date or time, so much later or earlier.

use crate::civil::{Date, Local, DAY};
use crate::duration::{self, Duration};
use crate::input::{self, Moment};
use crate::now::{describe, described, sentence};
use crate::zone::Resolved;
use mcp::schema;
use mcp::{Answer, Arguments, Failure, Hints, Outcome, Tool};

const BUSINESS_DAYS_MAX: i64 = 100_000;
const EDGES: [&str; 8] = [
    "none",
    "start_of_day",
    "start_of_week",
    "start_of_month",
    "start_of_quarter",
    "start_of_year",
    "end_of_month",
    "end_of_year",
];

pub const TOOL: Tool = Tool {
    name: "add",
    title: "Add to a date or time",
    description: "Adds a duration (P1M, -P2W, 1h 30m) and business days to a date or time, or takes them away when negative, and can then go to the start of the day, week, month, quarter or year. A month later is the same day or the month's last (31 January + P1M is 28 or 29 February); days keep the time on the clock, hours are hours that pass.",
    input: || {
        schema::closed(vec![
            schema::required("time", input::time_schema("Where to begin.")),
            schema::optional("duration", schema::any_of("What to add, such as P1M, -P2W, \"1h 30m\".", &["string", "number"]).with("examples", vec!["P1M".into()])),
            schema::optional("business_days", schema::integer("Business days to add; Monday to Friday.", -BUSINESS_DAYS_MAX, BUSINESS_DAYS_MAX)),
            crate::difference::holidays_property(),
            schema::optional("then", schema::one_of("Where to go afterwards.", &EDGES).default("none")),
            input::zone_property(),
        ])
    },
    output: Some(|| schema::closed(described())),
    hints: Some(Hints::READ),
    run,
};

/// The moment a duration later: months and days by the calendar, the rest by the clock that never changes.
pub fn plus(moment: &Moment, duration: &Duration) -> Result<Moment, Failure> {
    let mut seconds = moment.seconds;
    let mut notes = moment.notes.clone();
    if duration.months != 0 || duration.days != 0 {
        let local = moment.local();
        let date = local.date().plus_months(duration.months);
        let wanted = Local {
            seconds: (date.days() + duration.days) * DAY + local.second_of_day(),
            nanos: local.nanos,
        };
        seconds = match moment.zone.resolve(wanted) {
            Resolved::One(moment) | Resolved::Twice(moment, _) => moment,
            Resolved::Never(after) => {
                notes.push(format!(
                    "{} is not on the clock in {}, which was put forward; the time after the gap is taken",
                    wanted.text(),
                    moment.zone.name
                ));
                after
            }
        };
    }
    let nanos = i64::from(moment.nanos) + duration.nanos;
    let mut out = moment.with(
        seconds + duration.seconds + nanos.div_euclid(1_000_000_000),
        crate::zone::Zone::find(&moment.zone.name)?,
    );
    out.nanos = nanos.rem_euclid(1_000_000_000) as u32;
    out.has_time |= duration.seconds != 0 || duration.nanos != 0;
    out.notes = notes;
    out.checked()
}

fn run(arguments: &Arguments) -> Outcome {
    let start = input::required(arguments, "time")?;
    let duration = arguments
        .get("duration")
        .map(|value| duration::argument(value, "duration"))
        .transpose()?
        .unwrap_or_default();
    let business = arguments.integer("business_days", 0, (-BUSINESS_DAYS_MAX, BUSINESS_DAYS_MAX))?;
    let holidays = crate::difference::holidays(arguments)?;
    let mut moment = plus(&start, &duration)?;
    if business != 0 {
        let mut day = moment.date().days();
        let from = day;
        let mut left = business.abs();
        while left > 0 {
            day += business.signum();
            if Date::of_days(day).weekday() <= 5 && !holidays.contains(&day) {
                left -= 1;
            }
        }
        moment = plus(
            &moment,
            &Duration {
                days: day - from,
                ..Duration::default()
            },
        )?;
    }
    let local = moment.local();
    let date = local.date();
    let first = |month: i64, day: i64| Date {
        year: date.year,
        month,
        day,
    };
    let edge = match arguments.choice("then", &EDGES)? {
        "none" => None,
        "start_of_day" => Some(date),
        "start_of_week" => Some(Date::of_days(date.days() - date.weekday() + 1)),
        "start_of_month" => Some(first(date.month, 1)),
        "start_of_quarter" => Some(first((date.month - 1) / 3 * 3 + 1, 1)),
        "start_of_year" => Some(first(1, 1)),
        "end_of_month" => Some(first(date.month, 31).plus_months(0)),
        _ => Some(first(12, 31)),
    };
    if let Some(date) = edge {
        moment.seconds = moment.zone.moment(Local::new(date, 0, 0));
        moment.nanos = 0;
    }
    Ok(Answer::new(
        input::with_notes(format!("{} → {}", start.short(), sentence(&moment)), &moment.notes),
        describe(&moment),
    ))
}
