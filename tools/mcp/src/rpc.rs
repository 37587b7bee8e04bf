//! JSON-RPC 2.0 over lines: one message in, at most one message out, until end of input.

use crate::answer::{Failure, Outcome};
use crate::arguments::Arguments;
use crate::json::{object, Json};
use crate::json_text::parse_bytes;
use crate::tool::{Server, Tool};
use std::io::{self, BufRead, BufReader, Read, Write};

/// Versions of MCP whose messages this loop speaks, newest first.
const PROTOCOLS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
const PROTOCOL_DEFAULT: &str = "2025-06-18";

/// Bytes of one message.
const LINE_BYTES_MAX: u64 = 16 << 20;
const READ_BYTES: usize = 64 << 10;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

struct RpcError {
    code: i64,
    message: String,
}

/// Answers messages until the client closes standard input.
pub fn serve(server: &Server) {
    let mut input = BufReader::with_capacity(READ_BYTES, io::stdin());
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let answer = if line.len() as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            skip_line(&mut input);
            Some(error(
                Json::Null,
                INVALID_REQUEST,
                format!("a message may have {} bytes", LINE_BYTES_MAX),
            ))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            None
        } else {
            answer(server, &line)
        };
        if let Some(answer) = answer {
            let mut text = answer.to_line();
            text.push('\n');
            let mut output = io::stdout();
            if output.write_all(text.as_bytes()).and_then(|()| output.flush()).is_err() {
                return;
            }
        }
        // One large message must not hold its room for the rest of the instance's life.
        line.shrink_to(READ_BYTES);
    }
}

fn skip_line(input: &mut impl BufRead) {
    let mut rest = Vec::new();
    loop {
        rest.clear();
        match input.take(READ_BYTES as u64).read_until(b'\n', &mut rest) {
            Ok(0) | Err(_) => return,
            Ok(_) if rest.last() == Some(&b'\n') => return,
            Ok(_) => {}
        }
    }
}

/// The answer to one message; none to a notification.
pub fn answer(server: &Server, line: &[u8]) -> Option<Json> {
    let message = match parse_bytes(line) {
        Ok(message) => message,
        Err(problem) => return Some(error(Json::Null, PARSE_ERROR, format!("this is not JSON: {}", problem))),
    };
    if !matches!(message, Json::Object(_)) {
        let text = "a message is one JSON object; batches are not supported".to_owned();
        return Some(error(Json::Null, INVALID_REQUEST, text));
    }
    let id = message.get("id");
    let method = match message.get("method").and_then(Json::as_text) {
        Some(method) => method,
        None if message.get("result").is_some() || message.get("error").is_some() => return None,
        None => {
            let id = id.cloned().unwrap_or(Json::Null);
            return Some(error(id, INVALID_REQUEST, "the message has no method".to_owned()));
        }
    };
    // A message without id is a notification: it is never answered.
    let id = id?.clone();
    let none = Json::Object(Vec::new());
    let params = message.get("params").unwrap_or(&none);
    Some(match request(server, method, params) {
        Ok(result) => object([("jsonrpc", "2.0".into()), ("id", id), ("result", result)]),
        Err(problem) => error(id, problem.code, problem.message),
    })
}

fn error(id: Json, code: i64, message: String) -> Json {
    let problem = object([("code", code.into()), ("message", message.into())]);
    object([("jsonrpc", "2.0".into()), ("id", id), ("error", problem)])
}

fn request(server: &Server, method: &str, params: &Json) -> Result<Json, RpcError> {
    match method {
        "initialize" => Ok(initialize(server, params)),
        "ping" => Ok(Json::Object(Vec::new())),
        "tools/list" => Ok(object([(
            "tools",
            server.tools.iter().map(Tool::to_json).collect::<Vec<_>>().into(),
        )])),
        "tools/call" => call(server, params),
        _ => Err(RpcError {
            code: METHOD_NOT_FOUND,
            message: format!("there is no method '{}'", method),
        }),
    }
}

fn initialize(server: &Server, params: &Json) -> Json {
    let asked = params.get("protocolVersion").and_then(Json::as_text);
    let version = PROTOCOLS
        .into_iter()
        .find(|known| Some(*known) == asked)
        .unwrap_or(PROTOCOL_DEFAULT);
    object([
        ("protocolVersion", version.into()),
        ("capabilities", object([("tools", Json::Object(Vec::new()))])),
        (
            "serverInfo",
            object([
                ("name", server.name.into()),
                ("title", server.title.into()),
                ("version", server.version.into()),
            ]),
        ),
        ("instructions", server.instructions.into()),
    ])
}

fn call(server: &Server, params: &Json) -> Result<Json, RpcError> {
    let invalid = |message: String| RpcError {
        code: INVALID_PARAMS,
        message,
    };
    let name = params
        .get("name")
        .and_then(Json::as_text)
        .ok_or_else(|| invalid("the tool's name is missing".into()))?;
    let tool = server.tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let known: Vec<&str> = server.tools.iter().map(|tool| tool.name).collect();
        invalid(format!(
            "{} has no tool '{}'. Its tools: {}.",
            server.name,
            name,
            known.join(", ")
        ))
    })?;
    let none = Json::Object(Vec::new());
    let arguments = match params.get("arguments") {
        None | Some(Json::Null) => &none,
        Some(arguments @ Json::Object(_)) => arguments,
        Some(other) => return Err(invalid(format!("arguments must be an object, not {}", other.kind()))),
    };
    Ok(match run(tool, arguments) {
        Ok(answer) => answer.into_json(),
        Err(failure) => failure.into_json(),
    })
}

fn run(tool: &Tool, arguments: &Json) -> Outcome {
    let arguments = Arguments::new(arguments);
    arguments
        .check_names(&(tool.input)())
        .map_err(|problem| Failure(format!("{}: {}", tool.name, problem)))?;
    (tool.run)(&arguments)
}
