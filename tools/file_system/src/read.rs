//! `read_file`.

use crate::base64;
use mcp::files;
use mcp::schema::{self, Schema};
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

const BYTES_DEFAULT: i64 = 64 << 10;
const BYTES_MAX: i64 = 256 << 10;
const OFFSET_MAX: i64 = 1 << 50;
const ENCODINGS: [&str; 2] = ["utf-8", "base64"];

pub const TOOL: Tool = Tool {
    name: "read_file",
    title: "Read a file",
    description: "Reads a text file, or a part of it; with encoding base64 any file. Long files are read in parts: next_offset says where to go on.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    schema::closed(vec![
        schema::required(
            "path",
            schema::text("File to read; an uploaded file is 'uploads/<name>'.").role("file-path"),
        ),
        schema::optional(
            "offset",
            schema::integer("Byte to begin with.", 0, OFFSET_MAX).default(0i64),
        ),
        schema::optional(
            "limit",
            schema::integer("Bytes to read at most.", 1, BYTES_MAX).default(BYTES_DEFAULT),
        ),
        schema::optional(
            "encoding",
            schema::one_of("How to give the content.", &ENCODINGS).default("utf-8"),
        ),
    ])
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required("path", schema::text("As asked.")),
        schema::required("bytes", schema::count("Size of the whole file.")),
        schema::required("offset", schema::count("Where the content begins.")),
        schema::required("length", schema::count("Bytes given.")),
        schema::required(
            "next_offset",
            schema::any_of("Where to go on; null at the end.", &["integer", "null"]),
        ),
        schema::required("encoding", schema::one_of("How the content is given.", &ENCODINGS)),
        schema::required("content", schema::text("The content.")),
    ])
}

fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    let offset = arguments.integer("offset", 0, (0, OFFSET_MAX))? as u64;
    let limit = arguments.integer("limit", BYTES_DEFAULT, (1, BYTES_MAX))? as usize;
    let encoding = arguments.choice("encoding", &ENCODINGS)?;
    let (file, info) = files::open(path)?;
    if offset > info.bytes {
        return Err(Failure(format!(
            "'{}' has {} bytes; there is nothing at offset {}.",
            path, info.bytes, offset
        )));
    }
    let explain = |problem| files::explain(path, problem);
    file.seek(offset).map_err(explain)?;
    let mut bytes = vec![0; limit];
    let mut count = 0;
    while count < limit {
        match file.read(&mut bytes[count..]).map_err(explain)? {
            0 => break,
            read => count += read,
        }
    }
    bytes.truncate(count);
    let at_end = offset + count as u64 >= info.bytes;
    let content = if encoding == "base64" {
        base64::encode(&bytes)
    } else {
        text_of(path, offset, &mut bytes, at_end)?
    };
    let next = offset + bytes.len() as u64;
    let next_offset = if next < info.bytes {
        Json::from(next)
    } else {
        Json::Null
    };
    let note = if offset == 0 && next >= info.bytes {
        String::new()
    } else {
        format!("\n[bytes {} to {} of {} of {}]", offset, next, info.bytes, path)
    };
    let text = format!("{}{}", content, note);
    let structured = object([
        ("path", path.to_owned().into()),
        ("bytes", info.bytes.into()),
        ("offset", offset.into()),
        ("length", bytes.len().into()),
        ("next_offset", next_offset),
        ("encoding", encoding.into()),
        ("content", content.into()),
    ]);
    Ok(Answer::new(text, structured))
}

/// The bytes as text; a character that the limit cuts is left for the next part.
fn text_of(path: &str, offset: u64, bytes: &mut Vec<u8>, at_end: bool) -> Result<String, Failure> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(problem) if problem.error_len().is_none() && !at_end && problem.valid_up_to() > 0 => problem.valid_up_to(),
        Err(problem) => {
            return Err(Failure(format!(
                "'{}' is not UTF-8 text (byte {}); read it with encoding \"base64\".",
                path,
                offset + problem.valid_up_to() as u64
            )))
        }
    };
    bytes.truncate(valid);
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
