//! `query`.

use crate::open;
use crate::sqlite::{Database, Value};
use crate::values;
use mcp::schema::{self, Schema};
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const ROWS_DEFAULT: i64 = 100;
const ROWS_MAX: i64 = 10_000;
/// Of all values together, so that an answer stays one.
const BYTES_MAX: usize = 400 << 10;
const TEXT_ROWS_MAX: usize = 50;

pub const TOOL: Tool = Tool {
    name: "query",
    title: "Ask a database",
    description: "Runs one SELECT (or WITH, EXPLAIN, PRAGMA table_info …) on an SQLite database and gives the rows. It never changes anything. Ask 'schema' for the tables first.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    schema::closed(vec![
        open::path_property(),
        schema::required("sql", schema::text("One statement that only reads, in SQLite's SQL.")),
        open::parameters_property(),
        schema::optional(
            "limit",
            schema::integer("Rows to give at most.", 1, ROWS_MAX).default(ROWS_DEFAULT),
        ),
    ])
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required("columns", schema::list("Names of the columns.", schema::text("A name."))),
        schema::required(
            "rows",
            schema::list(
                "The rows; blobs as x'…', whole numbers beyond 2^53 as texts.",
                schema::any_of("One row: a list of values.", &["array"]),
            ),
        ),
        schema::required("row_count", schema::count("Rows given.")),
        schema::required("more", schema::boolean("Whether there are more rows.")),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    let sql = arguments.required_text("sql")?;
    let limit = arguments.integer("limit", ROWS_DEFAULT, (1, ROWS_MAX))? as usize;
    let database = open::for_reading(path)?;
    let before = change_counter(path)?;
    let answer = rows_of(&database, path, sql, arguments, limit)?;
    if change_counter(path)? != before {
        return Err(Failure(format!(
            "'{}' was changed by another program while it was read; call again.",
            path
        )));
    }
    Ok(answer)
}

fn rows_of(database: &Database, path: &str, sql: &str, arguments: &Arguments, limit: usize) -> Outcome {
    let explain = |problem| open::explain(path, sql, &problem);
    let (statement, end) = database
        .prepare(sql)
        .map_err(explain)?
        .ok_or("the SQL holds no statement.")?;
    if !statement.is_read_only() {
        return Err("'query' only reads; use 'execute' to change the database.".into());
    }
    if database.prepare(&sql[end..]).map_err(explain)?.is_some() {
        return Err("'query' takes one statement; call it once for each.".into());
    }
    values::bind(&statement, arguments)?;
    let columns = statement.columns();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    let mut more = false;
    while statement.step().map_err(explain)? {
        if rows.len() == limit {
            more = true;
            break;
        }
        let row: Vec<Value> = (0..columns.len()).map(|index| statement.value(index)).collect();
        let size = row.iter().map(size_of).sum::<usize>();
        if bytes + size > BYTES_MAX {
            if rows.is_empty() {
                return Err(Failure(format!(
                    "the first row has {} bytes; an answer may have {}. Ask for fewer columns, or for a part: substr(column, 1, 1000).",
                    size, BYTES_MAX
                )));
            }
            more = true;
            break;
        }
        bytes += size;
        rows.push(row);
    }
    Ok(Answer::new(
        text_of(&columns, &rows, more),
        object([
            ("columns", columns.iter().map(|name| Json::from(name.clone())).collect::<Vec<_>>().into()),
            ("rows", rows.iter().map(|row| Json::List(row.iter().map(values::to_json).collect())).collect::<Vec<_>>().into()),
            ("row_count", rows.len().into()),
            ("more", more.into()),
        ]),
    ))
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + 3,
        Value::Blob(bytes) => 2 * bytes.len() + 6,
        _ => 12,
    }
}

pub fn text_of(columns: &[String], rows: &[Vec<Value>], more: bool) -> String {
    if rows.is_empty() {
        return "No rows.".to_owned();
    }
    let is_number = |index: usize| rows.iter().all(|row| !matches!(row[index], Value::Text(_) | Value::Blob(_)));
    let header = columns
        .iter()
        .enumerate()
        .map(|(index, name)| (name.clone(), if is_number(index) { Align::Right } else { Align::Left }));
    let mut table = TextTable::new(header.collect());
    for row in rows.iter().take(TEXT_ROWS_MAX) {
        table.row(row.iter().map(values::to_cell).collect());
    }
    let left_off = rows.len().saturating_sub(TEXT_ROWS_MAX);
    let note = match (left_off, more) {
        (0, false) => format!("{} rows", rows.len()),
        (0, true) => format!("{} rows, and there are more: raise limit, or ask for less", rows.len()),
        (_, false) => format!("{} rows, the first {} shown", rows.len(), TEXT_ROWS_MAX),
        (_, true) => format!("{} rows, the first {} shown, and there are more", rows.len(), TEXT_ROWS_MAX),
    };
    format!("{}\n({})", table.render(), note)
}

/// The part of a database's header that each change makes another.
fn change_counter(path: &str) -> Result<[u8; 4], Failure> {
    let (file, _) = mcp::files::open(path)?;
    let mut counter = [0; 4];
    file.seek(24).map_err(|problem| mcp::files::explain(path, problem))?;
    file.read(&mut counter).map_err(|problem| mcp::files::explain(path, problem))?;
    Ok(counter)
}
