//! `list_directory`, `search_files`, `file_info`.

use crate::glob;
use mcp::calendar::civil;
use mcp::files::{self, Info};
use mcp::schema::{self, Property, Schema};
use mcp::wasi::{errno, EntryKind};
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

const LIMIT: (i64, i64) = (200, 2_000);
const DEPTH_MAX: usize = 32;
/// Entries looked at in one search, whether they fit or not.
const VISITED_MAX: usize = 50_000;

pub const LIST: Tool = Tool {
    name: "list_directory",
    title: "List a directory",
    description:
        "Lists the files and directories in a directory, with their sizes. Start with \".\" to see what there is.",
    input: || {
        schema::closed(vec![
            directory_argument(),
            schema::optional(
                "recursive",
                schema::boolean("Also what is in directories below.").default(false),
            ),
            limit_argument(),
        ])
    },
    output: Some(entries_output),
    hints: Some(Hints::READ),
    run: list,
};

pub const SEARCH: Tool = Tool {
    name: "search_files",
    title: "Search for files",
    description: "Finds files by a pattern for their names, in a directory and all below it: * and ? stand for characters of a name, ** for any directories, {csv,tsv} for either.",
    input: || {
        schema::closed(vec![
            schema::required("pattern", schema::text("Pattern such as *.csv or reports/**/2024-*.txt.").role("query")),
            directory_argument(),
            limit_argument(),
        ])
    },
    output: Some(entries_output),
    hints: Some(Hints::READ),
    run: search,
};

pub const INFO: Tool = Tool {
    name: "file_info",
    title: "Size and date of a file",
    description: "Tells whether a path is a file or a directory, its size in bytes and when it was last changed.",
    input: || {
        schema::closed(vec![schema::required(
            "path",
            schema::text("File or directory.").role("file-path"),
        )])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("path", schema::text("As asked.")),
            schema::required("kind", kind_schema()),
            schema::required("bytes", schema::count("Size; 0 for directories.")),
            schema::required(
                "modified",
                schema::any_of("When it last changed (UTC); null when not known.", &["string", "null"]),
            ),
        ])
    }),
    hints: Some(Hints::READ),
    run: info,
};

fn directory_argument() -> Property {
    schema::optional("path", schema::text("Directory.").role("directory").default("."))
}

fn limit_argument() -> Property {
    schema::optional(
        "limit",
        schema::integer("Entries to give.", 1, LIMIT.1).default(LIMIT.0),
    )
}

fn kind_schema() -> Schema {
    schema::one_of("What it is.", &["file", "directory", "other"])
}

fn entries_output() -> Schema {
    let entry = schema::closed(vec![
        schema::required("path", schema::text("Path to use in other tools.")),
        schema::required("kind", kind_schema()),
        schema::required("bytes", schema::any_of("Size of a file.", &["integer", "null"])),
    ]);
    schema::closed(vec![
        schema::required("path", schema::text("The directory.")),
        schema::required("entries", schema::list("What was found, by name.", entry)),
        schema::required("truncated", schema::boolean("There is more than the limit allowed.")),
    ])
}

struct Entry {
    path: String,
    kind: EntryKind,
}

/// Walks a directory, breadth first, each directory by name.
struct Walk {
    found: Vec<Entry>,
    truncated: bool,
}

impl Walk {
    fn of(root: &str, deep: bool, limit: usize, fits: impl Fn(&str, EntryKind) -> bool) -> Result<Walk, Failure> {
        let mut walk = Walk {
            found: Vec::new(),
            truncated: false,
        };
        let mut open = vec![(root.to_owned(), 0)];
        let mut visited = 0;
        while let Some((directory, depth)) = open.pop() {
            let entries = match files::list(&directory, VISITED_MAX) {
                Ok(entries) => entries,
                Err(problem) if depth == 0 => return Err(explain(&directory, problem)),
                // A directory below that may not be read is left out, as its files could not be read either.
                Err(_) => continue,
            };
            let mut entries = entries;
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            let mut below = Vec::new();
            for (name, kind) in entries {
                visited += 1;
                let path = join(&directory, &name);
                if fits(&path, kind) {
                    if walk.found.len() == limit {
                        walk.truncated = true;
                        return Ok(walk);
                    }
                    walk.found.push(Entry {
                        path: path.clone(),
                        kind,
                    });
                }
                if visited > VISITED_MAX {
                    walk.truncated = true;
                    return Ok(walk);
                }
                if deep && kind == EntryKind::Directory && depth < DEPTH_MAX {
                    below.push((path, depth + 1));
                }
            }
            open.extend(below.into_iter().rev());
        }
        Ok(walk)
    }
}

