//! Time zones by the rules of the IANA database, which scripts/time-zones.ts packs.

use crate::civil::{Date, Local, DAY};
use crate::rule::Rule;
use mcp::{nearest, Failure};

static DATA: &[u8] = include_bytes!("zones.bin");

struct Kind {
    offset: i64,
    summer: bool,
    abbreviation: String,
}

/// A zone with its history, or a fixed offset.
pub struct Zone {
    pub name: String,
    kinds: Vec<Kind>,
    /// Moments, and the kind of time from then on.
    transitions: Vec<(i64, usize)>,
    rule: Option<Rule>,
}

/// What holds at a moment.
pub struct Period {
    pub offset: i64,
    pub summer: bool,
    pub abbreviation: String,
}

/// The moments that a local time stands for.
pub enum Resolved {
    One(i64),
    /// The clock was put back: the earlier and the later one.
    Twice(i64, i64),
    /// The clock was put forward past it: the moment as if it had not been.
    Never(i64),
}

struct Reader {
    at: usize,
}

impl Reader {
    fn count(&mut self) -> i64 {
        let (mut value, mut shift) = (0u64, 0);
        while let Some(byte) = DATA.get(self.at) {
            self.at += 1;
            value |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 || shift > 56 {
                break;
            }
        }
        value as i64
    }
    fn signed(&mut self) -> i64 {
        let value = self.count();
        if value & 1 == 1 {
            -(value + 1) / 2
        } else {
            value / 2
        }
    }
    fn text(&mut self) -> &'static str {
        let length = self.count() as usize;
        let from = self.at;
        self.at += length;
        DATA.get(from..self.at)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }
    fn zone(&mut self, name: &str) -> Zone {
        let rule = Rule::parse(self.text());
        let kinds = (0..self.count())
            .map(|_| Kind {
                offset: self.signed(),
                summer: self.count() == 1,
                abbreviation: self.text().to_owned(),
            })
            .collect();
        let count = self.count();
        let mut transitions = Vec::with_capacity(count as usize);
        let mut at = 0;
        for index in 0..count {
            let kind = self.count() as usize;
            at = if index == 0 {
                self.signed()
            } else {
                let step = self.count();
                at + if step & 1 == 0 { step / 2 * 1_800 } else { step / 2 }
            };
            transitions.push((at, kind));
        }
        Zone {
            name: name.to_owned(),
            kinds,
            transitions,
            rule,
        }
    }
    fn skip(&mut self) {
        self.text();
        for _ in 0..self.count() {
            self.count();
            self.count();
            self.text();
        }
        let count = self.count();
        for _ in 0..2 * count {
            self.count();
        }
    }
}

/// The version of the rules, such as 2026f.
pub fn version() -> &'static str {
    Reader { at: 0 }.text()
}

/// Names of all zones, links included, with the place of the zone's rules.
fn names() -> Vec<(&'static str, usize)> {
    let mut reader = Reader { at: 0 };
    reader.text();
    let mut places = Vec::new();
    for _ in 0..reader.count() {
        let name = reader.text();
        places.push((name, reader.at));
        reader.skip();
    }
    let mut all = places.clone();
    for _ in 0..reader.count() {
        let name = reader.text();
        let target = reader.count() as usize;
        all.extend(places.get(target).map(|(_, place)| (name, *place)));
    }
    all
}

pub fn all_names() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = names().into_iter().map(|(name, _)| name).collect();
    all.sort_unstable();
    all
}

