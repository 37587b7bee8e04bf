//! JSON Schema 2020-12: where the schemas of a document are, by $id, $anchor and JSON Pointer.

use crate::pointer;
use mcp::Json;
use std::collections::BTreeMap;
use std::rc::Rc;

const ONE: [&str; 11] = [
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const BY_NAME: [&str; 6] = [
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// A schema that a reference leads to.
pub struct Place<'s> {
    pub schema: &'s Json,
    /// URI of the resource that it is in.
    pub base: Rc<str>,
    /// The name, where it was found by a $dynamicAnchor.
    pub dynamic: Option<String>,
}

pub struct Named<'s> {
    /// URI of the whole document.
    pub base: Rc<str>,
    /// Whether some schema asks what was evaluated.
    pub tracks: bool,
    resources: BTreeMap<Rc<str>, &'s Json>,
    /// URIs of the resources by where their schemas are.
    roots: BTreeMap<*const Json, Rc<str>>,
    /// Schemas by the URI of their resource and their anchor; whether it is dynamic.
    anchors: BTreeMap<(Rc<str>, String), (&'s Json, bool)>,
}

impl<'s> Named<'s> {
    pub fn of(root: &'s Json) -> Named<'s> {
        let base: Rc<str> = id_of(root, "").unwrap_or_default().into();
        let mut named = Named {
            base: base.clone(),
            tracks: false,
            resources: BTreeMap::new(),
            roots: BTreeMap::new(),
            anchors: BTreeMap::new(),
        };
        named.resources.insert(base.clone(), root);
        named.index(root, &base);
        named
    }

    fn index(&mut self, schema: &'s Json, outer: &Rc<str>) {
        let members = match schema {
            Json::Object(members) => members,
            _ => return,
        };
        let base = match id_of(schema, outer) {
            Some(id) => {
                let id: Rc<str> = id.into();
                self.resources.insert(id.clone(), schema);
                self.roots.insert(schema, id.clone());
                id
            }
            None => outer.clone(),
        };
        for (name, value) in members {
            let name = name.as_ref();
            if let ("$anchor" | "$dynamicAnchor", Json::Text(anchor)) = (name, value) {
                let key = (base.clone(), anchor.to_string());
                self.anchors.insert(key, (schema, name == "$dynamicAnchor"));
            }
            self.tracks |= matches!(name, "unevaluatedProperties" | "unevaluatedItems");
            match value {
                Json::Object(inner) if BY_NAME.contains(&name) => {
                    inner.iter().for_each(|(_, schema)| self.index(schema, &base))
                }
                Json::Object(_) if ONE.contains(&name) => self.index(value, &base),
                Json::List(items) if LISTS.contains(&name) => items.iter().for_each(|schema| self.index(schema, &base)),
                _ => {}
            }
        }
    }

    /// URI of the resource whose root a schema is.
    pub fn resource(&self, schema: &Json) -> Option<Rc<str>> {
        self.roots.get(&(schema as *const Json)).cloned()
    }

    /// What a $ref within the resource of this URI leads to.
    pub fn find(&self, base: &Rc<str>, reference: &str) -> Option<Place<'s>> {
        let (to, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let uri: Rc<str> = match to {
            "" => base.clone(),
            to => resolve(base, to).into(),
        };
        let fragment = percent_decoded(fragment);
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let (schema, is_dynamic) = *self.anchors.get(&(uri.clone(), fragment.clone()))?;
            let dynamic = Some(fragment).filter(|_| is_dynamic);
            return Some(Place {
                schema,
                base: uri,
                dynamic,
            });
        }
        let mut schema = *self.resources.get(&uri)?;
        let mut base = uri;
        for part in pointer::parse(&fragment).ok()? {
            schema = pointer::child(schema, &part)?;
            base = self.resource(schema).unwrap_or(base);
        }
        Some(Place {
            schema,
            base,
            dynamic: None,
        })
    }

    /// The schema with this $dynamicAnchor in the resource of this URI.
    pub fn dynamic(&self, base: &Rc<str>, anchor: &str) -> Option<Place<'s>> {
        let (schema, is_dynamic) = *self.anchors.get(&(base.clone(), anchor.to_owned()))?;
        let base = base.clone();
        Some(Place {
            schema,
            base,
            dynamic: None,
        })
        .filter(|_| is_dynamic)
    }
}

/// The $id of a schema within a resource, as a URI without its fragment.
fn id_of(schema: &Json, base: &str) -> Option<String> {
    let id = schema.get("$id")?.as_text()?;
    let id = id.split('#').next().filter(|id| !id.is_empty())?;
    Some(resolve(base, id))
}

/// A URI reference without a fragment, resolved as RFC 3986 says.
fn resolve(base: &str, reference: &str) -> String {
    if scheme_of(reference).is_some() {
        return reference.to_owned();
    }
    let scheme = scheme_of(base).map_or(0, |scheme| scheme.len() + 1);
    if reference.starts_with("//") {
        return format!("{}{}", &base[..scheme], reference);
    }
    let authority = match base[scheme..].strip_prefix("//") {
        Some(rest) => scheme + 2 + rest.find('/').unwrap_or(rest.len()),
        None => scheme,
    };
    if reference.starts_with('/') {
        return format!("{}{}", &base[..authority], without_dots(reference));
    }
    let directory = base[authority..].rfind('/').map_or(0, |at| at + 1);
    let path = format!("{}{}", &base[authority..authority + directory], reference);
    let root = if authority > scheme && !path.starts_with('/') {
        "/"
    } else {
        ""
    };
    format!("{}{}{}", &base[..authority], root, without_dots(&path))
}

fn scheme_of(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    Some(scheme).filter(|_| is_scheme)
}

fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (place, part) in path.split('/').enumerate() {
        let is_last = place + 1 == count;
        match part {
            "." | ".." => {
                if part == ".." && parts.last().map_or(false, |last| !last.is_empty()) {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
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
