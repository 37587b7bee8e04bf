//! Tools that break the rules of the conversation itself: they never reach the ordinary answer.

use mcp::{object, Json};
use std::io::{self, Read, Write};

const HUGE_BYTES: usize = 100 << 20;
const DEPTH: usize = 100_000;
const CHUNK: usize = 64 << 10;

/// Does what the call asks for, if it asks for a breach; comes back only if it does not.
pub fn perhaps(message: &Json, input: &mut impl Read) {
    if message.get("method").and_then(Json::as_text) != Some("tools/call") {
        return;
    }
    let params = message.get("params");
    let name = params
        .and_then(|params| params.get("name"))
        .and_then(Json::as_text)
        .unwrap_or("");
    let id = message.get("id").map_or("null".to_owned(), Json::to_line);
    match name {
        "garbage" => say(b"this is not JSON-RPC at all\n"),
        "wrong_id" => say(line("999999", "\"structuredContent\":{}").as_bytes()),
        "never_answer" => {}
        "huge" => huge(&id),
        "deep_json" => deep(&id),
        "bad_utf8" => bad_utf8(&id),
        _ => return,
    }
    forever(input);
}

fn line(id: &str, result: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{{}}}}}\n", id, result)
}

fn say(bytes: &[u8]) {
    let mut output = io::stdout();
    let _ = output.write_all(bytes).and_then(|()| output.flush());
}

/// Reads on and never answers again.
fn forever(input: &mut impl Read) -> ! {
    let mut byte = [0; 256];
    while input.read(&mut byte).unwrap_or(0) > 0 {}
    std::process::exit(0)
}

fn huge(id: &str) {
    say(format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"",
        id
    )
    .as_bytes());
    let chunk = [b'x'; CHUNK];
    for _ in 0..HUGE_BYTES / CHUNK {
        say(&chunk);
    }
    say(b"\"}]}}\n");
}

fn deep(id: &str) {
    let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    say(line(
        id,
        &format!("\"content\":[],\"structuredContent\":{{\"deep\":{}}}", nested),
    )
    .as_bytes());
}

fn bad_utf8(id: &str) {
    let text = object([("type", "text".into()), ("text", "@".into())]).to_line();
    let mut bytes = line(id, &format!("\"content\":[{}]", text)).into_bytes();
    for byte in &mut bytes {
        if *byte == b'@' {
            *byte = 0xff;
        }
    }
    say(&bytes);
}
