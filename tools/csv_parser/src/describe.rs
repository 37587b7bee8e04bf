//! `describe`: what a table holds, column by column.

use crate::find::{Finder, Texts};
use crate::input;
use crate::profile::Profile;
use csv::{Affix, Column, ColumnKind, DateStyle, Held, Input, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{object, short_number, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const TOP_VALUES: usize = 5;
/// Different values up to which all are given.
const VALUES_MAX: usize = 50;
const TOP_VALUES_SHOWN: usize = 3;
/// Passes over a file whose later rows disagree with its first ones.
const PASSES_MAX: usize = 3;
const NOTES_MAX: usize = 30;

pub const TOOL: Tool = Tool {
    name: "describe",
    title: "Describe a CSV file",
    description: "Says what a CSV file holds: number of rows, and for every column its type, missing and distinct values, and min, max, mean, median, standard deviation and sum (numbers), most frequent values (text) or first and last (dates). Use it first to learn the column names. With find it also says in which columns and values the words of a question stand.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    input::arguments(vec![schema::optional(
        "find",
        schema::list(
            "Words or phrases to look for in the cells of all rows, such as \"Germany\"; the result's 'found' says in which columns and values they stand.",
            schema::text("Word or phrase."),
        )
        .items(0, 64),
    )])
}

