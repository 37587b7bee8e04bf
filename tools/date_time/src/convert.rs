//! `convert` and `time_zone`.

use crate::civil::offset_text;
use crate::input;
use crate::now::describe;
use crate::zone::{all_names, version, Zone};
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const ZONES_MAX: usize = 50;
const NAMES_MAX: usize = 700;
const CHANGES_MAX: i64 = 20;

pub const TOOL: Tool = Tool {
    name: "convert",
    title: "Convert between time zones",
    description: "Tells what the clocks in other time zones show at a date and time.",
    input: || {
        schema::closed(vec![
            schema::required(
                "time",
                input::time_schema("The date and time; where it has no offset, in the time zone of 'zone'."),
            ),
            input::zone_property(),
            schema::required(
                "to",
                schema::list("Time zones to convert to.", schema::text("IANA name or offset."))
                    .items(1, ZONES_MAX as i64),
            ),
        ])
    },
    output: Some(|| {
        let row = schema::closed(vec![
            schema::required("zone", schema::text("Time zone.")),
            schema::required("iso", schema::text("The time there, with offset.")),
            schema::required("abbreviation", schema::text("Abbreviation.")),
            schema::required("summer_time", schema::boolean("Daylight saving time is in force.")),
        ]);
        schema::closed(vec![
            schema::required("rows", schema::list("The time in each zone.", row)),
            schema::required("utc", schema::text("The moment in UTC.")),
            input::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run: convert,
};

pub const ZONE: Tool = Tool {
    name: "time_zone",
    title: "Rules of a time zone",
    description: "Tells the offset of an IANA time zone at a time, whether summer time is in force and when the clock changes next; without a zone, the names of zones (search narrows them). data_version is the version of the rules.",
    input: || {
        schema::closed(vec![
            schema::optional("zone", schema::text("IANA name such as Europe/Berlin.")),
            schema::optional("time", input::time_schema("When; needed with zone.")),
            schema::optional("changes", schema::integer("Changes of the clock to tell.", 0, CHANGES_MAX).default(2i64)),
            schema::optional("search", schema::text("Part of a name, when no zone is given.").role("query")),
        ])
    },
    output: Some(|| {
        let change = schema::closed(vec![
            schema::required("utc", schema::text("When, in UTC.")),
            schema::required("before", schema::text("Local time with the old offset.")),
            schema::required("after", schema::text("Local time with the new offset.")),
            schema::required("abbreviation", schema::text("From then on.")),
        ]);
        schema::closed(vec![
            schema::required("data_version", schema::text("Version of the IANA rules.")),
            schema::optional("zones", schema::list("Names.", schema::text("Name."))),
            schema::optional("zone", schema::text("The zone.")),
            schema::optional("offset", schema::text("Offset from UTC.")),
            schema::optional("abbreviation", schema::text("Abbreviation.")),
            schema::optional("summer_time", schema::boolean("Daylight saving time is in force.")),
            schema::optional("changes", schema::list("The next changes.", change)),
        ])
    }),
    hints: Some(Hints::READ),
    run: time_zone,
};

fn convert(arguments: &Arguments) -> Outcome {
    let moment = input::required(arguments, "time")?;
    let wanted = arguments.texts("to")?.unwrap_or_default();
    if wanted.is_empty() || wanted.len() > ZONES_MAX {
        return Err(Failure(format!(
            "'to' has {} time zones; it must have from 1 to {}.",
            wanted.len(),
            ZONES_MAX
        )));
    }
    let mut shown = TextTable::new(vec![
        ("zone".into(), Align::Left),
        ("time".into(), Align::Left),
        ("".into(), Align::Left),
    ]);
    let mut rows = Vec::new();
    for name in wanted {
        let there = moment.with(moment.seconds, Zone::find(name)?).checked()?;
        let told = describe(&there);
        let member = |name: &str| told.get(name).cloned().unwrap_or(Json::Null);
        shown.row(vec![
            there.zone.name.clone(),
            there.iso(),
            member("abbreviation").as_text().unwrap_or("").to_owned(),
        ]);
        rows.push(object([
            ("zone", there.zone.name.clone().into()),
            ("iso", there.iso().into()),
            ("abbreviation", member("abbreviation")),
            ("summer_time", member("summer_time")),
        ]));
    }
    let text = format!("{} is\n\n{}", moment.iso(), shown.render());
    let utc = Zone::fixed(0).local(moment.seconds, moment.nanos).text();
    let structured = object([
        ("rows", rows.into()),
        ("utc", format!("{}Z", utc).into()),
        ("notes", input::texts(&moment.notes)),
    ]);
    Ok(Answer::new(input::with_notes(text, &moment.notes), structured))
}

fn time_zone(arguments: &Arguments) -> Outcome {
    let name = match arguments.text("zone")? {
        Some(name) => name,
        None => return names(arguments),
    };
    let zone = Zone::find(name)?;
    let count = arguments.integer("changes", 2, (0, CHANGES_MAX))?;
    if arguments.get("time").is_none() {
        return Err("give 'time', the date or time that the offset is asked for; now tells the current one.".into());
    }
    let moment = input::required(arguments, "time")?;
    let period = zone.at(moment.seconds);
    let mut changes = Vec::new();
    let mut lines = String::new();
    let mut at = moment.seconds;
    for _ in 0..count {
        let next = match zone.next_change(at) {
            Some(next) => next,
            None => break,
        };
        let (before, after) = (zone.at(next - 1), zone.at(next));
        let wall = |offset: i64| {
            format!(
                "{}{}",
                crate::civil::Local {
                    seconds: next + offset,
                    nanos: 0
                }
                .text(),
                offset_text(offset)
            )
        };
        lines.push_str(&format!(
            "\n{} → {} ({})",
            wall(before.offset),
            wall(after.offset),
            after.abbreviation
        ));
        changes.push(object([
            ("utc", wall(0).into()),
            ("before", wall(before.offset).into()),
            ("after", wall(after.offset).into()),
            ("abbreviation", after.abbreviation.into()),
        ]));
        at = next;
    }
    let season = if period.summer { ", summer time" } else { "" };
    let told = if lines.is_empty() {
        "\nThe clock changes no more.".to_owned()
    } else {
        format!("\nNext changes:{}", lines)
    };
    let text = format!(
        "{} is at {} ({}{}) by the rules of {}.{}",
        zone.name,
        offset_text(period.offset),
        period.abbreviation,
        season,
        version(),
        if count == 0 { String::new() } else { told }
    );
    let structured = object([
        ("data_version", version().into()),
        ("zone", zone.name.clone().into()),
        ("offset", offset_text(period.offset).into()),
        ("abbreviation", period.abbreviation.into()),
        ("summer_time", period.summer.into()),
        ("changes", changes.into()),
    ]);
    Ok(Answer::new(text, structured))
}

fn names(arguments: &Arguments) -> Outcome {
    let part = arguments.text("search")?.unwrap_or("").to_lowercase().replace(' ', "_");
    let found: Vec<&'static str> = all_names()
        .into_iter()
        .filter(|name| name.to_lowercase().contains(&part))
        .take(NAMES_MAX)
        .collect();
    let text = match found.len() {
        0 => format!(
            "No time zone is called like '{}'; zones are named after large cities.",
            part
        ),
        count => format!("{} time zones, rules of {}: {}", count, version(), found.join(", ")),
    };
    let zones = found.into_iter().map(Json::from).collect::<Vec<_>>();
    Ok(Answer::new(
        text,
        object([("data_version", version().into()), ("zones", zones.into())]),
    ))
}
