//! The groups in their order, as a table and as rows.

use crate::group::Request;
use crate::groups::{Group, MISSING};
use crate::input;
use crate::rows::{cell_text, Given};
use csv::Table;
use mcp::{object, short_number, Align, Answer, Json, TextTable};
use std::cmp::Ordering;

const STATISTICS: [&str; 8] = ["count", "missing", "sum", "mean", "median", "min", "max", "stdev"];

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

pub fn answer(
    table: &Table,
    request: &Request,
    mut groups: Vec<Group>,
    matched: u64,
    mut notes: Vec<String>,
) -> Answer {
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
