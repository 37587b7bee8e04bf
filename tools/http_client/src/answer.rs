//! What came back.

use mcp::host::Response;
use mcp::schema::{self, Schema};
use mcp::{charset, encoding, html, object, parse_exact, Answer, Arguments, Failure, Json, Outcome};

/// What a reader is shown.
const SHOWN_CHARS_MAX: usize = 20_000;
/// Content beyond this becomes a file.
const INLINE_BYTES_MAX: usize = 100 << 10;
const FILE_BYTES_MAX: usize = 4 << 20;

pub fn schema() -> Schema {
    let header = schema::list("Name in lower case, value.", schema::text("Text.")).items(2, 2);
    schema::closed(vec![
        schema::required("status", schema::integer("HTTP status.", 100, 999)),
        schema::required("ok", schema::boolean("The status is 200 to 299.")),
        schema::required("url", schema::text("Where the response came from, after redirects.")),
        schema::required("headers", schema::list("Headers of the response.", header)),
        schema::required(
            "media_type",
            schema::text("Type of the content, without parameters; empty when not told."),
        ),
        schema::required("bytes", schema::count("Bytes of the content.")),
        schema::required(
            "kind",
            schema::one_of("What body holds.", &["json", "text", "base64", "empty", "file"]),
        ),
        schema::required(
            "body",
            schema::any_of(
                "The content: a JSON value, text, Base64, or null when it is empty or in a file.",
                &["object", "array", "string", "number", "boolean", "null"],
            ),
        ),
        schema::optional(
            "files",
            schema::list("File that holds the content.", schema::text("Name.")),
        ),
        schema::required(
            "notes",
            schema::list("What to know about it.", schema::text("A sentence.")),
        ),
    ])
}

struct Header<'a>(&'a Json);

impl<'a> Header<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let all = self.0.as_list().unwrap_or_default().iter();
        let pairs = all.filter_map(|pair| match pair.as_list() {
            Some([key, value]) => Some((key.as_text()?, value.as_text()?)),
            _ => None,
        });
        pairs
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || [
            "json",
            "+json",
            "xml",
            "+xml",
            "javascript",
            "yaml",
            "toml",
            "csv",
            "x-www-form-urlencoded",
            "graphql",
            "x-ndjson",
        ]
        .iter()
        .any(|end| media_type.ends_with(end))
}

/// The charset that the header, the page itself or its first bytes tell.
fn charset_of(content_type: &str, bytes: &[u8]) -> Option<String> {
    let parameter = |text: &str| {
        let low = text.to_ascii_lowercase();
        let at = low.find("charset=")? + "charset=".len();
        let name = low[at..].trim_start_matches(['"', '\'']);
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
            .unwrap_or(name.len());
        Some(name[..end].to_owned()).filter(|name| !name.is_empty())
    };
    let mark = match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some("utf-8"),
        [0xff, 0xfe, ..] => Some("utf-16le"),
        [0xfe, 0xff, ..] => Some("utf-16be"),
        _ => None,
    };
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).into_owned();
    mark.map(str::to_owned)
        .or_else(|| parameter(content_type))
        .or_else(|| parameter(&start).filter(|_| content_type.contains("html")))
}

enum Content {
    Json(Json, String),
    Text(String),
    Bytes(Vec<u8>),
    Empty,
}

