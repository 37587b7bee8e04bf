//! `describe`: what a table holds, column by column.

use crate::input;
use crate::profile::Profile;
use csv::{ColumnKind, Held, Input, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{object, short_number, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const TOP_VALUES: usize = 5;
const TOP_VALUES_SHOWN: usize = 3;
/// Passes over a file whose later rows disagree with its first ones.
const PASSES_MAX: usize = 3;
const NOTES_MAX: usize = 30;

pub const TOOL: Tool = Tool {
    name: "describe",
    title: "Describe a CSV file",
    description: "Says what a CSV file holds: number of rows, and for every column its type, missing and distinct values, and min, max, mean, median, standard deviation and sum (numbers), most frequent values (text) or first and last (dates). Use it first to learn the column names.",
    input: || input::arguments(Vec::new()),
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

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
    ]);
    schema::closed(vec![
        schema::required("path", schema::any_of("The file; null for text.", &["string", "null"])),
        schema::required("bytes", schema::count("Size.")),
        schema::required("rows", schema::count("Data rows.")),
        schema::required("delimiter", schema::text("What separates cells.")),
        schema::required("encoding", schema::text("Character encoding.")),
        schema::required("decimal", schema::text("Decimal mark.")),
        schema::required("header", schema::boolean("Whether the first row holds the names.")),
        schema::required("columns", schema::list("Columns in their order.", column)),
        input::notes_schema(),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let input = input::read(arguments)?;
    let mut kinds: Vec<Option<ColumnKind>> = Vec::new();
    for _ in 1..PASSES_MAX {
        let mut pass = Pass::over(&input, &kinds)?;
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
    Ok(Pass::over(&input, &kinds)?.answer(input.path))
}

struct Pass {
    table: Table,
    profiles: Vec<Profile>,
    held: Held,
}

impl Pass {
    fn over(input: &Input, kinds: &[Option<ColumnKind>]) -> Result<Pass, Failure> {
        let mut table = Table::open(input)?;
        for (column, kind) in table.columns.iter_mut().zip(kinds) {
            column.kind = kind.unwrap_or(column.kind);
        }
        let mut profiles: Vec<Profile> = table.columns.iter().map(|column| Profile::new(column.kind)).collect();
        let mut held = Held::default();
        while table.next()? {
            for (index, profile) in profiles.iter_mut().enumerate() {
                profile.add(&table, index, &mut held);
            }
        }
        Ok(Pass { table, profiles, held })
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
        let structured = object([
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
        let text = format!(
            "{}: {}, {} ({} bytes, {}, delimiter {}, {} header)\n\n{}{}",
            table.name(),
            input::counted(table.rows, "row"),
            input::counted(self.profiles.len() as u64, "column"),
            table.bytes(),
            table.encoding(),
            input::delimiter_name(table),
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
                let median = profile.series.quantiles([0.5], &self.held).map(|[median]| median);
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
            }
            _ => {}
        }
        shown.row(cells);
        column
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.table.notes();
        let markers: Vec<&str> = self
            .profiles
            .iter()
            .filter_map(|profile| profile.marker.as_deref())
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
                ColumnKind::Number(_) | ColumnKind::Date(_) if !profile.odd.is_empty() => {
                    let (row, value) = &profile.odd[0];
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