fn output() -> Schema {
    let number = |description| schema::any_of(description, &["number", "null"]);
    let top = schema::closed(vec![
        schema::required("value", schema::text("The value.")),
        schema::required("count", schema::count("Rows with it.")),
    ]);
    let column = schema::closed(vec![
        schema::required("name", schema::text("Column name.")),
        schema::required(
            "type",
            schema::one_of("Kind of its values.", &["number", "text", "date", "empty"]),
        ),
        schema::required("missing", schema::count("Rows without a value.")),
        schema::optional(
            "distinct",
            schema::any_of(
                "Different values; a text such as \">10000\" when there are more.",
                &["integer", "string"],
            ),
        ),
        schema::optional(
            "min",
            schema::any_of("Smallest number or first date.", &["number", "string", "null"]),
        ),
        schema::optional(
            "max",
            schema::any_of("Largest number or last date.", &["number", "string", "null"]),
        ),
        schema::optional("mean", number("Arithmetic mean.")),
        schema::optional("median", number("Median; null when too many values to hold.")),
        schema::optional("stdev", number("Standard deviation of a sample (n - 1).")),
        schema::optional("sum", number("Sum.")),
        schema::optional("top", schema::list("Most frequent values.", top)),
        schema::optional(
            "values",
            schema::list(
                "All values, when there are at most 50: texts by how often they come, numbers in their order.",
                schema::any_of("Value.", &["string", "number"]),
            ),
        ),
        schema::optional(
            "reading",
            schema::closed(vec![
                schema::optional("unit", schema::text("%, or the signs of currency that were left out.")),
                schema::optional("decimal", schema::text("Decimal mark, where it is a comma.")),
                schema::optional("thousands", schema::text("What stands between groups of three digits.")),
                schema::optional(
                    "date_order",
                    schema::one_of("How dates are read.", &["day first", "month first"]),
                ),
                schema::optional(
                    "missing_markers",
                    schema::whole(Vec::new()).described("What is written where a value is missing, and how often."),
                ),
                schema::optional(
                    "text_cells",
                    schema::whole(Vec::new()).described(
                        "Words among the numbers or dates, which are left out of the figures, and how often.",
                    ),
                ),
            ])
            .described("How the column was read, where that is not obvious."),
        ),
    ]);
    let found = schema::closed(vec![
        schema::required("text", schema::text("The text looked for.")),
        schema::required("column", schema::text("Column name.")),
        schema::required("value", schema::any_of("Value that holds it.", &["string", "number"])),
        schema::required("rows", schema::count("Rows with the value.")),
        schema::required(
            "match",
            schema::one_of(
                "The whole value, words of it, or words with another ending.",
                &["equal", "word", "stem"],
            ),
        ),
    ]);
    schema::closed(vec![
        schema::required("path", schema::any_of("The file; null for text.", &["string", "null"])),
        schema::required("bytes", schema::count("Size.")),
        schema::required("rows", schema::count("Data rows.")),
        schema::optional(
            "format",
            schema::text("What the table is written as, when it is not CSV."),
        ),
        schema::required("delimiter", schema::text("What separates cells.")),
        schema::required("encoding", schema::text("Character encoding.")),
        schema::required("decimal", schema::text("Decimal mark.")),
        schema::required("header", schema::boolean("Whether the first row holds the names.")),
        schema::required("columns", schema::list("Columns in their order.", column)),
        schema::optional(
            "found",
            schema::list("Values that hold a text of 'find', at most 20 for each text.", found),
        ),
        schema::optional(
            "found_total",
            schema::whole(Vec::new()).described("How many values hold a text of which more than 20 do."),
        ),
        input::notes_schema(),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let input = input::read(arguments)?;
    let texts = match arguments.texts("find")? {
        Some(given) if !given.is_empty() => Some(Texts::new(&given)?),
        _ => None,
    };
    let mut kinds: Vec<Option<ColumnKind>> = Vec::new();
    for _ in 1..PASSES_MAX {
        let mut pass = Pass::over(&input, &kinds, texts.as_ref())?;
        let revised: Vec<_> = pass
            .profiles
            .iter()
            .map(|profile| profile.revised(&pass.table))
            .collect();
        if revised.iter().all(Option::is_none) {
            return Ok(pass.answer(input.path));
        }
        kinds.resize(revised.len(), None);
        for (kind, revised) in kinds.iter_mut().zip(revised) {
            // A column that was revised once and still does not fit is text.
            *kind = match (*kind, revised) {
                (Some(_), Some(_)) => Some(ColumnKind::Text),
                (before, revised) => revised.or(before),
            };
        }
    }
    Ok(Pass::over(&input, &kinds, texts.as_ref())?.answer(input.path))
}

struct Pass<'a> {
    table: Table,
    profiles: Vec<Profile>,
    held: Held,
    finder: Option<Finder<'a>>,
}

impl<'a> Pass<'a> {
    fn over(input: &Input, kinds: &[Option<ColumnKind>], texts: Option<&'a Texts>) -> Result<Pass<'a>, Failure> {
        let mut table = Table::open(input)?;
        for (column, kind) in table.columns.iter_mut().zip(kinds) {
            column.kind = kind.unwrap_or(column.kind);
        }
        let mut profiles: Vec<Profile> = table.columns.iter().map(|column| Profile::new(column.kind)).collect();
        let mut held = Held::default();
        let mut finder = texts.map(Finder::new);
        while table.next()? {
            for (index, profile) in profiles.iter_mut().enumerate() {
                profile.add(&table, index, &mut held);
            }
            if let Some(finder) = &mut finder {
                (0..profiles.len()).for_each(|index| finder.add(&table, index));
            }
        }
        Ok(Pass {
            table,
            profiles,
            held,
            finder,
        })
    }

    fn answer(&mut self, path: Option<&str>) -> Answer {
        let mut shown = TextTable::new(vec![
            ("column".into(), Align::Left),
            ("type".into(), Align::Left),
            ("missing".into(), Align::Right),
            ("distinct".into(), Align::Right),
            ("min".into(), Align::Right),
            ("max".into(), Align::Right),
            ("mean".into(), Align::Right),
            ("median".into(), Align::Right),
            ("stdev".into(), Align::Right),
            ("most frequent".into(), Align::Left),
        ]);
        let columns: Vec<Json> = (0..self.profiles.len())
            .map(|index| self.column(index, &mut shown))
            .collect();
        let notes = self.notes();
        let table = &self.table;
        let mut structured = object([
            ("path", path.map(str::to_owned).into()),
            ("bytes", table.bytes().into()),
            ("rows", table.rows.into()),
            ("delimiter", input::delimiter_name(table).into()),
            ("encoding", table.encoding().into()),
            ("decimal", char::from(table.decimal).to_string().into()),
            ("header", table.has_header.into()),
            ("columns", columns.into()),
            ("notes", input::texts_json(&notes)),
        ]);
        if table.format != "csv" {
            structured.push("format", table.format);
        }
        if let Some((found, totals)) = self.finder.as_ref().map(|finder| finder.answer(table)) {
            structured.push("found", found);
            if totals != object([]) {
                structured.push("found_total", totals);
            }
        }
        let text = format!(
            "{}: {}, {} ({} bytes, {}, {}, {} header)\n\n{}{}",
            table.name(),
            input::counted(table.rows, "row"),
            input::counted(self.profiles.len() as u64, "column"),
            table.bytes(),
            table.encoding(),
            if table.format == "csv" {
                format!("delimiter {}", input::delimiter_name(table))
            } else {
                table.format.to_owned()
            },
            if table.has_header { "with" } else { "without" },
            shown.render(),
            input::notes_text(&notes)
        );
        Answer::new(text, structured)
    }

    fn column(&mut self, index: usize, shown: &mut TextTable) -> Json {
        let profile = &mut self.profiles[index];
        let name = &self.table.columns[index].name;
        let mut column = object([("name", name.clone().into())]);
        let mut cells = vec![name.clone()];
        let kind = match profile.kind {
            _ if profile.present() == 0 => "empty",
            ColumnKind::Number(_) => "number",
            ColumnKind::Date(_) => "date",
            _ => "text",
        };
        column.push("type", kind);
        column.push("missing", profile.missing);
        cells.extend([kind.to_owned(), profile.missing.to_string()]);
        let mut numbers = |cells: &mut Vec<String>, members: &[(&'static str, Option<f64>)]| {
            for (name, value) in members {
                column.push(*name, *value);
                cells.push(value.map_or(String::new(), short_number));
            }
        };
        match kind {
            "number" => {
                let moments = profile.series.moments(&mut self.held);
                let distinct = match &profile.series.distinct {
                    Some(seen) => distinct(seen.count(), seen.is_full()),
                    None => Json::Null,
                };
                cells.push(text_of(&distinct));
                let median = profile.series.quantiles(&[0.5], &self.held).map(|found| found[0]);
                let members = [
                    ("min", moments.min()),
                    ("max", moments.max()),
                    ("mean", moments.mean()),
                    ("median", median),
                    ("stdev", moments.stdev()),
                ];
                numbers(&mut cells, &members);
                column.push("sum", moments.sum());
                column.push("distinct", distinct);
                let values = profile.series.distinct.as_ref().and_then(|seen| seen.values());
                if let Some(values) = values.filter(|values| values.len() <= VALUES_MAX) {
                    column.push("values", values.into_iter().map(Json::from).collect::<Vec<_>>());
                }
            }
            "date" => {
                let (first, last) = (
                    profile.first.map(|first| first.to_text()),
                    profile.last.map(|last| last.to_text()),
                );
                cells.extend([
                    String::new(),
                    first.clone().unwrap_or_default(),
                    last.clone().unwrap_or_default(),
                ]);
                column.push("min", first);
                column.push("max", last);
            }
            "text" => {
                let distinct = distinct(profile.texts_seen.count(), profile.texts_seen.full);
                cells.push(text_of(&distinct));
                column.push("distinct", distinct);
                let top = profile.texts_seen.top(TOP_VALUES);
                let some: Vec<String> = top
                    .iter()
                    .take(TOP_VALUES_SHOWN)
                    .map(|(value, count)| format!("{} ({})", value, count))
                    .collect();
                cells.extend(std::iter::repeat(String::new()).take(5));
                cells.push(some.join(", "));
                let top: Vec<Json> = top
                    .into_iter()
                    .map(|(value, count)| object([("value", value.into()), ("count", count.into())]))
                    .collect();
                column.push("top", top);
                if !profile.texts_seen.full && profile.texts_seen.count() <= VALUES_MAX {
                    let values = profile.texts_seen.top(VALUES_MAX);
                    column.push(
                        "values",
                        values.into_iter().map(|(value, _)| value.into()).collect::<Vec<Json>>(),
                    );
                }
            }
            _ => {}
        }
        shown.row(cells);
        if let Some(reading) = reading(&self.table.columns[index], &self.profiles[index]) {
            column.push("reading", reading);
        }
        column
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.table.notes();
        let markers: Vec<&str> = self
            .profiles
            .iter()
            .flat_map(|profile| profile.markers.iter().map(|(marker, _)| marker.as_str()))
            .collect();
        if let Some(marker) = markers.first() {
            notes.push(format!("cells such as '{}' count as missing", marker));
        }
        if self.held.exceeded {
            notes.push(format!(
                "there are more than {} numbers, so medians are not computed",
                VALUES_HELD_MAX
            ));
        }
        for (column, profile) in self.table.columns.iter().zip(&self.profiles) {
            let name = &column.name;
            match profile.kind {
                ColumnKind::Number(_) | ColumnKind::Date(_) if profile.odd.count > 0 => {
                    let (row, value) = &profile.odd.shown[0];
                    let kind = if profile.first.is_some() { "dates" } else { "numbers" };
                    notes.push(format!(
                        "some values of '{}' are not {} and were left out, such as '{}' in row {}",
                        name, kind, value, row
                    ));
                }
                ColumnKind::Text if profile.codes > 0 && profile.codes + profile.numbers() == profile.present() => {
                    notes.push(format!("'{}' holds digits with leading zeros, so it is text", name));
                }
                ColumnKind::Text if profile.big > 0 && profile.numbers() == profile.present() => {
                    notes.push(format!(
                        "'{}' holds whole numbers above 2^53, which are kept as text so that no digit is lost",
                        name
                    ));
                }
                ColumnKind::Text if profile.texts_seen.full => {
                    notes.push(format!(
                        "the most frequent values of '{}' are those among the first {} different ones",
                        name,
                        profile.texts_seen.count()
                    ));
                }
                _ => {}
            }
        }
        if notes.len() > NOTES_MAX {
            let more = notes.len() - NOTES_MAX;
            notes.truncate(NOTES_MAX);
            notes.push(format!("and {} notes more", more));
        }
        notes
    }
}

/// How a column was read, where that is not obvious.
fn reading(column: &Column, profile: &Profile) -> Option<Json> {
    let mut reading = object([]);
    match profile.kind {
        ColumnKind::Number(style) => {
            let unit = match style.affix {
                Affix::Percent => "%".to_owned(),
                _ => column.unit.clone(),
            };
            if !unit.is_empty() {
                reading.push("unit", unit);
            }
            if style.decimal == b',' {
                reading.push("decimal", ",");
            }
            if let Some(mark) = column.thousands.filter(|mark| *mark != char::from(style.decimal)) {
                reading.push("thousands", mark.to_string());
            }
        }
        ColumnKind::Date(DateStyle::DayFirst) => reading.push("date_order", "day first"),
        ColumnKind::Date(DateStyle::MonthFirst) => reading.push("date_order", "month first"),
        _ => {}
    }
    let counts = |counts: &[(String, u64)]| {
        let mut members = object([]);
        for (name, count) in counts {
            members.push(name.clone(), *count);
        }
        members
    };
    if !profile.markers.is_empty() {
        reading.push("missing_markers", counts(&profile.markers));
    }
    let is_text = matches!(profile.kind, ColumnKind::Text | ColumnKind::Empty);
    if !profile.odd.words.is_empty() && !is_text {
        reading.push("text_cells", counts(&profile.odd.words));
    }
    (reading != object([])).then(|| reading)
}

fn distinct(count: usize, full: bool) -> Json {
    if full {
        format!(">{}", count.min(csv::DISTINCT_MAX)).into()
    } else {
        count.into()
    }
}

fn text_of(value: &Json) -> String {
    match value {
        Json::Text(text) => text.to_string(),
        other => other.to_line(),
    }
}
