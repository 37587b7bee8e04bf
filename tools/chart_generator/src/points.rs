//! `scatter_plot`.

use crate::frame::{frame, Bottom, Plot, Range};
use crate::request::{self, Drawn, MARKS_MAX};
use crate::svg::{number, paint};
use crate::words::short;
use csv::{Choice, Decimal, Field, Input, Table, Value};
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

const TOOLTIPS_MAX: usize = 600;

pub const TOOL: Tool = Tool {
    name: "scatter_plot",
    title: "Draw a scatter plot",
    description: "Draws a scatter plot as an SVG file, to see how two quantities go together. Give the points, or a CSV file with its columns x and y (and series to colour by).",
    input,
    output: Some(request::output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let item = schema::closed(vec![
        schema::required("x", schema::number("Horizontal place.")),
        schema::required("y", schema::number("Vertical place.")),
        schema::optional("series", schema::text("Name of its series, which gives the colour.")),
    ]);
    request::arguments(vec![
        schema::optional(
            "points",
            schema::list("Points. Give either points, or path with x and y.", item)
                .items(1, 5_000)
                .role("table"),
        ),
        schema::optional("path", schema::text("CSV file to read.").role("file-path")),
        schema::optional(
            "x",
            schema::text("Numeric column for the horizontal axis, or arithmetic of columns.")
                .column_role("column", "number"),
        ),
        schema::optional(
            "y",
            schema::text("Numeric column for the vertical axis, or arithmetic of columns.")
                .column_role("column", "number"),
        ),
        schema::optional(
            "series",
            schema::text("Column to colour by.").column_role("column", "text"),
        ),
    ])
}

struct Points {
    series: Vec<String>,
    /// Place and series of each.
    all: Vec<(f64, f64, usize)>,
    /// Names of the axes, from the columns.
    names: (String, String),
    notes: Vec<String>,
}

fn run(arguments: &Arguments) -> Outcome {
    let points = match (arguments.get("points").is_some(), arguments.text("path")?) {
        (true, None) => from_arguments(arguments)?,
        (false, Some(path)) => from_file(arguments, path)?,
        _ => return Err("give either 'points', or 'path' with the columns 'x' and 'y'.".into()),
    };
    let (x_name, y_name) = &points.names;
    let title = if y_name.is_empty() {
        "Scatter plot".to_owned()
    } else {
        format!("{} and {}", x_name, y_name)
    };
    let mut page = request::page(arguments, &title, x_name, y_name)?;
    if points.series.iter().any(|name| !name.is_empty()) {
        page.series = points
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
    let range = |pick: fn(&(f64, f64, usize)) -> f64| {
        let values = points.all.iter().map(pick);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
            (min.min(value), max.max(value))
        })
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    page.description = describe(&points, x, y);
    let whole = points.all.iter().all(|point| point.0.fract() == 0.0);
    let bottom = Bottom::Numbers {
        min: x.0,
        max: x.1,
        whole,
    };
    let mut plot = frame(&page, &bottom, Range { min: y.0, max: y.1 });
    plot.base_line();
    draw(&mut plot, &points);
    let drawn = Drawn {
        kind: "scatter",
        marks: points.all.len(),
        svg: plot.svg.finish(),
        notes: points.notes,
    };
    request::answer(arguments, &page, drawn)
}

fn from_arguments(arguments: &Arguments) -> Result<Points, Failure> {
    let mut points = Points {
        series: Vec::new(),
        all: Vec::new(),
        names: Default::default(),
        notes: Vec::new(),
    };
    for (index, item) in request::data(arguments, "points", "points")?.iter().enumerate() {
        let x = request::item_number(item, "x", "points", index)?;
        let y = request::item_number(item, "y", "points", index)?;
        let name = request::label_text(item.get("series")).unwrap_or_default();
        let series = request::series_index(&mut points.series, &name)?;
        points.all.push((x, y, series));
    }
    Ok(points)
}

/// An even sample of a stream: when full, every second one goes, and from then on only every second comes in.
struct Sample {
    kept: Vec<(f64, f64, usize)>,
    every: usize,
    seen: usize,
}

impl Sample {
    fn add(&mut self, point: (f64, f64, usize)) {
        if self.seen % self.every == 0 {
            if self.kept.len() == MARKS_MAX {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.every *= 2;
            }
            if self.seen % self.every == 0 {
                self.kept.push(point);
            }
        }
        self.seen += 1;
    }
}

fn from_file(arguments: &Arguments, path: &str) -> Result<Points, Failure> {
    let input = Input {
        path: Some(path),
        text: None,
        delimiter: None,
        header: Choice::Auto,
        decimal: Decimal::Auto,
        sheet: None,
    };
    let mut table = Table::open(&input)?;
    let field = |name: &str| -> Result<(Field, String), Failure> {
        let given = arguments
            .text(name)?
            .ok_or_else(|| Failure(format!("'{}' must name a column of {}.", name, path)))?;
        let field = Field::parse(given, &table)?;
        let name = field.name(given, &table);
        Ok((field, name))
    };
    let ((x, x_name), (y, y_name)) = (field("x")?, field("y")?);
    let by = arguments
        .text("series")?
        .map(|name| table.column_named(name))
        .transpose()?;
    let mut series = Vec::new();
    let mut sample = Sample {
        kept: Vec::new(),
        every: 1,
        seen: 0,
    };
    let mut skipped = 0u64;
    while table.next()? {
        let drawable = |field: &Field| match field.value(&table) {
            Value::Number(number) => request::drawable(number),
            Value::Place(place) => Some(place as f64),
            Value::Missing | Value::Moment(_) | Value::Text => None,
        };
        let (left, up) = match (drawable(&x), drawable(&y)) {
            (Some(left), Some(up)) => (left, up),
            _ => {
                skipped += 1;
                continue;
            }
        };
        let index = match by {
            None => 0,
            Some(by) => {
                let cell = table.cell(by);
                let name = if table.is_missing(by) {
                    "(missing)".to_owned()
                } else {
                    csv::shown(cell)
                };
                request::series_index(&mut series, &name)?
            }
        };
        sample.add((left, up, index));
    }
    let names = (x_name, y_name);
    if sample.kept.is_empty() {
        return Err(Failure(format!(
            "no row of {} has numbers in both '{}' and '{}'.",
            path, names.0, names.1
        )));
    }
    let mut notes = table.notes();
    if skipped > 0 {
        notes.push(format!(
            "{} rows without a number in both columns are left out",
            skipped
        ));
    }
    if sample.every > 1 {
        notes.push(format!("every {}th of {} points is drawn", sample.every, sample.seen));
    }
    if by.is_none() {
        series.push(String::new());
    }
    Ok(Points {
        series,
        all: sample.kept,
        names,
        notes,
    })
}

fn describe(points: &Points, x: (f64, f64), y: (f64, f64)) -> String {
    let count = points.all.len();
    let of = if points.series.len() > 1 {
        format!(" in {} series", points.series.len())
    } else {
        String::new()
    };
    let name = |name: &str, axis: &str| {
        if name.is_empty() {
            axis.to_owned()
        } else {
            name.to_owned()
        }
    };
    format!(
        "scatter plot of {} point{}{}; {} from {} to {}, {} from {} to {}.",
        count,
        if count == 1 { "" } else { "s" },
        of,
        name(&points.names.0, "x"),
        short(x.0),
        short(x.1),
        name(&points.names.1, "y"),
        short(y.0),
        short(y.1)
    )
}

fn draw(plot: &mut Plot, points: &Points) {
    let count = points.all.len();
    let (radius, opacity) = match count {
        0..=300 => (4.5, "0.8"),
        301..=1_500 => (3.5, "0.6"),
        _ => (2.5, "0.45"),
    };
    for (x, y, series) in &points.all {
        let attributes = format!(
            "cx=\"{}\" cy=\"{}\" r=\"{}\" opacity=\"{}\" {}",
            number(plot.x.at(*x)),
            number(plot.y.at(*y)),
            radius,
            opacity,
            paint(*series)
        );
        let name = &points.series[*series];
        let label = if name.is_empty() {
            String::new()
        } else {
            format!("{}: ", name)
        };
        let tooltip = format!("{}{}, {}", label, short(*x), short(*y));
        plot.svg
            .mark("circle", &attributes, (count <= TOOLTIPS_MAX).then(|| tooltip.as_str()));
    }
}
