//! `cron`: when a cron expression comes next.

use crate::civil::{Date, Local};
use crate::cron_fields::Cron;
use crate::input;
use crate::zone::Resolved;
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

const COUNT: (i64, i64) = (5, 500);
/// Days that are looked through: 29 February can be eight years away.
const DAYS_MAX: i64 = 366 * 30;

pub const TOOL: Tool = Tool {
    name: "cron",
    title: "Next times of a cron expression",
    description: "Tells when a cron expression comes next, in a time zone: five fields (minute hour day month weekday), six with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly. Knows lists, ranges, steps, names, L (last), 5L (last Friday) and 2#1 (first Tuesday). A time that the clock skips is run after the gap, one that comes twice is run once.",
    input: || {
        schema::closed(vec![
            schema::required("expression", schema::text("Cron expression.").with("examples", vec!["30 9 * * MON-FRI".into()])),
            schema::required("from", input::time_schema("Times after this one are given.")),
            schema::optional("count", schema::integer("How many.", 1, COUNT.1).default(COUNT.0).role("limit")),
            input::zone_property(),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("times", schema::list("The next times, with offset.", schema::text("ISO 8601."))),
            schema::required("zone", schema::text("Time zone.")),
            input::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let expression = arguments.required_text("expression")?;
    let cron = Cron::parse(expression)
        .map_err(|problem| Failure(format!("the cron expression \"{}\" is wrong: {}.", expression, problem)))?;
    let count = arguments.integer("count", COUNT.0, (1, COUNT.1))? as usize;
    let mut from = input::required(arguments, "from")?;
    if let Some(zone) = input::zone(arguments)? {
        from.zone = zone;
    }
    let mut notes = from.notes.clone();
    let mut found: Vec<i64> = Vec::new();
    let first = from.date().days() - 1;
    'days: for day in first..first + DAYS_MAX {
        let date = Date::of_days(day);
        if !cron.runs_on(date) || date.year > crate::civil::YEAR_MAX {
            continue;
        }
        for hour in &cron.hours {
            for minute in &cron.minutes {
                for second in &cron.seconds {
                    let local = Local::new(date, hour * 3_600 + minute * 60 + second, 0);
                    let moment = match from.zone.resolve(local) {
                        Resolved::One(moment) | Resolved::Twice(moment, _) => moment,
                        Resolved::Never(after) => after,
                    };
                    if moment > from.seconds && found.last().map_or(true, |last| moment > *last) {
                        found.push(moment);
                        if found.len() == count {
                            break 'days;
                        }
                    }
                }
            }
        }
    }
    if found.len() < count {
        notes.push("there are no more within 30 years".to_owned());
    }
    let mut times = Vec::new();
    for moment in found {
        let mut at = from.with(moment, crate::zone::Zone::fixed(from.zone.at(moment).offset));
        at.nanos = 0;
        times.push(at.iso());
    }
    let text = if times.is_empty() {
        "It never comes.".to_owned()
    } else {
        times.join("\n")
    };
    let structured = object([
        ("times", times.into_iter().map(Json::from).collect::<Vec<_>>().into()),
        ("zone", from.zone.name.clone().into()),
        ("notes", input::texts(&notes)),
    ]);
    Ok(Answer::new(input::with_notes(text, &notes), structured))
}
