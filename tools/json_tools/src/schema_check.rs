//! JSON Schema 2020-12: keywords that apply other schemas.

use crate::pointer;
use crate::schema_words;
use mcp::{Failure, Json};
use patterns::{Flags, Pattern};
use std::collections::{BTreeMap, BTreeSet};

/// Schemas within each other, followed references included.
const DEPTH_MAX: usize = 120;
pub const PROBLEMS_MAX: usize = 100;

pub struct Problem {
    /// JSON Pointer of the value.
    pub path: String,
    pub keyword: &'static str,
    pub message: String,
}

/// Members and items that some schema has looked at: what unevaluatedProperties and unevaluatedItems leave alone.
#[derive(Default, Clone)]
struct Seen {
    members: BTreeSet<String>,
    items: BTreeSet<usize>,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.members.extend(other.members);
        self.items.extend(other.items);
    }
}

pub struct Checker<'s> {
    root: &'s Json,
    named: BTreeMap<String, &'s Json>,
    patterns: BTreeMap<String, Pattern>,
    pub problems: Vec<Problem>,
    pub formats: bool,
    /// Problems are counted beyond what is kept.
    pub count: usize,
    path: Vec<String>,
    depth: usize,
    tracks: bool,
}

type Checked = Result<bool, Failure>;