fn content(response: Response, content_type: &str, media_type: &str, notes: &mut Vec<String>) -> Content {
    let bytes = response.body;
    if bytes.is_empty() {
        return Content::Empty;
    }
    let charset = charset_of(content_type, &bytes);
    let looks_like_text = || !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok();
    if !is_text(media_type) && !(media_type.is_empty() && looks_like_text()) {
        return Content::Bytes(bytes);
    }
    let name = charset.unwrap_or_else(|| "utf-8".to_owned());
    let text = match charset::decode(&bytes, &name) {
        Some(text) => text,
        None => {
            notes.push(format!(
                "the charset '{}' is not known (there are {}); read as UTF-8",
                name,
                charset::NAMES
            ));
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    if text.contains('\u{fffd}') {
        notes.push(format!(
            "some bytes are not of the charset {} and shown as \u{fffd}",
            name
        ));
    }
    if media_type.ends_with("json") {
        match parse_exact(&text) {
            Ok(value) => return Content::Json(value, text),
            Err(problem) => notes.push(format!("the content says that it is JSON, and is not: {}", problem)),
        }
    }
    Content::Text(text)
}

pub fn of(arguments: &Arguments, method: &str, response: Response) -> Outcome {
    let head = response.head.clone();
    let status = head.get("status").and_then(Json::as_number).unwrap_or(0.0) as i64;
    let url = head.get("url").and_then(Json::as_text).unwrap_or("").to_owned();
    let headers = head.get("headers").cloned().unwrap_or(Json::List(Vec::new()));
    let content_type = Header(&headers).get("content-type").unwrap_or("").to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or("").trim().to_owned();
    let size = response.body.len();
    let mut notes = Vec::new();
    let mut content = content(response, &content_type, &media_type, &mut notes);
    if let (Content::Text(page), true) = (&content, arguments.boolean("html_to_text")?.unwrap_or(false)) {
        if media_type.contains("html") || media_type.is_empty() {
            content = Content::Text(html::to_text(page));
            notes.push("the page's markup is left out".to_owned());
        }
    }
    let wanted = arguments.text("file_name")?;
    if let Some(name) = wanted.filter(|name| name.is_empty() || name.contains(['/', '\\', '\0'])) {
        return Err(Failure(format!(
            "'file_name' is \"{}\"; it must be a plain name such as page.html.",
            name
        )));
    }
    let (kind, body, text) = match content {
        Content::Empty => ("empty", Json::Null, String::new()),
        Content::Json(value, text) => ("json", value, text),
        Content::Text(text) => ("text", text.clone().into(), text),
        Content::Bytes(bytes) => {
            notes.push(format!(
                "the content is {} bytes of {}, given in Base64",
                bytes.len(),
                if media_type.is_empty() {
                    "no known type"
                } else {
                    &media_type
                }
            ));
            let text = encoding::base64(&bytes);
            ("base64", text.clone().into(), text)
        }
    };
    let becomes_file = kind != "empty" && (wanted.is_some() || text.len() > INLINE_BYTES_MAX);
    if becomes_file && text.len() > FILE_BYTES_MAX {
        return Err(Failure(format!("the content has {} bytes; at most {} are kept. Ask for a part of it, by a narrower query or a Range header.", text.len(), FILE_BYTES_MAX)));
    }
    let shown = match text.char_indices().nth(SHOWN_CHARS_MAX) {
        _ if kind == "base64" => String::new(),
        Some((at, _)) => format!("{}\n… ({} more bytes)", &text[..at], text.len() - at),
        None => text.clone(),
    };
    let mut structured = object([
        ("status", status.into()),
        ("ok", (200..300).contains(&status).into()),
        ("url", url.clone().into()),
        ("headers", headers),
        ("media_type", media_type.clone().into()),
        ("bytes", size.into()),
        ("kind", if becomes_file { "file" } else { kind }.into()),
    ]);
    let file = wanted.map_or_else(|| default_name(&url, &media_type, kind), str::to_owned);
    if becomes_file {
        notes.push(format!(
            "the content is in the file {}{}",
            file,
            if kind == "base64" { ", in Base64" } else { "" }
        ));
        structured.push("body", Json::Null);
        structured.push("files", vec![Json::from(file.clone())]);
    } else {
        structured.push("body", body);
    }
    structured.push(
        "notes",
        notes.iter().map(|note| Json::from(note.clone())).collect::<Vec<_>>(),
    );
    let told = if notes.is_empty() {
        String::new()
    } else {
        format!("\n\nNote: {}.", notes.join("; "))
    };
    let answer = Answer::new(
        format!(
            "{} {} → {}, {} bytes of {}\n\n{}{}",
            method,
            url,
            status,
            size,
            if media_type.is_empty() {
                "unknown type"
            } else {
                &media_type
            },
            shown,
            told
        ),
        structured,
    );
    let media_type = if kind == "base64" || media_type.is_empty() {
        "text/plain".to_owned()
    } else {
        media_type
    };
    Ok(if becomes_file {
        answer.with_file(file, media_type, text)
    } else {
        answer
    })
}

/// The last part of the path, with an ending that tells what it is.
fn default_name(url: &str, media_type: &str, kind: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let path = path.splitn(4, '/').nth(3).unwrap_or("");
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("response");
    let name: String = last
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .take(80)
        .collect();
    let name = name.trim_start_matches('.');
    let name = if name.is_empty() { "response" } else { name };
    if kind == "base64" {
        return format!("{}.base64.txt", name);
    }
    if name.contains('.') {
        return name.to_owned();
    }
    let ending = match media_type {
        "application/json" => "json",
        "text/html" => "html",
        "text/csv" => "csv",
        "application/xml" | "text/xml" => "xml",
        _ => "txt",
    };
    format!("{}.{}", name, ending)
}
