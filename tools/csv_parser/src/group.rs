//! `group`: rows counted and a column summed up for each value of other columns.

use crate::distinct::hash;
use crate::input;
use crate::rows::{cell_text, Given};
use csv::{is_missing, ColumnKind, Conditions, Held, Kind, Moments, Series, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{object, short_number, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};
use std::cmp::Ordering;

const STATISTICS: [&str; 8] = ["count", "missing", "sum", "mean", "median", "min", "max", "stdev"];
const SORTS: [&str; 9] = [
    "count", "sum", "mean", "median", "min", "max", "stdev", "missing", "key",
];
const ORDERS: [&str; 2] = ["desc", "asc"];
const KEYS_MAX: usize = 8;
const GROUPS_MAX: usize = 100_000;
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 1_000;
/// Bytes of all different keys.
const KEY_BYTES_MAX: usize = 32 << 20;
const ODD_SHOWN: usize = 3;
const MISSING: &str = "(missing)";

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

struct Group {
    key: Vec<Json>,
    count: u64,
    missing: u64,
    moments: Moments,
    series: Series,
    median: Option<f64>,
}

/// Groups by the bytes of their keys.
struct Groups {
    slots: Vec<u32>,
    hashes: Vec<u64>,
    ranges: Vec<(u32, u32)>,
    bytes: Vec<u8>,
    all: Vec<Group>,
}

const EMPTY: u32 = u32::MAX;

impl Groups {
    fn new() -> Groups {
        Groups {
            slots: vec![EMPTY; 64],
            hashes: Vec::new(),
            ranges: Vec::new(),
            bytes: Vec::new(),
            all: Vec::new(),
        }
    }

    /// The group of that key, if it was seen, else the slot where it belongs.
    #[inline]
    fn find(&self, key: &[u8], hash: u64) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at] as usize;
            if slot == EMPTY as usize {
                return Err(at);
            }
            if self.hashes[slot] == hash {
                let (start, end) = self.ranges[slot];
                if &self.bytes[start as usize..end as usize] == key {
                    return Ok(slot);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, at: usize, key: &[u8], hash: u64, values: Vec<Json>) -> Result<usize, Failure> {
        if self.all.len() >= GROUPS_MAX {
            return Err(Failure(format!(
                "there are more than {} groups. Group by columns with fewer different values, or narrow the rows with 'where'.",
                GROUPS_MAX
            )));
        }
        if self.bytes.len() + key.len() > KEY_BYTES_MAX {
            return Err(Failure(format!(
                "the values to group by are too long: together more than {} bytes.",
                KEY_BYTES_MAX
            )));
        }
        let index = self.all.len();
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        self.ranges.push((start, self.bytes.len() as u32));
        self.hashes.push(hash);
        self.slots[at] = index as u32;
        self.all.push(Group {
            key: values,
            count: 0,
            missing: 0,
            moments: Moments::default(),
            series: Series::default(),
            median: None,
        });
        if self.all.len() * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            self.slots = vec![EMPTY; size];
            for (index, hash) in self.hashes.iter().enumerate() {
                let mut at = *hash as usize & (size - 1);
                while self.slots[at] != EMPTY {
                    at = (at + 1) & (size - 1);
                }
                self.slots[at] = index as u32;
            }
        }
        Ok(index)
    }
}

const RECENT: usize = 256;
const WORD: usize = 8;

/// Short cells of a single key column and their groups, found again without writing a key.
struct Recent {
    column: Option<usize>,
    slots: Vec<RecentKey>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct RecentCell {
    length: usize,
    first: u64,
    last: u64,
}

#[derive(Clone, Copy, Default)]
struct RecentKey {
    cell: RecentCell,
    group: usize,
}

impl Recent {
    fn new(keys: &[usize]) -> Recent {
        let column = if keys.len() == 1 { Some(keys[0]) } else { None };
        Recent {
            column,
            slots: vec![RecentKey::default(); RECENT],
        }
    }

