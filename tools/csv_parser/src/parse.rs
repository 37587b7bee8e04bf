//! `parse`: rows as they are, a page at a time.

use crate::input;
use crate::rows::{row_cells, Given, Selection};
use csv::Table;
use mcp::schema::{self, Schema};
use mcp::{object, Arguments, Hints, Json, Outcome, Tool};

const LIMIT_DEFAULT: i64 = 20;
const LIMIT_MAX: i64 = 200;
const OFFSET_MAX: i64 = 1 << 40;

pub const TOOL: Tool = Tool {
    name: "parse",
    title: "Read rows of a CSV file",
    description: "Gives rows of a CSV file as they are, a page at a time; next_offset says where the next page begins. To find rows use filter, to sum them up use group or statistics.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    input::arguments(vec![
        schema::optional(
            "columns",
            schema::list("Columns to give; all when absent.", schema::text("Column name."))
                .column_role("columns", "any"),
        ),
        schema::optional("offset", schema::integer("Rows to skip.", 0, OFFSET_MAX).default(0i64)),
        schema::optional(
            "limit",
            schema::integer("Rows to give.", 1, LIMIT_MAX).default(LIMIT_DEFAULT),
        ),
    ])
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required("columns", schema::list("Column names.", schema::text("Name."))),
        schema::required(
            "rows",
            schema::list(
                "Rows: a member for each column, null where a value is missing.",
                schema::whole(Vec::new()),
            ),
        ),
        schema::required("offset", schema::count("Rows skipped.")),
        schema::required("total_rows", schema::count("Rows of the file.")),
        schema::required(
            "next_offset",
            schema::any_of("Where the next page begins; null at the end.", &["integer", "null"]),
        ),
        input::notes_schema(),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let mut table = Table::open(&input::read(arguments)?)?;
    let selection = Selection::read(arguments, &table)?;
    let offset = arguments.integer("offset", 0, (0, OFFSET_MAX))? as u64;
    let limit = arguments.integer("limit", LIMIT_DEFAULT, (1, LIMIT_MAX))? as u64;
    selection.check(limit as usize)?;
    let mut given = Given::default();
    let mut shown = selection.text_table(&table);
    while table.next()? {
        if table.rows > offset && table.rows <= offset + limit {
            let row = selection.row(&table);
            let cells = row_cells(&row);
            if given.add(row) {
                shown.row(cells);
            }
        }
    }
    let mut notes = table.notes();
    notes.extend(given.note());
    let end = offset + given.rows.len() as u64;
    let next = if end < table.rows && !given.rows.is_empty() {
        Json::from(end)
    } else {
        Json::Null
    };
    let text = match given.rows.len() {
        0 => format!(
            "{} has {}; there is none after the first {}.",
            table.name(),
            input::counted(table.rows, "row"),
            offset
        ),
        _ => format!(
            "Rows {} to {} of {} in {}:\n\n{}{}",
            offset + 1,
            end,
            table.rows,
            table.name(),
            shown.render(),
            input::notes_text(&notes)
        ),
    };
    let structured = object([
        ("columns", input::texts_json(&selection.names(&table))),
        ("rows", given.rows.into()),
        ("offset", offset.into()),
        ("total_rows", table.rows.into()),
        ("next_offset", next),
        ("notes", input::texts_json(&notes)),
    ]);
    Ok(mcp::Answer::new(text, structured))
}
