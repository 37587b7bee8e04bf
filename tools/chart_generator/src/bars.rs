//! `bar_chart`.

use crate::frame::{frame, Bottom, Plot, Range};
use crate::request::{self, Drawn};
use crate::svg::{number, paint, Anchor};
use crate::words::{short, text_width};
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

const VALUE_LABELS_MAX: usize = 40;
const VALUE_SIZE: f64 = 11.5;
const TOOLTIPS_MAX: usize = 1_000;

pub const TOOL: Tool = Tool {
    name: "bar_chart",
    title: "Draw a bar chart",
    description: "Draws a bar chart as an SVG file from labelled values, such as the rows of a grouping. With a series, bars of a label stand side by side.",
    input,
    output: Some(request::output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let item = schema::closed(vec![
        schema::required(
            "label",
            schema::any_of("What the bar stands for.", &["string", "number"]),
        ),
        schema::required("value", schema::number("How high it is.")),
        schema::optional("series", schema::text("Name of its series, for grouped bars.")),
    ]);
    request::arguments(vec![schema::required(
        "data",
        schema::list("Bars in their order.", item).items(1, 5_000).role("table"),
    )])
}

struct Bars {
    labels: Vec<String>,
    series: Vec<String>,
    /// By label, then series; none where there is no bar.
    values: Vec<Vec<Option<f64>>>,
    repeated: usize,
    count: usize,
}

fn read(arguments: &Arguments) -> Result<Bars, Failure> {
    let mut bars = Bars {
        labels: Vec::new(),
        series: Vec::new(),
        values: Vec::new(),
        repeated: 0,
        count: 0,
    };
    let mut places = std::collections::BTreeMap::new();
    for (index, item) in request::data(arguments, "data", "bars")?.iter().enumerate() {
        let label = request::label_text(item.get("label"))
            .ok_or_else(|| Failure(format!("item {} of 'data' has no 'label'.", index + 1)))?;
        let value = request::item_number(item, "value", "data", index)?;
        let name = request::label_text(item.get("series")).unwrap_or_default();
        let series = request::series_index(&mut bars.series, &name)?;
        let place = *places.entry(label.clone()).or_insert_with(|| {
            bars.labels.push(label);
            bars.values.push(Vec::new());
            bars.labels.len() - 1
        });
        let values = &mut bars.values[place];
        values.resize(values.len().max(series + 1), None);
        bars.repeated += usize::from(values[series].is_some());
        bars.count += usize::from(values[series].is_none());
        values[series] = Some(values[series].unwrap_or(0.0) + value);
    }
    Ok(bars)
}

fn run(arguments: &Arguments) -> Outcome {
    let bars = read(arguments)?;
    let mut page = request::page(arguments, "", "", "")?;
    if page.title.is_empty() {
        page.title = match (page.y_label.as_str(), page.x_label.as_str()) {
            ("", _) => "Bar chart".to_owned(),
            (y, "") => y.to_owned(),
            (y, x) => format!("{} by {}", y, x),
        };
    }
    if bars.series.iter().any(|name| !name.is_empty()) {
        page.series = bars
            .series
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
    page.description = describe(&bars);
    let all = bars.values.iter().flatten().flatten();
    let (min, max) = all.fold((0.0, 0.0), |(min, max): (f64, f64), value| {
        (min.min(*value), max.max(*value))
    });
    let mut plot = frame(&page, &Bottom::Bands(bars.labels.clone()), Range { min, max });
    draw(&mut plot, &bars);
    plot.base_line();
    let mut notes = Vec::new();
    if bars.repeated > 0 {
        notes.push(format!(
            "{} values came for a bar that had one already and were added to it",
            bars.repeated
        ));
    }
    let drawn = Drawn {
        kind: "bar",
        marks: bars.count,
        svg: plot.svg.finish(),
        notes,
    };
    request::answer(arguments, &page, drawn)
}

fn describe(bars: &Bars) -> String {
    let mut extremes: Option<((f64, String), (f64, String))> = None;
    for (label, values) in bars.labels.iter().zip(&bars.values) {
        for (series, value) in values
            .iter()
            .enumerate()
            .filter_map(|(series, value)| Some((series, (*value)?)))
        {
            let name = &bars.series[series];
            let here = || {
                (
                    value,
                    if name.is_empty() {
                        label.clone()
                    } else {
                        format!("{}, {}", label, name)
                    },
                )
            };
            extremes = Some(match extremes.take() {
                None => (here(), here()),
                Some((low, high)) => (
                    if value < low.0 { here() } else { low },
                    if value > high.0 { here() } else { high },
                ),
            });
        }
    }
    let plural = if bars.count == 1 { "" } else { "s" };
    let mut text = format!("bar chart of {} bar{}", bars.count, plural);
    if let Some((low, high)) = extremes {
        text.push_str(&format!("; highest {} ({})", high.1, short(high.0)));
        if bars.count > 1 {
            text.push_str(&format!(", lowest {} ({})", low.1, short(low.0)));
        }
    }
    text.push('.');
    text
}

fn draw(plot: &mut Plot, bars: &Bars) {
    let band = plot.x.at(1.0) - plot.x.at(0.0);
    let series = bars.series.len().max(1) as f64;
    // Few bars stay slender, many fill their band.
    let filled = (band * if band > 12.0 { 0.72 } else { 0.9 }).min(series * 110.0);
    let pitch = filled / series;
    let width = if bars.series.len() > 1 && pitch > 6.0 {
        pitch - 2.0
    } else {
        pitch
    };
    let zero = plot.y.at(0.0);
    let labelled = bars.count <= VALUE_LABELS_MAX && fit_values(bars, pitch);
    for (place, values) in bars.values.iter().enumerate() {
        let left = plot.x.at(place as f64 + 0.5) - filled / 2.0;
        for (index, value) in values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| Some((index, (*value)?)))
        {
            let x = left + pitch * index as f64 + (pitch - width) / 2.0;
            let end = plot.y.at(value);
            let attributes = format!("d=\"{}\" {}", outline(x, width, zero, end), paint(index));
            let name = &bars.series[index];
            let label = &bars.labels[place];
            let tooltip = if name.is_empty() {
                format!("{}: {}", label, short(value))
            } else {
                format!("{}, {}: {}", label, name, short(value))
            };
            plot.svg.mark(
                "path",
                &attributes,
                (bars.count <= TOOLTIPS_MAX).then(|| tooltip.as_str()),
            );
            if labelled {
                let y = if value < 0.0 { end + VALUE_SIZE + 2.0 } else { end - 5.0 };
                plot.svg
                    .text((x + width / 2.0, y), "cx-value", Anchor::Middle, &short(value));
            }
        }
    }
}

/// A bar with its outer corners rounded.
fn outline(x: f64, width: f64, zero: f64, end: f64) -> String {
    let height = (end - zero).abs();
    let radius = (width / 4.0).min(height).min(3.0);
    let turn = if end > zero { -radius } else { radius };
    let right = x + width;
    let n = number;
    if radius < 0.5 {
        return format!("M{} {}V{}H{}V{}Z", n(x), n(zero), n(end), n(right), n(zero));
    }
    format!(
        "M{} {}V{}Q{} {} {} {}H{}Q{} {} {} {}V{}Z",
        n(x),
        n(zero),
        n(end + turn),
        n(x),
        n(end),
        n(x + radius),
        n(end),
        n(right - radius),
        n(right),
        n(end),
        n(right),
        n(end + turn),
        n(zero)
    )
}

fn fit_values(bars: &Bars, pitch: f64) -> bool {
    let values = bars.values.iter().flatten().flatten();
    values
        .map(|value| text_width(&short(*value), VALUE_SIZE))
        .fold(0.0, f64::max)
        + 2.0
        <= pitch
}
