//! `list`.

use crate::values::KEY_CHARS_MAX;
use mcp::host;
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const LIMIT: (i64, i64) = (100, 1_000);

pub const LIST: Tool = Tool {
    name: "list",
    title: "List keys",
    description: "Lists the keys that begin with a prefix, by name, with the sizes of their values and when they were last stored.",
    input: || {
        schema::closed(vec![
            schema::optional("prefix", schema::text("What the keys begin with, such as checkpoints/; all keys when absent.").with("examples", vec!["logs/".into()]).default("")),
            schema::optional("limit", schema::integer("Keys to give.", 1, LIMIT.1).default(LIMIT.0).role("limit")),
            schema::optional("cursor", schema::text("The next of an earlier list, to go on there.")),
        ])
    },
    output: Some(|| {
        let row = schema::closed(vec![
            schema::required("key", schema::text("The key.")),
            schema::required("bytes", schema::count("Size of its value as JSON.")),
            schema::required("updated_at", schema::any_of("When it was last stored (UTC).", &["string", "null"])),
        ]);
        schema::closed(vec![
            schema::required("rows", schema::list("The keys.", row)),
            schema::required("next", schema::any_of("Cursor for the keys that follow; null at the end.", &["string", "null"])),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let prefix = arguments.text("prefix")?.unwrap_or("");
    if prefix.chars().count() > KEY_CHARS_MAX {
        return Err(Failure(format!(
            "'prefix' has more than {} characters; no key does.",
            KEY_CHARS_MAX
        )));
    }
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))?;
    let mut head = object([("prefix", prefix.to_owned().into()), ("limit", limit.into())]);
    if let Some(cursor) = arguments.text("cursor")? {
        head.push("cursor", cursor.to_owned());
    }
    let answer = host::ask("state.list", &head, &[])?;
    let mut shown = TextTable::new(vec![
        ("key".into(), Align::Left),
        ("bytes".into(), Align::Right),
        ("updated".into(), Align::Left),
    ]);
    let mut rows = Vec::new();
    for item in answer.head.get("keys").and_then(Json::as_list).unwrap_or_default() {
        let key = item.get("key").and_then(Json::as_text).unwrap_or("").to_owned();
        let bytes = item.get("bytes").and_then(Json::as_number).unwrap_or(0.0) as i64;
        let updated = item.get("updated_at").and_then(Json::as_text).map(str::to_owned);
        shown.row(vec![
            key.clone(),
            bytes.to_string(),
            updated.clone().unwrap_or_default(),
        ]);
        rows.push(object([
            ("key", key.into()),
            ("bytes", bytes.into()),
            ("updated_at", updated.into()),
        ]));
    }
    let next = answer.head.get("next").and_then(Json::as_text).map(str::to_owned);
    let more = if next.is_some() {
        "\nThere are more; go on with the cursor in next."
    } else {
        ""
    };
    let text = match rows.len() {
        0 if prefix.is_empty() => "There are no keys.".to_owned(),
        0 => format!("No key begins with '{}'.", prefix),
        1 => format!("1 key:\n\n{}{}", shown.render(), more),
        count => format!("{} keys:\n\n{}{}", count, shown.render(), more),
    };
    Ok(Answer::new(
        text,
        object([("rows", rows.into()), ("next", next.into())]),
    ))
}
