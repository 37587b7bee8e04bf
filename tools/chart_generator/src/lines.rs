//! `line_chart`.

use crate::frame::{frame, inner_marks, Bottom, Plot, Range};
use crate::request::{self, Drawn};
use crate::scale::around;
use crate::svg::{colour, number};
use crate::times::time_marks;
use crate::words::short;
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

const POINTS_WITH_DOTS_MAX: usize = 60;
const TOOLTIPS_MAX: usize = 1_000;
const COLOURS: usize = 8;

pub const TOOL: Tool = Tool {
    name: "line_chart",
    title: "Draw a line chart",
    description: "Draws a line chart as an SVG file: values over numbers, dates (2024-05-31, 2024-05, 2024-Q2, Apr 1 2024, 5/31/2024 …) or labels, with one line for each series. Numbers and dates stand in their order, labels in the order given.",
    input,
    output: Some(request::output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let item = schema::closed(vec![
        schema::required("x", schema::any_of("Number, date or label.", &["string", "number"])),
        schema::required("y", schema::number("Value.")),
        schema::optional("series", schema::text("Name of its line.")),
    ]);
    request::arguments(vec![schema::required(
        "data",
        schema::list("Points.", item).items(1, 5_000).role("table"),
    )])
}

/// What stands along the bottom.
enum Axis {
    Numbers { whole: bool },
    Times,
    Labels(Vec<String>),
}

struct Point {
    x: f64,
    y: f64,
    name: String,
}

struct Lines {
    axis: Axis,
    names: Vec<String>,
    lines: Vec<Vec<Point>>,
}

fn read(arguments: &Arguments) -> Result<Lines, Failure> {
    let items = request::data(arguments, "data", "points")?;
    let mut texts = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let text = request::label_text(item.get("x"));
        texts.push(text.ok_or_else(|| Failure(format!("item {} of 'data' has no 'x'.", index + 1)))?);
    }
    let (axis, places) = place(&texts);
    let mut names = Vec::new();
    let mut lines: Vec<Vec<Point>> = Vec::new();
    for (index, ((item, text), x)) in items.iter().zip(texts).zip(places).enumerate() {
        let y = request::item_number(item, "y", "data", index)?;
        let series = request::series_index(&mut names, &request::label_text(item.get("series")).unwrap_or_default())?;
        lines.resize_with(lines.len().max(series + 1), Vec::new);
        lines[series].push(Point { x, y, name: text });
    }
    for line in &mut lines {
        line.sort_by(|left, right| left.x.total_cmp(&right.x));
    }
    Ok(Lines { axis, names, lines })
}

/// The kind of axis that all texts fit, and their places on it.
fn place(texts: &[String]) -> (Axis, Vec<f64>) {
    let numbers: Option<Vec<f64>> = texts
        .iter()
        .map(|text| text.parse().ok().filter(|x: &f64| x.is_finite()))
        .collect();
    if let Some(numbers) = numbers {
        let whole = numbers.iter().all(|x| x.fract() == 0.0);
        return (Axis::Numbers { whole }, numbers);
    }
    if let Some(times) = csv::times_of(texts) {
        return (Axis::Times, times);
    }
    let mut labels: Vec<String> = Vec::new();
    let mut known = std::collections::BTreeMap::new();
    let mut places = Vec::with_capacity(texts.len());
    for text in texts {
        let place = *known.entry(text).or_insert_with(|| {
            labels.push(text.clone());
            labels.len() - 1
        });
        places.push(place as f64 + 0.5);
    }
    (Axis::Labels(labels), places)
}

