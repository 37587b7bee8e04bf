//! `to_table` and `from_table`: lists of objects as CSV, and back.

use crate::evaluate::Evaluator;
use crate::path_parser::parse;
use crate::{csv_text, result, source};
use mcp::schema::{self, Property};
use mcp::{object, parse_exact, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};
use std::borrow::Cow;
use std::collections::BTreeMap;

const COLUMNS_MAX: usize = 2_000;
const ROWS_MAX: usize = 100_000;
const DELIMITERS: [&str; 4] = [",", ";", "tab", "|"];
const CSV_BYTES_MAX: usize = 1 << 20;
/// Beyond this the CSV becomes a file.
const INLINE_BYTES_MAX: usize = 100 << 10;
const DEPTH_MAX: usize = 32;

pub const TO_TABLE: Tool = Tool {
    name: "to_table",
    title: "JSON to a table (CSV)",
    description: "Makes a CSV table of a list of objects: one row each, nested members as columns such as address.city, lists as JSON in one cell. Give file_name to get the CSV as a file.",
    input: || {
        let mut all = source::properties();
        all.extend([
            schema::optional("items", schema::text("JSONPath of the objects, such as $.orders[*]; the items of the list when absent.")),
            schema::optional("columns", schema::list("Columns to give; all when absent.", schema::text("Name such as address.city."))),
            delimiter(),
            schema::optional("file_name", schema::text("Name of a file to make, such as orders.csv.").role("output-path")),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("csv", schema::any_of("The table; null when it is in a file.", &["string", "null"])),
            schema::required("columns", schema::list("Names of the columns.", schema::text("Name."))),
            schema::required("row_count", schema::count("Rows, without the header.")),
            result::files_schema(),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run: to_table,
};

pub const FROM_TABLE: Tool = Tool {
    name: "from_table",
    title: "A table (CSV) to JSON",
    description: "Makes a list of objects of CSV whose first row holds names; columns such as address.city become nested members. Numbers keep every digit; empty cells are left out. For files of any dialect and large ones use csv_parser.",
    input: || {
        schema::closed(vec![
            schema::optional("csv", schema::text("CSV with a header row. Give this or file.").role("csv-text")),
            schema::optional("file", schema::text("CSV file; an uploaded one is 'uploads/<name>'.").role("file-path")),
            delimiter(),
            schema::optional("types", schema::boolean("Take cells that read as JSON (numbers, true, false, null, lists) for that; false leaves all as texts.").default(true)),
            schema::optional("nested", schema::boolean("Make nested members of dotted names.").default(true)),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("rows", schema::any_of("The objects; null when they are in a file.", &["array", "null"])),
            schema::required("count", schema::count("Objects.")),
            result::exact_schema(),
            result::files_schema(),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run: from_table,
};

fn delimiter() -> Property {
    schema::optional(
        "delimiter",
        schema::one_of("What parts the cells.", &DELIMITERS).default(","),
    )
}

fn delimiter_of(arguments: &Arguments) -> Result<char, Failure> {
    Ok(match arguments.choice("delimiter", &DELIMITERS)? {
        "tab" => '\t',
        other => other.chars().next().unwrap_or(','),
    })
}

/// Dots and backslashes of a name are escaped, so that the way back is clear.
fn part(name: &str) -> String {
    name.replace('\\', "\\\\").replace('.', "\\.")
}

fn flatten(value: &Json, name: &str, out: &mut Vec<(String, String)>) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (inner, value) in members {
                let name = if name.is_empty() {
                    part(inner)
                } else {
                    format!("{}.{}", name, part(inner))
                };
                flatten(value, &name, out);
            }
        }
        value => {
            let name = if name.is_empty() { "value" } else { name };
            out.push((name.to_owned(), cell(value)));
        }
    }
}

/// A text that would read as something else is written as JSON, in quotes.
fn cell(value: &Json) -> String {
    match value {
        Json::Text(text) if text.is_empty() || reads_as_json(text) => value.to_line(),
        Json::Text(text) => text.to_string(),
        other => other.to_line(),
    }
}

fn reads_as_json(text: &str) -> bool {
    let first = text.trim_start().chars().next().unwrap_or(' ');
    (first.is_ascii_digit() || "-\"[{tfn".contains(first)) && parse_exact(text).is_ok()
}

fn to_table(arguments: &Arguments) -> Outcome {
    let source = source::read(arguments, &source::MAIN)?;
    let delimiter = delimiter_of(arguments)?;
    let root: &Json = &source.value;
    let items: Vec<&Json> = match (arguments.text("items")?, root) {
        (Some(path), _) => Evaluator::new(root)
            .nodes(&parse(path)?, root)?
            .into_iter()
            .map(|node| node.value)
            .collect(),
        (None, Json::List(items)) => items.iter().collect(),
        (None, one) => vec![one],
    };
    if items.len() > ROWS_MAX {
        return Err(Failure(format!(
            "there are {} rows; at most {} are given. Select fewer with 'items', such as $[0:1000].",
            items.len(),
            ROWS_MAX
        )));
    }
    let mut names: Vec<String> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows: Vec<Vec<(String, String)>> = Vec::new();
    for item in &items {
        let mut cells = Vec::new();
        flatten(item, "", &mut cells);
        for (name, _) in &cells {
            if !places.contains_key(name) {
                places.insert(name.clone(), names.len());
                names.push(name.clone());
            }
        }
        rows.push(cells);
    }
    if let Some(wanted) = arguments.texts("columns")?.filter(|wanted| !wanted.is_empty()) {
        if let Some(missing) = wanted.iter().find(|name| !places.contains_key(**name)) {
            return Err(Failure(format!(
                "there is no column '{}'; there are {}.",
                missing,
                names.join(", ")
            )));
        }
        names = wanted.iter().map(|name| (*name).to_owned()).collect();
        places = names
            .iter()
            .cloned()
            .enumerate()
            .map(|(place, name)| (name, place))
            .collect();
    }
    if names.len() > COLUMNS_MAX {
        return Err(Failure(format!(
            "there are {} columns; at most {} are given. Name those you need in 'columns'.",
            names.len(),
            COLUMNS_MAX
        )));
    }
    let mut csv = String::new();
    let mut shown = TextTable::new(names.iter().map(|name| (name.clone(), Align::Left)).collect());
    csv_text::write_row(&names, delimiter, &mut csv);
    for cells in rows {
        let mut row = vec![String::new(); names.len()];
        for (name, cell) in cells {
            if let Some(place) = places.get(&name) {
                row[*place] = cell;
            }
        }
        csv_text::write_row(&row, delimiter, &mut csv);
        if csv.len() > CSV_BYTES_MAX {
            return Err(Failure(format!(
                "the table has more than {} bytes; select fewer rows with 'items' or fewer 'columns'.",
                CSV_BYTES_MAX
            )));
        }
        shown.row(row);
    }
    Ok(table_answer(
        arguments.text("file_name")?,
        csv,
        &names,
        (shown, items.len()),
        source.notes,
    ))
}

fn table_answer(
    file_name: Option<&str>,
    csv: String,
    names: &[String],
    shown: (TextTable, usize),
    mut notes: Vec<String>,
) -> Answer {
    let (table, count) = shown;
    let file = file_name
        .map(str::to_owned)
        .or_else(|| (csv.len() > INLINE_BYTES_MAX).then(|| "table.csv".to_owned()));
    let mut structured = object([("columns", result::texts(names)), ("row_count", count.into())]);
    if let Some(file) = &file {
        notes.push(format!("the table is in the file {}", file));
        structured.push("csv", Json::Null);
        structured.push("files", vec![Json::from(file.clone())]);
    } else {
        structured.push("csv", csv.clone());
    }
    structured.push("notes", result::texts(&notes));
    let text = result::with_notes(
        format!("{} rows of {} columns:\n\n{}", count, names.len(), table.render()),
        &notes,
    );
    let answer = Answer::new(text, structured);
    match file {
        Some(file) => answer.with_file(file, "text/csv", csv),
        None => answer,
    }
}

/// The parts of a column's name: dots part, a backslash takes the next character as it is.
fn parts(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match (c, out.last_mut()) {
            ('.', _) => out.push(String::new()),
            ('\\', Some(last)) => last.push(chars.next().unwrap_or('\\')),
            (c, Some(last)) => last.push(c),
            _ => {}
        }
    }
    out
}

fn put(value: &mut Json, parts: &[String], cell: Json) {
    let (first, rest) = match parts.split_first() {
        Some(parts) => parts,
        None => return,
    };
    if !matches!(value, Json::Object(_)) {
        *value = object([]);
    }
    if let Json::Object(members) = value {
        let place = members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            members.push((Cow::Owned(first.clone()), Json::Null));
            members.len() - 1
        });
        if rest.is_empty() {
            members[place].1 = cell;
        } else {
            put(&mut members[place].1, rest, cell);
        }
    }
}

