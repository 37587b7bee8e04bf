//! Sheets of spreadsheets (XLSX): a ZIP archive of XML files, of which the cells of one sheet are read as they are stored.

use crate::inflate::{entries, Entry};
use crate::json_table::{write_row, Converted};
use crate::COLUMNS_MAX;
use mcp::calendar::civil;
use mcp::Failure;

/// Bytes of a spreadsheet.
pub const XLSX_BYTES_MAX: usize = 32 << 20;
/// Bytes of a sheet and of its texts when they are unpacked: an archive may hold a thousand times its size.
const SHEET_BYTES_MAX: usize = 80 << 20;
const PART_BYTES_MAX: usize = 32 << 20;
const CSV_BYTES_MAX: usize = 48 << 20;

/// Whether a file that begins so is a ZIP archive.
pub fn may_be(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
}

/// A sheet as CSV text, and what to know of it.
pub fn convert(zip: &[u8], sheet: Option<&str>, name: &str) -> Result<(Converted, Option<String>), Failure> {
    let broken = |what: &str| Failure(format!("{} cannot be read as a spreadsheet (XLSX): {}.", name, what));
    let entries = entries(zip).ok_or_else(|| broken("its ZIP directory is damaged or encrypted"))?;
    let part = |path: &str, bytes_max: usize| -> Result<Option<String>, Failure> {
        let entry: Option<&Entry> = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(path));
        let bytes = entry.map(|entry| {
            entry
                .read(bytes_max)
                .ok_or_else(|| broken(&format!("{} is damaged or larger than {} MiB", path, bytes_max >> 20)))
        });
        Ok(bytes
            .transpose()?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let workbook = part("xl/workbook.xml", PART_BYTES_MAX)?.ok_or_else(|| broken("it has no xl/workbook.xml"))?;
    let relations = part("xl/_rels/workbook.xml.rels", PART_BYTES_MAX)?.unwrap_or_default();
    let mut sheets: Vec<(String, String)> = Vec::new();
    let mut from_1904 = false;
    for_each(&workbook, |token| match token {
        Token::Open("workbookPr", attributes) => {
            from_1904 = matches!(attribute(attributes, "date1904").as_deref(), Some("1" | "true"));
        }
        Token::Open("sheet", attributes) => {
            let id = attributes.split_whitespace().find_map(|word| {
                let (key, value) = word.split_once('=')?;
                key.ends_with(":id")
                    .then(|| value.trim_matches(|c| matches!(c, '"' | '\'' | '/')).to_owned())
            });
            sheets.push((
                attribute(attributes, "name").unwrap_or_default(),
                id.unwrap_or_default(),
            ));
        }
        _ => {}
    });
    let wanted = match sheet {
        None => sheets.first(),
        Some(wanted) => sheets.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.trim())),
    };
    let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let (title, id) = wanted.ok_or_else(|| {
        Failure(format!(
            "{} has no sheet '{}'. Its sheets: {}.",
            name,
            sheet.unwrap_or(""),
            names.join(", ")
        ))
    })?;
    let mut target = String::new();
    for_each(&relations, |token| {
        if let Token::Open("Relationship", attributes) = token {
            if attribute(attributes, "Id").as_deref() == Some(id) {
                target = attribute(attributes, "Target").unwrap_or_default();
            }
        }
    });
    let path = match target.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("xl/{}", target),
    };
    let texts = shared_texts(&part("xl/sharedStrings.xml", PART_BYTES_MAX)?.unwrap_or_default());
    let dates = date_styles(&part("xl/styles.xml", PART_BYTES_MAX)?.unwrap_or_default());
    let xml = part(&path, SHEET_BYTES_MAX)?.ok_or_else(|| broken(&format!("it has no {}", path)))?;
    let sheet = Sheet {
        xml: &xml,
        texts: &texts,
        dates: &dates,
        from_1904,
    };
    let csv = sheet.csv().map_err(|what| broken(&what))?;
    if csv.is_empty() {
        return Err(Failure(format!(
            "the sheet '{}' of {} is empty: it has no header and no rows.",
            title, name
        )));
    }
    let note = (sheets.len() > 1).then(|| format!("the sheet '{}' was read; sheets: {}", title, names.join(", ")));
    let converted = Converted {
        csv,
        has_header: false,
        format: "xlsx",
    };
    Ok((converted, note))
}

