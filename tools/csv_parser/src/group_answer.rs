//! The groups in their order, as a table and as rows.

use crate::aggregates::{Aggregate, Totals};
use crate::group::Request;
use crate::groups::{Group, MISSING};
use crate::input;
use crate::rows::{cell_text, Given};
use csv::Table;
use mcp::{object, short_number, Align, Answer, Json, TextTable};
use std::cmp::Ordering;

/// In their own order, then texts by their letters, `(missing)` last.
fn compare_keys(left: &Group, right: &Group) -> Ordering {
    for place in 0..left.key.len() {
        let order = match (left.order[place], right.order[place]) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let is_missing = |key: &Json| key.as_text() == Some(MISSING);
                let (left, right) = (&left.key[place], &right.key[place]);
                is_missing(left)
                    .cmp(&is_missing(right))
                    .then_with(|| left.as_text().cmp(&right.as_text()))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_figures(left: &Json, right: &Json, ascending: bool) -> Ordering {
    let order = match (left, right) {
        (Json::Null, Json::Null) => return Ordering::Equal,
        // Groups without the figure come last in either order.
        (Json::Null, _) => return Ordering::Greater,
        (_, Json::Null) => return Ordering::Less,
        (Json::Number(left), Json::Number(right)) => left.total_cmp(right),
        (Json::Number(_), _) => Ordering::Less,
        (_, Json::Number(_)) => Ordering::Greater,
        (left, right) => left.as_text().cmp(&right.as_text()),
    };
    if ascending {
        order
    } else {
        order.reverse()
    }
}

fn figure_text(value: &Json) -> String {
    match value {
        Json::Number(number) => short_number(*number),
        other => cell_text(other),
    }
}

/// Names of the key members of a group; a column called like a figure gets another one.
fn key_names(request: &Request) -> Vec<String> {
    let name = |name: &String| {
        let taken = Aggregate::named(name).is_some()
            || (request.several && request.measures.iter().any(|measure| measure.name == *name));
        if taken {
            format!("{} (column)", name)
        } else {
            name.clone()
        }
    };
    request.key_names.iter().map(name).collect()
}

pub fn answer(table: &Table, request: &Request, groups: Vec<Group>, matched: u64, mut notes: Vec<String>) -> Answer {
    let sums = (0..request.measures.len()).map(|value| {
        let sums = groups.iter().filter_map(|group| group.figures[value].moments.sum());
        sums.sum()
    });
    let totals = Totals {
        rows: matched,
        sums: sums.collect(),
    };
    let sort_figure = |group: &Group| request.sort_by.map_or(Json::Null, |one| one.of(group, 0, &totals));
    let mut groups: Vec<(Json, Group)> = groups.into_iter().map(|group| (sort_figure(&group), group)).collect();
    groups.sort_by(|(left_figure, left), (right_figure, right)| {
        let by_key = compare_keys(left, right);
        if request.sort_by.is_none() {
            return if request.ascending { by_key } else { by_key.reverse() };
        }
        compare_figures(left_figure, right_figure, request.ascending).then(by_key)
    });
    let names = key_names(request);
    let mut header: Vec<(String, Align)> = names.iter().map(|name| (name.clone(), Align::Left)).collect();
    header.push(("count".to_owned(), Align::Right));
    let count_asked = request.of_rows.iter().map(|one| one.name());
    header.extend(count_asked.map(|name| (name, Align::Right)));
    for measure in &request.measures {
        for one in &request.of_values {
            let name = if request.several {
                format!("{} {}", measure.name, one.name())
            } else {
                one.name()
            };
            header.push((name, Align::Right));
        }
    }
    let mut shown = TextTable::new(header);
    let mut given = Given::default();
    for (_, group) in groups.iter().take(request.limit) {
        let mut row = object([]);
        let mut cells = Vec::new();
        for (name, key) in names.iter().zip(&group.key) {
            row.push(name.clone(), key.clone());
            cells.push(cell_text(key));
        }
        for one in std::iter::once(&Aggregate::Count).chain(&request.of_rows) {
            let figure = one.of(group, 0, &totals);
            cells.push(figure_text(&figure));
            row.push(one.name(), figure);
        }
        for (value, measure) in request.measures.iter().enumerate() {
            let mut figures = object([]);
            for one in &request.of_values {
                let figure = one.of(group, value, &totals);
                cells.push(figure_text(&figure));
                if request.several {
                    figures.push(one.name(), figure);
                } else {
                    row.push(one.name(), figure);
                }
            }
            if request.several {
                row.push(measure.name.clone(), figures);
            }
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
    let value_names: Vec<String> = request.measures.iter().map(|measure| measure.name.clone()).collect();
    let value = match &value_names[..] {
        [only] if !request.several => Some(only.clone()),
        _ => None,
    };
    let mut structured = object([
        ("group_by", input::texts_json(&request.key_names)),
        ("value", value.into()),
        ("rows", given.rows.into()),
        ("groups_total", groups.len().into()),
        ("rows_read", table.rows.into()),
        ("rows_matched", matched.into()),
        ("notes", input::texts_json(&notes)),
    ]);
    if request.several {
        structured.push("values", input::texts_json(&value_names));
    }
    Answer::new(text, structured)
}

/// One sentence that says the most important: how many groups, which is first, which last.
fn headline(table: &Table, request: &Request, groups: &[(Json, Group)], matched: u64) -> String {
    let rows = input::counted(matched, "row");
    let of = if matched == table.rows {
        String::new()
    } else {
        format!(" (of {})", table.rows)
    };
    if request.keys.is_empty() {
        return format!("{}{}.", rows, of);
    }
    let mut line = format!(
        "{}{} in {} by {}",
        rows,
        of,
        input::counted(groups.len() as u64, "group"),
        request.key_names.join(", ")
    );
    if groups.len() > request.limit {
        line.push_str(&format!(", the first {} of them below", request.limit));
    }
    if let (Some(first), Some(last), Some(sort_by)) = (groups.first(), groups.last(), request.sort_by) {
        let what = match request.measures.first() {
            Some(measure) if !sort_by.is_of_rows() => format!("{} of {}", sort_by.name(), measure.name),
            _ => sort_by.name(),
        };
        let say = |(figure, group): &(Json, Group)| {
            let key: Vec<String> = group.key.iter().map(cell_text).collect();
            let figure = match figure {
                Json::Null => "none".to_owned(),
                figure => figure_text(figure),
            };
            format!("{} ({})", key.join(", "), figure)
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
