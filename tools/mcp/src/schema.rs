//! JSON Schemas of arguments and results, built from few words. Roles (`x-caxton`) tell a planner without a language
//! model what a property holds; docs/tools/schema-hints.md lists them.

use crate::json::{object, Json};
use std::borrow::Cow;

/// One property of an object, or the items of a list.
#[derive(Clone)]
pub struct Schema(Json);

/// A member of an object schema.
pub struct Property {
    pub name: &'static str,
    pub schema: Schema,
    pub required: bool,
}

pub fn required(name: &'static str, schema: Schema) -> Property {
    Property {
        name,
        schema,
        required: true,
    }
}

pub fn optional(name: &'static str, schema: Schema) -> Property {
    Property {
        name,
        schema,
        required: false,
    }
}

pub fn text(description: &'static str) -> Schema {
    Schema(object([("type", "string".into()), ("description", description.into())]))
}

pub fn number(description: &'static str) -> Schema {
    Schema(object([("type", "number".into()), ("description", description.into())]))
}

pub fn boolean(description: &'static str) -> Schema {
    Schema(object([
        ("type", "boolean".into()),
        ("description", description.into()),
    ]))
}

pub fn integer(description: &'static str, min: i64, max: i64) -> Schema {
    Schema(object([
        ("type", "integer".into()),
        ("description", description.into()),
        ("minimum", min.into()),
        ("maximum", max.into()),
    ]))
}

/// A whole number of something, from zero.
pub fn count(description: &'static str) -> Schema {
    Schema(object([
        ("type", "integer".into()),
        ("description", description.into()),
        ("minimum", 0i64.into()),
    ]))
}

pub fn one_of(description: &'static str, values: &[&'static str]) -> Schema {
    let values: Vec<Json> = values.iter().map(|value| Json::from(*value)).collect();
    text(description).with("enum", values)
}

pub fn list(description: &'static str, items: Schema) -> Schema {
    Schema(object([
        ("type", "array".into()),
        ("description", description.into()),
        ("items", items.0),
    ]))
}

/// A schema of any of the JSON types named.
pub fn any_of(description: &'static str, types: &[&'static str]) -> Schema {
    let types: Vec<Json> = types.iter().map(|name| Json::from(*name)).collect();
    Schema(object([("type", types.into()), ("description", description.into())]))
}

/// An object that may hold nothing but these properties.
pub fn closed(properties: Vec<Property>) -> Schema {
    whole(properties).with("additionalProperties", false)
}

/// An object that holds at least these properties.
pub fn whole(properties: Vec<Property>) -> Schema {
    let required: Vec<Json> = properties
        .iter()
        .filter(|property| property.required)
        .map(|property| property.name.into())
        .collect();
    let members = properties
        .into_iter()
        .map(|property| (Cow::Borrowed(property.name), property.schema.0))
        .collect();
    let schema = Schema(object([
        ("type", "object".into()),
        ("properties", Json::Object(members)),
    ]));
    if required.is_empty() {
        schema
    } else {
        schema.with("required", required)
    }
}

impl Schema {
    pub fn with(mut self, keyword: &'static str, value: impl Into<Json>) -> Schema {
        self.0.push(keyword, value);
        self
    }

    pub fn described(self, description: &'static str) -> Schema {
        self.with("description", description)
    }

    pub fn default(self, value: impl Into<Json>) -> Schema {
        self.with("default", value)
    }

    pub fn items(self, min: i64, max: i64) -> Schema {
        self.with("minItems", min).with("maxItems", max)
    }

    pub fn role(self, role: &'static str) -> Schema {
        self.with("x-caxton", object([("role", role.into())]))
    }

    /// A role of a column that must be a "number" or "text" column, or may be "any".
    pub fn column_role(self, role: &'static str, column_type: &'static str) -> Schema {
        self.with(
            "x-caxton",
            object([("role", role.into()), ("type", column_type.into())]),
        )
    }

    pub fn into_json(self) -> Json {
        self.0
    }

    pub(crate) fn property_names(&self) -> Vec<&str> {
        match self.0.get("properties") {
            Some(Json::Object(members)) => members.iter().map(|(name, _)| name.as_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a property may be null.
    pub(crate) fn takes_null(&self, name: &str) -> bool {
        let property = self.0.get("properties").and_then(|properties| properties.get(name));
        let types = property
            .and_then(|property| property.get("type"))
            .and_then(Json::as_list);
        types
            .unwrap_or_default()
            .iter()
            .any(|name| name.as_text() == Some("null"))
    }

    pub(crate) fn required_names(&self) -> Vec<&str> {
        let required = self.0.get("required").and_then(Json::as_list).unwrap_or_default();
        required.iter().filter_map(Json::as_text).collect()
    }
}
