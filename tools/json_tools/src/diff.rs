//! What turns one document into another, as patches.

use crate::canonical::{canonical, equal};
use crate::pointer::escape;
use mcp::{object, Json};
use std::collections::BTreeMap;

/// Pairs of items looked at to line up two lists; larger lists are compared place by place.
const PAIRS_MAX: usize = 1_000_000;

/// A JSON Patch (RFC 6902) that turns one into the other.
pub fn patch(from: &Json, to: &Json) -> Vec<Json> {
    let mut out = Vec::new();
    values(from, to, "", &mut out);
    out
}

fn operation(name: &'static str, path: &str, value: Option<&Json>) -> Json {
    let mut operation = object([("op", name.into()), ("path", path.to_owned().into())]);
    if let Some(value) = value {
        operation.push("value", value.clone());
    }
    operation
}

fn values(from: &Json, to: &Json, path: &str, out: &mut Vec<Json>) {
    match (from, to) {
        (Json::Object(one), Json::Object(two)) => {
            let new: BTreeMap<&str, &Json> = two.iter().map(|(name, value)| (name.as_ref(), value)).collect();
            let old: BTreeMap<&str, &Json> = one.iter().map(|(name, value)| (name.as_ref(), value)).collect();
            for (name, value) in one {
                let inner = format!("{}/{}", path, escape(name));
                match new.get(name.as_ref()) {
                    Some(other) => values(value, other, &inner, out),
                    None => out.push(operation("remove", &inner, None)),
                }
            }
            for (name, value) in two.iter().filter(|(name, _)| !old.contains_key(name.as_ref())) {
                out.push(operation("add", &format!("{}/{}", path, escape(name)), Some(value)));
            }
        }
        (Json::List(one), Json::List(two)) => lists(one, two, path, out),
        _ if equal(from, to) => {}
        _ => out.push(operation("replace", path, Some(to))),
    }
}

fn lists(from: &[Json], to: &[Json], path: &str, out: &mut Vec<Json>) {
    let old: Vec<String> = from.iter().map(canonical).collect();
    let new: Vec<String> = to.iter().map(canonical).collect();
    let start = old.iter().zip(&new).take_while(|(left, right)| left == right).count();
    let end = old[start..]
        .iter()
        .rev()
        .zip(new[start..].iter().rev())
        .take_while(|(left, right)| left == right)
        .count();
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    let kept = common(&old[start..old_end], &new[start..new_end]);
    // Between two items that stay, items change in pairs; what is left over is removed or added.
    let (mut left, mut right, mut place) = (start, start, start);
    let ends = std::iter::once((old_end - start, new_end - start));
    for (next_left, next_right) in kept.into_iter().chain(ends) {
        let (next_left, next_right) = (start + next_left, start + next_right);
        while left < next_left && right < next_right {
            values(&from[left], &to[right], &format!("{}/{}", path, place), out);
            left += 1;
            right += 1;
            place += 1;
        }
        while left < next_left {
            out.push(operation("remove", &format!("{}/{}", path, place), None));
            left += 1;
        }
        while right < next_right {
            out.push(operation("add", &format!("{}/{}", path, place), Some(&to[right])));
            right += 1;
            place += 1;
        }
        left += 1;
        right += 1;
        place += 1;
    }
}

/// Places of the items of a longest common subsequence; none for lists too long to look for one.
fn common(old: &[String], new: &[String]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    if old.is_empty() || new.is_empty() || old.len() * new.len() > PAIRS_MAX {
        return Vec::new();
    }
    let mut lengths = vec![0u32; (old.len() + 1) * width];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            lengths[left * width + right] = if old[left] == new[right] {
                lengths[(left + 1) * width + right + 1] + 1
            } else {
                lengths[(left + 1) * width + right].max(lengths[left * width + right + 1])
            };
        }
    }
    let (mut left, mut right) = (0, 0);
    let mut pairs = Vec::new();
    while left < old.len() && right < new.len() {
        if old[left] == new[right] {
            pairs.push((left, right));
            left += 1;
            right += 1;
        } else if lengths[(left + 1) * width + right] >= lengths[left * width + right + 1] {
            left += 1;
        } else {
            right += 1;
        }
    }
    pairs
}

/// A JSON Merge Patch (RFC 7396); none where it cannot say it, since a member becomes null.
pub fn merge_patch(from: &Json, to: &Json) -> Option<Json> {
    let (one, two) = match (from, to) {
        (Json::Object(one), Json::Object(two)) => (one, two),
        (_, to) => return (!holds_null(to)).then(|| to.clone()),
    };
    let old: BTreeMap<&str, &Json> = one.iter().map(|(name, value)| (name.as_ref(), value)).collect();
    let new: BTreeMap<&str, &Json> = two.iter().map(|(name, value)| (name.as_ref(), value)).collect();
    let mut patch = object([]);
    for (name, _) in one.iter().filter(|(name, _)| !new.contains_key(name.as_ref())) {
        patch.push(name.clone(), Json::Null);
    }
    for (name, value) in two {
        match old.get(name.as_ref()) {
            Some(before) if equal(before, value) => {}
            Some(before) => patch.push(name.clone(), inner_merge(before, value)?),
            None => patch.push(
                name.clone(),
                Some(value.clone()).filter(|value| *value != Json::Null && !holds_null(value))?,
            ),
        }
    }
    Some(patch)
}

fn inner_merge(before: &Json, value: &Json) -> Option<Json> {
    match value {
        Json::Null => None,
        _ => merge_patch(before, value),
    }
}

/// Whether merging would take a null of the value for a removal. Lists are not merged, so theirs are safe.
fn holds_null(value: &Json) -> bool {
    match value {
        Json::Object(members) => members
            .iter()
            .any(|(_, value)| *value == Json::Null || holds_null(value)),
        _ => false,
    }
}