fn from_table(arguments: &Arguments) -> Outcome {
    let text = match (arguments.text("csv")?, arguments.text("file")?) {
        (Some(text), None) => text.to_owned(),
        (None, Some(file)) => source::read_file(file)?,
        _ => return Err("give exactly one of 'csv' (the text) and 'file' (a path).".into()),
    };
    let delimiter = delimiter_of(arguments)?;
    let typed = arguments.boolean("types")?.unwrap_or(true);
    let nested = arguments.boolean("nested")?.unwrap_or(true);
    let mut rows = csv_text::read(text.trim_start_matches('\u{feff}'), delimiter)?.into_iter();
    let header = rows
        .next()
        .ok_or_else(|| Failure("the CSV is empty; its first row holds the names of the columns.".to_owned()))?;
    let names: Vec<Vec<String>> = header
        .into_iter()
        .map(|(name, _)| if nested { parts(&name) } else { vec![name] })
        .collect();
    if let Some(name) = names.iter().find(|name| name.len() > DEPTH_MAX) {
        return Err(Failure(format!(
            "the column '{}' is nested more than {} deep.",
            name.join("."),
            DEPTH_MAX
        )));
    }
    let mut out = Vec::new();
    let mut beyond = 0;
    for row in rows {
        let mut value = object([]);
        beyond += row.len().saturating_sub(names.len());
        for (name, (cell, quoted)) in names.iter().zip(row) {
            if cell.is_empty() && !quoted {
                continue;
            }
            let cell = match typed && reads_as_json(&cell) {
                true => parse_exact(&cell).unwrap_or(Json::Null),
                false => cell.into(),
            };
            put(&mut value, name, cell);
        }
        out.push(value);
    }
    let notes = if beyond > 0 {
        vec![format!("{} cells beyond the last column are left out", beyond)]
    } else {
        Vec::new()
    };
    let head = format!("{} objects:", out.len());
    let rest = object([("count", out.len().into())]);
    result::answer("rows", out.into(), &head, rest, notes)
}
