//! Parts of dates by which rows are grouped and chosen: month, weekday, hour …

use crate::dates::{place_named, MICROS_A_DAY, MONTHS};
use mcp::calendar::{civil, days};
use mcp::Json;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bucket {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    QuarterOfYear,
    MonthOfYear,
    Weekday,
    Hour,
}

const NAMES: [(&str, Bucket); 9] = [
    ("year", Bucket::Year),
    ("quarter", Bucket::Quarter),
    ("month", Bucket::Month),
    ("week", Bucket::Week),
    ("day", Bucket::Day),
    ("quarter_of_year", Bucket::QuarterOfYear),
    ("month_of_year", Bucket::MonthOfYear),
    ("weekday", Bucket::Weekday),
    ("hour", Bucket::Hour),
];

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MICROS_AN_HOUR: i64 = MICROS_A_DAY / 24;

impl Bucket {
    pub fn named(name: &str) -> Option<Bucket> {
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, bucket)| *bucket)
    }

    /// Comes again each day, week or year, as opposed to a span of time.
    pub fn is_cyclic(self) -> bool {
        matches!(
            self,
            Bucket::QuarterOfYear | Bucket::MonthOfYear | Bucket::Weekday | Bucket::Hour
        )
    }

    /// What the bucket of a time is told by and ordered by: Monday is 1, January 1, a span its number since year 0.
    pub fn place(self, micros: i64) -> i64 {
        let day = micros.div_euclid(MICROS_A_DAY);
        let weekday = (day + 3).rem_euclid(7);
        match self {
            Bucket::Hour => micros.rem_euclid(MICROS_A_DAY) / MICROS_AN_HOUR,
            Bucket::Day => day,
            Bucket::Weekday => weekday + 1,
            Bucket::Week => (day - weekday).div_euclid(7),
            _ => {
                let (year, month, _) = civil(day);
                match self {
                    Bucket::Year => year,
                    Bucket::Quarter => year * 4 + (month - 1) / 3,
                    Bucket::QuarterOfYear => (month - 1) / 3 + 1,
                    Bucket::MonthOfYear => month,
                    _ => year * 12 + month - 1,
                }
            }
        }
    }

    /// The name of the bucket at that place.
    pub fn label(self, place: i64) -> Json {
        match self {
            Bucket::Year | Bucket::Hour => Json::Number(place as f64),
            Bucket::Quarter => format!("{:04}-Q{}", place.div_euclid(4), place.rem_euclid(4) + 1).into(),
            Bucket::QuarterOfYear => format!("Q{}", place).into(),
            Bucket::Month => format!("{:04}-{:02}", place.div_euclid(12), place.rem_euclid(12) + 1).into(),
            Bucket::Week => {
                // A week belongs to the year of its Thursday.
                let thursday = place * 7 + 4 + 3;
                let (year, _, _) = civil(thursday);
                format!("{:04}-W{:02}", year, (thursday - days(year, 1, 1)) / 7 + 1).into()
            }
            Bucket::Day => {
                let (year, month, day) = civil(place);
                format!("{:04}-{:02}-{:02}", year, month, day).into()
            }
            Bucket::MonthOfYear => capital(MONTHS[(place - 1).clamp(0, 11) as usize]).into(),
            Bucket::Weekday => capital(WEEKDAYS[(place - 1).clamp(0, 6) as usize]).into(),
        }
    }

    /// The place of a bucket that comes again, from its name or number.
    pub fn place_of(self, text: &str) -> Option<i64> {
        let text = text.trim();
        let number = text.parse().ok();
        let named = |names: &[&str]| place_named(text, names).map(|place| place as i64 + 1);
        let (found, max) = match self {
            Bucket::MonthOfYear => (number.or_else(|| named(&MONTHS)), 12),
            Bucket::Weekday => (number.or_else(|| named(&WEEKDAYS)), 7),
            Bucket::QuarterOfYear => (number.or_else(|| text.strip_prefix(['Q', 'q'])?.parse().ok()), 4),
            Bucket::Hour => return number.filter(|hour| (0..24).contains(hour)),
            _ => return None,
        };
        found.filter(|place| (1..=max).contains(place))
    }
}

fn capital(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}
