//! JSON text: read without recursion, so that no text can exhaust the stack, and written as compactly as it may be.

use crate::json::Json;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// Lists and objects within each other.
const DEPTH_MAX: usize = 128;

/// Why a text is not JSON, and where; lines and columns count from 1.
#[derive(Debug)]
pub struct Problem {
    pub message: String,
    pub line: usize,
    pub column: usize,
    /// The letters around the place.
    pub near: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(
            formatter,
            "{} at line {} column {}",
            self.message, self.line, self.column
        )?;
        if self.near.is_empty() {
            return Ok(());
        }
        write!(formatter, ", near `{}`", self.near)
    }
}

/// A value of a text; numbers become what a program reckons with.
pub fn parse(text: &str) -> Result<Json, Problem> {
    Reader::new(text, false).whole()
}

/// A value of a text; numbers other than whole ones of 64 bits stay as they are written.
pub fn parse_exact(text: &str) -> Result<Json, Problem> {
    Reader::new(text, true).whole()
}

pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<Json, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|problem| Problem {
        message: format!("byte {} is not UTF-8", problem.valid_up_to()),
        line: 1,
        column: problem.valid_up_to() + 1,
        near: String::new(),
    })?;
    parse(text)
}

enum Open {
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>, String),
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    exact: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, exact: bool) -> Reader<'a> {
        Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            exact,
        }
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        let mut at = self.at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |found| found + 1);
        let near = self.text[at..]
            .chars()
            .take(20)
            .map(|c| if c.is_control() { ' ' } else { c });
        Problem {
            message: message.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            near: near.collect::<String>().trim_end().to_owned(),
        }
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn whole(mut self) -> Result<Json, Problem> {
        let value = self.value()?;
        self.space();
        if self.at < self.bytes.len() {
            return Err(self.problem("there is more text after the value"));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Json, Problem> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.space();
            let first = self.bytes.get(self.at).copied();
            let mut done = match first {
                Some(b'[') | Some(b'{') => {
                    if open.len() == DEPTH_MAX {
                        return Err(self.problem(format!("lists and objects are nested more than {} deep", DEPTH_MAX)));
                    }
                    self.at += 1;
                    self.space();
                    match (first, self.bytes.get(self.at)) {
                        (Some(b'['), Some(b']')) => {
                            self.at += 1;
                            Json::List(Vec::new())
                        }
                        (Some(b'['), _) => {
                            open.push(Open::List(Vec::new()));
                            continue;
                        }
                        (_, Some(b'}')) => {
                            self.at += 1;
                            Json::Object(Vec::new())
                        }
                        _ => {
                            let name = self.name()?;
                            open.push(Open::Object(Vec::new(), name));
                            continue;
                        }
                    }
                }
                Some(b'"') => Json::Text(Cow::Owned(self.string()?)),
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => self.word()?,
            };
            // The value belongs to what is open; a closing bracket makes that the value, and so on.
            loop {
                let (close, is_list) = match open.last_mut() {
                    None => return Ok(done),
                    Some(Open::List(items)) => {
                        items.push(done);
                        (b']', true)
                    }
                    Some(Open::Object(members, name)) => {
                        members.push((Cow::Owned(std::mem::take(name)), done));
                        (b'}', false)
                    }
                };
                self.space();
                match self.bytes.get(self.at) {
                    Some(b',') => {
                        self.at += 1;
                        if !is_list {
                            let next = self.name()?;
                            if let Some(Open::Object(_, name)) = open.last_mut() {
                                *name = next;
                            }
                        }
                        break;
                    }
                    Some(byte) if *byte == close => {
                        self.at += 1;
                        done = match open.pop() {
                            Some(Open::List(items)) => Json::List(items),
                            Some(Open::Object(members, _)) => Json::Object(members),
                            None => Json::Null,
                        };
                    }
                    Some(_) if is_list => return Err(self.problem("expected ',' or ']' in a list")),
                    Some(_) => return Err(self.problem("expected ',' or '}' in an object")),
                    None => return Err(self.problem("the text ends inside a list or an object")),
                }
            }
        }
    }

    /// A member's name and its colon.
    fn name(&mut self) -> Result<String, Problem> {
        self.space();
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.problem("expected a member's name in double quotes"));
        }
        let name = self.string()?;
        self.space();
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(self.problem("expected ':' after a member's name"));
        }
        self.at += 1;
        Ok(name)
    }

    fn word(&mut self) -> Result<Json, Problem> {
        let rest = &self.bytes[self.at..];
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.problem(if rest.is_empty() {
            "the text ends where a value should be"
        } else if rest[0] == b'\'' {
            "texts are written in double quotes, not in single ones"
        } else if matches!(rest[0], b']' | b'}') {
            "expected a value; a comma may not stand before a closing bracket"
        } else {
            "expected a value"
        }))
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<Json, Problem> {
        let start = self.at;
        let mut whole = true;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
                return Err(self.problem("a number may not begin with a zero and more digits"));
            }
        } else if !self.digits() {
            return Err(self.problem("expected a digit"));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            whole = false;
            self.at += 1;
            if !self.digits() {
                return Err(self.problem("expected a digit after the decimal point"));
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.problem("expected a digit in the exponent"));
            }
        }
        let text = &self.text[start..self.at];
        if whole && text != "-0" {
            if let Ok(value) = text.parse() {
                return Ok(Json::Integer(value));
            }
        }
        if self.exact {
            return Ok(Json::Exact(text.into()));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Json::Number(value)),
            _ => Err(self.problem("the number is too large")),
        }
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.bytes.get(self.at), None | Some(b'"' | b'\\' | 0..=31)) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(_) => return Err(self.problem("a line end or control character inside a text must be escaped")),
                None => return Err(self.problem("the text ends inside a string")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Problem> {
        let c = match self.bytes.get(self.at + 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(c @ (b'"' | b'\\' | b'/')) => *c as char,
            Some(b'u') => {
                let unit = self.unit(self.at)?;
                self.at += 6;
                let second = if (0xd800..0xdc00).contains(&unit) {
                    self.unit(self.at).ok()
                } else {
                    None
                };
                let code = match second {
                    Some(low @ 0xdc00..=0xdfff) => {
                        self.at += 6;
                        0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    _ => unit,
                };
                // Half a pair is no character.
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                return Ok(());
            }
            _ => return Err(self.problem("this escape is not known; write \\\\ for a backslash")),
        };
        out.push(c);
        self.at += 2;
        Ok(())
    }

    /// The number in a `\uXXXX` that begins at a place.
    fn unit(&self, at: usize) -> Result<u32, Problem> {
        let digits = self.bytes.get(at..at + 6).filter(|bytes| bytes.starts_with(b"\\u"));
        let digits = digits.and_then(|bytes| std::str::from_utf8(&bytes[2..]).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.problem("\\u takes four hexadecimal digits"))
    }
}

const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

pub(crate) fn write(value: &Json, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Json::Null => write!(out, "null"),
        Json::Bool(value) => write!(out, "{}", value),
        Json::Integer(value) => write!(out, "{}", value),
        // Whole numbers are written without ".0", and what JSON cannot hold (infinities) as null.
        Json::Number(value) if value.fract() == 0.0 && value.abs() <= EXACT_INTEGER_MAX => {
            write!(out, "{}", *value as i64)
        }
        Json::Number(value) if !value.is_finite() => write!(out, "null"),
        Json::Number(value) => write!(out, "{:?}", value),
        Json::Exact(text) => write!(out, "{}", text),
        Json::Text(text) => {
            write_text(text, out);
            Ok(())
        }
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.write_char(']')
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, out);
            }
            out.write_char('}')
        }
    };
}

/// A text in double quotes.
pub fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=31 => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(short);
        if short.is_empty() {
            let _ = write!(out, "\\u{:04x}", byte);
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}
