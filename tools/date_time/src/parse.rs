//! `parse`.

use crate::input;
use crate::now::{describe, described, sentence};
use crate::scan::{scan, Order};
use mcp::schema;
use mcp::{Answer, Arguments, Failure, Hints, Outcome, Tool};

const ORDERS: [&str; 3] = ["auto", "day_first", "month_first"];

pub const TOOL: Tool = Tool {
    name: "parse",
    title: "Read a date or time",
    description: "Reads a date or time in many forms (ISO 8601 with weeks and ordinals, RFC 2822, HTTP, Unix time, 31.05.2026, 05/31/2026, May 31, 2026 3:30 pm, with offsets or zone names) and tells all about it: weekday, ISO week, day of the year, quarter, leap year.",
    input: || {
        schema::closed(vec![
            schema::required("time", input::time_schema("The date or time to read.")),
            input::zone_property(),
            schema::optional("order", schema::one_of("How 03/04/2026 is meant; auto takes the day first unless that is impossible, and says so.", &ORDERS).default("auto")),
        ])
    },
    output: Some(|| {
        let mut all = described();
        all.push(schema::required("shape", schema::text("The form it was read as.")));
        all.push(schema::required("has_time", schema::boolean("A time of day was given; else it is midnight.")));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let order = match arguments.choice("order", &ORDERS)? {
        "day_first" => Order::DayFirst,
        "month_first" => Order::MonthFirst,
        _ => Order::Unknown,
    };
    let value = arguments
        .get("time")
        .ok_or_else(|| Failure("the argument 'time' is missing.".to_owned()))?;
    let moment = input::moment(value, "time", arguments, order)?;
    let shape = scan(&input::text_of(value, "time")?, order).map_or("", |scanned| scanned.shape);
    let mut structured = describe(&moment);
    structured.push("shape", shape);
    structured.push("has_time", moment.has_time);
    Ok(Answer::new(
        input::with_notes(sentence(&moment), &moment.notes),
        structured,
    ))
}
