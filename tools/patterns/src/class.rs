//! Sets of characters.

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Digit,
    Word,
    WordAscii,
    Space,
    Letter,
    Upper,
    Lower,
    Number,
    Control,
    Punctuation,
    Any,
}

pub fn is_word(c: char, ascii: bool) -> bool {
    c == '_'
        || if ascii {
            c.is_ascii_alphanumeric()
        } else {
            c.is_alphanumeric()
        }
}

impl Kind {
    fn holds(self, c: char) -> bool {
        match self {
            Kind::Digit => c.is_ascii_digit(),
            Kind::Word => is_word(c, false),
            Kind::WordAscii => is_word(c, true),
            Kind::Space => c.is_whitespace() || c == '\u{feff}',
            Kind::Letter => c.is_alphabetic(),
            Kind::Upper => c.is_uppercase(),
            Kind::Lower => c.is_lowercase(),
            Kind::Number => c.is_numeric(),
            Kind::Control => c.is_control(),
            Kind::Punctuation => {
                c.is_ascii_punctuation() || ('\u{2010}'..='\u{2027}').contains(&c) || "¡§«¶·»¿、。".contains(c)
            }
            Kind::Any => true,
        }
    }

    /// The kind that `\p{name}` or `[:name:]` means.
    pub fn named(name: &str) -> Option<Kind> {
        Some(match name {
            "L" | "Letter" | "Alphabetic" | "alpha" => Kind::Letter,
            "Lu" | "Uppercase" | "Uppercase_Letter" | "upper" => Kind::Upper,
            "Ll" | "Lowercase" | "Lowercase_Letter" | "lower" => Kind::Lower,
            "N" | "Number" => Kind::Number,
            "Nd" | "digit" => Kind::Digit,
            "Cc" | "cntrl" => Kind::Control,
            "P" | "Punctuation" | "punct" => Kind::Punctuation,
            "White_Space" | "Z" | "Zs" | "space" => Kind::Space,
            "word" => Kind::Word,
            "Any" => Kind::Any,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub enum Item {
    Range(char, char),
    Kind(Kind, bool),
    /// A class within a class.
    Class(Box<Class>),
}

#[derive(Clone, Debug, Default)]
pub struct Class {
    pub items: Vec<Item>,
    pub negated: bool,
    pub ignore_case: bool,
    /// Answers for ASCII, known beforehand.
    table: Option<u128>,
}

impl Class {
    pub fn new(items: Vec<Item>, negated: bool, ignore_case: bool) -> Class {
        let mut class = Class {
            items,
            negated,
            ignore_case,
            table: None,
        };
        let ascii = (0u8..128).filter(|byte| class.holds(*byte as char));
        class.table = Some(ascii.fold(0u128, |table, byte| table | 1 << byte));
        class
    }

    fn listed(&self, c: char) -> bool {
        self.items.iter().any(|item| match item {
            Item::Range(low, high) => (*low..=*high).contains(&c),
            Item::Kind(kind, negated) => kind.holds(c) != *negated,
            Item::Class(class) => class.holds(c),
        })
    }

    pub fn holds(&self, c: char) -> bool {
        if let Some(table) = self.table.filter(|_| c.is_ascii()) {
            return table >> (c as u32) & 1 == 1;
        }
        let found = self.listed(c) || self.ignore_case && (self.listed(lower(c)) || self.listed(upper(c)));
        found != self.negated
    }
}

/// Lower case where that is one character.
pub fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

pub fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}