/// `+02:00`, `-0330`, `UTC+2`, `Z` as seconds.
pub fn fixed_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("gmt") {
        return Some(0);
    }
    let rest = text
        .strip_prefix("UTC")
        .or_else(|| text.strip_prefix("GMT"))
        .unwrap_or(text);
    let (sign, rest) = match rest.chars().next()? {
        '+' => (1, &rest[1..]),
        '-' => (-1, &rest[1..]),
        '−' => (-1, &rest['−'.len_utf8()..]),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || rest.len() > 8 {
        return None;
    }
    let number = |from: usize| {
        digits
            .get(from..from + 2)
            .map_or(Some(0), |part| part.parse::<i64>().ok())
    };
    let (hours, minutes, seconds) = match digits.len() {
        1 => (digits.parse().ok()?, 0, 0),
        2 | 4 | 6 => (number(0)?, number(2)?, number(4)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60 && seconds < 60).then(|| sign * (hours * 3_600 + minutes * 60 + seconds))
}

impl Zone {
    pub fn fixed(offset: i64) -> Zone {
        let text = crate::civil::offset_text(offset);
        let name = if offset == 0 { "UTC".to_owned() } else { text };
        let kind = Kind {
            offset,
            summer: false,
            abbreviation: name.clone(),
        };
        Zone {
            name,
            kinds: vec![kind],
            transitions: Vec::new(),
            rule: None,
        }
    }

    pub fn find(name: &str) -> Result<Zone, Failure> {
        let name = name.trim();
        if let Some(offset) = fixed_offset(name) {
            return Ok(Zone::fixed(offset));
        }
        let wanted = name.replace(' ', "_");
        let all = names();
        if let Some((name, place)) = all.iter().find(|(known, _)| known.eq_ignore_ascii_case(&wanted)) {
            return Ok(Reader { at: *place }.zone(name));
        }
        // A city alone is meant as the zone that is called by it.
        let cities = all.iter().filter(|(known, _)| {
            known
                .rsplit('/')
                .next()
                .map_or(false, |city| city.eq_ignore_ascii_case(&wanted))
        });
        let meant = cities
            .map(|(name, _)| *name)
            .next()
            .or_else(|| nearest(&wanted, all.iter().map(|(name, _)| *name)));
        let hint = meant.map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
        Err(Failure(format!(
            "there is no time zone '{}'.{} Zones have IANA names such as Europe/Berlin, or are offsets such as +02:00.",
            name, hint
        )))
    }

    pub fn at(&self, moment: i64) -> Period {
        let after = self.transitions.partition_point(|(at, _)| *at <= moment);
        let by_rule = after == self.transitions.len();
        if let Some(rule) = self.rule.as_ref().filter(|_| by_rule) {
            let (offset, summer, name) = rule.at(moment);
            return Period {
                offset,
                summer,
                abbreviation: name.to_owned(),
            };
        }
        let kind = match after {
            0 => 0,
            after => self.transitions[after - 1].1,
        };
        match self.kinds.get(kind) {
            Some(kind) => Period {
                offset: kind.offset,
                summer: kind.summer,
                abbreviation: kind.abbreviation.clone(),
            },
            None => Period {
                offset: 0,
                summer: false,
                abbreviation: "UTC".to_owned(),
            },
        }
    }

    pub fn local(&self, moment: i64, nanos: u32) -> Local {
        Local {
            seconds: moment + self.at(moment).offset,
            nanos,
        }
    }

    pub fn resolve(&self, local: Local) -> Resolved {
        // Offsets are less than a day, so those of the days around are all there can be.
        let offsets = [self.at(local.seconds - DAY).offset, self.at(local.seconds + DAY).offset];
        let mut found: Vec<i64> = offsets
            .iter()
            .map(|offset| local.seconds - offset)
            .filter(|moment| moment + self.at(*moment).offset == local.seconds)
            .collect();
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => Resolved::Never(local.seconds - offsets[0]),
            [one] => Resolved::One(one),
            [first, .., last] => Resolved::Twice(first, last),
        }
    }

    /// The moment of a local time: the earlier one of two, and past a gap as much later as the clock was put forward.
    pub fn moment(&self, local: Local) -> i64 {
        match self.resolve(local) {
            Resolved::One(moment) | Resolved::Twice(moment, _) | Resolved::Never(moment) => moment,
        }
    }

    /// When the offset changes next after a moment.
    pub fn next_change(&self, moment: i64) -> Option<i64> {
        let now = self.at(moment).offset;
        let listed = self.transitions.iter().map(|(at, _)| *at).filter(|at| *at > moment);
        let year = Date::of_days(moment.div_euclid(DAY)).year;
        let last = self.transitions.last().map_or(i64::MIN, |(at, _)| *at);
        let ruled = self.rule.iter().flat_map(|rule| {
            (year..=year + 2)
                .flat_map(move |year| rule.changes(year))
                .map(|(at, _)| at)
        });
        listed
            .chain(ruled.filter(|at| *at > moment.max(last)))
            .find(|at| self.at(*at).offset != now || self.at(*at).abbreviation != self.at(*at - 1).abbreviation)
    }
}
