//! `schema`.

use crate::open;
use crate::sqlite::{Database, Value};
use mcp::schema::{self, Schema};
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

const TABLES_MAX: usize = 200;

pub const TOOL: Tool = Tool {
    name: "schema",
    title: "What is in a database",
    description: "Lists the tables and views of an SQLite database with their columns, keys and number of rows.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    schema::closed(vec![
        open::path_property(),
        schema::optional("table", schema::text("Only this table or view.")),
    ])
}

fn output() -> Schema {
    let column = schema::closed(vec![
        schema::required("name", schema::text("Its name.")),
        schema::required("type", schema::text("Its declared type; may be empty.")),
        schema::required("not_null", schema::boolean("Whether it must have a value.")),
        schema::required("primary_key", schema::boolean("Whether it belongs to the primary key.")),
        schema::required(
            "references",
            schema::any_of("table.column that it refers to, or null.", &["string", "null"]),
        ),
    ]);
    let table = schema::closed(vec![
        schema::required("name", schema::text("Its name.")),
        schema::required("kind", schema::one_of("What it is.", &["table", "view"])),
        schema::required("rows", schema::any_of("Number of rows; null for a view.", &["integer", "null"])),
        schema::required("columns", schema::list("Its columns.", column)),
    ]);
    schema::closed(vec![
        schema::required("tables", schema::list("Tables and views.", table)),
        schema::required("more", schema::boolean("Whether there are more than are listed.")),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    let only = arguments.text("table")?;
    let database = open::for_reading(path)?;
    let listed = rows(
        &database,
        path,
        "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names: Vec<(String, bool)> = listed.into_iter().map(|row| (text(&row[0]), text(&row[1]) == "view")).collect();
    if let Some(wanted) = only {
        if !names.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
            let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure(format!("there is no table '{}'; tables and views: {}.", wanted, known)));
        }
    }
    let wanted = |name: &str| only.map_or(true, |only| name.eq_ignore_ascii_case(only));
    let chosen: Vec<&(String, bool)> = names.iter().filter(|(name, _)| wanted(name)).collect();
    let mut tables = Vec::new();
    let mut lines = Vec::new();
    for (name, is_view) in chosen.iter().take(TABLES_MAX).copied() {
        let (table, line) = describe(&database, path, name, *is_view)?;
        tables.push(table);
        lines.push(line);
    }
    let more = chosen.len() > TABLES_MAX;
    let said = if lines.is_empty() { "The database has no tables.".to_owned() } else { lines.join("\n") };
    Ok(Answer::new(said, object([("tables", tables.into()), ("more", more.into())])))
}

fn describe(database: &Database, path: &str, name: &str, is_view: bool) -> Result<(Json, String), Failure> {
    let quoted = quote(name);
    let count = if is_view {
        None
    } else {
        rows(database, path, &format!("SELECT count(*) FROM {}", quoted))?.pop().map(|row| number(&row[0]))
    };
    let references = rows(database, path, &format!("PRAGMA foreign_key_list({})", quoted))?;
    let reference = |column: &str| {
        references.iter().find(|row| text(&row[3]) == column).map(|row| match &row[4] {
            Value::Text(target) => format!("{}.{}", text(&row[2]), target),
            _ => text(&row[2]),
        })
    };
    let mut columns = Vec::new();
    let mut words = Vec::new();
    for row in rows(database, path, &format!("PRAGMA table_info({})", quoted))? {
        let (column, kind) = (text(&row[1]), text(&row[2]));
        let (not_null, is_key) = (number(&row[3]) != 0, number(&row[5]) != 0);
        let target = reference(&column);
        let notes = [
            if is_key { " primary key".to_owned() } else { String::new() },
            if not_null { " not null".to_owned() } else { String::new() },
            target.as_ref().map_or(String::new(), |target| format!(" → {}", target)),
        ];
        words.push(format!("  {} {}{}", column, kind, notes.concat()).trim_end().to_owned());
        columns.push(object([
            ("name", column.into()),
            ("type", kind.into()),
            ("not_null", not_null.into()),
            ("primary_key", is_key.into()),
            ("references", target.map_or(Json::Null, Json::from)),
        ]));
    }
    let kind = if is_view { "view" } else { "table" };
    let size = count.map_or(String::new(), |count| format!(", {} rows", count));
    let line = format!("{} {}{}\n{}", kind, name, size, words.join("\n"));
    let table = object([
        ("name", name.to_owned().into()),
        ("kind", kind.into()),
        ("rows", count.map_or(Json::Null, Json::Integer)),
        ("columns", columns.into()),
    ]);
    Ok((table, line))
}

fn rows(database: &Database, path: &str, sql: &str) -> Result<Vec<Vec<Value>>, Failure> {
    let explain = |problem| open::explain(path, sql, &problem);
    let mut found = Vec::new();
    if let Some((statement, _)) = database.prepare(sql).map_err(explain)? {
        let width = statement.columns().len();
        while statement.step().map_err(explain)? {
            found.push((0..width).map(|index| statement.value(index)).collect());
        }
    }
    Ok(found)
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        _ => 0,
    }
}
