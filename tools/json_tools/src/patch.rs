//! JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).

use crate::canonical::equal;
use crate::pointer;
use mcp::{Failure, Json};
use std::borrow::Cow;

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];
/// Bytes of text that copies may make of a document.
const COPIED_VALUES_MAX: usize = 1_000_000;

/// The document after all operations, or why one of them cannot be done; then nothing is.
pub fn apply(mut document: Json, operations: &[Json]) -> Result<Json, Failure> {
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        step(&mut document, operation, &mut copied).map_err(|problem| {
            Failure(format!(
                "operation {} of the patch, {}: {}",
                index,
                operation.to_line(),
                problem
            ))
        })?;
    }
    Ok(document)
}

fn text<'a>(operation: &'a Json, name: &str) -> Result<&'a str, Failure> {
    let value = operation.get(name).and_then(Json::as_text);
    value.ok_or_else(|| Failure(format!("it needs '{}', a text.", name)))
}

fn step(document: &mut Json, operation: &Json, copied: &mut usize) -> Result<(), Failure> {
    let name = text(operation, "op")?;
    if !OPERATIONS.contains(&name) {
        return Err(Failure(format!(
            "'{}' is no operation; there are {}.",
            name,
            OPERATIONS.join(", ")
        )));
    }
    let path = pointer::parse(text(operation, "path")?)?;
    let value = || {
        operation
            .get("value")
            .cloned()
            .ok_or_else(|| Failure("it needs 'value'.".to_owned()))
    };
    match name {
        "add" => add(document, &path, value()?),
        "remove" => remove(document, &path).map(|_| ()),
        "replace" => {
            *find(document, &path)? = value()?;
            Ok(())
        }
        "test" => {
            let found = find(document, &path)?.clone();
            if equal(&found, &value()?) {
                return Ok(());
            }
            let found: String = found.to_line().chars().take(200).collect();
            Err(Failure(format!("the test fails: there stands {}.", found)))
        }
        _ => {
            let from = pointer::parse(text(operation, "from")?)?;
            if name == "move" {
                if path.len() > from.len() && path.starts_with(&from) {
                    return Err("a value cannot be moved into itself.".into());
                }
                let moved = remove(document, &from)?;
                return add(document, &path, moved);
            }
            let copy = find(document, &from)?.clone();
            *copied += size(&copy);
            if *copied > COPIED_VALUES_MAX {
                return Err(Failure(format!("copies make more than {} values.", COPIED_VALUES_MAX)));
            }
            add(document, &path, copy)
        }
    }
}

fn size(value: &Json) -> usize {
    1 + match value {
        Json::List(items) => items.iter().map(size).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| size(value)).sum::<usize>(),
        _ => 0,
    }
}

/// The value at a path; where the way ends, what there is instead.
fn find<'d>(document: &'d mut Json, path: &[String]) -> Result<&'d mut Json, Failure> {
    let mut value = document;
    for (depth, part) in path.iter().enumerate() {
        if pointer::child(value, part).is_none() {
            return Err(missing(value, path, depth));
        }
        value = match pointer::child_mut(value, part) {
            Some(child) => child,
            None => return Err("the path leads nowhere.".into()),
        };
    }
    Ok(value)
}

fn missing(value: &Json, path: &[String], depth: usize) -> Failure {
    let here = match depth {
        0 => "the document".to_owned(),
        depth => format!("'{}'", pointer::write(&path[..depth])),
    };
    let inside = match value {
        Json::Object(members) => {
            let names: Vec<&str> = members.iter().take(20).map(|(name, _)| name.as_ref()).collect();
            format!("an object with the members {}", names.join(", "))
        }
        Json::List(items) => format!("a list of {} items, counted from 0", items.len()),
        other => other.kind().to_owned(),
    };
    Failure(format!(
        "there is no '{}' in {}, which is {}.",
        path[depth], here, inside
    ))
}

fn add(document: &mut Json, path: &[String], value: Json) -> Result<(), Failure> {
    let (last, parents) = match path.split_last() {
        Some(parts) => parts,
        None => {
            *document = value;
            return Ok(());
        }
    };
    let parent = find(document, parents)?;
    match parent {
        Json::List(items) => {
            let place = if last == "-" {
                Some(items.len())
            } else {
                pointer::index(last)
            };
            match place.filter(|place| *place <= items.len()) {
                Some(place) => items.insert(place, value),
                None => {
                    return Err(Failure(format!(
                        "a list of {} items has no place '{}' to add at; '-' is its end.",
                        items.len(),
                        last
                    )))
                }
            }
        }
        Json::Object(members) => match members.iter_mut().find(|(name, _)| name == last) {
            Some((_, old)) => *old = value,
            None => members.push((Cow::Owned(last.clone()), value)),
        },
        other => {
            return Err(Failure(format!(
                "'{}' is {}; a member can be added to an object or list only.",
                pointer::write(parents),
                other.kind()
            )))
        }
    }
    Ok(())
}

fn remove(document: &mut Json, path: &[String]) -> Result<Json, Failure> {
    find(document, path)?;
    let (last, parents) = match path.split_last() {
        Some(parts) => parts,
        None => return Ok(std::mem::replace(document, Json::Null)),
    };
    match find(document, parents)? {
        Json::List(items) => match pointer::index(last) {
            Some(place) => Ok(items.remove(place)),
            None => Err("the path leads nowhere.".into()),
        },
        Json::Object(members) => match members.iter().rposition(|(name, _)| name == last) {
            Some(place) => Ok(members.remove(place).1),
            None => Err("the path leads nowhere.".into()),
        },
        _ => Err("the path leads nowhere.".into()),
    }
}

/// RFC 7396: members of the patch replace those of the document, null removes them.
pub fn merge(document: Json, patch: &Json) -> Json {
    let changes = match patch {
        Json::Object(changes) => changes,
        other => return other.clone(),
    };
    let mut members = match document {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    for (name, change) in changes {
        let place = members.iter().position(|(known, _)| known == name);
        match (place, change) {
            (Some(place), Json::Null) => drop(members.remove(place)),
            (None, Json::Null) => {}
            (Some(place), change) => {
                let old = std::mem::replace(&mut members[place].1, Json::Null);
                members[place].1 = merge(old, change);
            }
            (None, change) => members.push((name.clone(), merge(Json::Null, change))),
        }
    }
    Json::Object(members)
}
