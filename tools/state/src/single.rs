//! `store`, `retrieve`, `delete`, `exists`.

use crate::values::{self, check_key, key_schema, value_schema};
use mcp::host;
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

pub const STORE: Tool = Tool {
    name: "store",
    title: "Store a value",
    description: "Keeps a JSON value under a key, across runs; a value that is there already is replaced.",
    input: || {
        schema::closed(vec![
            schema::required("key", key_schema()),
            schema::required(
                "value",
                value_schema("Any JSON value of at most 256 KiB as text; null too."),
            ),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("key", schema::text("The key.")),
            schema::required("bytes", schema::count("Size of the value as JSON.")),
        ])
    }),
    hints: Some(Hints {
        read_only: false,
        idempotent: true,
        destructive: true,
        open_world: false,
    }),
    run: store,
};

pub const RETRIEVE: Tool = Tool {
    name: "retrieve",
    title: "Retrieve a value",
    description: "Gives the value that is kept under a key, or the default. found tells whether there is one.",
    input: || {
        schema::closed(vec![
            schema::required("key", key_schema()),
            schema::optional("default", value_schema("What to give when nothing is there.")),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("key", schema::text("The key.")),
            schema::required("found", schema::boolean("A value is kept there.")),
            schema::required(
                "value",
                value_schema("The value; the default, or null, when nothing is there."),
            ),
        ])
    }),
    hints: Some(Hints::READ),
    run: retrieve,
};

pub const DELETE: Tool = Tool {
    name: "delete",
    title: "Delete a value",
    description: "Removes a key and its value. deleted tells whether there was one.",
    input: || schema::closed(vec![schema::required("key", key_schema())]),
    output: Some(|| {
        schema::closed(vec![
            schema::required("key", schema::text("The key.")),
            schema::required("deleted", schema::boolean("There was a value.")),
        ])
    }),
    hints: Some(Hints {
        read_only: false,
        idempotent: true,
        destructive: true,
        open_world: false,
    }),
    run: delete,
};

pub const EXISTS: Tool = Tool {
    name: "exists",
    title: "Is there a value",
    description: "Tells whether a value is kept under a key, and how large it is.",
    input: || schema::closed(vec![schema::required("key", key_schema())]),
    output: Some(|| {
        schema::closed(vec![
            schema::required("key", schema::text("The key.")),
            schema::required("exists", schema::boolean("A value is kept there.")),
            schema::required("bytes", schema::count("Its size as JSON; 0 when there is none.")),
        ])
    }),
    hints: Some(Hints::READ),
    run: exists,
};

fn key<'a>(arguments: &Arguments<'a>) -> Result<&'a str, Failure> {
    let key = arguments.required_text("key")?;
    check_key(key)?;
    Ok(key)
}

fn store(arguments: &Arguments) -> Outcome {
    let key = key(arguments)?;
    let text = values::text_of(key, arguments.get("value").unwrap_or(&Json::Null))?;
    values::set(key, &text)?;
    let structured = object([("key", key.to_owned().into()), ("bytes", text.len().into())]);
    Ok(Answer::new(
        format!("Stored {} bytes under '{}'.", text.len(), key),
        structured,
    ))
}

fn retrieve(arguments: &Arguments) -> Outcome {
    let key = key(arguments)?;
    let found = values::get(key)?;
    let text = match &found {
        Some((value, _)) => values::shown(value),
        None => format!("There is nothing under '{}'; list shows the keys there are.", key),
    };
    let is_found = found.is_some();
    let value = found.map_or_else(
        || arguments.get("default").cloned().unwrap_or(Json::Null),
        |(value, _)| value,
    );
    Ok(Answer::new(
        text,
        object([
            ("key", key.to_owned().into()),
            ("found", is_found.into()),
            ("value", value),
        ]),
    ))
}

fn delete(arguments: &Arguments) -> Outcome {
    let key = key(arguments)?;
    let answer = host::ask("state.delete", &object([("key", key.to_owned().into())]), &[])?;
    let deleted = answer.head.get("deleted") == Some(&Json::Bool(true));
    let text = match deleted {
        true => format!("Deleted '{}'.", key),
        false => format!("There was nothing under '{}'.", key),
    };
    Ok(Answer::new(
        text,
        object([("key", key.to_owned().into()), ("deleted", deleted.into())]),
    ))
}

fn exists(arguments: &Arguments) -> Outcome {
    let key = key(arguments)?;
    let found = values::get(key)?;
    let text = match &found {
        Some((_, bytes)) => format!("'{}' is there, with {} bytes.", key, bytes),
        None => format!("There is nothing under '{}'.", key),
    };
    let bytes = found.as_ref().map_or(0, |(_, bytes)| *bytes);
    Ok(Answer::new(
        text,
        object([
            ("key", key.to_owned().into()),
            ("exists", found.is_some().into()),
            ("bytes", bytes.into()),
        ]),
    ))
}
