//! `template`: a text with places to fill.

use crate::input;
use mcp::schema;
use mcp::{html, nearest, Arguments, Failure, Hints, Json, Outcome, Tool};

const ESCAPES: [&str; 3] = ["none", "html", "json"];
const MISSING: [&str; 3] = ["error", "empty", "keep"];
const RESULT_BYTES_MAX: usize = 16 << 20;

pub const TOOL: Tool = Tool {
    name: "template",
    title: "Fill a template",
    description: "Fills {{name}} in a text with values; {{order.items.0.price}} goes into objects and lists, {{name|default}} gives what stands for a missing value. \\{{ is written as {{.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::required("values", schema::whole(Vec::new()).described("Values by name, such as {\"name\": \"Ada\", \"order\": {\"total\": 12.5}}.")),
            schema::optional("escape", schema::one_of("How values are escaped: not at all, for HTML, or as the inside of a JSON string.", &ESCAPES).default("none")),
            schema::optional("missing", schema::one_of("What a name without a value does: fail, be empty, or stay.", &MISSING).default("error")),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        let mut all = input::result_schema("The filled text; null when it is in a file.");
        all.push(schema::required("filled", schema::count("Places that were filled.")));
        all.push(schema::required("missing", schema::list("Names without a value.", schema::text("Name."))));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

fn find<'v>(values: &'v Json, path: &str) -> Option<&'v Json> {
    if let Some(value) = values.get(path) {
        return Some(value);
    }
    path.split('.').try_fold(values, |value, part| match value {
        Json::List(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

fn run(arguments: &Arguments) -> Outcome {
    let template = input::read(arguments)?;
    let values = match arguments.get("values") {
        Some(values @ Json::Object(_)) => values,
        _ => return Err("'values' must be an object of names and values.".into()),
    };
    let escape = arguments.choice("escape", &ESCAPES)?;
    let missing_is = arguments.choice("missing", &MISSING)?;
    let mut out = String::with_capacity(template.len());
    let mut missing: Vec<String> = Vec::new();
    let mut filled = 0usize;
    let mut rest: &str = &template;
    while let Some(at) = rest.find("{{") {
        if let Some(before) = rest[..at].strip_suffix('\\') {
            out.push_str(before);
            out.push_str("{{");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find("}}").ok_or_else(|| {
            let near: String = inside.chars().take(30).collect();
            Failure(format!("'{{{{{}' is not closed with }}}}.", near))
        })?;
        let (name, default) = match inside[..end].split_once('|') {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (inside[..end].trim(), None),
        };
        match (find(values, name).filter(|value| **value != Json::Null), default) {
            (Some(value), _) => {
                filled += 1;
                out.push_str(&escaped(&written(value), escape));
            }
            (None, Some(default)) => out.push_str(&escaped(default, escape)),
            (None, None) => {
                if !missing.iter().any(|known| known == name) {
                    missing.push(name.to_owned());
                }
                if missing_is == "keep" {
                    out.push_str(&rest[at..at + end + 4]);
                }
            }
        }
        if out.len() > RESULT_BYTES_MAX {
            return Err(Failure(format!("the result has more than {} bytes.", RESULT_BYTES_MAX)));
        }
        rest = &inside[end + 2..];
    }
    out.push_str(rest);
    if missing_is == "error" && !missing.is_empty() {
        return Err(refused(&missing, values));
    }
    let missing = missing.into_iter().map(Json::from).collect::<Vec<_>>();
    input::answer(out, vec![("filled", filled.into()), ("missing", missing.into())])
}

fn refused(missing: &[String], values: &Json) -> Failure {
    let known: Vec<&str> = match values {
        Json::Object(members) => members.iter().map(|(name, _)| name.as_ref()).collect(),
        _ => Vec::new(),
    };
    let hint = nearest(&missing[0], known.iter().copied())
        .map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
    Failure(format!(
        "there is no value for {}.{} Values: {}. Give them, or a default as in {{{{name|default}}}}, or set missing to \"empty\" or \"keep\".",
        missing.join(", "),
        hint,
        known.join(", ")
    ))
}

fn written(value: &Json) -> String {
    match value {
        Json::Text(text) => text.to_string(),
        other => other.to_line(),
    }
}

fn escaped(text: &str, how: &str) -> String {
    match how {
        "html" => html::escape(text),
        "json" => {
            let mut out = String::new();
            mcp::write_text(text, &mut out);
            out[1..out.len() - 1].to_owned()
        }
        _ => text.to_owned(),
    }
}
