//! `group`: rows counted and a column summed up for each value of other columns.

use crate::distinct::hash;
use crate::group_answer::answer;
use crate::groups::{key_values, write_key, Group, Groups, Recent};
use crate::input;
use csv::{is_missing, Conditions, Held, Kind, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

const SORTS: [&str; 9] = [
    "count", "sum", "mean", "median", "min", "max", "stdev", "missing", "key",
];
const ORDERS: [&str; 2] = ["desc", "asc"];
const KEYS_MAX: usize = 8;
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 1_000;
const ODD_SHOWN: usize = 3;

pub const TOOL: Tool = Tool {
    name: "group",
    title: "Group and aggregate a CSV file",
    description: "Groups the rows of a CSV file by one or more columns and gives for every group the number of rows and, for a numeric value column, sum, mean, median, min, max and standard deviation. Answers questions such as \"mean body mass by species\" or \"which region sells most\".",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let key = schema::text("Column name.");
    input::arguments(vec![
        schema::required(
            "group_by",
            schema::list("Columns whose values make the groups.", key)
                .items(1, KEYS_MAX as i64)
                .column_role("columns", "any"),
        ),
        schema::optional(
            "value",
            schema::text("Numeric column to aggregate; without it rows are counted.").column_role("column", "number"),
        ),
        schema::optional("where", input::conditions_schema()),
        schema::optional(
            "sort_by",
            schema::one_of(
                "What to order groups by; mean when there is a value, else count.",
                &SORTS,
            )
            .role("aggregate"),
        ),
        schema::optional(
            "order",
            schema::one_of("Largest or smallest first.", &ORDERS)
                .default("desc")
                .role("order"),
        ),
        schema::optional(
            "limit",
            schema::integer("Groups to give.", 1, LIMIT_MAX)
                .default(LIMIT_DEFAULT)
                .role("limit"),
        ),
    ])
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required("group_by", schema::list("Columns grouped by.", schema::text("Column name."))),
        schema::required("value", schema::any_of("Column aggregated.", &["string", "null"])),
        schema::required(
            "rows",
            schema::list(
                "Groups: a member for each column grouped by, then count, and missing, sum, mean, median, min, max and stdev of the value.",
                schema::whole(Vec::new()).described("One group."),
            ),
        ),
        schema::required("groups_total", schema::count("Groups there are.")),
        schema::required("rows_read", schema::count("Rows of the file.")),
        schema::required("rows_matched", schema::count("Rows that fit the conditions.")),
        input::notes_schema(),
    ])
}

/// Values of the aggregated column that are not numbers.
#[derive(Default)]
struct Odd {
    count: u64,
    shown: Vec<String>,
}

pub struct Request {
    pub keys: Vec<usize>,
    pub value: Option<usize>,
    pub sort_by: &'static str,
    pub ascending: bool,
    pub limit: usize,
}

fn run(arguments: &Arguments) -> Outcome {
    let mut table = Table::open(&input::read(arguments)?)?;
    let request = request(arguments, &table)?;
    let mut conditions = Conditions::new(arguments.list("where")?, &table)?;
    let mut groups = Groups::new();
    let mut held = Held::default();
    let mut odd = Odd::default();
    let mut matched = 0;
    let mut recent = Recent::new(&request.keys);
    let mut key = Vec::new();
    while table.next()? {
        if !conditions.is_empty() && !conditions.fit(&table) {
            continue;
        }
        matched += 1;
        let index = match recent.find(&table) {
            Ok(index) => index,
            Err(slot) => {
                write_key(&mut key, &table, &request.keys);
                let hash = hash(&key);
                let index = match groups.find(&key, hash) {
                    Ok(index) => index,
                    Err(at) => groups.insert(at, &key, hash, key_values(&table, &request.keys))?,
                };
                recent.keep(slot, index);
                index
            }
        };
        let group = &mut groups.all[index];
        group.count += 1;
        if let Some(column) = request.value {
            add_value(group, &table, column, &mut held, &mut odd);
        }
    }
    for group in &mut groups.all {
        group.moments = group.series.moments(&mut held);
        group.median = group.series.quantiles([0.5], &held).map(|[median]| median);
    }
    let mut notes = table.notes();
    notes.extend(conditions.notes(&table));
    check_numbers(&table, &request, &groups, &odd, &mut notes)?;
    if held.exceeded {
        notes.push(format!(
            "there are more than {} numbers, so medians are not computed",
            VALUES_HELD_MAX
        ));
    }
    Ok(answer(&table, &request, groups.all, matched, notes))
}

fn request(arguments: &Arguments, table: &Table) -> Result<Request, Failure> {
    let names = arguments.texts("group_by")?.unwrap_or_default();
    if names.is_empty() || names.len() > KEYS_MAX {
        return Err(Failure(format!("'group_by' must name from 1 to {} columns.", KEYS_MAX)));
    }
    let keys = names
        .into_iter()
        .map(|name| table.column_named(name))
        .collect::<Result<Vec<_>, _>>()?;
    let value = arguments
        .text("value")?
        .map(|name| table.column_named(name))
        .transpose()?;
    let default = if value.is_some() { "mean" } else { "count" };
    let sort_by = if arguments.get("sort_by").is_some() {
        arguments.choice("sort_by", &SORTS)?
    } else {
        default
    };
    if value.is_none() && !matches!(sort_by, "count" | "key") {
        return Err(Failure(format!(
            "sort_by \"{}\" needs a 'value' column; without one, sort by count or key.",
            sort_by
        )));
    }
    let ascending = arguments.choice("order", &ORDERS)? == "asc";
    let limit = arguments.integer("limit", LIMIT_DEFAULT, (1, LIMIT_MAX))? as usize;
    Ok(Request {
        keys,
        value,
        sort_by,
        ascending,
        limit,
    })
}

#[inline]
fn add_value(group: &mut Group, table: &Table, column: usize, held: &mut Held, odd: &mut Odd) {
    let style = table.number_style(column);
    let mut reading = csv::read_at_once(table.untrimmed(column), style);
    let cell = table.cell(column);
    if reading.kind == Kind::NotNumber {
        reading = csv::read(cell, style);
    }
    if reading.is_number() || reading.kind == Kind::Big {
        group.series.push(reading.value, held);
        return;
    }
    if is_missing(cell) {
        group.missing += 1;
        return;
    }
    odd.count += 1;
    if odd.shown.len() < ODD_SHOWN {
        let value: String = csv::decode(cell).chars().take(40).collect();
        odd.shown.push(format!("'{}' (row {})", value, table.rows));
    }
}

/// A few values that are no numbers are left out; more mean that the column is not one of numbers.
fn check_numbers(
    table: &Table,
    request: &Request,
    groups: &Groups,
    odd: &Odd,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let column = match request.value {
        Some(column) if odd.count > 0 => column,
        _ => return Ok(()),
    };
    let name = &table.columns[column].name;
    let numbers: u64 = groups.all.iter().map(|group| group.moments.count()).sum();
    if !csv::is_mostly(numbers, numbers + odd.count) {
        return Err(Failure(format!(
            "'{}' is not a column of numbers: {} of {} values are none, such as {}. To count rows, leave 'value' out.",
            name,
            odd.count,
            numbers + odd.count,
            odd.shown.join(", ")
        )));
    }
    notes.push(format!(
        "{} values of '{}' are not numbers and were left out: {}",
        odd.count,
        name,
        odd.shown.join(", ")
    ));
    Ok(())
}
