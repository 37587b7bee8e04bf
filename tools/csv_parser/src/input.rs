//! Arguments and result members that all tools of this server share.

use csv::{Choice, Decimal, Input, Table};
use mcp::schema::{self, Property, Schema};
use mcp::{Arguments, Failure, Json};

const DELIMITERS: [&str; 7] = ["auto", ",", ";", "tab", "|", ":", "space"];
const HEADERS: [&str; 3] = ["auto", "yes", "no"];
const DECIMALS: [&str; 3] = ["auto", ".", ","];

/// The arguments that say what to read, then those of the tool.
pub fn arguments(mut own: Vec<Property>) -> Schema {
    let mut properties = vec![
        schema::optional(
            "path",
            schema::text("CSV, JSON or XLSX file to read, relative to the server's directory; an uploaded file is 'uploads/<name>'. Give exactly one of path and text.").role("file-path"),
        ),
        schema::optional("text", schema::text("CSV or JSON itself, instead of a path.").role("csv-text")),
    ];
    properties.append(&mut own);
    properties.extend([
        schema::optional(
            "delimiter",
            schema::one_of("What separates cells; found out by itself.", &DELIMITERS).default("auto"),
        ),
        schema::optional(
            "sheet",
            schema::text("Name of the sheet of a spreadsheet (XLSX); the first one when absent."),
        ),
        schema::optional(
            "header",
            schema::one_of("Whether the first row holds the names.", &HEADERS).default("auto"),
        ),
        schema::optional(
            "decimal",
            schema::one_of("The decimal mark of numbers.", &DECIMALS).default("auto"),
        ),
    ]);
    schema::closed(properties)
}

pub fn read<'a>(arguments: &Arguments<'a>) -> Result<Input<'a>, Failure> {
    let delimiter = match arguments.choice("delimiter", &DELIMITERS)? {
        "tab" => Some(b'\t'),
        "space" => Some(b' '),
        "auto" => None,
        other => other.bytes().next(),
    };
    let header = match arguments.choice("header", &HEADERS)? {
        "yes" => Choice::Yes,
        "no" => Choice::No,
        _ => Choice::Auto,
    };
    let decimal = match arguments.choice("decimal", &DECIMALS)? {
        "auto" => Decimal::Auto,
        mark => Decimal::Mark(mark.as_bytes()[0]),
    };
    Ok(Input {
        path: arguments.text("path")?,
        text: arguments.text("text")?,
        delimiter,
        header,
        decimal,
        sheet: arguments.text("sheet")?,
    })
}

pub fn conditions_schema() -> Schema {
    plain_conditions_schema("Conditions on rows; all must hold. A missing value fits only is_missing.")
        .role("conditions")
}

pub fn plain_conditions_schema(description: &'static str) -> Schema {
    let alternatives = schema::list(
        "Conditions of which one must hold, instead of column, op and value.",
        schema::whole(Vec::new()),
    );
    let mut members = condition_members();
    members.push(schema::optional("any", alternatives));
    schema::list(description, schema::closed(members)).items(0, 50)
}

fn condition_members() -> Vec<Property> {
    let value = schema::any_of(
        "What to compare with; a list for 'in' and 'not_in', and of two for 'between'. A date column compares with a day, a month (2024-05), a quarter (2024-Q2) or a year as a whole.",
        &["string", "number", "boolean", "array"],
    );
    vec![
        schema::optional(
            "column",
            schema::text("Column name, or a part of a date such as weekday(date), month_of_year(date) or hour(time), or arithmetic of columns.")
                .column_role("column", "any"),
        ),
        schema::optional("op", schema::one_of("Comparison.", &csv::OPERATORS).default("=")),
        schema::optional(
            "value",
            value.with("items", schema::any_of("One value.", &["string", "number"]).into_json()),
        ),
    ]
}

pub fn notes_schema() -> Property {
    schema::required(
        "notes",
        schema::list(
            "What to know about how the file was read.",
            schema::text("One sentence."),
        ),
    )
}

pub fn delimiter_name(table: &Table) -> String {
    match table.delimiter {
        b'\t' => "tab".to_owned(),
        b' ' => "space".to_owned(),
        other => char::from(other).to_string(),
    }
}

pub fn texts_json(texts: &[String]) -> Json {
    texts
        .iter()
        .map(|text| Json::from(text.clone()))
        .collect::<Vec<_>>()
        .into()
}

/// Notes as lines below a table.
pub fn notes_text(notes: &[String]) -> String {
    notes.iter().map(|note| format!("\nNote: {}.", note)).collect()
}

/// "1 row", "5 rows".
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {}{}", count, noun, if count == 1 { "" } else { "s" })
}
