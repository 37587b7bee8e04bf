//! Text in HTML: entities, and what a page says without its markup.

/// Entities that pages use; others are left as they are.
const ENTITIES: [(&str, &str); 56] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("hellip", "…"),
    ("mdash", "—"),
    ("ndash", "–"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("sbquo", "‚"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bull", "•"),
    ("middot", "·"),
    ("sect", "§"),
    ("para", "¶"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("deg", "°"),
    ("plusmn", "±"),
    ("times", "×"),
    ("divide", "÷"),
    ("frac12", "½"),
    ("frac14", "¼"),
    ("sup2", "²"),
    ("sup3", "³"),
    ("micro", "µ"),
    ("iexcl", "¡"),
    ("iquest", "¿"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("agrave", "à"),
    ("ccedil", "ç"),
    ("ntilde", "ñ"),
    ("shy", "\u{ad}"),
    ("larr", "←"),
    ("rarr", "→"),
    ("le", "≤"),
    ("ge", "≥"),
];

const ENTITY_BYTES_MAX: usize = 10;

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
        rest = &rest[at..];
        let end = rest.bytes().take(ENTITY_BYTES_MAX + 2).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((value, end)) => {
                out.push_str(&value);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        }?;
        // Old pages write Windows-1252 by number.
        let code = match code {
            0x80..=0x9f => u32::from(crate::charset::WINDOWS_1252[code as usize - 0x80]),
            0 => 0xfffd,
            code => code,
        };
        return Some(char::from_u32(code).unwrap_or('\u{fffd}').to_string());
    }
    ENTITIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| (*value).to_owned())
}

/// Elements whose content is no text of the page.
const SILENT: [&str; 7] = ["script", "style", "noscript", "template", "svg", "iframe", "head"];
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

/// What a page says: the title, and its text with a line for each block, `- ` before list items and `#` before headings;
/// links are followed by their address in parentheses.
pub fn to_text(page: &str) -> String {
    let mut writer = Writer {
        out: String::new(),
        line: String::new(),
        space: false,
    };
    if let Some(title) = between(page, "<title", "</title") {
        writer.words(&unescape(title.split_once('>').map_or(title, |(_, title)| title)));
        writer.end_line();
    }
    let mut rest = page;
    let mut links: Vec<Option<String>> = Vec::new();
    while let Some(at) = rest.find('<') {
        writer.words(&unescape(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        let end = match tag_end(rest).filter(|_| is_tag) {
            Some(end) => end,
            None => {
                writer.words("<");
                rest = &rest[1..];
                continue;
            }
        };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let closes = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or("")
            .to_ascii_lowercase();
        if !closes && SILENT.contains(&name.as_str()) && !tag.ends_with('/') {
            rest = after_closing(rest, &name);
            continue;
        }
        if BLOCKS.contains(&name.as_str()) {
            writer.end_line();
        }
        match (name.as_str(), closes) {
            ("li", false) => writer.words("- "),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                let level = usize::from(name.as_bytes()[1] - b'0');
                writer.words(&format!("{} ", "#".repeat(level)));
            }
            ("td" | "th", true) => writer.words(" | "),
            ("a", false) => links.push(attribute(tag, "href").filter(|href| href.starts_with("http"))),
            ("a", true) => {
                if let Some(href) = links.pop().flatten() {
                    writer.words(&format!(" ({})", href));
                }
            }
            ("img", false) => {
                if let Some(alt) = attribute(tag, "alt").filter(|alt| !alt.is_empty()) {
                    writer.words(&format!("[{}]", alt));
                }
            }
            _ => {}
        }
    }
    writer.words(&unescape(rest));
    writer.end_line();
    writer.out.trim_end().to_owned()
}

struct Writer {
    out: String,
    line: String,
    space: bool,
}

impl Writer {
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
        if !line.is_empty() {
            self.out.push_str(line.trim_end_matches(" |"));
            self.out.push('\n');
        }
    }
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

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = &text[find_ignoring_case(text, from)?..];
    Some(&rest[..find_ignoring_case(rest, to)?])
}

fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    match find_ignoring_case(text, &format!("</{}", name)) {
        Some(at) => text[at..].find('>').map_or("", |end| &text[at + end + 1..]),
        None => "",
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    while let Some(at) = find_ignoring_case(rest, name) {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + name.len()..];
        let value = match rest.trim_start().strip_prefix('=') {
            Some(value) if before.map_or(false, char::is_whitespace) => value.trim_start(),
            _ => continue,
        };
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
            _ => value.split(|c: char| c.is_whitespace()).next(),
        };
        return value.map(unescape);
    }
    None
}
