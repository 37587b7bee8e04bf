//! `write_file`, `append_file`, `create_directory`, `move_file`, `delete_file`.

use crate::base64;
use mcp::files::{self, Write};
use mcp::schema::{self, Property, Schema};
use mcp::wasi::{errno, EntryKind, Errno};
use mcp::{object, Answer, Arguments, Failure, Hints, Outcome, Tool};

const MODES: [&str; 2] = ["create", "overwrite"];
const ENCODINGS: [&str; 2] = ["utf-8", "base64"];

/// Repeating it changes nothing more.
const REPEATABLE: Hints = Hints {
    read_only: false,
    idempotent: true,
    destructive: false,
    open_world: false,
};

pub const WRITE: Tool = Tool {
    name: "write_file",
    title: "Write a file",
    description: "Writes a whole file; missing directories above it are made. Mode create refuses to touch a file that has other content; overwrite replaces it.",
    input: || {
        schema::closed(vec![
            path_argument("File to write, in a directory granted for writing such as 'output'."),
            content_argument(),
            schema::optional("mode", schema::one_of("What to do with a file that exists.", &MODES).default("create")),
            encoding_argument(),
        ])
    },
    output: Some(written_output),
    hints: Some(Hints { read_only: false, idempotent: true, destructive: true, open_world: false }),
    run: write,
};

pub const APPEND: Tool = Tool {
    name: "append_file",
    title: "Append to a file",
    description: "Adds to the end of a file, and makes it when there is none.",
    input: || {
        schema::closed(vec![
            path_argument("File to add to."),
            content_argument(),
            encoding_argument(),
        ])
    },
    output: Some(written_output),
    hints: Some(Hints {
        read_only: false,
        idempotent: false,
        destructive: false,
        open_world: false,
    }),
    run: append,
};

pub const CREATE_DIRECTORY: Tool = Tool {
    name: "create_directory",
    title: "Make a directory",
    description: "Makes a directory and those above it that are missing.",
    input: || {
        schema::closed(vec![schema::required(
            "path",
            schema::text("Directory to make.").role("directory"),
        )])
    },
    output: Some(done_output),
    hints: Some(REPEATABLE),
    run: create_directory,
};

pub const MOVE: Tool = Tool {
    name: "move_file",
    title: "Move or rename a file",
    description: "Moves or renames a file or directory. Nothing is overwritten.",
    input: || {
        schema::closed(vec![
            schema::required("from", schema::text("What to move.").role("file-path")),
            schema::required("to", schema::text("Its new path.").role("output-path")),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("from", schema::text("Where it was.")),
            schema::required("to", schema::text("Where it is.")),
        ])
    }),
    hints: Some(Hints {
        read_only: false,
        idempotent: false,
        destructive: true,
        open_world: false,
    }),
    run: move_file,
};

pub const DELETE: Tool = Tool {
    name: "delete_file",
    title: "Delete a file",
    description: "Deletes a file, or a directory that is empty.",
    input: || {
        schema::closed(vec![schema::required(
            "path",
            schema::text("What to delete.").role("file-path"),
        )])
    },
    output: Some(done_output),
    hints: Some(Hints {
        read_only: false,
        idempotent: true,
        destructive: true,
        open_world: false,
    }),
    run: delete,
};

fn path_argument(description: &'static str) -> Property {
    schema::required("path", schema::text(description).role("output-path"))
}

fn content_argument() -> Property {
    schema::required("content", schema::text("The content.").role("content"))
}

fn encoding_argument() -> Property {
    schema::optional(
        "encoding",
        schema::one_of("How the content is given.", &ENCODINGS).default("utf-8"),
    )
}

fn written_output() -> Schema {
    schema::closed(vec![
        schema::required("path", schema::text("The file.")),
        schema::required("bytes_written", schema::count("Bytes of the content.")),
        schema::required(
            "changed",
            schema::boolean("False when the file had that content already."),
        ),
    ])
}

fn done_output() -> Schema {
    schema::closed(vec![schema::required("path", schema::text("As asked."))])
}

fn content(arguments: &Arguments) -> Result<Vec<u8>, Failure> {
    let text = arguments.required_text("content")?;
    match arguments.choice("encoding", &ENCODINGS)? {
        "base64" => base64::decode(text).ok_or_else(|| "the content is not Base64.".into()),
        _ => Ok(text.as_bytes().to_vec()),
    }
}

fn written(path: &str, bytes: usize, changed: bool, verb: &str) -> Answer {
    let text = if changed {
        format!(
            "{} {} bytes {} '{}'.",
            verb,
            bytes,
            if verb == "Appended" { "to" } else { "into" },
            path
        )
    } else {
        format!("'{}' has that content already.", path)
    };
    let structured = object([
        ("path", path.to_owned().into()),
        ("bytes_written", bytes.into()),
        ("changed", changed.into()),
    ]);
    Answer::new(text, structured)
}

