//! `filter`: the rows that fit conditions, the first ones of some order.

use crate::input;
use crate::rows::{row_cells, Given, Selection};
use csv::{Conditions, Field, Table, Value};
use mcp::schema::{self, Schema};
use mcp::{object, Answer, Arguments, Hints, Json, Outcome, Tool};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

const ORDERS: [&str; 2] = ["desc", "asc"];
const LIMIT_DEFAULT: i64 = 20;
const LIMIT_MAX: i64 = 1_000;

pub const TOOL: Tool = Tool {
    name: "filter",
    title: "Find rows of a CSV file",
    description: "Finds the rows of a CSV file that fit conditions, and with sort_by the first of them in that order. Answers questions such as \"the five heaviest penguins\" or \"orders over 100 from Berlin\".",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    input::arguments(vec![
        schema::optional("where", input::conditions_schema()),
        schema::optional(
            "columns",
            schema::list("Columns to give; all when absent.", schema::text("Column name."))
                .column_role("columns", "any"),
        ),
        schema::optional(
            "sort_by",
            schema::text("Column or arithmetic of columns to order by; the file's order when absent.")
                .column_role("column", "any"),
        ),
        schema::optional(
            "order",
            schema::one_of("Largest or smallest first; rows without a value come last.", &ORDERS)
                .default("desc")
                .role("order"),
        ),
        schema::optional(
            "limit",
            schema::integer("Rows to give.", 1, LIMIT_MAX)
                .default(LIMIT_DEFAULT)
                .role("limit"),
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
        schema::required("matched", schema::count("Rows that fit the conditions.")),
        schema::required("rows_read", schema::count("Rows of the file.")),
        input::notes_schema(),
    ])
}

#[derive(PartialEq)]
enum Key {
    Number(f64),
    Text(String),
    Missing,
}

/// What the current row is ordered by.
fn key_of(table: &Table, field: &Field) -> Key {
    match (field.value(table), field) {
        (Value::Missing, _) => Key::Missing,
        (Value::Text, Field::Column(column)) => Key::Text(csv::shown(table.cell(*column))),
        _ => field.number(table).map_or(Key::Missing, Key::Number),
    }
}

/// A row that may be among the first; `Ord` puts the one that comes later in the result above the others.
struct Candidate {
    key: Key,
    row_number: u64,
    ascending: bool,
    row: Json,
}

fn compare(left: (&Key, u64), right: (&Key, u64), ascending: bool) -> Ordering {
    let rank = |key: &Key| match key {
        Key::Number(_) => 0,
        Key::Text(_) => 1,
        Key::Missing => 2,
    };
    let by_value = match (left.0, right.0) {
        (Key::Number(left), Key::Number(right)) => left.total_cmp(right),
        (Key::Text(left), Key::Text(right)) => left.cmp(right),
        _ => Ordering::Equal,
    };
    let by_value = if ascending { by_value } else { by_value.reverse() };
    rank(left.0)
        .cmp(&rank(right.0))
        .then(by_value)
        .then(left.1.cmp(&right.1))
}

impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> Ordering {
        compare(
            (&self.key, self.row_number),
            (&other.key, other.row_number),
            self.ascending,
        )
    }
}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Candidate {
    fn eq(&self, other: &Candidate) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Candidate {}

fn run(arguments: &Arguments) -> Outcome {
    let mut table = Table::open(&input::read(arguments)?)?;
    let selection = Selection::read(arguments, &table)?;
    let limit = arguments.integer("limit", LIMIT_DEFAULT, (1, LIMIT_MAX))? as usize;
    selection.check(limit)?;
    let ascending = arguments.choice("order", &ORDERS)? == "asc";
    let order = arguments
        .text("sort_by")?
        .map(|name| Field::parse(name, &table))
        .transpose()?;
    let mut conditions = Conditions::new(arguments.list("where")?, &table)?;
    let mut first: BinaryHeap<Candidate> = BinaryHeap::new();
    let mut matched = 0u64;
    while table.next()? {
        if !conditions.fit(&table) {
            continue;
        }
        matched += 1;
        // Without an order the first rows of the file are kept: all keys are equal, and the row's number decides.
        if order.is_none() && first.len() == limit {
            continue;
        }
        let key = order.as_ref().map_or(Key::Missing, |field| key_of(&table, field));
        if first.len() == limit {
            match first.peek() {
                Some(last) if compare((&key, table.rows), (&last.key, last.row_number), ascending).is_lt() => {
                    first.pop();
                }
                _ => continue,
            }
        }
        first.push(Candidate {
            key,
            row_number: table.rows,
            ascending,
            row: selection.row(&table),
        });
    }
    Ok(answer(
        &table,
        &selection,
        &conditions,
        first.into_sorted_vec(),
        matched,
    ))
}

fn answer(
    table: &Table,
    selection: &Selection,
    conditions: &Conditions,
    found: Vec<Candidate>,
    matched: u64,
) -> Answer {
    let mut given = Given::default();
    let mut shown = selection.text_table(table);
    let count = found.len();
    for candidate in found {
        let cells = row_cells(&candidate.row);
        if given.add(candidate.row) {
            shown.row(cells);
        }
    }
    let mut notes = table.notes();
    notes.extend(conditions.notes(table));
    notes.extend(given.note());
    let of = format!(
        "{} of {} in {}",
        matched,
        input::counted(table.rows, "row"),
        table.name()
    );
    let text = match count as u64 {
        0 => format!(
            "None of {} in {} fits.{}",
            input::counted(table.rows, "row"),
            table.name(),
            input::notes_text(&notes)
        ),
        shown_count => {
            let fit = if conditions.is_empty() {
                String::new()
            } else {
                format!(" fit{}", if matched == 1 { "s" } else { "" })
            };
            let head = if shown_count < matched {
                format!("{}{}; the first {}:", of, fit, shown_count)
            } else {
                format!("{}{}:", of, fit)
            };
            format!("{}\n\n{}{}", head, shown.render(), input::notes_text(&notes))
        }
    };
    let structured = object([
        ("columns", input::texts_json(&selection.names(table))),
        ("rows", given.rows.into()),
        ("matched", matched.into()),
        ("rows_read", table.rows.into()),
        ("notes", input::texts_json(&notes)),
    ]);
    Answer::new(text, structured)
}
