//! `group`: rows counted and values summed up for each value of other columns.

use crate::aggregates::{Aggregate, USUAL};
use crate::distinct::hash;
use crate::figures::{Figures, Measure};
use crate::group_answer::answer;
use crate::groups::{new_group, write_key, Groups, Recent};
use crate::input;
use csv::{Conditions, Field, Held, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{Arguments, Failure, Hints, Outcome, Tool};

/// Any other percentile works too.
const SORTS: [&str; 26] = [
    "count",
    "sum",
    "mean",
    "median",
    "min",
    "max",
    "stdev",
    "missing",
    "key",
    "share",
    "sum_share",
    "part_count",
    "part_share",
    "part_sum",
    "part_sum_share",
    "distinct",
    "mode",
    "first",
    "last",
    "p5",
    "p10",
    "p25",
    "p75",
    "p90",
    "p95",
    "p99",
];
const ORDERS: [&str; 2] = ["desc", "asc"];
const KEYS_MAX: usize = 8;
const VALUES_MAX: usize = 8;
const AGGREGATES_MAX: usize = 20;
const LIMIT_DEFAULT: i64 = 50;
/// Groups of a series in time that are given when no limit is.
const LIMIT_SEQUENCE: i64 = 400;
const LIMIT_MAX: i64 = 1_000;

pub const TOOL: Tool = Tool {
    name: "group",
    title: "Group and aggregate a CSV file",
    description: "Groups the rows of a CSV file by columns, or by parts of a date such as month(date) or weekday(date), and gives for every group the number of rows and, for a numeric value (a column or arithmetic such as quantity * unit_price), sum, mean, median, min, max and standard deviation, or the aggregates asked for. Without group_by it sums up all rows. Answers questions such as \"mean body mass by species\", \"which region sells most\", \"sales per month\" or \"what share of the passengers survived, by class\".",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let key = schema::text(
        "Column name, or of a date column year(date), quarter(date), month(date), week(date), day(date), month_of_year(date), weekday(date), hour(date), or range(column, width) of a numeric one.",
    );
    let value = "Numeric column to aggregate, or arithmetic of columns with + - * / such as (price - cost) / price or days(end - start); without it rows are counted. A text or date column for distinct, mode, first, last (dates also min, max).";
    let aggregate = schema::text("count, sum, mean, median, min, max, stdev, missing, distinct, mode, first, last, share, sum_share, or a percentile such as p90.");
    input::arguments(vec![
        schema::optional(
            "group_by",
            schema::list(
                "What makes the groups; all matching rows are one group when absent.",
                key,
            )
            .items(0, KEYS_MAX as i64)
            .column_role("columns", "any"),
        ),
        schema::optional("value", schema::text(value).column_role("column", "number")),
        schema::optional(
            "values",
            schema::list(
                "Several values instead of one; each row of the result holds an object of figures under each name.",
                schema::text("As value."),
            )
            .items(1, VALUES_MAX as i64),
        ),
        schema::optional(
            "aggregates",
            schema::list("Figures to give; the usual ones when absent.", aggregate).items(1, AGGREGATES_MAX as i64),
        ),
        schema::optional("where", input::conditions_schema()),
        schema::optional(
            "part",
            input::plain_conditions_schema(
                "Conditions, as in where, for a part of each group: gives part_count and part_share (the share of the group's rows that fit), and with a value part_sum and part_sum_share.",
            ),
        ),
        schema::optional(
            "sort_by",
            schema::one_of(
                "What to order groups by; groups of dates and ranges by key, else mean when there is a value, else count.",
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
        schema::required("group_by", schema::list("What made the groups.", schema::text("Column name or part of a date."))),
        schema::required("value", schema::any_of("Value aggregated, when there is one.", &["string", "null"])),
        schema::optional("values", schema::list("Values aggregated, when there are several.", schema::text("Name."))),
        schema::required(
            "rows",
            schema::list(
                "Groups: a member for each item grouped by, then count, and the figures of the value; with several values an object of figures for each.",
                schema::whole(Vec::new()).described("One group."),
            ),
        ),
        schema::required("groups_total", schema::count("Groups there are.")),
        schema::required("rows_read", schema::count("Rows of the file.")),
        schema::required("rows_matched", schema::count("Rows that fit the conditions.")),
        input::notes_schema(),
    ])
}

pub struct Request {
    pub keys: Vec<Field>,
    pub key_names: Vec<String>,
    pub measures: Vec<Measure>,
    /// More than one value may come, each with an object of figures.
    pub several: bool,
    /// Of the group itself, after its count.
    pub of_rows: Vec<Aggregate>,
    /// Of each value.
    pub of_values: Vec<Aggregate>,
    /// By key when none.
    pub sort_by: Option<Aggregate>,
    pub ascending: bool,
    pub limit: usize,
}

fn run(arguments: &Arguments) -> Outcome {
    let mut table = Table::open(&input::read(arguments)?)?;
    let mut request = request(arguments, &table)?;
    let mut conditions = Conditions::new(arguments.list("where")?, &table)?;
    let mut part = Conditions::new(arguments.list("part")?, &table)?;
    let mut groups = Groups::new();
    let mut held = Held::default();
    let mut matched = 0;
    let mut recent = Recent::new(&request.keys);
    let mut key = Vec::new();
    if request.keys.is_empty() {
        let figures = figures(&request.measures);
        if let Err(at) = groups.find(&[], hash(&[])) {
            groups.insert(at, &[], hash(&[]), new_group(&table, &[], figures))?;
        }
    }
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
                    Err(at) => {
                        let group = new_group(&table, &request.keys, figures(&request.measures));
                        groups.insert(at, &key, hash, group)?
                    }
                };
                recent.keep(slot, index);
                index
            }
        };
        let group = &mut groups.all[index];
        group.count += 1;
        let is_part = !part.is_empty() && part.fit(&table);
        group.part += u64::from(is_part);
        for (measure, figures) in request.measures.iter_mut().zip(&mut group.figures) {
            measure.add(figures, &table, is_part, &mut held);
        }
    }
    for group in &mut groups.all {
        for (measure, figures) in request.measures.iter().zip(&mut group.figures) {
            measure.finish(figures, &mut held);
        }
    }
    let mut notes = table.notes();
    notes.extend(conditions.notes(&table));
    notes.extend(part.notes(&table));
    for measure in &request.measures {
        check_numbers(&table, measure, &mut notes)?;
    }
    if held.exceeded {
        notes.push(format!(
            "there are more than {} numbers, so medians are not computed",
            VALUES_HELD_MAX
        ));
    }
    Ok(answer(&table, &request, groups.all, matched, notes))
}

