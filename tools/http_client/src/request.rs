//! `get` and `request`.

use crate::address::{self, pairs};
use crate::answer;
use crate::body::{self, Body};
use mcp::host;
use mcp::schema::{self, Property};
use mcp::{object, Arguments, Failure, Hints, Json, Outcome, Tool};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Seconds.
const TIMEOUT: (i64, i64) = (30, 110);
/// Bytes of a response.
const RESPONSE: (i64, i64) = (4 << 20, 16 << 20);
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 16_000;
/// Headers that the host makes itself.
const RESERVED: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
];

pub const GET: Tool = Tool {
    name: "get",
    title: "Fetch a URL",
    description: "Fetches a URL of a granted host with GET and gives its status, headers and content: JSON parsed, HTML as text on request, other text decoded, the rest as Base64. Large content becomes a file.",
    input: || schema::closed(common()),
    output: Some(answer::schema),
    hints: Some(Hints { open_world: true, ..Hints::READ }),
    run: get,
};

pub const REQUEST: Tool = Tool {
    name: "request",
    title: "Make an HTTP request",
    description: "Makes an HTTP request of any method to a granted host, with headers and a body (json, text, form or base64, one of them), and gives status, headers and content of the response. Statuses such as 404 are results, not failures.",
    input: || {
        let mut all = common();
        all.insert(0, schema::required("method", schema::one_of("Method.", &METHODS)));
        all.extend([
            schema::optional("json", schema::any_of("Body: a JSON value.", &["object", "array", "string", "number", "boolean"])),
            schema::optional("text", schema::text("Body: text in UTF-8.").role("content")),
            schema::optional("form", schema::whole(Vec::new()).described("Body: names and values of a form, URL-encoded.")),
            schema::optional("base64", schema::text("Body: bytes in Base64.")),
        ]);
        schema::closed(all)
    },
    output: Some(answer::schema),
    hints: Some(Hints { read_only: false, idempotent: false, destructive: true, open_world: true }),
    run: request,
};

fn common() -> Vec<Property> {
    vec![
        schema::required(
            "url",
            schema::text("Whole URL.")
                .with("format", "uri")
                .with("examples", vec!["https://api.example.com/v1/items".into()])
                .role("url"),
        ),
        schema::optional(
            "query",
            schema::whole(Vec::new())
                .described("Names and values to add to the URL, such as {\"page\": 2, \"tag\": [\"a\", \"b\"]}."),
        ),
        schema::optional(
            "headers",
            schema::whole(Vec::new()).described("Names and values of headers, such as {\"Accept\": \"text/csv\"}."),
        ),
        schema::optional(
            "timeout_seconds",
            schema::integer("How long to wait for the whole response.", 1, TIMEOUT.1).default(TIMEOUT.0),
        ),
        schema::optional(
            "html_to_text",
            schema::boolean("Give what an HTML page says, without its markup.").default(false),
        ),
        schema::optional(
            "bytes_max",
            schema::integer("Bytes of content to take; more is refused.", 1, RESPONSE.1).default(RESPONSE.0),
        ),
        schema::optional(
            "file_name",
            schema::text("Keep the content as a file of this name, such as page.html.").role("output-path"),
        ),
    ]
}

fn get(arguments: &Arguments) -> Outcome {
    fetch(
        arguments,
        "GET",
        Body {
            bytes: Vec::new(),
            media_type: None,
        },
    )
}

fn request(arguments: &Arguments) -> Outcome {
    let method = arguments.choice("method", &METHODS)?;
    let body = body::read(arguments)?;
    if matches!(method, "GET" | "HEAD") && body.media_type.is_some() {
        return Err(Failure(format!(
            "a {} request has no body; put values into 'query', or use POST.",
            method
        )));
    }
    fetch(arguments, method, body)
}

fn headers(arguments: &Arguments, media_type: Option<&'static str>) -> Result<Vec<Json>, Failure> {
    let given = pairs(arguments.get("headers"), "headers")?;
    if given.len() > HEADERS_MAX {
        return Err(Failure(format!(
            "there are {} headers; at most {} are sent.",
            given.len(),
            HEADERS_MAX
        )));
    }
    let has = |name: &str| given.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut out: Vec<Json> = Vec::new();
    let mut push = |name: &str, value: &str| out.push(vec![name.to_owned().into(), value.to_owned().into()].into());
    if let Some(media_type) = media_type.filter(|_| !has("content-type")) {
        push("content-type", media_type);
    }
    if !has("accept") {
        push("accept", "*/*");
    }
    for (name, value) in &given {
        let token = !name.is_empty()
            && name.len() <= 256
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !token {
            return Err(Failure(format!("'{}' is no name of a header.", name)));
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Failure(format!(
                "the header '{}' is made by the client itself; leave it out.",
                name
            )));
        }
        if value.len() > HEADER_BYTES_MAX || value.contains(|c: char| c.is_control() && c != '\t') {
            return Err(Failure(format!(
                "the header '{}' is too long or holds a line end or control character.",
                name
            )));
        }
        push(name, value);
    }
    Ok(out)
}

fn fetch(arguments: &Arguments, method: &'static str, body: Body) -> Outcome {
    let url = address::build(arguments.required_text("url")?, arguments.get("query"))?;
    let headers = headers(arguments, body.media_type)?;
    let timeout = arguments.integer("timeout_seconds", TIMEOUT.0, (1, TIMEOUT.1))?;
    let bytes_max = arguments.integer("bytes_max", RESPONSE.0, (1, RESPONSE.1))?;
    let head = object([
        ("method", method.into()),
        ("url", url.clone().into()),
        ("headers", headers.into()),
        ("timeout_ms", (timeout * 1_000).into()),
        ("bytes_max", bytes_max.into()),
    ]);
    match host::ask("http.fetch", &head, &body.bytes) {
        Ok(response) => answer::of(arguments, method, response),
        Err(refusal) if refusal.code == "denied" && !refusal.message.contains("caxton.toml") => {
            Err(denied(method, &url, &refusal.message))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// What the operator has to write so that the request is granted.
fn denied(method: &str, url: &str, message: &str) -> Failure {
    let scheme = if url.starts_with("https://") {
        "https://"
    } else {
        "http://"
    };
    let host = url[scheme.len()..].split(['/', '?']).next().unwrap_or("");
    Failure(format!(
        "{} To grant it, add to caxton.toml:\n[[tool_servers.http_client.grants.http]]\nurl = \"{}{}\"\nmethods = [\"{}\"]",
        message, scheme, host, method
    ))
}