impl<'s> Checker<'s> {
    pub fn new(root: &'s Json, formats: bool) -> Checker<'s> {
        let mut checker = Checker {
            root,
            named: BTreeMap::new(),
            patterns: BTreeMap::new(),
            problems: Vec::new(),
            formats,
            count: 0,
            path: Vec::new(),
            depth: 0,
            tracks: false,
        };
        checker.index(root);
        checker
    }

    /// Schemas by $id and $anchor.
    fn index(&mut self, schema: &'s Json) {
        match schema {
            Json::Object(members) => {
                for (name, value) in members {
                    match (name.as_ref(), value) {
                        ("$id", Json::Text(id)) => drop(self.named.insert(id.trim_end_matches('#').to_owned(), schema)),
                        ("$anchor" | "$dynamicAnchor", Json::Text(anchor)) => {
                            drop(self.named.insert(format!("#{}", anchor), schema))
                        }
                        ("unevaluatedProperties" | "unevaluatedItems", _) => self.tracks = true,
                        _ => {}
                    }
                    if !matches!(name.as_ref(), "const" | "enum" | "default" | "examples") {
                        self.index(value);
                    }
                }
            }
            Json::List(items) => items.iter().for_each(|item| self.index(item)),
            _ => {}
        }
    }

    pub fn whole(&mut self, value: &Json) -> Checked {
        let root = self.root;
        self.check(root, value, &mut Seen::default())
    }

    pub fn place(&self) -> String {
        pointer::write(&self.path)
    }

    pub fn problem(&mut self, keyword: &'static str, message: String) -> bool {
        self.count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem {
                path: self.place(),
                keyword,
                message,
            });
        }
        false
    }

    pub fn pattern(&mut self, pattern: &str) -> Result<&Pattern, Failure> {
        if !self.patterns.contains_key(pattern) {
            let compiled = Pattern::new(
                pattern,
                Flags {
                    ascii: true,
                    ..Flags::default()
                },
            )
            .map_err(|problem| {
                Failure(format!(
                    "the schema's pattern '{}' cannot be used: {}.",
                    pattern, problem
                ))
            })?;
            self.patterns.insert(pattern.to_owned(), compiled);
        }
        self.patterns.get(pattern).ok_or_else(|| "the pattern is lost.".into())
    }

    fn check(&mut self, schema: &'s Json, value: &Json, seen: &mut Seen) -> Checked {
        let members = match schema {
            Json::Bool(true) => return Ok(true),
            Json::Bool(false) => return Ok(self.problem("false", "no value is allowed here".to_owned())),
            Json::Object(members) => members,
            other => {
                return Err(Failure(format!(
                    "the schema holds {} where a schema should be; a schema is an object, true or false.",
                    other.kind()
                )))
            }
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Failure(format!(
                "schemas are followed more than {} deep at '{}'; does a $ref lead back to itself?",
                DEPTH_MAX,
                self.place()
            )));
        }
        let mut valid = true;
        for (keyword, argument) in members {
            valid &= schema_words::check(self, keyword, argument, value)?;
            valid &= match keyword.as_ref() {
                "$ref" | "$dynamicRef" => self.reference(argument, value, seen)?,
                "allOf" | "anyOf" | "oneOf" | "not" | "if" => self.combined(schema, keyword, argument, value, seen)?,
                "dependentSchemas" | "dependencies" => self.dependent(argument, value, seen)?,
                _ => true,
            };
        }
        match value {
            Json::Object(inside) => valid &= self.object(schema, inside, seen)?,
            Json::List(items) => valid &= self.list(schema, items, seen)?,
            _ => {}
        }
        self.depth -= 1;
        Ok(valid)
    }

    /// Checks without keeping what is wrong.
    fn fits(&mut self, schema: &'s Json, value: &Json, seen: &mut Seen) -> Checked {
        let (kept, count) = (self.problems.len(), self.count);
        let valid = self.check(schema, value, seen)?;
        self.problems.truncate(kept);
        self.count = count;
        Ok(valid)
    }

    fn inside(&mut self, part: String, schema: &'s Json, value: &Json) -> Checked {
        self.path.push(part);
        let valid = self.check(schema, value, &mut Seen::default());
        self.path.pop();
        valid
    }

    #[inline(never)]
    fn reference(&mut self, argument: &Json, value: &Json, seen: &mut Seen) -> Checked {
        let name = argument
            .as_text()
            .ok_or_else(|| Failure("a $ref of the schema is no text.".to_owned()))?;
        let target = self.resolve(name).ok_or_else(|| {
            Failure(format!("the schema refers to '{}', which is not in it; only references into the schema itself are followed, such as #/$defs/name.", name))
        })?;
        self.check(target, value, seen)
    }

    fn resolve(&self, name: &str) -> Option<&'s Json> {
        let (base, fragment) = name.split_once('#').unwrap_or((name, ""));
        let root = if base.is_empty() {
            self.root
        } else {
            let ending = format!("/{}", base);
            let by_end = || {
                self.named
                    .iter()
                    .find(|(id, _)| id.ends_with(&ending))
                    .map(|(_, schema)| schema)
            };
            *self.named.get(base).or_else(by_end)?
        };
        if fragment.is_empty() {
            return Some(root);
        }
        if fragment.starts_with('/') {
            let fragment = percent_decoded(fragment);
            return pointer::find(root, &pointer::parse(&fragment).ok()?);
        }
        self.named.get(&format!("#{}", fragment)).copied()
    }

    #[inline(never)]
    fn combined(
        &mut self,
        schema: &'s Json,
        keyword: &str,
        argument: &'s Json,
        value: &Json,
        seen: &mut Seen,
    ) -> Checked {
        match keyword {
            "not" => {
                if self.fits(argument, value, &mut Seen::default())? {
                    return Ok(self.problem("not", "the value fits the schema under not".to_owned()));
                }
                return Ok(true);
            }
            "if" => {
                let mut inner = Seen::default();
                let held = self.fits(argument, value, &mut inner)?;
                if held {
                    seen.add(inner);
                }
                return match schema.get(if held { "then" } else { "else" }) {
                    Some(branch) => self.check(branch, value, seen),
                    None => Ok(true),
                };
            }
            _ => {}
        }
        let all = argument
            .as_list()
            .ok_or_else(|| Failure(format!("the schema's {} is no list of schemas.", keyword)))?;
        if keyword == "allOf" {
            let mut valid = true;
            for branch in all {
                valid &= self.check(branch, value, seen)?;
            }
            return Ok(valid);
        }
        self.alternatives(keyword == "oneOf", all, value, seen)
    }

    /// Of alternatives that all fail, the one that comes closest says what is wrong.
    #[inline(never)]
    fn alternatives(&mut self, only_one: bool, all: &'s [Json], value: &Json, seen: &mut Seen) -> Checked {
        let mut fitting = 0;
        let mut closest: Option<(usize, Vec<Problem>)> = None;
        let (kept, count) = (self.problems.len(), self.count);
        for branch in all {
            let mut inner = Seen::default();
            if self.check(branch, value, &mut inner)? {
                fitting += 1;
                seen.add(inner);
            }
            let wrong = self.count - count;
            let problems: Vec<Problem> = self.problems.drain(kept..).collect();
            self.count = count;
            if closest.as_ref().map_or(true, |(least, _)| wrong < *least) {
                closest = Some((wrong, problems));
            }
        }
        let keyword = if only_one { "oneOf" } else { "anyOf" };
        match fitting {
            0 => {
                self.problem(
                    keyword,
                    format!("the value fits none of {} alternatives; the closest one:", all.len()),
                );
                if let Some((wrong, problems)) = closest {
                    self.count += wrong;
                    let room = PROBLEMS_MAX.saturating_sub(self.problems.len());
                    self.problems.extend(problems.into_iter().take(room));
                }
                Ok(false)
            }
            1 => Ok(true),
            fitting if only_one => Ok(self.problem(
                keyword,
                format!(
                    "the value fits {} of {} alternatives; it must fit exactly one",
                    fitting,
                    all.len()
                ),
            )),
            _ => Ok(true),
        }
    }

    #[inline(never)]
    fn dependent(&mut self, argument: &'s Json, value: &Json, seen: &mut Seen) -> Checked {
        let mut valid = true;
        if let Json::Object(conditions) = argument {
            for (name, schema) in conditions {
                if value.get(name).is_some() && !matches!(schema, Json::List(_)) {
                    valid &= self.check(schema, value, seen)?;
                }
            }
        }
        Ok(valid)
    }

    #[inline(never)]
    fn object(
        &mut self,
        schema: &'s Json,
        members: &[(std::borrow::Cow<'static, str>, Json)],
        seen: &mut Seen,
    ) -> Checked {
        let properties = schema.get("properties");
        let by_pattern = schema.get("patternProperties");
        let additional = schema.get("additionalProperties");
        let names = schema.get("propertyNames");
        let unevaluated = schema.get("unevaluatedProperties");
        if properties
            .or(by_pattern)
            .or(additional)
            .or(names)
            .or(unevaluated)
            .is_none()
        {
            return Ok(true);
        }
        let mut valid = true;
        for (name, value) in members {
            let mut known = false;
            if let Some(inner) = properties.and_then(|properties| properties.get(name)) {
                known = true;
                valid &= self.inside(name.to_string(), inner, value)?;
            }
            if let Some(Json::Object(patterns)) = by_pattern {
                for (pattern, inner) in patterns {
                    if self.pattern(pattern)?.is_match(name) {
                        known = true;
                        valid &= self.inside(name.to_string(), inner, value)?;
                    }
                }
            }
            if let Some(inner) = additional.filter(|_| !known) {
                known = true;
                valid &= self.additional(name, inner, value, properties)?;
            }
            if let Some(inner) = names {
                valid &= self.inside(name.to_string(), inner, &Json::from(name.to_string()))?;
            }
            if let Some(inner) = unevaluated.filter(|_| !known && !seen.members.contains(name.as_ref())) {
                known = true;
                valid &= self.additional(name, inner, value, properties)?;
            }
            if known && self.tracks {
                seen.members.insert(name.to_string());
            }
        }
        Ok(valid)
    }

    fn additional(&mut self, name: &str, schema: &'s Json, value: &Json, properties: Option<&Json>) -> Checked {
        if *schema != Json::Bool(false) {
            return self.inside(name.to_owned(), schema, value);
        }
        let known: Vec<&str> = match properties {
            Some(Json::Object(members)) => members.iter().map(|(name, _)| name.as_ref()).collect(),
            _ => Vec::new(),
        };
        let meant = mcp::nearest(name, known.iter().copied());
        let hint = meant.map_or(String::new(), |meant| format!("; did you mean '{}'?", meant));
        self.path.push(name.to_owned());
        let valid = self.problem(
            "additionalProperties",
            format!("the member '{}' is not allowed{}", name, hint),
        );
        self.path.pop();
        Ok(valid)
    }

    #[inline(never)]
    fn list(&mut self, schema: &'s Json, items: &[Json], seen: &mut Seen) -> Checked {
        let prefix = schema.get("prefixItems").and_then(Json::as_list).unwrap_or(&[]);
        let rest = schema.get("items");
        let mut valid = true;
        for (place, item) in items.iter().enumerate() {
            let inner = prefix.get(place).or(rest);
            if let Some(inner) = inner {
                valid &= self.inside(place.to_string(), inner, item)?;
                if self.tracks {
                    seen.items.insert(place);
                }
            }
        }
        if let Some(wanted) = schema.get("contains") {
            valid &= self.contains(schema, wanted, items, seen)?;
        }
        if let Some(inner) = schema.get("unevaluatedItems") {
            for (place, item) in items.iter().enumerate() {
                if !seen.items.contains(&place) {
                    valid &= self.inside(place.to_string(), inner, item)?;
                    seen.items.insert(place);
                }
            }
        }
        Ok(valid)
    }

    fn contains(&mut self, schema: &'s Json, wanted: &'s Json, items: &[Json], seen: &mut Seen) -> Checked {
        let bound = |name: &str| schema.get(name).and_then(Json::as_number);
        let (min, max) = (
            bound("minContains").unwrap_or(1.0),
            bound("maxContains").unwrap_or(f64::INFINITY),
        );
        let mut count = 0.0;
        for (place, item) in items.iter().enumerate() {
            if self.fits(wanted, item, &mut Seen::default())? {
                count += 1.0;
                seen.items.insert(place);
            }
        }
        if count < min || count > max {
            return Ok(self.problem(
                "contains",
                format!(
                    "{} items fit what the list should contain; it must be {} to {}",
                    count, min, max
                ),
            ));
        }
        Ok(true)
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