    /// The group of the current row, or where it may be kept.
    #[inline]
    fn find(&mut self, table: &Table) -> Result<usize, Option<usize>> {
        let cell = match self.column {
            Some(column) => table.cell(column),
            None => return Err(None),
        };
        let (length, first) = match cell.len() {
            length @ 1..=WORD => (length, csv::word_of(cell)),
            length if length > 0 && length <= 2 * WORD => (length, csv::word_of(&cell[..WORD])),
            _ => return Err(None),
        };
        // Up to sixteen bytes, length and both ends tell all.
        let last = if length > WORD {
            csv::word_of(&cell[length - WORD..])
        } else {
            0
        };
        let mixed = (first ^ last.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (mixed >> 56) as usize;
        let found = RecentCell { length, first, last };
        if self.slots[at].cell == found {
            return Ok(self.slots[at].group);
        }
        self.slots[at].cell = found;
        Err(Some(at))
    }

    fn keep(&mut self, slot: Option<usize>, group: usize) {
        if let Some(slot) = slot {
            self.slots[slot].group = group;
        }
    }
}

/// Values of the aggregated column that are not numbers.
#[derive(Default)]
struct Odd {
    count: u64,
    shown: Vec<String>,
}

struct Request {
    keys: Vec<usize>,
    value: Option<usize>,
    sort_by: &'static str,
    ascending: bool,
    limit: usize,
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

const NUMBER: u8 = 1;
const TEXT: u8 = 2;

/// The key of the current row. Numbers are equal however they are written.
#[inline]
fn write_key(key: &mut Vec<u8>, table: &Table, columns: &[usize]) {
    key.clear();
    for column in columns {
        let cell = table.cell(*column);
        if is_missing(cell) {
            key.push(0);
            continue;
        }
        if matches!(table.columns[*column].kind, ColumnKind::Number(_)) {
            let reading = table.number(*column);
            if reading.is_number() {
                key.push(NUMBER);
                key.extend_from_slice(&(reading.value + 0.0).to_bits().to_le_bytes());
                continue;
            }
        }
        key.push(TEXT);
        key.extend_from_slice(&(cell.len() as u32).to_le_bytes());
        key.extend_from_slice(cell);
    }
}

fn key_values(table: &Table, columns: &[usize]) -> Vec<Json> {
    let value = |column: &usize| match table.value(*column) {
        Json::Null => MISSING.into(),
        value => value,
    };
    columns.iter().map(value).collect()
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

fn statistic(group: &Group, name: &str) -> Option<f64> {
    match name {
        "count" => Some(group.count as f64),
        "missing" => Some(group.missing as f64),
        "sum" => group.moments.sum(),
        "mean" => group.moments.mean(),
        "median" => group.median,
        "min" => group.moments.min(),
        "max" => group.moments.max(),
        _ => group.moments.stdev(),
    }
}

/// Numbers before texts, texts by their letters, `(missing)` last.
fn compare_keys(left: &[Json], right: &[Json]) -> Ordering {
    let compare = |(left, right): (&Json, &Json)| match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.total_cmp(right),
        (Json::Number(_), _) => Ordering::Less,
        (_, Json::Number(_)) => Ordering::Greater,
        (left, right) => {
            let is_missing = |key: &Json| key.as_text() == Some(MISSING);
            is_missing(left)
                .cmp(&is_missing(right))
                .then_with(|| left.as_text().cmp(&right.as_text()))
        }
    };
    left.iter()
        .zip(right)
        .map(compare)
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare_groups(left: &Group, right: &Group, request: &Request) -> Ordering {
    let by_key = compare_keys(&left.key, &right.key);
    if request.sort_by == "key" {
        return if request.ascending { by_key } else { by_key.reverse() };
    }
    let order = match (statistic(left, request.sort_by), statistic(right, request.sort_by)) {
        (Some(left), Some(right)) if request.ascending => left.total_cmp(&right),
        (Some(left), Some(right)) => right.total_cmp(&left),
        // Groups without the statistic come last in either order.
        (left, right) => right.is_some().cmp(&left.is_some()),
    };
    order.then(by_key)
}

/// Names of the key members of a group; a column called like a statistic gets another one.
fn key_names(table: &Table, request: &Request) -> Vec<String> {
    let name = |column: &usize| {
        let name = &table.columns[*column].name;
        if STATISTICS.contains(&name.as_str()) {
            format!("{} (column)", name)
        } else {
            name.clone()
        }
    };
    request.keys.iter().map(name).collect()
}

fn answer(table: &Table, request: &Request, mut groups: Vec<Group>, matched: u64, mut notes: Vec<String>) -> Answer {
    groups.sort_by(|left, right| compare_groups(left, right, request));
    let names = key_names(table, request);
    let value = request.value.map(|column| table.columns[column].name.clone());
    let statistics: &[&'static str] = if value.is_some() { &STATISTICS } else { &STATISTICS[..1] };
    let mut header: Vec<(String, Align)> = names.iter().map(|name| (name.clone(), Align::Left)).collect();
    header.extend(statistics.iter().map(|name| ((*name).to_owned(), Align::Right)));
    let mut shown = TextTable::new(header);
    let mut given = Given::default();
    for group in groups.iter().take(request.limit) {
        let mut row = object([]);
        let mut cells = Vec::new();
        for (name, key) in names.iter().zip(&group.key) {
            row.push(name.clone(), key.clone());
            cells.push(cell_text(key));
        }
        for name in statistics {
            let value = statistic(group, name);
            row.push(*name, value);
            cells.push(value.map_or(String::new(), short_number));
        }
        if given.add(row) {
            shown.row(cells);
        }
    }
    notes.extend(given.note());
    let text = format!(
        "{}\n\n{}{}",
        headline(table, request, &groups, matched),
        shown.render(),
        input::notes_text(&notes)
    );
    let structured = object([
        (
            "group_by",
            request
                .keys
                .iter()
                .map(|column| table.columns[*column].name.clone().into())
                .collect::<Vec<Json>>()
                .into(),
        ),
        ("value", value.into()),
        ("rows", given.rows.into()),
        ("groups_total", groups.len().into()),
        ("rows_read", table.rows.into()),
        ("rows_matched", matched.into()),
        ("notes", input::texts_json(&notes)),
    ]);
    Answer::new(text, structured)
}

/// One sentence that says the most important: how many groups, which is first, which last.
fn headline(table: &Table, request: &Request, groups: &[Group], matched: u64) -> String {
    let rows = input::counted(matched, "row");
    let of = if matched == table.rows {
        String::new()
    } else {
        format!(" (of {})", table.rows)
    };
    let by: Vec<&str> = request
        .keys
        .iter()
        .map(|column| table.columns[*column].name.as_str())
        .collect();
    let mut line = format!(
        "{}{} in {} by {}",
        rows,
        of,
        input::counted(groups.len() as u64, "group"),
        by.join(", ")
    );
    if groups.len() > request.limit {
        line.push_str(&format!(", the first {} of them below", request.limit));
    }
    if let (Some(first), Some(last), true) = (groups.first(), groups.last(), request.sort_by != "key") {
        let what = match request.value {
            Some(column) if request.sort_by != "count" => {
                format!("{} of {}", request.sort_by, table.columns[column].name)
            }
            _ => request.sort_by.to_owned(),
        };
        let say = |group: &Group| {
            let key: Vec<String> = group.key.iter().map(cell_text).collect();
            format!(
                "{} ({})",
                key.join(", "),
                statistic(group, request.sort_by).map_or("none".to_owned(), short_number)
            )
        };
        let (highest, lowest) = if request.ascending {
            ("lowest", "highest")
        } else {
            ("highest", "lowest")
        };
        line.push_str(&format!(". {} {}: {}", capital(highest), what, say(first)));
        if groups.len() > 1 {
            line.push_str(&format!("; {}: {}", lowest, say(last)));
        }
    }
    line.push('.');
    line
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}
