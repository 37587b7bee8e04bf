//! The figures that can be asked for of each group.

use crate::figures::{Figures, Measure};
use crate::groups::Group;
use mcp::{Failure, Json};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Aggregate {
    Count,
    Missing,
    Sum,
    Mean,
    Median,
    Min,
    Max,
    Stdev,
    Distinct,
    Mode,
    First,
    Last,
    /// From 0 to 100.
    Percentile(f64),
    Share,
    SumShare,
    PartCount,
    PartShare,
    PartSum,
    PartSumShare,
}

const NAMES: [(&str, Aggregate); 18] = [
    ("count", Aggregate::Count),
    ("missing", Aggregate::Missing),
    ("sum", Aggregate::Sum),
    ("mean", Aggregate::Mean),
    ("median", Aggregate::Median),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
    ("stdev", Aggregate::Stdev),
    ("distinct", Aggregate::Distinct),
    ("mode", Aggregate::Mode),
    ("first", Aggregate::First),
    ("last", Aggregate::Last),
    ("share", Aggregate::Share),
    ("sum_share", Aggregate::SumShare),
    ("part_count", Aggregate::PartCount),
    ("part_share", Aggregate::PartShare),
    ("part_sum", Aggregate::PartSum),
    ("part_sum_share", Aggregate::PartSumShare),
];

/// Those of a value when none are asked for.
pub const USUAL: [Aggregate; 7] = [
    Aggregate::Missing,
    Aggregate::Sum,
    Aggregate::Mean,
    Aggregate::Median,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Stdev,
];

/// What the shares of a group are shares of.
pub struct Totals {
    pub rows: u64,
    /// By value.
    pub sums: Vec<f64>,
}

impl Aggregate {
    /// `sum`, `p90` …
    pub fn named(name: &str) -> Option<Aggregate> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, aggregate)| *aggregate).or_else(|| {
            let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
            let plain = name[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            (plain && percent <= 100.0).then(|| Aggregate::Percentile(percent))
        })
    }

    pub fn read(name: &str) -> Result<Aggregate, Failure> {
        Aggregate::named(name).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            Failure(format!(
                "there is no aggregate '{}'; use some of: {}, and percentiles such as p90.",
                name,
                names.join(", ")
            ))
        })
    }

    pub fn name(self) -> String {
        match self {
            Aggregate::Percentile(percent) => format!("p{}", percent),
            _ => NAMES
                .iter()
                .find(|(_, known)| *known == self)
                .map_or(String::new(), |(name, _)| (*name).to_owned()),
        }
    }

    /// The place in the sorted order, for medians and percentiles.
    pub fn fraction(self) -> Option<f64> {
        match self {
            Aggregate::Median => Some(0.5),
            Aggregate::Percentile(percent) => Some(percent / 100.0),
            _ => None,
        }
    }

    /// Belongs to the group and not to a value of it.
    pub fn is_of_rows(self) -> bool {
        matches!(
            self,
            Aggregate::Count | Aggregate::Share | Aggregate::PartCount | Aggregate::PartShare
        )
    }

    /// Texts have it as well as numbers.
    pub fn is_of_any_kind(self) -> bool {
        self.is_of_rows()
            || matches!(
                self,
                Aggregate::Missing | Aggregate::Distinct | Aggregate::Mode | Aggregate::First | Aggregate::Last
            )
    }

    pub fn is_of_part(self) -> bool {
        matches!(
            self,
            Aggregate::PartCount | Aggregate::PartShare | Aggregate::PartSum | Aggregate::PartSumShare
        )
    }

    /// Whether such values have it.
    pub fn fits(self, measure: &Measure) -> bool {
        match self {
            Aggregate::Min | Aggregate::Max => !measure.is_text(),
            _ => self.is_of_any_kind() || measure.is_number(),
        }
    }

    /// The figure of a group, or of one value of it.
    pub fn of(self, group: &Group, value: usize, totals: &Totals) -> Json {
        let ratio = |part: f64, whole: f64| {
            if whole == 0.0 {
                Json::Null
            } else {
                Json::Number(part / whole)
            }
        };
        let count = |count: u64| Json::Number(count as f64);
        match self {
            Aggregate::Count => return count(group.count),
            Aggregate::Share => return ratio(group.count as f64, totals.rows as f64),
            Aggregate::PartCount => return count(group.part),
            Aggregate::PartShare => return ratio(group.part as f64, group.count as f64),
            _ => {}
        }
        let figures: &Figures = match group.figures.get(value) {
            Some(figures) => figures,
            None => return Json::Null,
        };
        let moments = &figures.moments;
        match self {
            Aggregate::Missing => count(figures.missing),
            Aggregate::Sum => moments.sum().into(),
            Aggregate::Mean => moments.mean().into(),
            Aggregate::Stdev => moments.stdev().into(),
            Aggregate::Min => figures.extreme(|(low, _)| low, moments.min()),
            Aggregate::Max => figures.extreme(|(_, high)| high, moments.max()),
            Aggregate::Distinct => figures.distinct(),
            Aggregate::Mode => figures.mode.clone().into(),
            Aggregate::First => figures.first.clone().into(),
            Aggregate::Last => figures.last.clone().into(),
            Aggregate::SumShare => moments.sum().map_or(Json::Null, |sum| {
                ratio(sum, totals.sums.get(value).copied().unwrap_or(0.0))
            }),
            Aggregate::PartSum => Json::Number(figures.part_sum()),
            Aggregate::PartSumShare => moments.sum().map_or(Json::Null, |sum| ratio(figures.part_sum(), sum)),
            _ => self.fraction().and_then(|fraction| figures.quantile(fraction)).into(),
        }
    }
}
