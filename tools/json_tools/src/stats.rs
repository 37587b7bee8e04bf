//! `stats`: what a document is made of.

use crate::canonical::compare_numbers;
use crate::{result, source};
use mcp::schema::{self, Schema};
use mcp::{object, Align, Answer, Arguments, Hints, Json, Outcome, TextTable, Tool};
use std::cmp::Ordering;
use std::collections::BTreeMap;

const SHAPES_MAX: usize = 500;

pub const TOOL: Tool = Tool {
    name: "stats",
    title: "Describe a JSON document",
    description: "Tells what JSON holds: how many values of each type, how deep, and for every path ([*] for any item) its types, how often it is there, and smallest and largest numbers. Start with it when a document is new to you.",
    input: || schema::closed(source::properties()),
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn output() -> Schema {
    let shape = schema::closed(vec![
        schema::required("path", schema::text("Path, with [*] for any item of a list.")),
        schema::required("types", schema::list("Types of its values.", schema::text("Type."))),
        schema::required("count", schema::count("How often it is there.")),
        schema::required("min", source::any("Smallest number; null without numbers.")),
        schema::required("max", source::any("Largest number; null without numbers.")),
        schema::required(
            "example",
            source::any("One of its values, where it is no list and no object."),
        ),
    ]);
    schema::closed(vec![
        schema::required("type", schema::text("Type of the whole.")),
        schema::required("bytes", schema::count("Size when written compactly.")),
        schema::required("depth", schema::count("Lists and objects within each other.")),
        schema::required("values", schema::count("Values of all types.")),
        schema::required(
            "types",
            schema::whole(Vec::new()).described("How many values of each type."),
        ),
        schema::required("rows", schema::list("What is at each path.", shape)),
        result::notes_schema(),
    ])
}

#[derive(Default)]
struct Shape<'v> {
    types: BTreeMap<&'static str, usize>,
    count: usize,
    min: Option<&'v Json>,
    max: Option<&'v Json>,
    example: Option<&'v Json>,
}

#[derive(Default)]
struct Survey<'v> {
    places: BTreeMap<String, usize>,
    shapes: Vec<(String, Shape<'v>)>,
    types: BTreeMap<&'static str, usize>,
    depth: usize,
    values: usize,
    left_out: usize,
}

pub fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Integer(_) => "integer",
        Json::Number(_) | Json::Exact(_) => "number",
        Json::Text(_) => "string",
        Json::List(_) => "array",
        Json::Object(_) => "object",
    }
}

impl<'v> Survey<'v> {
    fn visit(&mut self, value: &'v Json, path: &str, depth: usize) {
        let name = type_name(value);
        *self.types.entry(name).or_default() += 1;
        self.values += 1;
        self.depth = self.depth.max(depth);
        self.note(value, path, name);
        match value {
            Json::List(items) => {
                let path = format!("{}[*]", path);
                for item in items {
                    self.visit(item, &path, depth + 1);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
                        && !name.starts_with(|c: char| c.is_ascii_digit());
                    let path = if plain && !name.is_empty() {
                        format!("{}.{}", path, name)
                    } else {
                        format!("{}['{}']", path, name)
                    };
                    self.visit(value, &path, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, value: &'v Json, path: &str, name: &'static str) {
        let place = match self.places.get(path) {
            Some(place) => *place,
            None if self.shapes.len() == SHAPES_MAX => {
                self.left_out += 1;
                return;
            }
            None => {
                self.places.insert(path.to_owned(), self.shapes.len());
                self.shapes.push((path.to_owned(), Shape::default()));
                self.shapes.len() - 1
            }
        };
        let shape = &mut self.shapes[place].1;
        *shape.types.entry(name).or_default() += 1;
        shape.count += 1;
        match value {
            Json::Integer(_) | Json::Number(_) | Json::Exact(_) => {
                let beyond =
                    |old: Option<&Json>, order| old.map_or(true, |old| compare_numbers(value, old) == Some(order));
                if beyond(shape.min, Ordering::Less) {
                    shape.min = Some(value);
                }
                if beyond(shape.max, Ordering::Greater) {
                    shape.max = Some(value);
                }
            }
            Json::List(_) | Json::Object(_) => return,
            _ => {}
        }
        if shape.example.is_none() && *value != Json::Null {
            shape.example = Some(value);
        }
    }
}

fn run(arguments: &Arguments) -> Outcome {
    let source = source::read(arguments, &source::MAIN)?;
    let mut survey = Survey::default();
    survey.visit(&source.value, "$", 0);
    let mut notes = source.notes.clone();
    if survey.left_out > 0 {
        notes.push(format!(
            "only the first {} different paths are told; {} values are at others",
            SHAPES_MAX, survey.left_out
        ));
    }
    let mut shown = TextTable::new(vec![
        ("path".into(), Align::Left),
        ("types".into(), Align::Left),
        ("count".into(), Align::Right),
        ("min".into(), Align::Right),
        ("max".into(), Align::Right),
        ("example".into(), Align::Left),
    ]);
    let mut rows = Vec::new();
    for (path, shape) in &survey.shapes {
        let types: Vec<&str> = shape.types.keys().copied().collect();
        let cell = |value: Option<&Json>| value.map_or(String::new(), Json::to_line);
        let example = shape.example.map(short);
        shown.row(vec![
            path.clone(),
            types.join(", "),
            shape.count.to_string(),
            cell(shape.min),
            cell(shape.max),
            cell(example.as_ref()),
        ]);
        rows.push(object([
            ("path", path.clone().into()),
            (
                "types",
                shape
                    .types
                    .keys()
                    .map(|name| Json::from(*name))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            ("count", shape.count.into()),
            ("min", shape.min.cloned().into()),
            ("max", shape.max.cloned().into()),
            ("example", example.into()),
        ]));
    }
    let bytes = source.value.to_line().len();
    let head = format!("{} values, {} deep, {} bytes.", survey.values, survey.depth, bytes);
    let text = result::with_notes(format!("{}\n\n{}", head, shown.render()), &notes);
    let mut types = object([]);
    for (name, count) in &survey.types {
        types.push(*name, *count);
    }
    let structured = object([
        ("type", type_name(&source.value).into()),
        ("bytes", bytes.into()),
        ("depth", survey.depth.into()),
        ("values", survey.values.into()),
        ("types", types),
        ("rows", rows.into()),
        ("notes", result::texts(&notes)),
    ]);
    Ok(Answer::new(text, structured))
}

fn short(value: &Json) -> Json {
    match value {
        Json::Text(text) if text.chars().count() > 60 => {
            format!("{}…", text.chars().take(60).collect::<String>()).into()
        }
        other => other.clone(),
    }
}