fn figures(measures: &[Measure]) -> Vec<Figures> {
    measures.iter().map(Measure::figures).collect()
}

fn request(arguments: &Arguments, table: &Table) -> Result<Request, Failure> {
    let names = arguments.texts("group_by")?.unwrap_or_default();
    if names.len() > KEYS_MAX {
        return Err(Failure(format!("'group_by' may name at most {} columns.", KEYS_MAX)));
    }
    let keys = names
        .iter()
        .map(|name| Field::parse(name, table))
        .collect::<Result<Vec<_>, _>>()?;
    let key_names = keys
        .iter()
        .zip(&names)
        .map(|(field, name)| field.name(name, table))
        .collect();
    let single = arguments.text("value")?;
    let several = arguments.texts("values")?;
    let given = match (single, &several) {
        (Some(_), Some(_)) => return Err("give 'value' or 'values', not both.".into()),
        (Some(value), None) => vec![value],
        (None, Some(values)) => values.clone(),
        (None, None) => Vec::new(),
    };
    if given.len() > VALUES_MAX {
        return Err(Failure(format!("'values' may name at most {} values.", VALUES_MAX)));
    }
    let has_part = arguments.list("part")?.map_or(false, |part| !part.is_empty());
    let fields = given
        .iter()
        .map(|value| Field::parse(value, table))
        .collect::<Result<Vec<_>, _>>()?;
    let asked = asked_aggregates(arguments, has_part, !given.is_empty())?;
    let of_text = !asked.is_empty() && asked.iter().all(|one| one.is_of_any_kind());
    let mut measures: Vec<Measure> = fields
        .into_iter()
        .zip(&given)
        .map(|(field, given)| {
            let name = field.name(given, table);
            Measure::new(field, name, table, of_text)
        })
        .collect();
    let fits_all = |one: &Aggregate| measures.iter().all(|measure| one.fits(measure));
    if let Some(unfit) = asked.iter().find(|one| !fits_all(one)) {
        return Err(Failure(format!(
            "the values are not all numbers, so there is no {} of them.",
            unfit.name()
        )));
    }
    let mut all = asked.clone();
    if asked.is_empty() && !given.is_empty() {
        all.extend(USUAL.into_iter().filter(fits_all));
    }
    if has_part {
        let all_known = all.clone();
        let of_part = OF_PART.into_iter().filter(|one| !all_known.contains(one));
        all.extend(of_part.filter(|one| one.is_of_rows() || (!given.is_empty() && fits_all(one))));
    }
    let sort_name = arguments.text("sort_by")?;
    let is_sequence = keys.first().map_or(false, Field::is_sequence);
    let sort_by = match sort_name {
        Some("key") => None,
        Some(name) => Some(Aggregate::read(name)?),
        None if is_sequence => None,
        None if given.is_empty() => Some(all.first().copied().unwrap_or(Aggregate::Count)),
        None if all.contains(&Aggregate::Mean) => Some(Aggregate::Mean),
        None => all.first().copied(),
    };
    check_sort(sort_name, sort_by, (has_part, !given.is_empty()))?;
    if let Some(unfit) = sort_by.filter(|one| !fits_all(one)) {
        return Err(Failure(format!(
            "the values are not all numbers, so groups cannot be sorted by {}.",
            unfit.name()
        )));
    }
    for measure in &mut measures {
        measure.keep_for(all.iter().copied().chain(sort_by));
    }
    let limit = if is_sequence && arguments.get("limit").is_none() {
        LIMIT_SEQUENCE
    } else {
        arguments.integer("limit", LIMIT_DEFAULT, (1, LIMIT_MAX))?
    };
    Ok(Request {
        keys,
        key_names,
        several: several.is_some(),
        measures,
        of_rows: all
            .iter()
            .copied()
            .filter(|one| one.is_of_rows() && *one != Aggregate::Count)
            .collect(),
        of_values: all.iter().copied().filter(|one| !one.is_of_rows()).collect(),
        sort_by,
        ascending: (sort_name.is_none() && is_sequence && arguments.get("order").is_none())
            || arguments.choice("order", &ORDERS)? == "asc",
        limit: limit as usize,
    })
}

