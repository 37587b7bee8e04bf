//! `encode`: encodings of text, there and back.

use crate::input;
use mcp::encoding;
use mcp::schema;
use mcp::{html, Arguments, Failure, Hints, Outcome, Tool};

const CODES: [&str; 7] = ["base64", "base64url", "hex", "url", "html", "json", "rot13"];
const DIRECTIONS: [&str; 2] = ["encode", "decode"];

pub const TOOL: Tool = Tool {
    name: "encode",
    title: "Encode or decode text",
    description: "Encodes or decodes a text: base64, base64url, hex, url (percent), html (entities), json (a string with escapes), rot13. What is decoded must be text in UTF-8.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::required("code", schema::one_of("Which encoding.", &CODES)),
            schema::optional("direction", schema::one_of("There or back.", &DIRECTIONS).default("encode")),
        ]);
        schema::closed(all)
    },
    output: Some(|| schema::closed(input::result_schema("The text; null when it is in a file."))),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let code = arguments.choice("code", &CODES)?;
    let decodes = arguments.choice("direction", &DIRECTIONS)? == "decode";
    let text = input::read(arguments)?;
    let result = match (code, decodes) {
        ("base64", false) => encoding::base64(text.as_bytes()),
        ("base64url", false) => encoding::base64url(text.as_bytes()),
        ("hex", false) => encoding::hex(text.as_bytes()),
        ("url", false) => encoding::percent(&text),
        ("html", false) => html::escape(&text),
        ("json", false) => {
            let mut out = String::new();
            mcp::write_text(&text, &mut out);
            out
        }
        ("base64" | "base64url", true) => decoded(code, encoding::from_base64(&text))?,
        ("hex", true) => decoded(code, encoding::from_hex(&text))?,
        ("url", true) => decoded(code, Ok(encoding::from_percent(&text)))?,
        ("html", true) => html::unescape(&text),
        ("json", true) => match mcp::parse(text.trim()) {
            Ok(mcp::Json::Text(text)) => text.into_owned(),
            Ok(other) => {
                return Err(Failure(format!(
                    "the text is JSON, but {} and no string.",
                    other.kind()
                )))
            }
            Err(problem) => return Err(Failure(format!("the text is no JSON string: {}.", problem))),
        },
        _ => text.chars().map(rotated).collect(),
    };
    input::answer(result, Vec::new())
}

fn decoded(code: &str, bytes: Result<Vec<u8>, String>) -> Result<String, Failure> {
    let bytes = bytes.map_err(|problem| Failure(format!("the text is not {}: {}.", code, problem)))?;
    String::from_utf8(bytes).map_err(|problem| {
        let at = problem.utf8_error().valid_up_to();
        let bytes = problem.into_bytes();
        let start = encoding::hex(&bytes[..bytes.len().min(32)]);
        Failure(format!(
            "what is encoded is no text in UTF-8: {} bytes, wrong at byte {}. It begins (hex) with {}.",
            bytes.len(),
            at,
            start
        ))
    })
}

fn rotated(c: char) -> char {
    let turn = |first: u8| ((c as u8 - first + 13) % 26 + first) as char;
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        c => c,
    }
}
