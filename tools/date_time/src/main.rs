//! date_time: dates, times and time zones.

mod arithmetic;
mod civil;
mod convert;
mod cron;
mod cron_fields;
mod difference;
mod duration;
mod format;
mod input;
mod now;
mod parse;
mod range;
mod rule;
mod scan;
mod zone;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "date_time",
        title: "Date and time",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Dates, times, time zones (IANA names such as Europe/Berlin), durations (ISO 8601 such as P1M2DT3H) and cron. Times are texts such as 2026-05-31T14:30:00Z or Unix seconds. time_zone tells the version of the zone rules.",
        tools: &[
            now::TOOL,
            parse::TOOL,
            format::TOOL,
            difference::TOOL,
            arithmetic::TOOL,
            convert::TOOL,
            convert::ZONE,
            range::TOOL,
            duration::TOOL,
            cron::TOOL,
        ],
    });
}
