//! Arguments and results that all charts share.

use crate::frame::Page;
use crate::words;
use mcp::schema::{self, Property, Schema};
use mcp::{object, Answer, Arguments, Failure, Json};

pub const MARKS_MAX: usize = 5_000;
pub const SERIES_MAX: usize = 24;
const WIDTH: (i64, i64, i64) = (800, 240, 2_400);
const HEIGHT: (i64, i64, i64) = (480, 160, 1_600);
const WORDS_CHARS_MAX: usize = 200;

/// The tool's own arguments, then words and size.
pub fn arguments(mut own: Vec<Property>) -> Schema {
    own.extend([
        schema::optional("title", schema::text("Short title above the chart.").role("title")),
        schema::optional(
            "x_label",
            schema::text("Name of the horizontal axis.").role("axis-label"),
        ),
        schema::optional(
            "y_label",
            schema::text("Name of the vertical axis, with its unit.").role("axis-label"),
        ),
        schema::optional(
            "width",
            schema::integer("Width in pixels.", WIDTH.1, WIDTH.2).default(WIDTH.0),
        ),
        schema::optional(
            "height",
            schema::integer("Height in pixels.", HEIGHT.1, HEIGHT.2).default(HEIGHT.0),
        ),
        schema::optional(
            "file_name",
            schema::text("Name of the SVG file; made of the title when absent.").role("output-path"),
        ),
    ]);
    schema::closed(own)
}

pub fn output() -> Schema {
    schema::closed(vec![
        schema::required("file_name", schema::text("The SVG file, an artifact of the run.")),
        schema::required(
            "kind",
            schema::one_of("Kind of chart.", &["bar", "line", "scatter", "histogram"]),
        ),
        schema::required("title", schema::text("Title of the chart.")),
        schema::required("width", schema::count("Pixels.")),
        schema::required("height", schema::count("Pixels.")),
        schema::required("marks", schema::count("Bars or points drawn.")),
        schema::required("series", schema::list("Names of the series.", schema::text("Name."))),
        schema::required("files", schema::list("Files made.", schema::text("Name."))),
        schema::required(
            "notes",
            schema::list("What to know about the chart.", schema::text("One sentence.")),
        ),
    ])
}

/// The page asked for. `title` and labels are used where the arguments say none.
pub fn page(arguments: &Arguments, title: &str, x_label: &str, y_label: &str) -> Result<Page, Failure> {
    let words = |name: &str, default: &str| -> Result<String, Failure> {
        let given = arguments.text(name)?.map(str::trim).filter(|text| !text.is_empty());
        Ok(given.unwrap_or(default).chars().take(WORDS_CHARS_MAX).collect())
    };
    Ok(Page {
        title: words("title", title)?,
        description: String::new(),
        x_label: words("x_label", x_label)?,
        y_label: words("y_label", y_label)?,
        width: arguments.integer("width", WIDTH.0, (WIDTH.1, WIDTH.2))? as f64,
        height: arguments.integer("height", HEIGHT.0, (HEIGHT.1, HEIGHT.2))? as f64,
        series: Vec::new(),
    })
}

/// What was drawn.
pub struct Drawn {
    pub kind: &'static str,
    pub marks: usize,
    pub svg: String,
    pub notes: Vec<String>,
}

pub fn answer(arguments: &Arguments, page: &Page, drawn: Drawn) -> Result<Answer, Failure> {
    let file_name = words::file_name(arguments.text("file_name")?, &page.title);
    let texts = |items: &[String]| items.iter().map(|item| Json::from(item.clone())).collect::<Vec<Json>>();
    let structured = object([
        ("file_name", file_name.clone().into()),
        ("kind", drawn.kind.into()),
        ("title", page.title.clone().into()),
        ("width", (page.width as i64).into()),
        ("height", (page.height as i64).into()),
        ("marks", drawn.marks.into()),
        ("series", texts(&page.series).into()),
        ("files", vec![file_name.clone().into()].into()),
        ("notes", texts(&drawn.notes).into()),
    ]);
    let notes: String = drawn.notes.iter().map(|note| format!("\nNote: {}.", note)).collect();
    let text = format!("Drew {} into {}: {}{}", page.title, file_name, page.description, notes);
    Ok(Answer::new(text, structured).with_file(file_name, "image/svg+xml", drawn.svg))
}

/// The series' number, new names added; an error past the most that colours can tell apart.
pub fn series_index(series: &mut Vec<String>, name: &str) -> Result<usize, Failure> {
    if let Some(index) = series.iter().position(|known| known == name) {
        return Ok(index);
    }
    if series.len() == SERIES_MAX {
        return Err(Failure(format!(
            "there are more than {} series; draw fewer, or group them first.",
            SERIES_MAX
        )));
    }
    series.push(name.to_owned());
    Ok(series.len() - 1)
}

/// A label given as text, number or boolean.
pub fn label_text(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::Text(text) => Some(text.trim().to_owned()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null => Some("(missing)".to_owned()),
        number @ (Json::Integer(_) | Json::Number(_)) => Some(number.to_line()),
        _ => None,
    }
}

/// Items of the data argument, checked for their number.
pub fn data<'a>(arguments: &Arguments<'a>, name: &str, what: &str) -> Result<&'a [Json], Failure> {
    let items = arguments
        .list(name)?
        .ok_or_else(|| Failure(format!("the argument '{}' is missing.", name)))?;
    if items.is_empty() {
        return Err(Failure(format!("'{}' is empty: there is nothing to draw.", name)));
    }
    if items.len() > MARKS_MAX {
        return Err(Failure(format!(
            "'{}' holds {} {}; at most {} are drawn. Group or sample them first.",
            name,
            items.len(),
            what,
            MARKS_MAX
        )));
    }
    Ok(items)
}

/// Sizes beyond this cannot be drawn: the ends of an axis would be infinite. Sizes below its inverse are zero.
const SIZE_MAX: f64 = 1e300;

/// The value as it is drawn; none when it is too large.
pub fn drawable(value: f64) -> Option<f64> {
    if value.abs() < 1.0 / SIZE_MAX {
        return Some(0.0);
    }
    (value.abs() <= SIZE_MAX).then(|| value)
}

/// A number that can be drawn, or an error that names the item.
pub fn item_number(item: &Json, member: &str, name: &str, index: usize) -> Result<f64, Failure> {
    let value = item.get(member).and_then(Json::as_number).and_then(drawable);
    value.ok_or_else(|| {
        Failure(format!(
            "item {} of '{}' has no number (up to 1e300) as '{}'.",
            index + 1,
            name,
            member
        ))
    })
}
