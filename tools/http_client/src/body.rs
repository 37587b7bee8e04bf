//! What is sent.

use crate::address::pairs;
use mcp::encoding::{from_base64, percent};
use mcp::{Arguments, Failure};

const BODY_BYTES_MAX: usize = 4 << 20;

/// Bytes of the body and the media type that goes with them.
pub struct Body {
    pub bytes: Vec<u8>,
    pub media_type: Option<&'static str>,
}

pub fn read(arguments: &Arguments) -> Result<Body, Failure> {
    const NAMES: [&str; 4] = ["json", "text", "form", "base64"];
    let given: Vec<&str> = NAMES
        .iter()
        .copied()
        .filter(|name| arguments.get(name).is_some())
        .collect();
    let body = match given[..] {
        [] => Body {
            bytes: Vec::new(),
            media_type: None,
        },
        ["json"] => {
            let text = arguments.get("json").map_or(String::new(), |value| value.to_line());
            Body {
                bytes: text.into_bytes(),
                media_type: Some("application/json"),
            }
        }
        ["text"] => Body {
            bytes: arguments.required_text("text")?.as_bytes().to_vec(),
            media_type: Some("text/plain; charset=utf-8"),
        },
        ["form"] => {
            let pairs = pairs(arguments.get("form"), "form")?;
            let parts: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
                .collect();
            Body {
                bytes: parts.join("&").into_bytes(),
                media_type: Some("application/x-www-form-urlencoded"),
            }
        }
        ["base64"] => {
            let bytes = from_base64(arguments.required_text("base64")?)
                .map_err(|problem| Failure(format!("'base64' is not Base64: {}.", problem)))?;
            Body {
                bytes,
                media_type: Some("application/octet-stream"),
            }
        }
        _ => {
            return Err(Failure(format!(
                "give only one body: {} are all given.",
                given.join(", ")
            )))
        }
    };
    if body.bytes.len() > BODY_BYTES_MAX {
        return Err(Failure(format!(
            "the body has {} bytes; at most {} are sent.",
            body.bytes.len(),
            BODY_BYTES_MAX
        )));
    }
    Ok(body)
}
