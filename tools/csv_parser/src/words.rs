//! Words of texts, compared whatever their case, accents and, where wanted, endings.

/// Letters with marks and the plain ones they are looked for as.
const PLAIN: [(&str, &str); 28] = [
    ("àáâãäåāăąǎ", "a"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉ", "n"),
    ("òóôõöøōŏő", "o"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ţťŧț", "t"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("ß", "ss"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("þ", "th"),
    ("ĳ", "ij"),
    ("ſ", "s"),
    ("µ", "μ"),
    ("ё", "е"),
    ("й", "и"),
];

fn push_plain(c: char, into: &mut String) {
    match PLAIN.iter().find(|(marked, _)| marked.contains(c)) {
        Some((_, plain)) => into.push_str(plain),
        // Marks that stand for themselves.
        None if ('\u{300}'..='\u{36f}').contains(&c) => {}
        None => into.push(c),
    }
}

/// The words of a text in lower case and without accents; what is neither letter nor digit parts them.
pub fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c) {
            c.to_lowercase().for_each(|c| push_plain(c, &mut word));
        } else if matches!(c, '\'' | '’') && !word.is_empty() && chars.peek().map_or(false, |next| next.is_alphabetic())
        {
            // O'Brien and Levi's are one word.
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

const IRREGULAR: [(&str, &str); 8] = [
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("mice", "mouse"),
    ("geese", "goose"),
];

/// The word without the ending of a plural, of -ing or of -ed. Words of other kinds stay apart: Japanese is not Japan.
pub fn stem(word: &str) -> String {
    if let Some((_, single)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*single).to_owned();
    }
    if word.len() < 4 || !word.is_ascii() || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let single = match word {
        word if word.ends_with("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        word if ["sses", "shes", "ches", "xes", "zes"]
            .iter()
            .any(|end| word.ends_with(end)) =>
        {
            word[..word.len() - 2].to_owned()
        }
        word if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => {
            word[..word.len() - 1].to_owned()
        }
        word => word.to_owned(),
    };
    let base = ["ing", "ed"]
        .iter()
        .filter_map(|end| single.strip_suffix(end))
        .find(|base| base.len() >= 3 && base.bytes().any(|byte| b"aeiouy".contains(&byte)));
    let bare = match base {
        // shipped, shipping: ship
        Some(base) => match base.as_bytes() {
            [.., a, b] if a == b && !b"aeiouls".contains(a) => &base[..base.len() - 1],
            [.., b'l', b'l'] => &base[..base.len() - 1],
            _ => base,
        },
        None => single.as_str(),
    };
    bare.strip_suffix('e')
        .filter(|base| base.len() >= 3)
        .unwrap_or(bare)
        .to_owned()
}
