//! Queries on values.

use crate::canonical::{compare_numbers, equal};
use crate::functions::compile;
use crate::path::{Comparable, Fits, Logical, Operator, Query, Segment, Selector};
use mcp::{Failure, Json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;
use std::rc::Rc;

/// Nodes that a query passes through.
const NODES_MAX: usize = 1_000_000;

enum Key<'v> {
    Name(&'v str),
    Index(usize),
}

/// Where a node is: the last key, and the rest of the way.
struct Place<'v> {
    key: Key<'v>,
    parent: Option<Rc<Place<'v>>>,
}

#[derive(Clone)]
pub struct Node<'v> {
    pub value: &'v Json,
    place: Option<Rc<Place<'v>>>,
}

impl<'v> Node<'v> {
    /// The normalized path of RFC 9535 section 2.7.
    pub fn path(&self) -> String {
        let mut keys = Vec::new();
        let mut place = self.place.as_ref();
        while let Some(here) = place {
            keys.push(&here.key);
            place = here.parent.as_ref();
        }
        let mut out = String::from("$");
        for key in keys.iter().rev() {
            match key {
                Key::Index(index) => {
                    let _ = write!(out, "[{}]", index);
                }
                Key::Name(name) => quote(name, &mut out),
            }
        }
        out
    }
}

fn quote(name: &str, out: &mut String) {
    out.push_str("['");
    for c in name.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push_str("']");
}

/// Evaluates queries on one document.
pub struct Evaluator<'v> {
    root: &'v Json,
    visited: usize,
    /// Places are kept for results; conditions need none.
    tracks: bool,
}

impl<'v> Evaluator<'v> {
    pub fn new(root: &'v Json) -> Evaluator<'v> {
        Evaluator {
            root,
            visited: 0,
            tracks: false,
        }
    }

    /// The nodes of a query, with their places.
    pub fn places(&mut self, query: &Query) -> Result<Vec<Node<'v>>, Failure> {
        self.tracks = true;
        let nodes = self.nodes(query, self.root);
        self.tracks = false;
        nodes
    }

