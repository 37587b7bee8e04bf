//! `histogram`.

use crate::frame::{frame, inner_marks, Bottom, Plot, Range};
use crate::request::{self, Drawn};
use crate::scale::{around, round_step};
use crate::svg::{colour, number};
use crate::words::short;
use csv::{Choice, Decimal, Held, Input, Series, Table};
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

const BINS_MAX: usize = 200;
const AUTO_BINS_MAX: f64 = 60.0;
const AUTO_BINS_MIN: f64 = 5.0;
const VALUES_MAX: usize = 50_000;

pub const TOOL: Tool = Tool {
    name: "histogram",
    title: "Draw a histogram",
    description: "Draws a histogram as an SVG file, to see how the values of one quantity are distributed. Give the values, or a CSV file and its column.",
    input,
    output: Some(request::output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let value = schema::number("One value.");
    request::arguments(vec![
        schema::optional(
            "values",
            schema::list("Values. Give either values, or path with column.", value)
                .items(1, VALUES_MAX as i64)
                .role("table"),
        ),
        schema::optional("path", schema::text("CSV file to read.").role("file-path")),
        schema::optional(
            "column",
            schema::text("Column of numbers in the file.").column_role("column", "number"),
        ),
        schema::optional(
            "bins",
            schema::integer(
                "Number of bins; by the rule of Freedman and Diaconis, rounded, when absent.",
                1,
                BINS_MAX as i64,
            ),
        ),
    ])
}

/// What decides the bins.
struct Survey {
    count: u64,
    min: f64,
    max: f64,
    /// Distance between the quartiles; none when there are too many values to hold.
    spread: Option<f64>,
    whole: bool,
}

/// Bins of equal width from `start`.
struct Bins {
    start: f64,
    width: f64,
    counts: Vec<u64>,
}

impl Bins {
    /// Where the bin of that number begins.
    fn edge(&self, index: usize) -> f64 {
        self.start + self.width * index as f64
    }
}

enum Numbers<'a> {
    Given(Vec<f64>),
    File { path: &'a str, column: &'a str },
}

impl Numbers<'_> {
    /// Shows every number; gives the column's name and what to know about the file.
    fn each(&self, mut see: impl FnMut(f64)) -> Result<(String, Vec<String>), Failure> {
        let (path, column) = match self {
            Numbers::Given(values) => {
                values.iter().for_each(|value| see(*value));
                return Ok((String::new(), Vec::new()));
            }
            Numbers::File { path, column } => (path, column),
        };
        let input = Input {
            path: Some(path),
            text: None,
            delimiter: None,
            header: Choice::Auto,
            decimal: Decimal::Auto,
            sheet: None,
        };
        let mut table = Table::open(&input)?;
        let column = table.column_named(column)?;
        let (mut missing, mut odd, mut numbers) = (0u64, csv::Odd::default(), 0u64);
        while table.next()? {
            let reading = table.number(column);
            if let Some(value) = Some(reading)
                .filter(|it| it.is_number())
                .and_then(|it| request::drawable(it.value))
            {
                numbers += 1;
                see(value);
            } else if table.is_missing(column) {
                missing += 1;
            } else {
                odd.add(table.rows, table.cell(column));
            }
        }
        let name = table.columns[column].name.clone();
        if odd.count > 0 && !odd.leaves(numbers) {
            return Err(Failure(format!(
                "'{}' is not a column of numbers: {} of its values are none.",
                name, odd.count
            )));
        }
        let mut notes = table.notes();
        for (count, what) in [
            (missing, "rows without a value"),
            (odd.count, "values that are not numbers"),
        ] {
            if count > 0 {
                notes.push(format!("{} {} are left out", count, what));
            }
        }
        Ok((name, notes))
    }
}

fn run(arguments: &Arguments) -> Outcome {
    let numbers = match (arguments.list("values")?, arguments.text("path")?) {
        (Some(items), None) => {
            let values = items.iter().map(|item| item.as_number().and_then(request::drawable));
            let values = values.collect::<Option<Vec<f64>>>();
            Numbers::Given(
                values.ok_or_else(|| Failure::from("'values' must hold numbers (up to 1e300) and nothing else."))?,
            )
        }
        (None, Some(path)) => {
            let column = arguments
                .text("column")?
                .ok_or_else(|| Failure(format!("'column' must name a column of {}.", path)))?;
            Numbers::File { path, column }
        }
        _ => return Err("give either 'values', or 'path' with 'column'.".into()),
    };
    let (survey, name, notes) = survey(&numbers)?;
    if survey.count == 0 {
        return Err("there are no numbers to draw.".into());
    }
    let mut bins = match arguments.get("bins") {
        None => bins_for(&survey),
        Some(_) => equal_bins(&survey, arguments.integer("bins", 1, (1, BINS_MAX as i64))? as usize),
    };
    let last = bins.counts.len() - 1;
    numbers.each(|value| {
        let index = ((value - bins.start) / bins.width) as usize;
        bins.counts[index.min(last)] += 1;
    })?;
    let title = if name.is_empty() {
        "Histogram".to_owned()
    } else {
        format!("Distribution of {}", name)
    };
    let mut page = request::page(arguments, &title, &name, "count")?;
    page.description = describe(&survey, &bins);
    let end = bins.edge(bins.counts.len());
    let marks = inner_marks(page.width - 120.0, bins.start, end, survey.whole);
    let highest = bins.counts.iter().copied().max().unwrap_or(0) as f64;
    let mut plot = frame(
        &page,
        &Bottom::Marked {
            min: bins.start,
            max: end,
            marks,
        },
        Range { min: 0.0, max: highest },
    );
    draw(&mut plot, &bins);
    plot.base_line();
    let drawn = Drawn {
        kind: "histogram",
        marks: bins.counts.len(),
        svg: plot.svg.finish(),
        notes,
    };
    request::answer(arguments, &page, drawn)
}

