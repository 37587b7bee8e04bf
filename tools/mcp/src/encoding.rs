//! Bytes as text: Base64 and hexadecimal.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64_with(bytes: &[u8], alphabet: &[u8; 64], pad: bool) -> String {
    let mut out = String::with_capacity((bytes.len() + 2) / 3 * 4);
    for group in bytes.chunks(3) {
        let all = group.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            if place <= group.len() {
                out.push(alphabet[(all >> (18 - 6 * place) & 63) as usize] as char);
            } else if pad {
                out.push('=');
            }
        }
    }
    out
}

/// Base64 of RFC 4648 section 4, padded.
pub fn base64(bytes: &[u8]) -> String {
    base64_with(bytes, STANDARD, true)
}

/// Base64 of RFC 4648 section 5, without padding.
pub fn base64url(bytes: &[u8]) -> String {
    base64_with(bytes, URL, false)
}

/// The bytes of either Base64, padded or not, white space anywhere; else the first character that is wrong and its place.
pub fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut bits, mut count, mut ended) = (0u32, 0, 0usize, false);
    for (at, c) in text.chars().enumerate().filter(|(_, c)| !c.is_ascii_whitespace()) {
        let value = match c {
            'A'..='Z' => c as u32 - 65,
            'a'..='z' => c as u32 - 71,
            '0'..='9' => c as u32 + 4,
            '+' | '-' => 62,
            '/' | '_' => 63,
            '=' => {
                ended = true;
                continue;
            }
            _ => return Err(format!("character {} ('{}') is not of Base64", at + 1, c)),
        };
        if ended {
            return Err(format!("there is more after the padding, at character {}", at + 1));
        }
        count += 1;
        group = group << 6 | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits) as u8);
            group &= (1 << bits) - 1;
        }
    }
    if count % 4 == 1 {
        return Err("it ends in the middle: one character is missing or too many".to_owned());
    }
    Ok(out)
}

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[usize::from(digit)] as char).collect()
}

/// The bytes of hexadecimal digits; white space, `:` and a leading `0x` are passed over.
pub fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim();
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for (at, c) in text.chars().enumerate() {
        if c.is_ascii_whitespace() || c == ':' {
            continue;
        }
        let digit =
            c.to_digit(16)
                .ok_or_else(|| format!("character {} ('{}') is no hexadecimal digit", at + 1, c))? as u8;
        high = match high {
            None => Some(digit),
            Some(first) => {
                out.push(first << 4 | digit);
                None
            }
        };
    }
    match high {
        None => Ok(out),
        Some(_) => Err("there is an odd number of digits".to_owned()),
    }
}

/// All but letters, digits and `-._~` as percent and two digits (RFC 3986).
pub fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{:02X}", byte));
        }
    }
    out
}

/// The bytes of a percent-encoded text; a percent without two digits stays, a plus is a plus.
pub fn from_percent(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |place: usize| bytes.get(place).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}
