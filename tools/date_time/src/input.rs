//! Times as arguments, and as results.

use crate::civil::{offset_text, Date, Local};
use crate::scan::{scan, Order, Scanned};
use crate::zone::{Resolved, Zone};
use mcp::schema::{self, Property, Schema};
use mcp::{Arguments, Failure, Json};

pub const TIME_WORDS: &str = "a date or time such as 2026-05-31, 2026-05-31T14:30:00Z, 2026-05-31 14:30 Europe/Berlin, 31 May 2026, or Unix seconds";

pub fn time_schema(description: &'static str) -> Schema {
    schema::any_of(description, &["string", "number"])
        .with("examples", vec!["2026-05-31T14:30:00Z".into(), "2026-05-31".into()])
        .role("date")
}

pub fn zone_property() -> Property {
    schema::optional(
        "zone",
        schema::text("Time zone: an IANA name such as Europe/Berlin, or an offset such as +02:00; of times without one, and of results. UTC when absent.")
            .with("examples", vec!["Europe/Berlin".into()]),
    )
}

/// A moment, in the zone it is to be shown in.
pub struct Moment {
    pub seconds: i64,
    pub nanos: u32,
    pub zone: Zone,
    pub has_time: bool,
    pub notes: Vec<String>,
}

impl Moment {
    pub fn local(&self) -> Local {
        self.zone.local(self.seconds, self.nanos)
    }
    pub fn date(&self) -> Date {
        self.local().date()
    }
    pub fn offset(&self) -> i64 {
        self.zone.at(self.seconds).offset
    }
    /// ISO 8601 with the offset; a date alone where no time was given.
    pub fn iso(&self) -> String {
        format!("{}{}", self.local().text(), offset_text(self.offset()))
    }
    pub fn short(&self) -> String {
        if self.has_time {
            self.iso()
        } else {
            self.date().text()
        }
    }
    pub fn with(&self, seconds: i64, zone: Zone) -> Moment {
        Moment {
            seconds,
            nanos: self.nanos,
            zone,
            has_time: self.has_time,
            notes: Vec::new(),
        }
    }
    pub fn checked(self) -> Result<Moment, Failure> {
        if self.local().in_range() {
            return Ok(self);
        }
        Err("the result lies outside the years 1 to 9999.".into())
    }
}

pub fn zone(arguments: &Arguments) -> Result<Option<Zone>, Failure> {
    arguments.text("zone")?.map(Zone::find).transpose()
}

pub fn required(arguments: &Arguments, name: &str) -> Result<Moment, Failure> {
    let value = arguments
        .get(name)
        .ok_or_else(|| Failure(format!("the argument '{}' is missing.", name)))?;
    moment(value, name, arguments, Order::Unknown)
}

pub fn text_of(value: &Json, name: &str) -> Result<String, Failure> {
    match value {
        Json::Text(text) => Ok(text.to_string()),
        Json::Integer(_) | Json::Number(_) => Ok(format!("@{}", value.to_line())),
        other => Err(Failure(format!(
            "'{}' must be {}, not {}.",
            name,
            TIME_WORDS,
            other.kind()
        ))),
    }
}

pub fn moment(value: &Json, name: &str, arguments: &Arguments, order: Order) -> Result<Moment, Failure> {
    let text = text_of(value, name)?;
    if text.len() > 200 {
        return Err(Failure(format!(
            "'{}' has {} characters; it must be {}.",
            name,
            text.len(),
            TIME_WORDS
        )));
    }
    let scanned = scan(&text, order).ok_or_else(|| {
        Failure(format!(
            "'{}' is \"{}\", which cannot be read as a date or time; it must be {}.",
            name, text, TIME_WORDS
        ))
    })?;
    placed(scanned, zone(arguments)?)
}

/// A scanned time as a moment: its own zone or offset counts, and else the one given.
pub fn placed(scanned: Scanned, given: Option<Zone>) -> Result<Moment, Failure> {
    let mut notes = Vec::new();
    if scanned.ambiguous {
        notes.push("day and month could be the other way round; taken as day/month (give order to decide)".to_owned());
    }
    let own = scanned.zone.as_deref().map(Zone::find).transpose()?;
    let (seconds, zone) = match (scanned.offset, own, given) {
        (Some(offset), own, given) => (
            scanned.local.seconds - offset,
            own.or(given).unwrap_or_else(|| Zone::fixed(offset)),
        ),
        (None, own, given) => {
            let zone = own.or(given).unwrap_or_else(|| Zone::fixed(0));
            let seconds = match zone.resolve(scanned.local) {
                Resolved::One(moment) => moment,
                Resolved::Twice(first, _) => {
                    notes.push(format!(
                        "{} is twice on the clock in {}, which was put back; the first is taken",
                        scanned.local.text(),
                        zone.name
                    ));
                    first
                }
                Resolved::Never(moment) => {
                    notes.push(format!(
                        "{} is not on the clock in {}, which was put forward; the time after the gap is taken",
                        scanned.local.text(),
                        zone.name
                    ));
                    moment
                }
            };
            (seconds, zone)
        }
    };
    Moment {
        seconds,
        nanos: scanned.local.nanos,
        zone,
        has_time: scanned.has_time,
        notes,
    }
    .checked()
}

pub fn notes_schema() -> Property {
    schema::required(
        "notes",
        schema::list("What to know about the result.", schema::text("A sentence.")),
    )
}

pub fn texts(notes: &[String]) -> Json {
    notes
        .iter()
        .map(|note| Json::from(note.clone()))
        .collect::<Vec<_>>()
        .into()
}

pub fn with_notes(text: String, notes: &[String]) -> String {
    match notes {
        [] => text,
        notes => format!("{}\n\nNote: {}.", text, notes.join("; ")),
    }
}
