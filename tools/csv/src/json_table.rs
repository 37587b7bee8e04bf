//! Tables that are written as JSON: a list of objects, an object that holds one, lists of cells, or a value on each line.

use crate::COLUMNS_MAX;
use mcp::{parse_exact, Failure, Json};
use std::collections::HashMap;

/// Bytes of a JSON table, which is held as a whole.
pub const JSON_BYTES_MAX: usize = 48 << 20;
/// Objects within an object whose members become columns of their own: `address.city`.
const FLAT_DEPTH_MAX: usize = 4;
/// Members that hold the rows of a table where an object has several lists.
const ROWS_NAMES: [&str; 7] = ["rows", "data", "items", "results", "records", "values", "features"];

/// A table as CSV text, and whether its first row holds the names.
pub struct Converted {
    pub csv: Vec<u8>,
    pub has_header: bool,
    pub format: &'static str,
}

/// Whether a text that begins so may be a JSON table.
pub fn may_be(start: &[u8]) -> bool {
    let mut bytes = start.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next(), bytes.next()) {
        (Some(b'{'), Some(b'"' | b'}')) => true,
        (Some(b'['), Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => true,
        _ => false,
    }
}

/// The table of a JSON text; None when the text does not even begin with a JSON value, so that it may be CSV.
pub fn convert(text: &str, name: &str) -> Option<Result<Converted, Failure>> {
    let whole = text.trim_start_matches('\u{feff}').trim();
    let end = end_of_value(whole.as_bytes(), 0).unwrap_or(whole.len());
    let is_lines = end < whole.len();
    let begins = if is_lines {
        parse_exact(&whole[..end]).is_ok()
    } else {
        let first = whole[1..].trim_start();
        let first_end = end_of_value(first.as_bytes(), 0).unwrap_or(0);
        whole.starts_with('{') || first.starts_with(']') || parse_exact(&first[..first_end]).is_ok()
    };
    begins.then(|| table(whole, is_lines, name))
}

fn table(whole: &str, is_lines: bool, name: &str) -> Result<Converted, Failure> {
    let broken = |problem: mcp::Problem| {
        Failure(format!(
            "{} begins like JSON and cannot be read as JSON: {}.",
            name, problem
        ))
    };
    if is_lines {
        let rows = Rows::Texts(values(whole.as_bytes(), 0, whole));
        return write(&rows, name, "json lines");
    }
    if whole.starts_with('[') {
        // Seen as a whole first, so that what is broken is told with its line.
        let rows = Rows::Texts(values(&whole.as_bytes()[..whole.len() - 1], 1, whole));
        if !whole.ends_with(']') || rows.is_broken() {
            parse_exact(whole).map_err(broken)?;
        }
        return write(&rows, name, "json");
    }
    let members = match parse_exact(whole).map_err(broken)? {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    let lists: Vec<(&str, &[Json])> = members
        .iter()
        .filter_map(|(key, value)| Some((key.as_ref(), value.as_list()?)))
        .collect();
    let is_row = |value: &Json| matches!(value, Json::Object(_) | Json::List(_));
    let of_rows: Vec<&(&str, &[Json])> = lists
        .iter()
        .filter(|(_, list)| !list.is_empty() && list.iter().all(is_row))
        .collect();
    let named = of_rows.iter().find(|(key, _)| ROWS_NAMES.contains(key));
    if let Some((_, list)) = named.or_else(|| of_rows.first().filter(|_| of_rows.len() == 1)) {
        return write(&Rows::Values(list), name, "json");
    }
    if of_rows.len() > 1 {
        let names: Vec<&str> = of_rows.iter().map(|(key, _)| *key).collect();
        return Err(Failure(format!(
            "{} is a JSON object with several lists of rows ({}); give one of them as a file of its own.",
            name,
            names.join(", ")
        )));
    }
    let length = lists.first().map_or(0, |(_, list)| list.len());
    if length > 0 && lists.len() == members.len() && lists.iter().all(|(_, list)| list.len() == length) {
        let row = |at: usize| {
            let cells = members
                .iter()
                .zip(&lists)
                .map(|((key, _), (_, list))| (key.clone(), list[at].clone()));
            Json::Object(cells.collect())
        };
        let rows: Vec<Json> = (0..length).map(row).collect();
        return write(&Rows::Values(&rows), name, "json");
    }
    write(&Rows::Values(&[Json::Object(members)]), name, "json")
}

enum Rows<'a> {
    Texts(Vec<&'a str>),
    Values(&'a [Json]),
}

impl Rows<'_> {
    fn is_broken(&self) -> bool {
        matches!(self, Rows::Texts(texts) if texts.iter().any(|text| parse_exact(text).is_err()))
    }

    fn each(&self, name: &str, mut see: impl FnMut(&Json) -> Result<(), Failure>) -> Result<(), Failure> {
        match self {
            Rows::Values(values) => values.iter().try_for_each(see),
            Rows::Texts(texts) => texts.iter().enumerate().try_for_each(|(index, text)| {
                let value = parse_exact(text)
                    .map_err(|problem| Failure(format!("row {} of {} is not JSON: {}.", index + 1, name, problem)))?;
                see(&value)
            }),
        }
    }
}

/// The texts of values one after another, with white space and commas between them.
fn values<'a>(bytes: &[u8], from: usize, text: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut at = from;
    loop {
        while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b',') {
            at += 1;
        }
        if at >= bytes.len() {
            return found;
        }
        let end = end_of_value(bytes, at).unwrap_or(bytes.len()).max(at + 1);
        found.push(text.get(at..end).unwrap_or("").trim());
        at = end;
    }
}

