//! Requests to the host: what no guest can do by itself, such as fetching a web page. The host decides by the server's
//! grants; a refusal says what to grant.
//!
//! A request and its response are an envelope: the length of the head in four bytes, little endian, the head as JSON,
//! and the body. What a guest keeps of a response is its own copy.

use crate::answer::Failure;
use crate::json::Json;
use crate::json_text::parse_bytes;

#[link(wasm_import_module = "caxton")]
extern "C" {
    fn request(operation: *const u8, operation_length: usize, body: *const u8, body_length: usize) -> i32;
    fn response_size() -> i32;
    fn response(into: *mut u8, length: usize) -> i32;
}

/// Bytes of one response; more would not fit the memory of a tool server.
const RESPONSE_BYTES_MAX: usize = 32 << 20;

/// What the host answered.
pub struct Response {
    pub head: Json,
    pub body: Vec<u8>,
}

/// A request that was not granted or could not be done.
pub struct Refusal {
    /// A word for programs: "denied", "not-found", "timeout" …
    pub code: String,
    /// What is wrong, where, and how to fix it.
    pub message: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure(refusal.message)
    }
}

/// Asks the host for an operation such as "http.fetch". Waits as long as the host needs.
pub fn ask(operation: &str, head: &Json, body: &[u8]) -> Result<Response, Refusal> {
    let head = head.to_line();
    let mut envelope = Vec::with_capacity(4 + head.len() + body.len());
    envelope.extend_from_slice(&(head.len() as u32).to_le_bytes());
    envelope.extend_from_slice(head.as_bytes());
    envelope.extend_from_slice(body);
    // Safe: both slices live through the call, and the host only reads them.
    let refused = unsafe { request(operation.as_ptr(), operation.len(), envelope.as_ptr(), envelope.len()) } != 0;
    drop(envelope);
    let answer = open(copy().ok_or_else(|| broken(operation))?).ok_or_else(|| broken(operation))?;
    if !refused {
        return Ok(answer);
    }
    let text = |name: &str| answer.head.get(name).and_then(Json::as_text).map(str::to_owned);
    Err(Refusal {
        code: text("code").unwrap_or_else(|| "invalid".to_owned()),
        message: text("message").unwrap_or_else(|| format!("the host refused {} and gave no reason.", operation)),
    })
}

fn copy() -> Option<Vec<u8>> {
    // Safe: the host writes at most `bytes.len()` bytes, and what it writes is bytes.
    let size = usize::try_from(unsafe { response_size() }).ok()?;
    if size > RESPONSE_BYTES_MAX {
        return None;
    }
    let mut bytes = vec![0; size];
    let copied = usize::try_from(unsafe { response(bytes.as_mut_ptr(), bytes.len()) }).ok()?;
    (copied == size).then_some(bytes)
}

/// The parts of an envelope.
fn open(mut envelope: Vec<u8>) -> Option<Response> {
    let length = envelope.get(..4)?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
    let end = length.checked_add(4)?;
    let head = parse_bytes(envelope.get(4..end)?).ok()?;
    envelope.drain(..end);
    Some(Response { head, body: envelope })
}

fn broken(operation: &str) -> Refusal {
    Refusal {
        code: "invalid".to_owned(),
        message: format!(
            "the host's answer to {} could not be read, or has more than {} bytes; ask for less.",
            operation, RESPONSE_BYTES_MAX
        ),
    }
}
