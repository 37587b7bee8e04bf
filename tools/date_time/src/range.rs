//! `range`.

use crate::arithmetic::plus;
use crate::civil::WEEKDAYS;
use crate::duration::{self, Duration};
use crate::input;
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

const LIMIT: (i64, i64) = (100, 5_000);

pub const TOOL: Tool = Tool {
    name: "range",
    title: "Dates at equal steps",
    description: "Lists dates or times from one to another at equal steps such as P1D, P1W, P1M or PT15M. Months are counted from the first date, so the 31st stays the month's end.",
    input: || {
        schema::closed(vec![
            schema::required("from", input::time_schema("The first.")),
            schema::optional("to", input::time_schema("No later than this, itself included; without it 'limit' ends the list.")),
            schema::optional("step", schema::any_of("Duration between two.", &["string", "number"]).default("P1D")),
            schema::optional("weekdays", schema::list("Only on these days of the week.", schema::one_of("Day.", &WEEKDAYS))),
            schema::optional("limit", schema::integer("How many at most.", 1, LIMIT.1).default(LIMIT.0).role("limit")),
            input::zone_property(),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("times", schema::list("The dates or times.", schema::text("ISO 8601."))),
            schema::required("count", schema::count("How many.")),
            schema::required("truncated", schema::boolean("The limit ended the list.")),
            input::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let from = input::required(arguments, "from")?;
    let to = match arguments.get("to") {
        Some(_) => Some(input::required(arguments, "to")?),
        None => None,
    };
    let step = match arguments.get("step") {
        Some(value) => duration::argument(value, "step")?,
        None => Duration {
            days: 1,
            ..Duration::default()
        },
    };
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let wanted = arguments.texts("weekdays")?.unwrap_or_default();
    let days: Vec<i64> = wanted
        .iter()
        .map(|name| {
            let at = WEEKDAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
            at.map(|at| at as i64 + 1).ok_or_else(|| {
                Failure(format!(
                    "'{}' is no day of the week; there are {}.",
                    name,
                    WEEKDAYS.join(", ")
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let mut times: Vec<String> = Vec::new();
    let mut truncated = false;
    // Steps that fall on no wanted day are passed over, but not for ever.
    for index in 0..(limit as i64 * 8 + 400) {
        let all = Duration {
            months: step.months * index,
            days: step.days * index,
            seconds: step.seconds * index,
            nanos: 0,
        };
        let moment = plus(&from, &all)?;
        if index == 1 && (moment.seconds <= from.seconds) {
            return Err(Failure(format!(
                "'step' is {}; it must be a duration forward of at least a second.",
                step.iso()
            )));
        }
        if to.as_ref().map_or(false, |to| moment.seconds > to.seconds) {
            break;
        }
        if !days.is_empty() && !days.contains(&moment.date().weekday()) {
            continue;
        }
        if times.len() == limit {
            truncated = to.is_some();
            break;
        }
        times.push(moment.short());
    }
    let mut notes = from.notes.clone();
    if truncated {
        notes.push(format!("there are more than {}; raise the limit", limit));
    }
    let text = if times.is_empty() {
        "There is no such date.".to_owned()
    } else {
        times.join("\n")
    };
    let count = times.len();
    let structured = object([
        ("times", times.into_iter().map(Json::from).collect::<Vec<_>>().into()),
        ("count", count.into()),
        ("truncated", truncated.into()),
        ("notes", input::texts(&notes)),
    ]);
    Ok(Answer::new(input::with_notes(text, &notes), structured))
}
