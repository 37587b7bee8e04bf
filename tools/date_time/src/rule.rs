//! Rules of the form `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX, RFC 9636), which tell all times to come.

use crate::civil::{days_in_month, is_leap, Date, DAY};
use mcp::calendar;

pub struct Rule {
    pub standard: (i64, String),
    /// Offset and abbreviation in summer, and when it begins and ends.
    pub summer: Option<(i64, String, Change, Change)>,
}

pub struct Change {
    day: Day,
    /// Seconds after midnight; may lie on another day.
    time: i64,
}

enum Day {
    /// Month, week (5 is the last), weekday from Sunday.
    Month(i64, i64, i64),
    /// Day of the year from 1, never 29 February.
    Julian(i64),
    /// Day of the year from 0.
    Plain(i64),
}

impl Change {
    /// Seconds since 1970 on the wall, before the change.
    fn at(&self, year: i64) -> i64 {
        let day = match self.day {
            Day::Plain(day) => calendar::days(year, 1, 1) + day,
            Day::Julian(day) => calendar::days(year, 1, 1) + day - 1 + i64::from(is_leap(year) && day > 59),
            Day::Month(month, week, weekday) => {
                let first = Date { year, month, day: 1 };
                let lead = (weekday - first.weekday() % 7).rem_euclid(7);
                let mut day = 1 + lead + 7 * (week - 1);
                while day > days_in_month(year, month) {
                    day -= 7;
                }
                calendar::days(year, month, day)
            }
        };
        day * DAY + self.time
    }
}

impl Rule {
    pub fn parse(text: &str) -> Option<Rule> {
        let mut scan = Scan(text);
        let name = scan.name()?;
        let offset = -scan.time()?;
        if scan.0.is_empty() {
            return Some(Rule {
                standard: (offset, name),
                summer: None,
            });
        }
        let summer = scan.name()?;
        let summer_offset = if scan.0.starts_with(',') {
            offset + 3_600
        } else {
            -scan.time()?
        };
        let begins = scan.change()?;
        let ends = scan.change()?;
        Some(Rule {
            standard: (offset, name),
            summer: Some((summer_offset, summer, begins, ends)),
        })
    }

    /// Both changes of a year as moments, with the offset after each.
    pub fn changes(&self, year: i64) -> Vec<(i64, bool)> {
        match &self.summer {
            None => Vec::new(),
            Some((offset, _, begins, ends)) => {
                let mut changes = vec![
                    (begins.at(year) - self.standard.0, true),
                    (ends.at(year) - offset, false),
                ];
                changes.sort_unstable();
                changes
            }
        }
    }

    /// Offset, whether it is summer time, and the abbreviation.
    pub fn at(&self, moment: i64) -> (i64, bool, &str) {
        let standard = (self.standard.0, false, self.standard.1.as_str());
        let summer = match &self.summer {
            None => return standard,
            Some((offset, name, _, _)) => (*offset, true, name.as_str()),
        };
        let year = Date::of_days(moment.div_euclid(DAY)).year;
        let before = (year - 1..=year + 1)
            .flat_map(|year| self.changes(year))
            .filter(|(at, _)| *at <= moment)
            .last();
        match before {
            Some((_, true)) => summer,
            _ => standard,
        }
    }
}

struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn eat(&mut self, c: char) -> bool {
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
    fn name(&mut self) -> Option<String> {
        if self.eat('<') {
            let (name, rest) = self.0.split_once('>')?;
            self.0 = rest;
            return Some(name.to_owned());
        }
        let length = self.0.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(length);
        self.0 = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }
    fn number(&mut self) -> Option<i64> {
        let length = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok()
    }
    fn time(&mut self) -> Option<i64> {
        let sign = if self.eat('-') { -1 } else { 1 };
        self.eat('+');
        let mut seconds = self.number()? * 3_600;
        if self.eat(':') {
            seconds += self.number()? * 60;
            if self.eat(':') {
                seconds += self.number()?;
            }
        }
        Some(sign * seconds)
    }
    fn change(&mut self) -> Option<Change> {
        if !self.eat(',') {
            return None;
        }
        let day = if self.eat('M') {
            let month = self.number()?;
            self.eat('.');
            let week = self.number()?;
            self.eat('.');
            Day::Month(month, week, self.number()?)
        } else if self.eat('J') {
            Day::Julian(self.number()?)
        } else {
            Day::Plain(self.number()?)
        };
        let time = if self.eat('/') { self.time()? } else { 2 * 3_600 };
        Some(Change { day, time })
    }
}
