//! Text in HTML: entities, and what a page says without its markup.

use std::iter::from_fn;

/// HTML's named characters as `name text`, by name, each but the last ended by NUL. A text that begins with U+0001 belongs
/// to a name that is also read without its semicolon.
const NAMED: &str = include_str!("entities.bin");
const LEGACY: char = '\u{1}';
const LEGACY_BYTES_MAX: usize = 6;
const NAME_BYTES_MAX: usize = 32;

/// `& < > " '` as entities.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Entities as characters.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match entity(rest) {
            Some((value, length)) => {
                out.push_str(&value);
                rest = &rest[length..];
                rest = rest.strip_prefix(';').unwrap_or(rest);
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// The characters of the entity that a text begins with, and the bytes of its name.
fn entity(text: &str) -> Option<(String, usize)> {
    let run = |from: usize, is_part: fn(&u8) -> bool| {
        text.bytes().skip(from).take(NAME_BYTES_MAX).take_while(is_part).count()
    };
    if text.starts_with('#') {
        let (from, radix, is_digit): (usize, u32, fn(&u8) -> bool) = match text.as_bytes().get(1) {
            Some(b'x' | b'X') => (2, 16, u8::is_ascii_hexdigit),
            _ => (1, 10, u8::is_ascii_digit),
        };
        let length = from + run(from, is_digit);
        let digits = &text[from..length];
        // Old pages write Windows-1252 by number. More digits than a number has are no character.
        let code = match u32::from_str_radix(digits, radix).unwrap_or(0) {
            _ if digits.is_empty() => return None,
            code @ 0x80..=0x9f => u32::from(crate::charset::WINDOWS_1252[code as usize - 0x80]),
            0 => 0xfffd,
            code => code,
        };
        return Some((char::from_u32(code).unwrap_or('\u{fffd}').to_string(), length));
    }
    let length = run(0, u8::is_ascii_alphanumeric);
    if let Some(value) = named(&text[..length]).filter(|_| text[length..].starts_with(';')) {
        return Some((value.trim_start_matches(LEGACY).to_owned(), length));
    }
    (2..=length.min(LEGACY_BYTES_MAX)).rev().find_map(|length| {
        let value = named(&text[..length])?.strip_prefix(LEGACY)?;
        Some((value.to_owned(), length))
    })
}

fn named(name: &str) -> Option<&'static str> {
    let bytes = NAMED.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = (low + high) / 2;
        let start = bytes[low..middle]
            .iter()
            .rposition(|byte| *byte == 0)
            .map_or(low, |at| low + at + 1);
        let end = bytes[middle..high]
            .iter()
            .position(|byte| *byte == 0)
            .map_or(high, |at| middle + at);
        let (known, value) = NAMED[start..end].split_once(' ')?;
        match known.cmp(name) {
            std::cmp::Ordering::Equal => return Some(value),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start.saturating_sub(1),
        }
    }
    None
}

/// Elements whose content is no text of the page.
const SILENT: [&str; 6] = ["script", "style", "noscript", "template", "svg", "iframe"];
/// Elements without content.
const VOID: [&str; 9] = ["area", "br", "col", "embed", "hr", "img", "input", "source", "wbr"];
/// Elements that also end where the next of them begins, or the element around them ends.
const OPEN_ENDED: [&str; 8] = ["p", "li", "dt", "dd", "tr", "td", "th", "option"];
/// Elements around those.
const AROUND: [&str; 9] = ["ul", "ol", "dl", "table", "select", "div", "section", "article", "body"];
/// Elements that begin a line of their own.
const BLOCKS: [&str; 34] = [
    "p",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "hr",
    "br",
    "form",
    "fieldset",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "address",
    "title",
    "option",
];

/// The text of a page: the title, and a line for each block. List items begin with `- ` or their number, headings with
/// `#`; cells of a row are separated by ` | `, links are followed by their address in parentheses, `pre` keeps its lines.
/// Hidden elements are left out.
pub fn to_text(page: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        writer.text(&unescape(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        let (tag, after) = match tag(rest) {
            Some(read) => read,
            None => {
                writer.text("<");
                rest = &rest[1..];
                continue;
            }
        };
        rest = after;
        let name = tag.name.as_str();
        if !tag.closes && (SILENT.contains(&name) && !tag.text.ends_with('/')) {
            rest = after_closing(rest, name).1;
        } else if !tag.closes && name == "title" {
            let (title, after) = after_closing(rest, name);
            writer.title(&unescape(title));
            rest = after;
        } else if !tag.closes && tag.attribute("hidden").is_some() {
            rest = if VOID.contains(&name) {
                rest
            } else {
                after_hidden(rest, name)
            };
        } else {
            writer.tag(&tag);
        }
    }
    writer.text(&unescape(rest));
    writer.end_line();
    writer.out.trim_end().to_owned()
}

struct Tag<'t> {
    text: &'t str,
    /// In small letters.
    name: String,
    closes: bool,
}

impl Tag<'_> {
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.text.trim_start_matches('/').get(self.name.len()..)?;
        let mut next = || {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '=' | '/'))
                .unwrap_or(rest.len());
            let name = &rest[..end.max(rest.chars().next()?.len_utf8())];
            rest = rest[name.len()..].trim_start();
            let value = match rest.strip_prefix('=').map(str::trim_start) {
                None => return Some((name, "")),
                Some(value) => value,
            };
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            rest = after;
            Some((name, value))
        };
        let mut all = from_fn(&mut next);
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| unescape(value))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.trim().parse().ok()
    }
}