const OF_PART: [Aggregate; 4] = [
    Aggregate::PartCount,
    Aggregate::PartShare,
    Aggregate::PartSum,
    Aggregate::PartSumShare,
];

/// The figures asked for by name.
fn asked_aggregates(arguments: &Arguments, has_part: bool, has_value: bool) -> Result<Vec<Aggregate>, Failure> {
    let names = arguments.texts("aggregates")?.unwrap_or_default();
    if names.len() > AGGREGATES_MAX {
        return Err(Failure(format!("'aggregates' may name at most {}.", AGGREGATES_MAX)));
    }
    let mut all: Vec<Aggregate> = Vec::new();
    for name in names {
        let one = Aggregate::read(name)?;
        if one.is_of_part() && !has_part {
            return Err(Failure(format!("the aggregate '{}' needs 'part'.", name)));
        }
        if !one.is_of_rows() && !has_value {
            return Err(Failure(format!(
                "the aggregate '{}' needs a 'value' column; without one there are count, share and the figures of a part.",
                name
            )));
        }
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

fn check_sort(
    name: Option<&str>,
    sort_by: Option<Aggregate>,
    (has_part, has_value): (bool, bool),
) -> Result<(), Failure> {
    let (name, sort_by) = match (name, sort_by) {
        (Some(name), Some(sort_by)) => (name, sort_by),
        _ => return Ok(()),
    };
    if !has_value && !sort_by.is_of_rows() {
        return Err(Failure(format!(
            "sort_by \"{}\" needs a 'value' column; without one, sort by count or key.",
            name
        )));
    }
    if !has_part && sort_by.is_of_part() {
        return Err(Failure(format!("sort_by \"{}\" needs 'part'.", name)));
    }
    Ok(())
}

/// Cells that are no numbers are left out; many mean that the column is not one of numbers.
fn check_numbers(table: &Table, measure: &Measure, notes: &mut Vec<String>) -> Result<(), Failure> {
    let odd = &measure.odd;
    if odd.count == 0 {
        return Ok(());
    }
    if !measure.field.is_number(table) && !odd.leaves(measure.numbers) {
        return Err(Failure(format!(
            "'{}' is not a column of numbers: {} of {} values are none, such as {}. To count rows, leave 'value' out.",
            measure.name,
            odd.count,
            measure.numbers + odd.count,
            odd.shown_text()
        )));
    }
    notes.push(format!(
        "{} values of '{}' are not numbers and were left out: {}",
        odd.count,
        measure.name,
        odd.shown_text()
    ));
    Ok(())
}
