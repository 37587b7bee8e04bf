//! `format`.

use crate::civil::{fraction, offset_text, MONTHS, WEEKDAYS};
use crate::input::{self, Moment};
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Outcome, Tool};

const STYLES: [&str; 9] = [
    "iso", "date", "time", "rfc2822", "http", "rfc9557", "unix", "unix_ms", "long",
];

pub const TOOL: Tool = Tool {
    name: "format",
    title: "Write a date or time",
    description: "Writes a date or time in a style (iso, date, time, rfc2822, http, rfc9557, unix, unix_ms, long) or by a pattern as strftime has it: %Y-%m-%d %H:%M:%S, %d %B %Y, %a, %I:%M %p, %j, %G-W%V-%u, %z, %Z, %s. Month and day names are English.",
    input: || {
        schema::closed(vec![
            schema::required("time", input::time_schema("The date or time to write.")),
            schema::optional("style", schema::one_of("A style.", &STYLES).default("iso")),
            schema::optional("pattern", schema::text("A pattern instead of a style.").with("examples", vec!["%d %B %Y".into()])),
            input::zone_property(),
        ])
    },
    output: Some(|| schema::closed(vec![schema::required("text", schema::text("The date or time, written.")), input::notes_schema()])),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let style = arguments.choice("style", &STYLES)?;
    let pattern = match (arguments.text("pattern")?, style) {
        (Some(pattern), _) => pattern,
        (None, "iso") => "%Y-%m-%dT%H:%M:%S%f%:z",
        (None, "date") => "%Y-%m-%d",
        (None, "time") => "%H:%M:%S",
        (None, "rfc2822") => "%a, %d %b %Y %H:%M:%S %z",
        (None, "http") => "%a, %d %b %Y %H:%M:%S GMT",
        (None, "rfc9557") => "%Y-%m-%dT%H:%M:%S%f%:z[%Q]",
        (None, "unix") => "%s",
        (None, "unix_ms") => "%s%L",
        (None, _) => "%A, %-d %B %Y, %H:%M %Z",
    };
    let mut moment = input::required(arguments, "time")?;
    if let Some(zone) = input::zone(arguments)? {
        moment.zone = zone;
    }
    if style == "http" && arguments.text("pattern")?.is_none() {
        moment.zone = crate::zone::Zone::fixed(0);
    }
    let text = write(&moment, pattern)?;
    let structured = object([("text", text.clone().into()), ("notes", input::texts(&moment.notes))]);
    Ok(Answer::new(input::with_notes(text, &moment.notes), structured))
}

pub fn write(moment: &Moment, pattern: &str) -> Result<String, Failure> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut letter = chars.next();
        let mark = letter.filter(|mark| "-_:".contains(*mark));
        if mark.is_some() {
            letter = chars.next();
        }
        let letter = letter.ok_or_else(|| Failure("the pattern ends with a %; write %% for the sign.".to_owned()))?;
        let field = field(moment, letter, mark == Some(':')).ok_or_else(|| {
            Failure(format!("%{} is not known in a pattern; there are %Y %y %m %d %e %B %b %H %I %M %S %f %L %p %P %A %a %u %w %j %V %G %q %z %:z %Z %Q %s %F %T %R %D %c %n %t %%.", letter))
        })?;
        match mark {
            // Without the zeros, or with blanks in their place.
            Some('-') => out.push_str(
                Some(field.trim_start_matches(['0', ' ']))
                    .filter(|rest| !rest.is_empty())
                    .unwrap_or("0"),
            ),
            Some('_') => {
                let rest = field.trim_start_matches('0');
                out.push_str(&format!(
                    "{:>width$}",
                    if rest.is_empty() { "0" } else { rest },
                    width = field.len()
                ));
            }
            _ => out.push_str(&field),
        }
    }
    Ok(out)
}

fn field(moment: &Moment, letter: char, colon: bool) -> Option<String> {
    let local = moment.local();
    let date = local.date();
    let (hour, minute, second) = local.clock();
    let month = MONTHS[(date.month - 1) as usize];
    let weekday = WEEKDAYS[(date.weekday() - 1) as usize];
    let two = |value: i64| format!("{:02}", value);
    let (week_year, week) = date.iso_week();
    let period = moment.zone.at(moment.seconds);
    let offset = || match offset_text(period.offset).as_str() {
        "Z" => "+00:00".to_owned(),
        text => text.to_owned(),
    };
    Some(match letter {
        'Y' => format!("{:04}", date.year),
        'y' => two(date.year % 100),
        'C' => two(date.year / 100),
        'm' => two(date.month),
        'd' => two(date.day),
        'e' => format!("{:>2}", date.day),
        'B' => month.to_owned(),
        'b' | 'h' => month[..3].to_owned(),
        'A' => weekday.to_owned(),
        'a' => weekday[..3].to_owned(),
        'H' => two(hour),
        'k' => format!("{:>2}", hour),
        'I' => two((hour + 11) % 12 + 1),
        'l' => format!("{:>2}", (hour + 11) % 12 + 1),
        'M' => two(minute),
        'S' => two(second),
        'f' => fraction(local.nanos),
        'L' => format!("{:03}", local.nanos / 1_000_000),
        'N' => format!("{:09}", local.nanos),
        'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'P' => if hour < 12 { "am" } else { "pm" }.to_owned(),
        'u' => date.weekday().to_string(),
        'w' => (date.weekday() % 7).to_string(),
        'j' => format!("{:03}", date.day_of_year()),
        'V' => two(week),
        'G' => format!("{:04}", week_year),
        'q' => ((date.month + 2) / 3).to_string(),
        'z' if colon => offset(),
        'z' => offset().replace(':', ""),
        'Z' => period.abbreviation,
        'Q' => moment.zone.name.clone(),
        's' => moment.seconds.to_string(),
        'F' => date.text(),
        'T' => format!("{:02}:{:02}:{:02}", hour, minute, second),
        'R' => format!("{:02}:{:02}", hour, minute),
        'D' => format!("{:02}/{:02}/{:02}", date.month, date.day, date.year % 100),
        'c' => format!(
            "{} {} {:>2} {:02}:{:02}:{:02} {:04}",
            &weekday[..3],
            &month[..3],
            date.day,
            hour,
            minute,
            second,
            date.year
        ),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        '%' => "%".to_owned(),
        _ => return None,
    })
}
