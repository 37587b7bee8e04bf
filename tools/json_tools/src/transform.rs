//! `transform`: filter, pick, group, aggregate, sort and cut a list, in that order.

use crate::aggregate::{aggregate, OPERATIONS};
use crate::canonical::{canonical, order};
use crate::evaluate::Evaluator;
use crate::path::Query;
use crate::path_parser::{parse, parse_condition, parse_relative};
use crate::{result, source};
use mcp::schema::{self, Schema};
use mcp::{nearest, object, Arguments, Failure, Hints, Json, Outcome, Tool};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const LIMIT: (i64, i64) = (1_000, 100_000);
const OFFSET_MAX: i64 = 10_000_000;
const ORDERS: [&str; 2] = ["asc", "desc"];

pub const TOOL: Tool = Tool {
    name: "transform",
    title: "Filter, reshape, group and sort JSON",
    description: "Turns a list of JSON values into another: items (a JSONPath) says which values, where keeps some, pick makes a new object of each, group_by with aggregate sums them up, sort_by, offset and limit order and cut. The steps run in this order; leave out those you do not need. Sums are exact.",
    input,
    output: Some(|| {
        schema::closed(vec![
            schema::required("rows", schema::any_of("The resulting list; null when it is in a file.", &["array", "null"])),
            schema::required("count", schema::count("Values in the resulting list, before offset and limit.")),
            schema::required("items_read", schema::count("Values the items path found.")),
            result::exact_schema(),
            result::files_schema(),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    let figure = schema::closed(vec![
        schema::required(
            "op",
            schema::one_of(
                "count counts values of the group, null ones too; the others pass over null.",
                &OPERATIONS,
            )
            .role("aggregate"),
        ),
        schema::optional(
            "of",
            schema::text("Name of a member, or a path from @ such as @.price.net; not needed for count."),
        ),
        schema::optional("as", schema::text("Name in the result; op_of when absent.")),
    ]);
    let key = schema::closed(vec![
        schema::required(
            "key",
            schema::text("Name of a member of the resulting rows, or a path from @."),
        ),
        schema::optional(
            "order",
            schema::one_of("Smallest or largest first.", &ORDERS)
                .default("asc")
                .role("order"),
        ),
    ]);
    let mut all = source::properties();
    all.extend([
        schema::optional(
            "items",
            schema::text("JSONPath of the values to work on, such as $.orders[*]; when absent the items of the list, or the whole as one.")
                .with("examples", vec!["$.orders[*]".into()]),
        ),
        schema::optional("where", schema::text("Condition on each value as @, such as @.total > 100 && @.state == 'paid'.").with("examples", vec!["@.total > 100".into()])),
        schema::optional(
            "pick",
            schema::any_of("Members of the new objects: a list of names, or an object of new name to path, such as {\"city\": \"@.address.city\", \"tags\": \"@.tags[*]\"}; a path that can find several values gives a list.", &["array", "object"]),
        ),
        schema::optional("group_by", schema::list("Names of members (or paths from @) whose values make a group.", schema::text("Name or path."))),
        schema::optional("aggregate", schema::list("Figures of each group, or of all when there is no group_by.", figure)),
        schema::optional("sort_by", schema::list("Keys to order by, the first one foremost.", key)),
        schema::optional("offset", schema::integer("Rows to pass over.", 0, OFFSET_MAX).default(0i64)),
        schema::optional("limit", schema::integer("Rows to give.", 1, LIMIT.1).default(LIMIT.0).role("limit")),
    ]);
    schema::closed(all)
}

fn run(arguments: &Arguments) -> Outcome {
    let source = source::read(arguments, &source::MAIN)?;
    let offset = arguments.integer("offset", 0, (0, OFFSET_MAX))? as usize;
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let mut notes: BTreeSet<String> = BTreeSet::new();
    let items = items(arguments, &source.value)?;
    let items_read = items.len();
    let items = fitting(arguments, &source.value, items)?;
    let picked = pick(arguments, items)?;
    let mut rows = grouped(arguments, picked, &mut notes)?;
    sort(arguments, &mut rows)?;
    let count = rows.len();
    let rows: Vec<Json> = rows.into_iter().skip(offset).take(limit).collect();
    let head = format!("{} of {} rows, from {} values:", rows.len(), count, items_read);
    let rest = object([("count", count.into()), ("items_read", items_read.into())]);
    let mut all_notes = source.notes;
    all_notes.extend(notes);
    result::answer("rows", rows.into(), &head, rest, all_notes)
}

fn items<'v>(arguments: &Arguments, root: &'v Json) -> Result<Vec<&'v Json>, Failure> {
    match (arguments.text("items")?, root) {
        (Some(path), _) => {
            let nodes = Evaluator::new(root).nodes(&parse(path)?, root)?;
            Ok(nodes.into_iter().map(|node| node.value).collect())
        }
        (None, Json::List(items)) => Ok(items.iter().collect()),
        (None, one) => Ok(vec![one]),
    }
}

fn fitting<'v>(arguments: &Arguments, root: &'v Json, items: Vec<&'v Json>) -> Result<Vec<&'v Json>, Failure> {
    let condition = match arguments.text("where")? {
        Some(text) => parse_condition(text)?,
        None => return Ok(items),
    };
    let mut evaluator = Evaluator::new(root);
    let mut kept = Vec::new();
    for item in items {
        if evaluator.holds(&condition, item)? {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// A path from each value, and whether it can find only one.
struct Column {
    name: String,
    query: Query,
}

impl Column {
    fn new(name: &str, path: &str) -> Result<Column, Failure> {
        Ok(Column {
            name: name.to_owned(),
            query: parse_relative(path)?,
        })
    }

    fn value<'v>(&self, row: &'v Json) -> Result<Cow<'v, Json>, Failure> {
        let nodes = Evaluator::new(row).nodes(&self.query, row)?;
        Ok(if self.query.is_singular() {
            nodes
                .first()
                .map_or(Cow::Owned(Json::Null), |node| Cow::Borrowed(node.value))
        } else {
            Cow::Owned(nodes.iter().map(|node| node.value.clone()).collect::<Vec<_>>().into())
        })
    }
}

fn pick<'v>(arguments: &Arguments, items: Vec<&'v Json>) -> Result<Vec<Cow<'v, Json>>, Failure> {
    let columns: Vec<Column> = match arguments.get("pick") {
        None => return Ok(items.into_iter().map(Cow::Borrowed).collect()),
        Some(Json::List(names)) => {
            let names = names.iter().map(|name| {
                name.as_text()
                    .ok_or_else(|| Failure("'pick' is a list of names or an object of paths.".to_owned()))
            });
            names
                .map(|name| name.and_then(|name| Column::new(name.rsplit('.').next().unwrap_or(name), name)))
                .collect::<Result<_, _>>()?
        }
        Some(Json::Object(members)) => {
            let paths = members.iter().map(|(name, path)| match path {
                Json::Text(path) => Column::new(name, path),
                other => Err(Failure(format!(
                    "'pick' gives '{}' as {}; it must be a path such as @.price.net.",
                    name,
                    other.kind()
                ))),
            });
            paths.collect::<Result<_, _>>()?
        }
        Some(other) => {
            return Err(Failure(format!(
                "'pick' must be a list of names or an object of paths, not {}.",
                other.kind()
            )))
        }
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let mut row = object([]);
        for column in &columns {
            row.push(column.name.clone(), column.value(item)?.into_owned());
        }
        rows.push(Cow::Owned(row));
    }
    Ok(rows)
}

struct Figure {
    name: String,
    operation: &'static str,
    of: Option<Column>,
}

fn figures(arguments: &Arguments) -> Result<Vec<Figure>, Failure> {
    let mut all = Vec::new();
    for item in arguments.list("aggregate")?.unwrap_or_default() {
        let text = |name: &str| item.get(name).and_then(Json::as_text);
        let asked = text("op").ok_or_else(|| Failure("each of 'aggregate' is {\"op\": …, \"of\": …, \"as\": …}, such as {\"op\": \"sum\", \"of\": \"total\"}.".to_owned()))?;
        let operation = OPERATIONS
            .iter()
            .copied()
            .find(|known| *known == asked)
            .ok_or_else(|| {
                let hint = nearest(asked, OPERATIONS.iter().copied())
                    .map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
                Failure(format!(
                    "there is no aggregate '{}'.{} There are {}.",
                    asked,
                    hint,
                    OPERATIONS.join(", ")
                ))
            })?;
        let of = text("of").map(|path| Column::new(path, path)).transpose()?;
        if of.is_none() && operation != "count" {
            return Err(Failure(format!(
                "the aggregate '{}' needs 'of', the member it is of.",
                operation
            )));
        }
        let short = text("of").map(|path| path.rsplit('.').next().unwrap_or(path));
        let name = text("as").map(str::to_owned).unwrap_or_else(|| match short {
            Some(of) => format!("{}_{}", operation, of),
            None => operation.to_owned(),
        });
        all.push(Figure { name, operation, of });
    }
    Ok(all)
}

fn grouped(arguments: &Arguments, rows: Vec<Cow<Json>>, notes: &mut BTreeSet<String>) -> Result<Vec<Json>, Failure> {
    let keys: Vec<Column> = arguments
        .texts("group_by")?
        .unwrap_or_default()
        .into_iter()
        .map(|path| Column::new(path.rsplit('.').next().unwrap_or(path), path))
        .collect::<Result<_, _>>()?;
    let mut figures = figures(arguments)?;
    if keys.is_empty() && figures.is_empty() {
        return Ok(rows.into_iter().map(Cow::into_owned).collect());
    }
    if figures.is_empty() {
        figures.push(Figure {
            name: "count".to_owned(),
            operation: "count",
            of: None,
        });
    }
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<Json>, Vec<&Json>)> = Vec::new();
    for row in &rows {
        let values = keys
            .iter()
            .map(|key| key.value(row).map(Cow::into_owned))
            .collect::<Result<Vec<_>, _>>()?;
        let place = *places.entry(values.iter().map(canonical).collect()).or_insert_with(|| {
            groups.push((values, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    if keys.is_empty() && groups.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    let mut out = Vec::new();
    for (values, members) in groups {
        let mut row = object([]);
        for (key, value) in keys.iter().zip(values) {
            row.push(key.name.clone(), value);
        }
        for figure in &figures {
            let of = match &figure.of {
                Some(column) => members
                    .iter()
                    .map(|row| column.value(row))
                    .collect::<Result<Vec<_>, _>>()?,
                None => Vec::new(),
            };
            let of: Vec<&Json> = of.iter().map(Cow::as_ref).collect();
            row.push(
                figure.name.clone(),
                aggregate(figure.operation, &of, members.len(), notes),
            );
        }
        out.push(row);
    }
    Ok(out)
}

fn sort(arguments: &Arguments, rows: &mut Vec<Json>) -> Result<(), Failure> {
    let mut keys = Vec::new();
    for item in arguments.list("sort_by")?.unwrap_or_default() {
        let path =
            item.get("key").or(Some(item)).and_then(Json::as_text).ok_or_else(|| {
                Failure("each of 'sort_by' is {\"key\": …, \"order\": \"asc\" or \"desc\"}.".to_owned())
            })?;
        let descending = match item.get("order").and_then(Json::as_text) {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(Failure(format!(
                    "the order '{}' is not known; there are asc and desc.",
                    other
                )))
            }
        };
        keys.push((Column::new(path, path)?, descending));
    }
    if keys.is_empty() {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for row in std::mem::take(rows) {
        let values = keys
            .iter()
            .map(|(key, _)| key.value(&row).map(Cow::into_owned))
            .collect::<Result<Vec<_>, _>>()?;
        keyed.push((values, row));
    }
    keyed.sort_by(|(left, _), (right, _)| {
        let orders = keys
            .iter()
            .zip(left.iter().zip(right))
            .map(|((_, descending), (left, right))| match (left, right) {
                // What is missing comes last, whatever the order.
                (Json::Null, Json::Null) => std::cmp::Ordering::Equal,
                (Json::Null, _) => std::cmp::Ordering::Greater,
                (_, Json::Null) => std::cmp::Ordering::Less,
                _ if *descending => order(right, left),
                _ => order(left, right),
            });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}