enum Token<'a> {
    /// The name without its prefix, and the attributes as they are written.
    Open(&'a str, &'a str),
    Close(&'a str),
    Text(&'a str),
}

/// Shows tags and texts one after another; an empty tag is opened and closed.
fn for_each<'a>(xml: &'a str, mut see: impl FnMut(Token<'a>)) {
    let local = |name: &'a str| name.rsplit(':').next().unwrap_or(name);
    let mut rest = xml;
    while let Some(open) = rest.find('<') {
        if open > 0 {
            see(Token::Text(&rest[..open]));
        }
        rest = &rest[open + 1..];
        let after = |rest: &'a str, end: &str| rest.find(end).map_or("", |at| &rest[at + end.len()..]);
        if rest.starts_with("!--") {
            rest = after(rest, "-->");
            continue;
        }
        let close = rest.find('>').unwrap_or(rest.len());
        let tag = &rest[..close];
        rest = rest.get(close + 1..).unwrap_or("");
        if let Some(name) = tag.strip_prefix('/') {
            see(Token::Close(local(name.trim())));
            continue;
        }
        if tag.starts_with(['?', '!']) {
            continue;
        }
        let end = tag
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(tag.len());
        see(Token::Open(local(&tag[..end]), &tag[end..]));
        if tag.ends_with('/') {
            see(Token::Close(local(&tag[..end])));
        }
    }
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(unescaped(value));
        }
        rest = after;
    }
}

/// A text with its named and numbered characters.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').unwrap_or(0);
        let found = match &rest[..end] {
            "&amp" => Some('&'),
            "&lt" => Some('<'),
            "&gt" => Some('>'),
            "&quot" => Some('"'),
            "&apos" => Some('\''),
            other => other
                .strip_prefix("&#x")
                .map(|digits| u32::from_str_radix(digits, 16))
                .or_else(|| other.strip_prefix("&#").map(str::parse))
                .and_then(|code| char::from_u32(code.ok()?)),
        };
        out.push(found.unwrap_or('&'));
        rest = &rest[if found.is_some() { end + 1 } else { 1 }..];
    }
    out + rest
}

/// Texts that cells refer to by number; those of phonetic hints are left out.
fn shared_texts(xml: &str) -> Vec<String> {
    let mut all = Vec::new();
    let (mut text, mut inside, mut hint) = (String::new(), false, false);
    for_each(xml, |token| match token {
        Token::Open("si", _) => text.clear(),
        Token::Open("rPh", _) => hint = true,
        Token::Close("rPh") => hint = false,
        Token::Open("t", _) => inside = !hint,
        Token::Close("t") => inside = false,
        Token::Text(part) if inside => text.push_str(&unescaped(part)),
        Token::Close("si") => all.push(std::mem::take(&mut text)),
        _ => {}
    });
    all
}

/// For each style of cells whether it shows a date or time.
fn date_styles(xml: &str) -> Vec<bool> {
    let mut own: Vec<(u32, bool)> = Vec::new();
    let mut styles = Vec::new();
    let mut inside = false;
    for_each(xml, |token| match token {
        Token::Open("numFmt", attributes) => {
            let id = attribute(attributes, "numFmtId").and_then(|id| id.parse().ok());
            let code = attribute(attributes, "formatCode").unwrap_or_default();
            own.extend(id.map(|id| (id, is_date_format(&code))));
        }
        Token::Open("cellXfs", _) => inside = true,
        Token::Close("cellXfs") => inside = false,
        Token::Open("xf", attributes) if inside => {
            let id: u32 = attribute(attributes, "numFmtId")
                .and_then(|id| id.parse().ok())
                .unwrap_or(0);
            let known = own.iter().find(|(known, _)| *known == id).map(|(_, is_date)| *is_date);
            styles.push(known.unwrap_or(matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)));
        }
        _ => {}
    });
    styles
}

/// Whether a format shows parts of a date: letters of one outside quotes, brackets and escapes.
fn is_date_format(code: &str) -> bool {
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => chars.by_ref().take_while(|c| *c != '"').for_each(drop),
            // [h] counts hours; [Red] and [$-409] do not.
            '[' => {
                let inner: String = chars.by_ref().take_while(|c| *c != ']').collect();
                if !inner.is_empty() && inner.chars().all(|c| matches!(c, 'h' | 'H' | 'm' | 's')) {
                    return true;
                }
            }
            '\\' | '_' | '*' => drop(chars.next()),
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => return true,
            'G' | 'g' => return false,
            _ => {}
        }
    }
    false
}