/// Where the value that begins here ends; none when it does not.
fn end_of_value(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return Some(if depth == 0 { at } else { at + 1 }),
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then(|| at)
}

fn write(rows: &Rows, name: &str, format: &'static str) -> Result<Converted, Failure> {
    let mut columns = Columns::default();
    let (mut objects, mut others) = (0u64, 0u64);
    rows.each(name, |row| {
        match row {
            Json::Object(_) => {
                objects += 1;
                flat(row, "", 0, &mut |key, _| columns.add(key));
            }
            Json::List(cells) => {
                others += 1;
                columns.widest = columns.widest.max(cells.len());
            }
            _ => {
                others += 1;
                columns.widest = columns.widest.max(1);
            }
        }
        Ok(())
    })?;
    if objects > 0 && others > 0 {
        return Err(Failure(format!(
            "{} is a JSON list of {} objects and {} other values; a table has rows of one kind.",
            name, objects, others
        )));
    }
    let width = columns.names.len().max(columns.widest);
    if width > COLUMNS_MAX {
        return Err(Failure(format!(
            "{} has {} columns; at most {} are read.",
            name, width, COLUMNS_MAX
        )));
    }
    if objects + others == 0 {
        return Err(Failure(format!("{} is empty: it has no header and no rows.", name)));
    }
    let mut csv = Vec::new();
    let mut cells: Vec<Option<String>> = Vec::new();
    if objects > 0 {
        cells.extend(columns.names.iter().cloned().map(Some));
        write_row(&cells, &mut csv);
    }
    rows.each(name, |row| {
        cells.clear();
        cells.resize(width, None);
        match row {
            Json::Object(_) => flat(row, "", 0, &mut |key, value| {
                if let Some(place) = columns.places.get(key) {
                    cells[*place] = cell(value);
                }
            }),
            Json::List(list) => list
                .iter()
                .enumerate()
                .for_each(|(place, value)| cells[place] = cell(value)),
            value => cells[0] = cell(value),
        }
        write_row(&cells, &mut csv);
        Ok(())
    })?;
    Ok(Converted {
        csv,
        has_header: objects > 0,
        format,
    })
}

/// Names of columns in the order in which they come.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize, std::hash::BuildHasherDefault<Fnv>>,
    widest: usize,
}

/// The standard library's hasher would ask the host for random bytes.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Columns {
    fn add(&mut self, name: &str) {
        if !self.places.contains_key(name) && self.names.len() <= COLUMNS_MAX {
            self.places.insert(name.to_owned(), self.names.len());
            self.names.push(name.to_owned());
        }
    }
}

/// The members of an object, those of objects within it under names joined by points.
fn flat(value: &Json, prefix: &str, depth: usize, see: &mut dyn FnMut(&str, &Json)) {
    if let Json::Object(members) = value {
        for (key, value) in members {
            let name = if prefix.is_empty() {
                key.to_string()
            } else {
                format!("{}.{}", prefix, key)
            };
            match value {
                Json::Object(inner) if depth < FLAT_DEPTH_MAX && !inner.is_empty() => {
                    flat(value, &name, depth + 1, see)
                }
                _ => see(&name, value),
            }
        }
    }
}

fn cell(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Text(text) => Some(text.to_string()),
        other => Some(other.to_line()),
    }
}

/// A row of CSV; what holds more than letters and digits stands in quotes.
pub fn write_row(cells: &[Option<String>], csv: &mut Vec<u8>) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            csv.push(b',');
        }
        let cell = cell.as_deref().unwrap_or("");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b':' | b'_');
        if cell.bytes().all(plain) && !(cell.is_empty() && cells.len() == 1) {
            csv.extend_from_slice(cell.as_bytes());
            continue;
        }
        csv.push(b'"');
        for byte in cell.bytes() {
            if byte == b'"' {
                csv.push(b'"');
            }
            csv.push(byte);
        }
        csv.push(b'"');
    }
    csv.push(b'\n');
}
