//! Moments and the clock on the wall.

use mcp::calendar;

pub const DAY: i64 = 86_400;
pub const YEAR_MIN: i64 = 1;
pub const YEAR_MAX: i64 = 9_999;
pub const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a calendar and a clock show at some place: seconds since 1970-01-01 00:00 there, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    pub seconds: i64,
    pub nanos: u32,
}

/// A date of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Date {
    pub fn of_days(days: i64) -> Date {
        let (year, month, day) = calendar::civil(days);
        Date { year, month, day }
    }
    pub fn checked(year: i64, month: i64, day: i64) -> Option<Date> {
        let fits = (YEAR_MIN..=YEAR_MAX).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month);
        fits.then(|| Date { year, month, day })
    }
    pub fn days(self) -> i64 {
        calendar::days(self.year, self.month, self.day)
    }
    /// Monday is 1, Sunday 7.
    pub fn weekday(self) -> i64 {
        (self.days() + 3).rem_euclid(7) + 1
    }
    pub fn day_of_year(self) -> i64 {
        self.days() - calendar::days(self.year, 1, 1) + 1
    }
    /// Year and week of ISO 8601.
    pub fn iso_week(self) -> (i64, i64) {
        let thursday = Date::of_days(self.days() + 4 - self.weekday());
        (thursday.year, (thursday.day_of_year() - 1) / 7 + 1)
    }
    /// Months later; the day is that of the month's end where the month is shorter.
    pub fn plus_months(self, months: i64) -> Date {
        let all = self.year * 12 + self.month - 1 + months;
        let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
        Date {
            year,
            month,
            day: self.day.min(days_in_month(year, month)),
        }
    }
    pub fn text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Local {
    pub fn new(date: Date, second_of_day: i64, nanos: u32) -> Local {
        Local {
            seconds: date.days() * DAY + second_of_day,
            nanos,
        }
    }
    pub fn date(self) -> Date {
        Date::of_days(self.seconds.div_euclid(DAY))
    }
    pub fn second_of_day(self) -> i64 {
        self.seconds.rem_euclid(DAY)
    }
    pub fn clock(self) -> (i64, i64, i64) {
        let second = self.second_of_day();
        (second / 3_600, second / 60 % 60, second % 60)
    }
    pub fn in_range(self) -> bool {
        (YEAR_MIN..=YEAR_MAX).contains(&self.date().year)
    }
    /// `2026-05-31T14:30:00`, with as many digits of a second as there are.
    pub fn text(self) -> String {
        let (hour, minute, second) = self.clock();
        format!(
            "{}T{:02}:{:02}:{:02}{}",
            self.date().text(),
            hour,
            minute,
            second,
            fraction(self.nanos)
        )
    }
}

pub fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        nanos => format!(".{:09}", nanos),
    }
}

/// `Z`, `+02:00`, and seconds where a zone had them.
pub fn offset_text(offset: i64) -> String {
    if offset == 0 {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.abs();
    match size % 60 {
        0 => format!("{}{:02}:{:02}", sign, size / 3_600, size / 60 % 60),
        second => format!("{}{:02}:{:02}:{:02}", sign, size / 3_600, size / 60 % 60, second),
    }
}