fn run(arguments: &Arguments) -> Outcome {
    let chart = read(arguments)?;
    let mut page = request::page(arguments, "", "", "")?;
    if page.title.is_empty() {
        page.title = if page.y_label.is_empty() {
            "Line chart".to_owned()
        } else {
            page.y_label.clone()
        };
    }
    if chart.names.iter().any(|name| !name.is_empty()) {
        page.series = chart
            .names
            .iter()
            .map(|name| {
                if name.is_empty() {
                    "(none)".to_owned()
                } else {
                    name.clone()
                }
            })
            .collect();
    }
    let all = || chart.lines.iter().flatten();
    let count = all().count();
    page.description = describe(&chart, count);
    let xs = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), point| {
        (min.min(point.x), max.max(point.x))
    });
    let ys = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), point| {
        (min.min(point.y), max.max(point.y))
    });
    let mut plot = frame(&page, &bottom(&chart.axis, xs, page.width), value_range(ys));
    plot.base_line();
    draw(&mut plot, &chart, count);
    let drawn = Drawn {
        kind: "line",
        marks: count,
        svg: plot.svg.finish(),
        notes: Vec::new(),
    };
    request::answer(arguments, &page, drawn)
}

/// The values' range, with zero when it is near.
pub fn value_range((min, max): (f64, f64)) -> Range {
    const NEAR: f64 = 0.4;
    if min > 0.0 && min <= max * NEAR {
        Range { min: 0.0, max }
    } else if max < 0.0 && max >= min * NEAR {
        Range { min, max: 0.0 }
    } else {
        Range { min, max }
    }
}

fn bottom(axis: &Axis, (min, max): (f64, f64), width: f64) -> Bottom {
    const DAY: f64 = 86_400e6;
    let room = width - 120.0;
    match axis {
        Axis::Labels(labels) => Bottom::Bands(labels.clone()),
        Axis::Times => {
            let (min, max) = if min == max { (min - DAY, max + DAY) } else { (min, max) };
            let marks = time_marks(min as i64, max as i64, ((room / 90.0) as usize).clamp(2, 12));
            Bottom::Marked { min, max, marks }
        }
        Axis::Numbers { whole } => {
            let (min, max) = if min == max {
                (min - around(min), max + around(max))
            } else {
                (min, max)
            };
            Bottom::Marked {
                min,
                max,
                marks: inner_marks(room, min, max, *whole),
            }
        }
    }
}

fn describe(chart: &Lines, count: usize) -> String {
    let lines = chart.lines.len();
    let mut text = format!("line chart of {} point{}", count, if count == 1 { "" } else { "s" });
    if lines > 1 {
        text.push_str(&format!(" in {} lines", lines));
    }
    let all = || chart.lines.iter().flatten();
    let low = all().min_by(|left, right| left.y.total_cmp(&right.y));
    let high = all().max_by(|left, right| left.y.total_cmp(&right.y));
    if let (Some(low), Some(high), true) = (low, high, count > 1) {
        text.push_str(&format!(
            "; highest {} at {}, lowest {} at {}",
            short(high.y),
            high.name,
            short(low.y),
            low.name
        ));
    }
    text.push('.');
    text
}

fn draw(plot: &mut Plot, chart: &Lines, count: usize) {
    for (index, line) in chart.lines.iter().enumerate() {
        let places: Vec<(f64, f64)> = line
            .iter()
            .map(|point| (plot.x.at(point.x), plot.y.at(point.y)))
            .collect();
        let steps: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{} {}", number(*x), number(*y)))
            .collect();
        let dashes = if index < COLOURS {
            ""
        } else {
            " stroke-dasharray=\"7 4\""
        };
        let attributes = format!(
            "d=\"M{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"{}",
            steps.join("L"),
            colour(index),
            dashes
        );
        if places.len() > 1 {
            plot.svg.mark("path", &attributes, None);
        }
        if line.len() > POINTS_WITH_DOTS_MAX {
            continue;
        }
        for (point, (x, y)) in line.iter().zip(places) {
            let attributes = format!(
                "class=\"cx-point\" cx=\"{}\" cy=\"{}\" r=\"4\" stroke-width=\"1.5\" fill=\"{}\"",
                number(x),
                number(y),
                colour(index)
            );
            let name = &chart.names[index];
            let series = if name.is_empty() {
                String::new()
            } else {
                format!("{}, ", name)
            };
            let tooltip = format!("{}{}: {}", series, point.name, short(point.y));
            plot.svg
                .mark("circle", &attributes, (count <= TOOLTIPS_MAX).then(|| tooltip.as_str()));
        }
    }
}