fn explain(path: &str, problem: mcp::wasi::Errno) -> Failure {
    match problem {
        errno::NOT_DIRECTORY => Failure(format!(
            "'{}' is a file, not a directory; read it with read_file.",
            path
        )),
        errno::NO_ENTRY => Failure(format!(
            "there is no directory '{}'; list \".\" to see what there is.",
            path
        )),
        problem => files::explain(path, problem),
    }
}

fn join(directory: &str, name: &str) -> String {
    match directory {
        "." => name.to_owned(),
        _ if directory.ends_with('/') => format!("{}{}", directory, name),
        _ => format!("{}/{}", directory, name),
    }
}

fn directory_path<'a>(arguments: &Arguments<'a>) -> Result<&'a str, Failure> {
    let path = arguments
        .text("path")?
        .map(|path| path.strip_prefix("./").unwrap_or(path))
        .unwrap_or(".");
    let path = if path.is_empty() { "." } else { path };
    files::check_path(path)?;
    Ok(path)
}

fn list(arguments: &Arguments) -> Outcome {
    let path = directory_path(arguments)?;
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let deep = arguments.boolean("recursive")?.unwrap_or(false);
    let walk = Walk::of(path, deep, limit, |_, _| true)?;
    Ok(answer(path, walk, "is empty"))
}

fn search(arguments: &Arguments) -> Outcome {
    let path = directory_path(arguments)?;
    let pattern = arguments.required_text("pattern")?;
    let limit = arguments.integer("limit", LIMIT.0, (1, LIMIT.1))? as usize;
    let inside = |found: &str| {
        found
            .strip_prefix(path)
            .map(|rest| rest.trim_start_matches('/').to_owned())
    };
    let walk = Walk::of(path, true, limit, |found, kind| {
        let relative = if path == "." { None } else { inside(found) };
        kind != EntryKind::Directory && glob::fits(pattern, relative.as_deref().unwrap_or(found))
    })?;
    Ok(answer(path, walk, "holds no file that fits the pattern"))
}

fn answer(path: &str, walk: Walk, nothing: &str) -> Answer {
    let mut shown = TextTable::new(vec![
        ("path".into(), Align::Left),
        ("kind".into(), Align::Left),
        ("bytes".into(), Align::Right),
    ]);
    let mut entries = Vec::new();
    for entry in &walk.found {
        let info = if entry.kind == EntryKind::Directory {
            None
        } else {
            files::info(&entry.path).ok()
        };
        let kind = info.as_ref().map_or(entry.kind, |info| info.kind);
        let bytes = info.filter(|info| info.kind == EntryKind::File).map(|info| info.bytes);
        shown.row(vec![
            entry.path.clone(),
            kind_name(kind).to_owned(),
            bytes.map_or(String::new(), |bytes| bytes.to_string()),
        ]);
        entries.push(object([
            ("path", entry.path.clone().into()),
            ("kind", kind_name(kind).into()),
            ("bytes", bytes.into()),
        ]));
    }
    let more = if walk.truncated {
        "\nThere is more; raise the limit or name a directory below."
    } else {
        ""
    };
    let text = match entries.len() {
        0 => format!("'{}' {}.", path, nothing),
        1 => format!("1 entry in '{}':\n\n{}{}", path, shown.render(), more),
        count => format!("{} entries in '{}':\n\n{}{}", count, path, shown.render(), more),
    };
    let structured = object([
        ("path", path.to_owned().into()),
        ("entries", entries.into()),
        ("truncated", walk.truncated.into()),
    ]);
    Answer::new(text, structured)
}

fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Directory => "directory",
        EntryKind::Other => "other",
    }
}

fn info(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    files::check_path(path)?;
    let info = files::info(path).map_err(|problem| files::explain(path, problem))?;
    let modified = modified_text(&info);
    let bytes = if info.kind == EntryKind::Directory {
        0
    } else {
        info.bytes
    };
    let when = modified
        .as_ref()
        .map_or(String::new(), |when| format!(", last changed {}", when));
    let text = match info.kind {
        EntryKind::Directory => format!("'{}' is a directory{}.", path, when),
        _ => format!("'{}' is a {} of {} bytes{}.", path, kind_name(info.kind), bytes, when),
    };
    let structured = object([
        ("path", path.to_owned().into()),
        ("kind", kind_name(info.kind).into()),
        ("bytes", bytes.into()),
        ("modified", Json::from(modified)),
    ]);
    Ok(Answer::new(text, structured))
}

fn modified_text(info: &Info) -> Option<String> {
    let seconds = (info.modified / 1_000_000_000) as i64;
    if seconds == 0 {
        return None;
    }
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let time = seconds.rem_euclid(86_400);
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        year,
        month,
        day,
        time / 3600,
        time / 60 % 60,
        time % 60
    ))
}
