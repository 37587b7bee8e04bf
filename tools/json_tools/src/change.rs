//! `diff` and `patch`.

use crate::{diff, patch, result, source};
use mcp::schema;
use mcp::{object, Arguments, Hints, Json, Outcome, Tool};

const CHANGES_SHOWN: usize = 200;

pub const DIFF: Tool = Tool {
    name: "diff",
    title: "Compare two JSON documents",
    description: "Tells what turns the first document into the second: a JSON Patch (RFC 6902) and, where it can say it, a JSON Merge Patch (RFC 7396). Numbers are equal by value: 1 and 1.0 are.",
    input: || {
        let mut all = source::properties();
        all.extend(source::other_properties());
        schema::closed(all)
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("equal", schema::boolean("There is no difference.")),
            schema::required("changes", schema::count("Operations of the patch.")),
            schema::required("patch", schema::any_of("JSON Patch: operations, each with op, path and value; null when it is in a file.", &["array", "null"])),
            schema::required("merge_patch", source::any("JSON Merge Patch; null when it cannot say the change, since a member becomes null.")),
            result::exact_schema(),
            result::files_schema(),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run: run_diff,
};

pub const PATCH: Tool = Tool {
    name: "patch",
    title: "Apply a JSON patch",
    description: "Applies a JSON Patch (RFC 6902: a list of add, remove, replace, move, copy, test) or a JSON Merge Patch (RFC 7396: an object) to JSON and gives the result; files are not changed. All operations are done or none.",
    input: || {
        let mut all = source::properties();
        all.push(schema::required(
            "patch",
            schema::any_of("List of operations such as {\"op\": \"replace\", \"path\": \"/orders/0/state\", \"value\": \"paid\"}, or an object to merge.", &["array", "object"]),
        ));
        schema::closed(all)
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("result", source::any("The changed document; null when it is in a file.")),
            result::exact_schema(),
            result::files_schema(),
            result::notes_schema(),
        ])
    }),
    hints: Some(Hints::READ),
    run: run_patch,
};

fn run_diff(arguments: &Arguments) -> Outcome {
    let from = source::read(arguments, &source::MAIN)?;
    let to = source::read(arguments, &source::OTHER)?;
    let operations = diff::patch(&from.value, &to.value);
    let merge = diff::merge_patch(&from.value, &to.value);
    let count = operations.len();
    let head = match count {
        0 => "The documents are equal.".to_owned(),
        1 => "1 difference:".to_owned(),
        count if count > CHANGES_SHOWN => format!(
            "{} differences; a smaller part of the documents would tell more:",
            count
        ),
        count => format!("{} differences:", count),
    };
    let rest = object([
        ("equal", (count == 0).into()),
        ("changes", count.into()),
        ("merge_patch", merge.into()),
    ]);
    let notes = from.notes.into_iter().chain(to.notes).collect();
    result::answer("patch", operations.into(), &head, rest, notes)
}

fn run_patch(arguments: &Arguments) -> Outcome {
    let source = source::read(arguments, &source::MAIN)?;
    let document = source.value.into_owned();
    let changed = match arguments.get("patch") {
        Some(Json::List(operations)) => patch::apply(document, operations)?,
        Some(changes @ Json::Object(_)) => patch::merge(document, changes),
        Some(other) => {
            return Err(format!(
                "'patch' must be a list of operations or an object to merge, not {}.",
                other.kind()
            )
            .into())
        }
        None => return Err("the argument 'patch' is missing.".into()),
    };
    result::answer("result", changed, "", result::empty(), source.notes)
}
