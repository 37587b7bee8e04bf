//! JSON Schema 2020-12: keywords that apply other schemas.

use crate::pointer;
use crate::schema_names::{Named, Place};
use crate::schema_words;
use mcp::{Failure, Json};
use patterns::{Flags, Pattern};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Schemas within each other, followed references included.
const DEPTH_MAX: usize = 120;
pub const PROBLEMS_MAX: usize = 100;

pub struct Problem {
    /// JSON Pointer of the value.
    pub path: String,
    pub keyword: &'static str,
    pub message: String,
}

/// Members and items that a schema, or one applied in its place, has evaluated: unevaluatedProperties and
/// unevaluatedItems of that schema skip them. Schemas beside it do not count.
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
    named: Named<'s>,
    /// Base URIs of the schema resources that are being evaluated, outermost first.
    scopes: Vec<Rc<str>>,
    patterns: BTreeMap<String, Pattern>,
    pub problems: Vec<Problem>,
    pub formats: bool,
    /// Problems are counted beyond what is kept.
    pub count: usize,
    path: Vec<String>,
    depth: usize,
}

type Checked = Result<bool, Failure>;
type Members = [(std::borrow::Cow<'static, str>, Json)];

impl<'s> Checker<'s> {
    pub fn new(root: &'s Json, formats: bool) -> Checker<'s> {
        let named = Named::of(root);
        Checker {
            root,
            scopes: vec![named.base.clone()],
            named,
            patterns: BTreeMap::new(),
            problems: Vec::new(),
            formats,
            count: 0,
            path: Vec::new(),
            depth: 0,
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

    /// Checks a value, and adds to `seen` what was evaluated where it fits.
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
        let resource = self.named.resource(schema);
        self.scopes.extend(resource.clone());
        let mut own = Seen::default();
        let valid = self.keywords(schema, members, value, &mut own)?;
        if resource.is_some() {
            self.scopes.pop();
        }
        if valid {
            seen.add(own);
        }
        self.depth -= 1;
        Ok(valid)
    }

    fn keywords(&mut self, schema: &'s Json, members: &'s Members, value: &Json, own: &mut Seen) -> Checked {
        let mut valid = true;
        for (keyword, argument) in members {
            valid &= schema_words::check(self, keyword, argument, value)?;
            valid &= match keyword.as_ref() {
                "$ref" | "$dynamicRef" => self.reference(keyword, argument, value, own)?,
                "allOf" | "anyOf" | "oneOf" | "not" | "if" => self.combined(schema, keyword, argument, value, own)?,
                "dependentSchemas" | "dependencies" => self.dependent(argument, value, own)?,
                _ => true,
            };
        }
        match value {
            Json::Object(inside) => valid &= self.object(schema, inside, own)?,
            Json::List(items) => valid &= self.list(schema, items, own)?,
            _ => {}
        }
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
    fn reference(&mut self, keyword: &str, argument: &Json, value: &Json, seen: &mut Seen) -> Checked {
        let name = argument
            .as_text()
            .ok_or_else(|| Failure(format!("a {} of the schema is no text.", keyword)))?;
        let base = self.scopes.last().unwrap_or(&self.named.base);
        let mut place = self.named.find(base, name).ok_or_else(|| {
            Failure(format!("the schema refers to '{}', which is not in it; only references into the schema itself are followed, such as #/$defs/name.", name))
        })?;
        if let Some(anchor) = place.dynamic.take().filter(|_| keyword == "$dynamicRef") {
            place = self.outermost(&anchor).unwrap_or(place);
        }
        self.scopes.push(place.base);
        let valid = self.check(place.schema, value, seen);
        self.scopes.pop();
        valid
    }

    /// The first schema with this $dynamicAnchor among the resources that led here.
    fn outermost(&self, anchor: &str) -> Option<Place<'s>> {
        let mut found = self.scopes.iter().filter_map(|base| self.named.dynamic(base, anchor));
        found.next()
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
                seen.add(inner);
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
            }
            seen.add(inner);
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
    fn object(&mut self, schema: &'s Json, members: &Members, seen: &mut Seen) -> Checked {
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
            if known && self.named.tracks {
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
                if self.named.tracks {
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
