//! Text in charts: how wide it is, how it is cut, wrapped and written short.

/// About how wide a text is at that font size, in pixels.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| char_width(c) * size).sum()
}

fn char_width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' => 0.28,
        'f' | 'r' | 't' | '(' | ')' | ' ' | '-' | '/' | '[' | ']' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.87,
        'A'..='Z' => 0.67,
        // East Asian characters and pictures are as wide as they are high.
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f000}'..='\u{1faff}' => 1.0,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0.0,
        _ => 0.6,
    }
}

/// The text, cut with an ellipsis when it is wider than `width`.
pub fn cut(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let room = width - size * 0.8;
    let mut used = 0.0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += char_width(*c) * size;
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// At most `lines` lines no wider than `width`, broken at spaces; what does not fit is cut.
pub fn wrap(text: &str, size: f64, width: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest: Vec<&str> = text.split_whitespace().collect();
    while !rest.is_empty() {
        if out.len() + 1 == lines {
            out.push(cut(&rest.join(" "), size, width));
            return out;
        }
        let fitting = (1..=rest.len())
            .take_while(|count| text_width(&rest[..*count].join(" "), size) <= width)
            .last();
        let count = fitting.unwrap_or(1);
        out.push(cut(&rest[..count].join(" "), size, width));
        rest.drain(..count);
    }
    out
}

/// Whether every word of the text fits the width within so many lines.
pub fn fits_wrapped(text: &str, size: f64, width: f64, lines: usize) -> bool {
    let wrapped = wrap(text, size, width, lines);
    !wrapped.iter().any(|line| line.ends_with('…'))
}

const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

/// Numbers of one axis, all in the same unit and with the decimals that their step needs.
pub struct TickFormat {
    unit: f64,
    suffix: &'static str,
    decimals: usize,
    scientific: bool,
}

impl TickFormat {
    pub fn new(largest: f64, step: f64) -> TickFormat {
        let scientific = largest >= 1e15 || (largest > 0.0 && largest < 1e-4);
        let unit = UNITS
            .into_iter()
            .find(|(unit, _)| largest >= 10_000.0 && largest >= *unit);
        let (unit, suffix) = unit.unwrap_or((1.0, ""));
        let decimals = (0..10)
            .find(|decimals| is_whole(step / unit * 10f64.powi(*decimals)))
            .unwrap_or(10) as usize;
        TickFormat {
            unit,
            suffix,
            decimals,
            scientific,
        }
    }

    pub fn text(&self, value: f64) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        let text = if self.scientific {
            format!("{:.1e}", value)
        } else {
            format!("{:.*}{}", self.decimals, value / self.unit, self.suffix)
        };
        // A minus, not a hyphen.
        text.replace('-', "\u{2212}")
    }
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6 * value.abs().max(1.0)
}

/// One value as a label: three or four significant digits, thousands and up shortened.
pub fn short(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 1e15 || (size > 0.0 && size < 1e-3) {
        format!("{:.2e}", value)
    } else if size >= 100_000.0 {
        // What rounds to a thousand of one unit is one of the next.
        let (unit, suffix) = UNITS
            .into_iter()
            .find(|(unit, _)| size >= *unit * 0.9995)
            .unwrap_or((1.0, ""));
        let decimals = if size >= unit * 100.0 { 1 } else { 2 };
        format!("{}{}", trimmed(value / unit, decimals), suffix)
    } else {
        let decimals = if size >= 1_000.0 {
            0
        } else if size >= 100.0 {
            1
        } else if size >= 1.0 {
            2
        } else {
            3
        };
        let text = trimmed(value, decimals);
        if size >= 10_000.0 {
            grouped(&text)
        } else {
            text
        }
    };
    text.replace('-', "\u{2212}")
}

fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{:.*}", decimals, value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn grouped(digits: &str) -> String {
    let (sign, body) = digits.strip_prefix('-').map_or(("", digits), |body| ("-", body));
    let head = body.len() % 3;
    let mut out = String::from(sign);
    for (index, c) in body.chars().enumerate() {
        if index > 0 && index % 3 == head {
            out.push(',');
        }
        out.push(c);
    }
    out
}

const NAME_CHARS_MAX: usize = 60;

/// A file name for a chart: the one asked for without its directories, or one made of the title.
pub fn file_name(asked: Option<&str>, title: &str) -> String {
    let asked = asked
        .and_then(|name| name.rsplit(|c| c == '/' || c == '\\').next())
        .unwrap_or("");
    let stem = asked.strip_suffix(".svg").unwrap_or(asked);
    let mut name = String::new();
    // A point in a title is no part of a file name: "sales.csv by year".
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || (c == '.' && !stem.is_empty());
    let source = if stem.is_empty() {
        title.to_lowercase()
    } else {
        stem.to_owned()
    };
    for c in source.chars() {
        if name.chars().count() >= NAME_CHARS_MAX {
            break;
        }
        if plain(c) {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(|c| c == '-' || c == '.');
    format!("{}.svg", if name.is_empty() { "chart" } else { name })
}