fn write(arguments: &Arguments) -> Outcome {
    let path = target(arguments, "path")?;
    let bytes = content(arguments)?;
    let create = arguments.choice("mode", &MODES)? == "create";
    let how = if create { Write::Create } else { Write::Overwrite };
    match open(path, how) {
        Ok(file) => file.write_all(&bytes).map_err(|problem| explain(path, problem))?,
        // Writing the same again is no conflict: a call repeated after a crash has to end well.
        Err(errno::EXISTS) if holds(path, &bytes) => return Ok(written(path, bytes.len(), false, "Wrote")),
        Err(errno::EXISTS) => {
            return Err(Failure(format!(
                "'{}' exists and has other content; set mode to \"overwrite\" to replace it.",
                path
            )))
        }
        Err(problem) => return Err(explain(path, problem)),
    }
    Ok(written(path, bytes.len(), true, "Wrote"))
}

fn append(arguments: &Arguments) -> Outcome {
    let path = target(arguments, "path")?;
    let bytes = content(arguments)?;
    let file = open(path, Write::Append).map_err(|problem| explain(path, problem))?;
    file.write_all(&bytes).map_err(|problem| explain(path, problem))?;
    Ok(written(path, bytes.len(), !bytes.is_empty(), "Appended"))
}

fn target<'a>(arguments: &Arguments<'a>, name: &str) -> Result<&'a str, Failure> {
    let path = arguments.required_text(name)?;
    files::check_path(path)?;
    if path.ends_with('/') {
        return Err(Failure(format!("'{}' names a directory; add a file name.", path)));
    }
    Ok(path)
}

/// What a failed change means; not to be allowed to write differs from not to be allowed to read.
fn explain(path: &str, problem: Errno) -> Failure {
    match problem {
        errno::ACCESS | errno::NOT_CAPABLE | errno::NOT_PERMITTED | errno::READ_ONLY => Failure(format!(
            "'{}' may not be changed by this tool; write to a directory granted for writing, such as 'output', or grant this one with access = \"write\" in the server's tool.toml.",
            path
        )),
        problem => files::explain(path, problem),
    }
}

/// Opens for writing; where a directory above is missing, it is made first.
fn open(path: &str, how: Write) -> Result<files::Handle, Errno> {
    match files::open_write(path, how) {
        Err(errno::NO_ENTRY) => {
            make_directories(parent(path))?;
            files::open_write(path, how)
        }
        result => result,
    }
}

fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

fn make_directories(path: &str) -> Result<(), Errno> {
    if path.is_empty() || path == "." {
        return Ok(());
    }
    match files::create_directory(path) {
        Err(errno::EXISTS) => match files::info(path)?.kind {
            EntryKind::Directory => Ok(()),
            _ => Err(errno::NOT_DIRECTORY),
        },
        Err(errno::NO_ENTRY) if !parent(path).is_empty() => {
            make_directories(parent(path))?;
            files::create_directory(path)
        }
        result => result,
    }
}

const COMPARED_BYTES: usize = 64 << 10;

fn holds(path: &str, bytes: &[u8]) -> bool {
    let file = match files::open(path) {
        Ok((file, info)) if info.bytes == bytes.len() as u64 => file,
        _ => return false,
    };
    let mut rest = bytes;
    let mut buffer = vec![0; COMPARED_BYTES];
    while !rest.is_empty() {
        match file.read(&mut buffer) {
            Ok(count) if count > 0 && rest.starts_with(&buffer[..count]) => rest = &rest[count..],
            _ => return false,
        }
    }
    true
}

fn create_directory(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?.trim_end_matches('/');
    files::check_path(path)?;
    make_directories(path).map_err(|problem| explain(path, problem))?;
    Ok(Answer::new(
        format!("The directory '{}' is there.", path),
        object([("path", path.to_owned().into())]),
    ))
}

fn move_file(arguments: &Arguments) -> Outcome {
    let from = arguments.required_text("from")?;
    files::check_path(from)?;
    let to = target(arguments, "to")?;
    files::info(from).map_err(|problem| explain(from, problem))?;
    if files::info(to).is_ok() {
        return Err(Failure(format!(
            "'{}' exists already; delete it first or choose another name.",
            to
        )));
    }
    make_directories(parent(to)).map_err(|problem| explain(parent(to), problem))?;
    files::rename(from, to).map_err(|problem| explain(&format!("{}' or '{}", from, to), problem))?;
    let structured = object([("from", from.to_owned().into()), ("to", to.to_owned().into())]);
    Ok(Answer::new(format!("Moved '{}' to '{}'.", from, to), structured))
}

fn delete(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    files::check_path(path)?;
    let info = files::info(path).map_err(|problem| explain(path, problem))?;
    let done = if info.kind == EntryKind::Directory {
        files::remove_directory(path)
    } else {
        files::remove_file(path)
    };
    done.map_err(|problem| explain(path, problem))?;
    Ok(Answer::new(
        format!("Deleted '{}'.", path),
        object([("path", path.to_owned().into())]),
    ))
}