/// The tag that a text begins with, and the text behind it.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let is_tag = text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let end = tag_end(text).filter(|_| is_tag)?;
    let inside = &text[1..end];
    let named = inside.trim_start_matches('/');
    let name = named
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or("")
        .to_ascii_lowercase();
    let closes = inside.starts_with('/');
    Some((
        Tag {
            text: inside,
            name,
            closes,
        },
        &text[end + 1..],
    ))
}

#[derive(Default)]
struct Writer {
    out: String,
    line: String,
    space: bool,
    has_title: bool,
    /// Open elements of `pre`.
    pre: usize,
    /// A newline at the beginning of `pre` does not count.
    pre_begins: bool,
    /// The row has a cell.
    in_row: bool,
    /// The next number of each open list; none for a list without.
    lists: Vec<Option<i64>>,
    links: Vec<Option<String>>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.pre == 0 {
            return self.words(text);
        }
        let text = if self.pre_begins {
            text.trim_start_matches('\r').strip_prefix('\n').unwrap_or(text)
        } else {
            text
        };
        self.pre_begins &= text.is_empty();
        for c in text.chars() {
            match c {
                '\n' => {
                    self.out.push_str(self.line.trim_end());
                    self.out.push('\n');
                    self.line.clear();
                }
                '\r' => {}
                c => self.line.push(c),
            }
        }
    }

    /// White space of any length is one blank.
    fn words(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.space = true;
                continue;
            }
            if self.space && !self.line.is_empty() {
                self.line.push(' ');
            }
            self.space = false;
            self.line.push(c);
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.space = false;
        if !line.trim_end().is_empty() {
            self.out.push_str(line.trim_end().trim_end_matches(" |"));
            self.out.push('\n');
        }
    }

    /// The first title is one of the page.
    fn title(&mut self, title: &str) {
        if std::mem::replace(&mut self.has_title, true) {
            return;
        }
        self.end_line();
        self.words(title);
        self.end_line();
    }

    fn tag(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if name == "br" && self.pre > 0 {
            return self.text("\n");
        }
        if BLOCKS.contains(&name) {
            self.end_line();
        }
        match (name, tag.closes) {
            ("pre", closes) => {
                self.pre = if closes {
                    self.pre.saturating_sub(1)
                } else {
                    self.pre + 1
                };
                self.pre_begins = !closes;
            }
            ("ol", false) => self.lists.push(Some(tag.number("start").unwrap_or(1))),
            ("ul", false) => self.lists.push(None),
            ("ol" | "ul", true) => drop(self.lists.pop()),
            ("li", false) => {
                let given = tag.number("value");
                match self.lists.last_mut().and_then(Option::as_mut) {
                    Some(next) => {
                        let number = given.unwrap_or(*next);
                        *next = number.saturating_add(1);
                        self.words(&format!("{}. ", number));
                    }
                    None => self.words("- "),
                }
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                let level = usize::from(name.as_bytes()[1] - b'0');
                self.words(&format!("{} ", "#".repeat(level)));
            }
            ("tr" | "table", _) => self.in_row = false,
            ("td" | "th", false) => {
                if std::mem::replace(&mut self.in_row, true) {
                    self.words(" | ");
                }
            }
            ("a", false) => self
                .links
                .push(tag.attribute("href").filter(|href| href.starts_with("http"))),
            ("a", true) => {
                if let Some(href) = self.links.pop().flatten() {
                    self.words(&format!(" ({})", href));
                }
            }
            ("img", false) => {
                if let Some(alt) = tag.attribute("alt").filter(|alt| !alt.is_empty()) {
                    self.words(&format!("[{}]", alt));
                }
            }
            _ => {}
        }
    }
}

/// The text behind an element that is left out with all that is in it.
fn after_hidden<'a>(text: &'a str, name: &str) -> &'a str {
    let is_open_ended = OPEN_ENDED.contains(&name);
    let (mut same, mut around) = (1, 0usize);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let (tag, after) = match tag(rest) {
            Some(read) => read,
            None => {
                rest = &rest[1..];
                continue;
            }
        };
        let other = tag.name.as_str();
        let is_around = AROUND.contains(&other);
        let ends_open = match (tag.closes, around) {
            (false, 0) => other == name || name == "p" && BLOCKS.contains(&other),
            (true, 0) => is_around,
            _ => false,
        };
        if is_open_ended && ends_open {
            return rest;
        }
        rest = after;
        match (is_around, tag.closes) {
            (true, false) => around += 1,
            (true, true) => around = around.saturating_sub(1),
            _ => {}
        }
        if other == name {
            same = if tag.closes { same - 1 } else { same + 1 };
        }
        if same == 0 {
            return rest;
        }
        if !tag.closes && SILENT.contains(&other) {
            rest = after_closing(rest, other).1;
        }
    }
    ""
}

/// Where a tag ends, quotes considered.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'>') => return Some(at),
            _ => {}
        }
    }
    // A quote that is never closed ends with the tag.
    text.find('>')
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let wanted = wanted.as_bytes();
    (0..bytes.len().saturating_sub(wanted.len() - 1))
        .find(|at| bytes[*at..*at + wanted.len()].eq_ignore_ascii_case(wanted))
}

/// The text before the closing tag of an element, and behind it.
fn after_closing<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    match find_ignoring_case(text, &format!("</{}", name)) {
        Some(at) => (
            &text[..at],
            text[at..].find('>').map_or("", |end| &text[at + end + 1..]),
        ),
        None => (text, ""),
    }
}
