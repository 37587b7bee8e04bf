//! `batch_store` and `batch_retrieve`.

use crate::values::{self, check_key, key_schema, value_schema};
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use std::collections::BTreeSet;

const ENTRIES_MAX: usize = 100;
/// Bytes of all values of one call.
const BATCH_BYTES_MAX: usize = 2 << 20;

pub const STORE: Tool = Tool {
    name: "batch_store",
    title: "Store several values",
    description: "Keeps several values, each under its key. All are checked before the first is stored; when the host refuses one, those before it are kept, and the answer says which.",
    input: || {
        let entry = schema::closed(vec![schema::required("key", key_schema()), schema::required("value", value_schema("Any JSON value of at most 256 KiB as text."))]);
        schema::closed(vec![schema::required("entries", schema::list("Keys and values.", entry).items(1, ENTRIES_MAX as i64))])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("stored", schema::list("Keys that were stored.", schema::text("Key."))),
            schema::required("bytes", schema::count("Size of all values as JSON.")),
        ])
    }),
    hints: Some(Hints { read_only: false, idempotent: true, destructive: true, open_world: false }),
    run: store,
};

pub const RETRIEVE: Tool = Tool {
    name: "batch_retrieve",
    title: "Retrieve several values",
    description: "Gives the values that are kept under several keys; those that are not there are listed in missing.",
    input: || {
        schema::closed(vec![schema::required(
            "keys",
            schema::list("The keys.", key_schema()).items(1, ENTRIES_MAX as i64),
        )])
    },
    output: Some(|| {
        let row = schema::closed(vec![
            schema::required("key", schema::text("Key.")),
            schema::required("value", value_schema("Its value.")),
        ]);
        schema::closed(vec![
            schema::required("rows", schema::list("Keys that are there, with their values.", row)),
            schema::required(
                "missing",
                schema::list("Keys that are not there.", schema::text("Key.")),
            ),
        ])
    }),
    hints: Some(Hints::READ),
    run: retrieve,
};

fn count(count: usize, name: &str) -> Result<(), Failure> {
    if count == 0 || count > ENTRIES_MAX {
        return Err(Failure(format!(
            "'{}' has {} entries; it must have from 1 to {}.",
            name, count, ENTRIES_MAX
        )));
    }
    Ok(())
}

fn store(arguments: &Arguments) -> Outcome {
    let entries = arguments
        .list("entries")?
        .ok_or_else(|| Failure("the argument 'entries' is missing.".to_owned()))?;
    count(entries.len(), "entries")?;
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut bytes = 0;
    for (at, entry) in entries.iter().enumerate() {
        let key = entry.get("key").and_then(Json::as_text).ok_or_else(|| {
            Failure(format!(
                "entries[{}] has no key; each entry is {{\"key\": …, \"value\": …}}.",
                at
            ))
        })?;
        check_key(key)?;
        if !seen.insert(key) {
            return Err(Failure(format!("the key '{}' stands twice in 'entries'.", key)));
        }
        let value = entry
            .get("value")
            .ok_or_else(|| Failure(format!("entries[{}] ('{}') has no value.", at, key)))?;
        let text = values::text_of(key, value)?;
        bytes += text.len();
        all.push((key, text));
    }
    if bytes > BATCH_BYTES_MAX {
        return Err(Failure(format!(
            "the values have {} bytes together; a batch has at most {}. Store them in several calls.",
            bytes, BATCH_BYTES_MAX
        )));
    }
    let mut stored: Vec<Json> = Vec::new();
    for (key, text) in &all {
        if let Err(refusal) = values::set(key, text) {
            return Err(Failure(format!(
                "{} of {} values are stored; '{}' and those after it are not: {}",
                stored.len(),
                all.len(),
                key,
                refusal.message
            )));
        }
        stored.push((*key).to_owned().into());
    }
    let text = format!("Stored {} values, {} bytes.", stored.len(), bytes);
    Ok(Answer::new(
        text,
        object([("stored", stored.into()), ("bytes", bytes.into())]),
    ))
}

fn retrieve(arguments: &Arguments) -> Outcome {
    let keys = arguments
        .texts("keys")?
        .ok_or_else(|| Failure("the argument 'keys' is missing.".to_owned()))?;
    count(keys.len(), "keys")?;
    for key in &keys {
        check_key(key)?;
    }
    let (mut rows, mut missing, mut lines, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for key in keys {
        match values::get(key)? {
            Some((value, size)) => {
                bytes += size;
                if bytes > BATCH_BYTES_MAX {
                    return Err(Failure(format!(
                        "the values have more than {} bytes together; retrieve fewer at once.",
                        BATCH_BYTES_MAX
                    )));
                }
                lines.push(format!("{}: {}", key, values::shown(&value)));
                rows.push(object([("key", key.to_owned().into()), ("value", value)]));
            }
            None => {
                lines.push(format!("{}: (nothing)", key));
                missing.push(Json::from(key.to_owned()));
            }
        }
    }
    Ok(Answer::new(
        lines.join("\n"),
        object([("rows", rows.into()), ("missing", missing.into())]),
    ))
}
