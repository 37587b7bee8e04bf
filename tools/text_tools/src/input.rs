//! The text a call is about, and results that hold text.

use mcp::schema::{self, Property};
use mcp::{files, object, Answer, Arguments, Failure, Json};
use patterns::{Flags, Pattern};
use std::borrow::Cow;

pub const BYTES_MAX: u64 = 8 << 20;
/// What a reader of the answer is shown.
const SHOWN_CHARS_MAX: usize = 20_000;
/// Beyond this a result becomes a file.
const INLINE_BYTES_MAX: usize = 200 << 10;
const RESULT_BYTES_MAX: usize = 1 << 20;

pub fn properties() -> Vec<Property> {
    vec![
        schema::optional(
            "text",
            schema::text("The text itself. Give exactly one of text and file.").role("content"),
        ),
        schema::optional(
            "file",
            schema::text("A text file in UTF-8; an uploaded one is 'uploads/<name>'.").role("file-path"),
        ),
    ]
}

pub fn read<'a>(arguments: &Arguments<'a>) -> Result<Cow<'a, str>, Failure> {
    match (arguments.text("text")?, arguments.text("file")?) {
        (Some(text), None) => {
            if text.len() as u64 > BYTES_MAX {
                return Err(Failure(format!(
                    "the text has {} bytes; at most {} are read.",
                    text.len(),
                    BYTES_MAX
                )));
            }
            Ok(Cow::Borrowed(text))
        }
        (None, Some(file)) => read_file(file).map(Cow::Owned),
        (Some(_), Some(_)) => Err("give only one of 'text' and 'file'.".into()),
        (None, None) => Err("there is no text to work on: give 'text' (the text itself) or 'file' (a path).".into()),
    }
}

pub fn read_file(path: &str) -> Result<String, Failure> {
    files::read_text(path, BYTES_MAX)
}

pub fn pattern_properties() -> Vec<Property> {
    vec![
        schema::required(
            "pattern",
            schema::text("Regular expression: . [a-z] \\d \\w \\s \\b \\p{L} ( ) (?:…) (?<name>…) | * + ? {2,5} and lazy *? +?, ^ $, flags such as (?i). No \\1 and no (?=…).").role("query"),
        ),
        schema::optional("ignore_case", schema::boolean("Letters of either case are the same.").default(false)),
        schema::optional("multi_line", schema::boolean("^ and $ match at line ends too.").default(false)),
        schema::optional("dot_all", schema::boolean(". matches line ends too.").default(false)),
    ]
}

pub fn pattern(arguments: &Arguments) -> Result<Pattern, Failure> {
    let flag = |name: &str| Ok::<bool, Failure>(arguments.boolean(name)?.unwrap_or(false));
    let flags = Flags {
        ignore_case: flag("ignore_case")?,
        multi_line: flag("multi_line")?,
        dot_all: flag("dot_all")?,
        ascii: false,
    };
    let text = arguments.required_text("pattern")?;
    Pattern::new(text, flags).map_err(|problem| Failure(format!("the pattern `{}` cannot be used: {}.", text, problem)))
}

/// Places of bytes as characters and lines, asked for in rising order.
pub struct Positions<'t> {
    text: &'t str,
    byte: usize,
    characters: usize,
    line: usize,
    line_start: usize,
}

impl<'t> Positions<'t> {
    pub fn new(text: &'t str) -> Positions<'t> {
        Positions {
            text,
            byte: 0,
            characters: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// Characters before a byte.
    pub fn characters(&mut self, byte: usize) -> usize {
        let part = &self.text[self.byte..byte.max(self.byte)];
        for (at, c) in part.char_indices() {
            self.characters += 1;
            if c == '\n' {
                self.line += 1;
                self.line_start = self.byte + at + 1;
            }
        }
        self.byte = byte.max(self.byte);
        self.characters
    }

    /// Line from 1 and column from 1 of the byte last asked for.
    pub fn line(&self) -> (usize, usize) {
        (self.line, self.text[self.line_start..self.byte].chars().count() + 1)
    }
}

pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}\n… ({} more bytes)", &text[..at], text.len() - at),
        None => text.to_owned(),
    }
}

pub fn result_schema(description: &'static str) -> Vec<Property> {
    vec![
        schema::required("result", schema::any_of(description, &["string", "null"])),
        schema::required("characters", schema::count("Characters of the result.")),
        schema::optional(
            "files",
            schema::list(
                "File that holds a result too large to be given here.",
                schema::text("Name."),
            ),
        ),
    ]
}

/// An answer whose result is a text; a large one becomes a file.
pub fn answer(result: String, rest: Vec<(&'static str, Json)>) -> Result<Answer, Failure> {
    if result.len() > RESULT_BYTES_MAX {
        return Err(Failure(format!(
            "the result has {} bytes; at most {} are given. Work on a part of the text.",
            result.len(),
            RESULT_BYTES_MAX
        )));
    }
    let mut structured = object([("characters", result.chars().count().into())]);
    for (name, value) in rest {
        structured.push(name, value);
    }
    let text = shown(&result);
    if result.len() > INLINE_BYTES_MAX {
        structured.push("result", Json::Null);
        structured.push("files", vec![Json::from("result.txt")]);
        return Ok(
            Answer::new(format!("{}\n\nThe whole is in the file result.txt.", text), structured).with_file(
                "result.txt",
                "text/plain",
                result,
            ),
        );
    }
    structured.push("result", result);
    Ok(Answer::new(text, structured))
}