struct Sheet<'a> {
    xml: &'a str,
    texts: &'a [String],
    dates: &'a [bool],
    from_1904: bool,
}

impl Sheet<'_> {
    /// Shows the filled cells with their columns, and the ends of rows.
    fn each(&self, mut cell: impl FnMut(usize, String), mut row_end: impl FnMut() -> bool) {
        let (mut column, mut kind, mut style) = (0, String::new(), 0);
        let (mut text, mut inside, mut stopped) = (String::new(), false, false);
        let mut next = 0;
        for_each(self.xml, |token| match token {
            _ if stopped => {}
            Token::Open("row", _) => next = 0,
            Token::Close("row") => stopped = !row_end(),
            Token::Open("c", attributes) => {
                column = attribute(attributes, "r")
                    .and_then(|place| column_of(&place))
                    .unwrap_or(next);
                next = column + 1;
                kind = attribute(attributes, "t").unwrap_or_default();
                style = attribute(attributes, "s")
                    .and_then(|style| style.parse().ok())
                    .unwrap_or(0);
                text.clear();
            }
            Token::Open("v" | "t", _) => inside = true,
            Token::Close("v" | "t") => inside = false,
            Token::Text(part) if inside => text.push_str(&unescaped(part)),
            Token::Close("c") if !text.is_empty() => cell(column, self.value(&kind, style, &text)),
            _ => {}
        });
    }

    fn value(&self, kind: &str, style: usize, text: &str) -> String {
        let is_date = self.dates.get(style).copied().unwrap_or(false);
        match kind {
            "s" => text
                .parse()
                .ok()
                .and_then(|index: usize| self.texts.get(index).cloned())
                .unwrap_or_default(),
            "b" => if text == "1" { "true" } else { "false" }.to_owned(),
            "" | "n" if is_date => text
                .parse()
                .ok()
                .and_then(|serial| self.moment(serial))
                .unwrap_or_else(|| text.to_owned()),
            _ => text.to_owned(),
        }
    }

    /// Days since the end of 1899 as a date, with a time where there is one; below one day it is a time alone.
    fn moment(&self, serial: f64) -> Option<String> {
        const LAST_DAY: f64 = 2_958_466.0;
        if !(0.0..LAST_DAY).contains(&serial) {
            return None;
        }
        let seconds = (serial * 86_400.0).round() as i64;
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        if day == 0 && !self.from_1904 {
            return Some(time);
        }
        // The first spreadsheets took 1900 for a leap year: days before its March are one off.
        let shift = match (self.from_1904, day) {
            (true, _) => -24_107,
            (false, 0..=59) => -25_568,
            _ => -25_569,
        };
        let (year, month, day) = civil(day + shift);
        let date = format!("{:04}-{:02}-{:02}", year, month, day);
        Some(if second == 0 {
            date
        } else {
            format!("{}T{}", date, time)
        })
    }

    fn csv(&self) -> Result<Vec<u8>, String> {
        let (mut first, mut last) = (usize::MAX, 0);
        self.each(
            |column, _| {
                first = first.min(column);
                last = last.max(column);
            },
            || true,
        );
        if first == usize::MAX {
            return Ok(Vec::new());
        }
        let width = last - first + 1;
        if width > COLUMNS_MAX {
            return Err(format!("it has {} columns; at most {} are read", width, COLUMNS_MAX));
        }
        let row = std::cell::RefCell::new(vec![None; width]);
        let mut csv = Vec::new();
        let mut begun = false;
        let mut too_long = false;
        self.each(
            |column, text| row.borrow_mut()[column - first] = Some(text),
            || {
                let mut row = row.borrow_mut();
                let filled = row.iter().filter(|cell| cell.is_some()).count();
                // A title above the table is a line of its own, which is stepped over.
                begun |= filled > 1 || width < 3;
                if filled > 0 && begun {
                    write_row(&row, &mut csv);
                } else if filled > 0 {
                    let title: Vec<Option<String>> = row.iter().flatten().map(|cell| Some(cell.clone())).collect();
                    write_row(&title, &mut csv);
                }
                row.iter_mut().for_each(|cell| *cell = None);
                too_long = csv.len() > CSV_BYTES_MAX;
                !too_long
            },
        );
        if too_long {
            return Err(format!("its cells are more than {} MiB", CSV_BYTES_MAX >> 20));
        }
        Ok(csv)
    }
}

/// The column of a place such as BC12, from 0.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.take(4).fold(0usize, |number, letter| {
        number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    number.checked_sub(1)
}
