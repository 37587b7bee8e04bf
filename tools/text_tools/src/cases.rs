//! `convert_case`: letter cases and slugs.

use crate::input;
use mcp::schema;
use mcp::{Arguments, Hints, Outcome, Tool};

const CASES: [&str; 12] = [
    "lower", "upper", "title", "sentence", "swap", "camel", "pascal", "snake", "kebab", "constant", "dot", "slug",
];

pub const TOOL: Tool = Tool {
    name: "convert_case",
    title: "Convert letter case, make slugs",
    description: "Changes the letter case of a text, or makes a name of it: lower, upper, title (Each Word), sentence, swap, camelCase, PascalCase, snake_case, kebab-case, CONSTANT_CASE, dot.case, or a slug for URLs (ASCII, hyphens).",
    input: || {
        let mut all = input::properties();
        all.push(schema::required("to", schema::one_of("What to make.", &CASES)));
        schema::closed(all)
    },
    output: Some(|| schema::closed(input::result_schema("The converted text; null when it is in a file."))),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let to = arguments.choice("to", &CASES)?;
    let text = input::read(arguments)?;
    let result = match to {
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "title" => title(&text),
        "sentence" => sentence(&text),
        "swap" => text.chars().flat_map(swapped).collect(),
        _ => {
            let plain = if to == "slug" { ascii(&text) } else { text.into_owned() };
            let words = words(&plain);
            let lower = || words.iter().map(|word| word.to_lowercase());
            match to {
                "camel" => lower()
                    .enumerate()
                    .map(|(at, word)| if at == 0 { word } else { capitalized(&word) })
                    .collect(),
                "pascal" => lower().map(|word| capitalized(&word)).collect(),
                "snake" => lower().collect::<Vec<_>>().join("_"),
                "constant" => words
                    .iter()
                    .map(|word| word.to_uppercase())
                    .collect::<Vec<_>>()
                    .join("_"),
                "dot" => lower().collect::<Vec<_>>().join("."),
                "kebab" => lower().collect::<Vec<_>>().join("-"),
                // Words of a slug are cut at punctuation alone: "iPhone" stays one.
                _ => {
                    let parts = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '\'');
                    let parts = parts
                        .map(|part| part.replace('\'', "").to_lowercase())
                        .filter(|part| !part.is_empty());
                    parts.collect::<Vec<_>>().join("-")
                }
            }
        }
    };
    input::answer(result, Vec::new())
}

fn swapped(c: char) -> Vec<char> {
    if c.is_uppercase() {
        c.to_lowercase().collect()
    } else {
        c.to_uppercase().collect()
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphanumeric() || inside && matches!(c, '\'' | '’');
    }
    out
}

fn sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begins = matches!(c, '.' | '!' | '?' | '\n') || begins && !c.is_alphanumeric();
    }
    out
}

/// Words of a text or a name: parted by all that is no letter and no digit, and where camelCase begins a new one.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut word = String::new();
    for (at, c) in chars.iter().copied().enumerate() {
        if !c.is_alphanumeric() {
            // An apostrophe between letters belongs to neither.
            if !(matches!(c, '\'' | '’')
                && !word.is_empty()
                && chars.get(at + 1).map_or(false, |next| next.is_alphanumeric()))
                && !word.is_empty()
            {
                out.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = at.checked_sub(1).map(|before| chars[before]);
        let next_is_lower = chars.get(at + 1).map_or(false, |next| next.is_lowercase());
        let begins = c.is_uppercase()
            && before.map_or(false, |before| {
                before.is_lowercase() || before.is_ascii_digit() || before.is_uppercase() && next_is_lower
            });
        if begins && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Letters with marks as plain ones: Latin scripts of Europe and Vietnam, and Greek and Cyrillic by sound. The rest stays.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let low = c.to_lowercase().next().unwrap_or(c);
        let plain = match TABLE.iter().find(|(letters, _)| letters.contains(low)) {
            Some((_, plain)) => plain,
            None if matches!(c as u32, 0x300..=0x36f) => continue,
            None => {
                out.push(c);
                continue;
            }
        };
        if c.is_uppercase() {
            out.push_str(&capitalized(plain));
        } else {
            out.push_str(plain);
        }
    }
    out
}

const TABLE: [(&str, &str); 77] = [
    ("àáâãåāăąǎạảấầẩẫậắằẳẵặ", "a"),
    ("äæ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıỉịǐ", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉŋ", "n"),
    ("òóôõōŏőơọỏốồổỗộớờởỡợǒ", "o"),
    ("öøœ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ţťŧț", "t"),
    ("ùúûũūŭůűųưụủứừửữựǔ", "u"),
    ("ü", "ue"),
    ("ŵ", "w"),
    ("ýÿŷỳỵỷỹ", "y"),
    ("źżž", "z"),
    ("ß", "ss"),
    ("þ", "th"),
    ("αά", "a"),
    ("β", "v"),
    ("γ", "g"),
    ("δ", "d"),
    ("εέ", "e"),
    ("ζ", "z"),
    ("ηήιίϊΐ", "i"),
    ("θ", "th"),
    ("κ", "k"),
    ("λ", "l"),
    ("μ", "m"),
    ("ν", "n"),
    ("ξ", "x"),
    ("οόωώ", "o"),
    ("π", "p"),
    ("ρ", "r"),
    ("σς", "s"),
    ("τ", "t"),
    ("υύϋΰ", "y"),
    ("φ", "f"),
    ("χ", "ch"),
    ("ψ", "ps"),
    ("а", "a"),
    ("б", "b"),
    ("вў", "v"),
    ("гґ", "g"),
    ("д", "d"),
    ("еэё", "e"),
    ("ж", "zh"),
    ("з", "z"),
    ("иіы", "i"),
    ("й", "y"),
    ("к", "k"),
    ("л", "l"),
    ("м", "m"),
    ("н", "n"),
    ("о", "o"),
    ("п", "p"),
    ("р", "r"),
    ("с", "s"),
    ("т", "t"),
    ("у", "u"),
    ("ф", "f"),
    ("х", "kh"),
    ("ц", "ts"),
    ("ч", "ch"),
    ("ш", "sh"),
    ("щ", "shch"),
    ("ю", "yu"),
    ("я", "ya"),
    ("є", "ye"),
    ("ї", "yi"),
    ("ъь", ""),
];