fn survey(numbers: &Numbers) -> Result<(Survey, String, Vec<String>), Failure> {
    let mut survey = Survey {
        count: 0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        spread: None,
        whole: true,
    };
    let mut held = Held::default();
    let mut values = Series::default();
    let (name, notes) = numbers.each(|value| {
        survey.count += 1;
        survey.min = survey.min.min(value);
        survey.max = survey.max.max(value);
        survey.whole &= value.fract() == 0.0;
        values.push(value, &mut held);
    })?;
    values.moments(&mut held);
    survey.spread = values.quantiles(&[0.25, 0.75], &held).map(|found| found[1] - found[0]);
    Ok((survey, name, notes))
}

fn bins_for(survey: &Survey) -> Bins {
    let range = survey.max - survey.min;
    if range == 0.0 {
        // All values are one: a bin around it, with room on both sides.
        let width = if survey.whole {
            around(survey.min)
        } else {
            survey.min.abs() / 10.0
        };
        return Bins {
            start: survey.min - 1.5 * width,
            width,
            counts: vec![0; 3],
        };
    }
    let cube = (survey.count as f64).cbrt();
    // Without a spread between the quartiles, Sturges' rule.
    let wanted = survey
        .spread
        .filter(|spread| *spread > 0.0)
        .map_or(range / (survey.count as f64).log2().ceil().max(1.0), |spread| {
            2.0 * spread / cube
        });
    let least = range / AUTO_BINS_MAX;
    let most = range / AUTO_BINS_MIN;
    // A round width from half the wanted one, for it is better to see more; for whole numbers never less than one.
    let mut width = round_step(wanted.clamp(least, most) * 0.5);
    if survey.whole {
        width = width.max(1.0);
    }
    let start = (survey.min / width + 1e-9).floor() * width;
    let count = ((survey.max - start) / width + 1e-9).floor() as usize + 1;
    Bins {
        start,
        width,
        counts: vec![0; count.clamp(1, BINS_MAX)],
    }
}

fn equal_bins(survey: &Survey, count: usize) -> Bins {
    let range = survey.max / count as f64 - survey.min / count as f64;
    let width = if range > 0.0 { range } else { around(survey.min) };
    let start = if range > 0.0 {
        survey.min
    } else {
        survey.min - 0.5 * width * count as f64
    };
    Bins {
        start,
        width,
        counts: vec![0; count],
    }
}

fn describe(survey: &Survey, bins: &Bins) -> String {
    let fullest = bins.counts.iter().enumerate().max_by_key(|(_, count)| **count);
    let (index, count) = fullest.map_or((0, 0), |(index, count)| (index, *count));
    format!(
        "histogram of {} value{} from {} to {} in {} bin{} of width {}; the fullest, with {}, is from {} to {}.",
        survey.count,
        if survey.count == 1 { "" } else { "s" },
        short(survey.min),
        short(survey.max),
        bins.counts.len(),
        if bins.counts.len() == 1 { "" } else { "s" },
        short(bins.width),
        count,
        short(bins.edge(index)),
        short(bins.edge(index + 1))
    )
}

fn draw(plot: &mut Plot, bins: &Bins) {
    let zero = plot.y.at(0.0);
    for (index, count) in bins.counts.iter().enumerate() {
        let (from, to) = (bins.edge(index), bins.edge(index + 1));
        let (left, right) = (plot.x.at(from), plot.x.at(to));
        let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
        let top = plot.y.at(*count as f64);
        let attributes = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"",
            number(left + gap / 2.0),
            number(top),
            number((right - left - gap).max(0.0)),
            number(zero - top),
            colour(0)
        );
        let tooltip = format!("{} to {}: {}", short(from), short(to), count);
        plot.svg.mark("rect", &attributes, Some(&tooltip));
    }
}