    pub fn nodes(&mut self, query: &Query, current: &'v Json) -> Result<Vec<Node<'v>>, Failure> {
        let value = if query.from_root { self.root } else { current };
        let mut nodes = vec![Node { value, place: None }];
        for segment in &query.segments {
            let mut next = Vec::new();
            for node in nodes {
                self.segment(segment, node, &mut next)?;
            }
            nodes = next;
        }
        Ok(nodes)
    }

    fn child(&mut self, parent: &Node<'v>, key: Key<'v>, value: &'v Json) -> Result<Node<'v>, Failure> {
        self.visited += 1;
        if self.visited > NODES_MAX {
            return Err(Failure(format!(
                "the path passes through more than {} values; use a narrower one, with fewer '..' and '*'.",
                NODES_MAX
            )));
        }
        let place = self.tracks.then(|| {
            Rc::new(Place {
                key,
                parent: parent.place.clone(),
            })
        });
        Ok(Node { value, place })
    }

    fn children(&mut self, node: &Node<'v>) -> Result<Vec<Node<'v>>, Failure> {
        match node.value {
            Json::List(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| self.child(node, Key::Index(index), item))
                    .collect()
            }
            Json::Object(members) => {
                let members = members.iter();
                members
                    .map(|(name, value)| self.child(node, Key::Name(name), value))
                    .collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    fn segment(&mut self, segment: &Segment, node: Node<'v>, out: &mut Vec<Node<'v>>) -> Result<(), Failure> {
        // A descendant segment selects from the node and all below it, parents before children.
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            for selector in &segment.selectors {
                self.select(selector, &node, out)?;
            }
            if segment.descendant {
                open.extend(self.children(&node)?.into_iter().rev());
            }
        }
        Ok(())
    }

    fn select(&mut self, selector: &Selector, node: &Node<'v>, out: &mut Vec<Node<'v>>) -> Result<(), Failure> {
        match (selector, node.value) {
            (Selector::Name(name), Json::Object(members)) => {
                if let Some((name, value)) = members.iter().rev().find(|(known, _)| known == name) {
                    out.push(self.child(node, Key::Name(name), value)?);
                }
            }
            (Selector::Wildcard, _) => out.extend(self.children(node)?),
            (Selector::Index(index), Json::List(items)) => {
                let place = if *index < 0 { items.len() as i64 + index } else { *index };
                if let Some(item) = usize::try_from(place).ok().and_then(|place| items.get(place)) {
                    out.push(self.child(node, Key::Index(place as usize), item)?);
                }
            }
            (Selector::Slice(start, end, step), Json::List(items)) => {
                for place in slice(items.len() as i64, *start, *end, *step) {
                    out.push(self.child(node, Key::Index(place), &items[place])?);
                }
            }
            (Selector::Filter(condition), _) => {
                for child in self.children(node)? {
                    if self.holds(condition, child.value)? {
                        out.push(child);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a condition holds for a value as `@`.
    pub fn holds(&mut self, condition: &Logical, current: &'v Json) -> Result<bool, Failure> {
        let tracks = std::mem::replace(&mut self.tracks, false);
        let held = self.logical(condition, current);
        self.tracks = tracks;
        held
    }

    fn logical(&mut self, condition: &Logical, current: &'v Json) -> Result<bool, Failure> {
        match condition {
            Logical::Or(all) => {
                for one in all {
                    if self.logical(one, current)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Logical::And(all) => {
                for one in all {
                    if !self.logical(one, current)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Logical::Not(inner) => Ok(!self.logical(inner, current)?),
            Logical::Exists(query) => Ok(!self.nodes(query, current)?.is_empty()),
            Logical::Fits(fits) => self.fits(fits, current),
            Logical::Compare(left, operator, right) => {
                let left = self.value(left, current)?;
                let right = self.value(right, current)?;
                Ok(compare(left.as_deref(), *operator, right.as_deref()))
            }
        }
    }

    fn fits(&mut self, fits: &Fits, current: &'v Json) -> Result<bool, Failure> {
        let text = self.value(&fits.text, current)?;
        let text = match text.as_deref() {
            Some(Json::Text(text)) => text,
            _ => return Ok(false),
        };
        if let Some(compiled) = &fits.compiled {
            return Ok(compiled.as_ref().map_or(false, |pattern| pattern.is_match(text)));
        }
        let pattern = self.value(&fits.pattern, current)?;
        Ok(match pattern.as_deref() {
            Some(Json::Text(pattern)) => compile(pattern, fits.whole).map_or(false, |pattern| pattern.is_match(text)),
            _ => false,
        })
    }

    fn value<'c>(&mut self, comparable: &'c Comparable, current: &'v Json) -> Result<Option<Cow<'c, Json>>, Failure>
    where
        'v: 'c,
    {
        Ok(match comparable {
            Comparable::Literal(value) => Some(Cow::Borrowed(value)),
            Comparable::Single(query) => self
                .nodes(query, current)?
                .first()
                .map(|node| Cow::Borrowed(node.value)),
            Comparable::Value(query) => match self.nodes(query, current)?[..] {
                [ref only] => Some(Cow::Borrowed(only.value)),
                _ => None,
            },
            Comparable::Count(query) => Some(Cow::Owned(self.nodes(query, current)?.len().into())),
            Comparable::Length(inner) => self
                .value(inner, current)?
                .and_then(|value| length(&value))
                .map(Cow::Owned),
        })
    }
}

fn length(value: &Json) -> Option<Json> {
    Some(match value {
        Json::Text(text) => text.chars().count().into(),
        Json::List(items) => items.len().into(),
        Json::Object(members) => members.len().into(),
        _ => return None,
    })
}

fn compare(left: Option<&Json>, operator: Operator, right: Option<&Json>) -> bool {
    let same = || match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => equal(left, right),
        _ => false,
    };
    let order = || match (left?, right?) {
        (Json::Text(left), Json::Text(right)) => Some(left.cmp(right)),
        (left, right) => compare_numbers(left, right),
    };
    match operator {
        Operator::Equal => same(),
        Operator::NotEqual => !same(),
        Operator::Less => order() == Some(Ordering::Less),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::LessOrEqual => order() == Some(Ordering::Less) || same(),
        Operator::GreaterOrEqual => order() == Some(Ordering::Greater) || same(),
    }
}

/// The places of RFC 9535 section 2.3.4.2.2.
fn slice(length: i64, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<usize> {
    let from = |bound: i64| if bound >= 0 { bound } else { length + bound };
    let mut places = Vec::new();
    if step > 0 {
        let (low, high) = (
            from(start.unwrap_or(0)).clamp(0, length),
            from(end.unwrap_or(length)).clamp(0, length),
        );
        let mut place = low;
        while place < high {
            places.push(place as usize);
            place = place.saturating_add(step);
        }
    } else if step < 0 {
        let high = start.map_or(length - 1, from).clamp(-1, length - 1);
        let low = end.map_or(-1, from).clamp(-1, length - 1);
        let mut place = high;
        while place > low {
            places.push(place as usize);
            place = place.saturating_add(step);
        }
    }
    places
}
