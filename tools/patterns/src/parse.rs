//! Patterns as trees.

use crate::class::{Class, Item, Kind};
use crate::{Flags, DEPTH_MAX, REPEAT_MAX};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
}

#[derive(Debug)]
pub enum Tree {
    Empty,
    Char(char, bool),
    Class(Class),
    Place(Place),
    Group(Box<Tree>, Option<usize>),
    Sequence(Vec<Tree>),
    Alternatives(Vec<Tree>),
    Repeat {
        tree: Box<Tree>,
        min: u32,
        max: Option<u32>,
        greedy: bool,
    },
}

pub struct Parsed {
    pub tree: Tree,
    pub names: Vec<Option<String>>,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    flags: Flags,
    names: Vec<Option<String>>,
}

pub fn parse(pattern: &str, flags: Flags) -> Result<Parsed, String> {
    let mut parser = Parser {
        chars: pattern.chars().collect(),
        at: 0,
        flags,
        names: vec![None],
    };
    let tree = parser.alternatives(0)?;
    if parser.at < parser.chars.len() {
        return Err(parser.wrong("there is a ')' without a '('; write \\) for the character"));
    }
    Ok(Parsed {
        tree,
        names: parser.names,
    })
}

impl Parser {
    fn wrong(&self, message: &str) -> String {
        format!("{} (character {} of the pattern)", message, self.at + 1)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let here = self.chars[self.at..].iter().copied().take(wanted.len());
        let found = here.eq(wanted.chars());
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn alternatives(&mut self, depth: usize) -> Result<Tree, String> {
        if depth > DEPTH_MAX {
            return Err(self.wrong(&format!("groups are nested more than {} deep", DEPTH_MAX)));
        }
        // Flags set inside a group end with it.
        let flags = self.flags;
        let mut all = vec![self.sequence(depth)?];
        while self.eat("|") {
            all.push(self.sequence(depth)?);
        }
        self.flags = flags;
        Ok(match all.len() {
            1 => all.remove(0),
            _ => Tree::Alternatives(all),
        })
    }

    fn sequence(&mut self, depth: usize) -> Result<Tree, String> {
        let mut items = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let item = self.item(depth)?;
            items.push(self.repeated(item)?);
        }
        Ok(Tree::Sequence(items))
    }

    fn repeated(&mut self, tree: Tree) -> Result<Tree, String> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.bounds()? {
                Some(bounds) => bounds,
                None => return Ok(tree),
            },
            _ => return Ok(tree),
        };
        self.at += 1;
        let greedy = !self.eat("?");
        if matches!(self.peek(), Some('*' | '+')) {
            return Err(self.wrong("one repetition stands behind another; possessive ones are not supported"));
        }
        if matches!(tree, Tree::Place(_)) {
            return Err(self.wrong("a place such as ^ or \\b cannot be repeated"));
        }
        Ok(Tree::Repeat {
            tree: Box::new(tree),
            min,
            max,
            greedy,
        })
    }

    /// `{2}`, `{2,}`, `{2,5}`; any other `{` is that character. Ends at the closing brace.
    fn bounds(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let end = match self.chars[self.at..].iter().position(|c| *c == '}') {
            Some(length) => self.at + length,
            None => return Ok(None),
        };
        let inside: String = self.chars[self.at + 1..end].iter().collect();
        let number = |text: &str| {
            text.parse::<u32>()
                .ok()
                .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let (min, max) = match inside.split_once(',') {
            None => (number(&inside), Some(number(&inside))),
            Some((min, "")) => (number(min), None),
            Some((min, max)) => (number(min), Some(number(max))),
        };
        let (min, max) = match (min, max) {
            (Some(min), Some(Some(max))) => (min, Some(max)),
            (Some(min), None) => (min, None),
            _ => return Ok(None),
        };
        if min > REPEAT_MAX || max.map_or(false, |max| max > REPEAT_MAX) {
            return Err(self.wrong(&format!("a repetition has at most {} times", REPEAT_MAX)));
        }
        if max.map_or(false, |max| max < min) {
            return Err(self.wrong("the repetition's bounds are the wrong way round"));
        }
        self.at = end;
        Ok(Some((min, max)))
    }

    fn item(&mut self, depth: usize) -> Result<Tree, String> {
        let c = self.chars[self.at];
        self.at += 1;
        Ok(match c {
            '.' if self.flags.dot_all => Tree::Class(Class::new(vec![Item::Kind(Kind::Any, false)], false, false)),
            '.' => Tree::Class(Class::new(
                vec![Item::Range('\n', '\n'), Item::Range('\r', '\r')],
                true,
                false,
            )),
            '^' if self.flags.multi_line => Tree::Place(Place::LineStart),
            '^' => Tree::Place(Place::TextStart),
            '$' if self.flags.multi_line => Tree::Place(Place::LineEnd),
            '$' => Tree::Place(Place::TextEnd),
            '(' => return self.group(depth),
            '[' => Tree::Class(self.class(0)?),
            '\\' => return self.escape(),
            '*' | '+' | '?' => {
                self.at -= 1;
                return Err(self.wrong(&format!(
                    "there is nothing that '{}' could repeat; write \\{} for the character",
                    c, c
                )));
            }
            c => Tree::Char(c, self.flags.ignore_case),
        })
    }

    fn group(&mut self, depth: usize) -> Result<Tree, String> {
        let flags = self.flags;
        let mut number = None;
        if self.eat("?") {
            if self.eat("P<") || (!self.eat_look("<=") && !self.eat_look("<!") && self.eat("<")) {
                number = Some(self.names.len());
                let name = self.group_name()?;
                self.names.push(Some(name));
            } else if self.eat(":") {
            } else if matches!(self.peek(), Some('=' | '!' | '<')) {
                return Err(self.wrong("looking ahead or behind, as in (?=…), is not supported, since it takes more than linear time; match the surroundings too and use a group for the part you want"));
            } else if !self.flags_of_group()? {
                return Ok(Tree::Empty);
            }
        } else {
            number = Some(self.names.len());
            self.names.push(None);
        }
        let tree = self.alternatives(depth + 1)?;
        self.flags = flags;
        if !self.eat(")") {
            return Err(self.wrong("a '(' is not closed; write \\( for the character"));
        }
        Ok(Tree::Group(Box::new(tree), number))
    }

    fn eat_look(&self, wanted: &str) -> bool {
        self.chars[self.at..].iter().copied().take(2).eq(wanted.chars())
    }

    fn group_name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
            self.at += 1;
        }
        if name.is_empty() || !self.eat(">") {
            return Err(self.wrong("a group's name is letters, digits and _, as in (?<year>…)"));
        }
        if self.names.iter().flatten().any(|known| *known == name) {
            return Err(self.wrong(&format!("two groups are called '{}'", name)));
        }
        Ok(name)
    }

    /// `(?i)` sets flags for the rest of the group and gives false; `(?i:` begins a group with them.
    fn flags_of_group(&mut self) -> Result<bool, String> {
        let mut on = true;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                'i' => self.flags.ignore_case = on,
                'm' => self.flags.multi_line = on,
                's' => self.flags.dot_all = on,
                'u' => {}
                '-' => on = false,
                ':' => return Ok(true),
                ')' => return Ok(false),
                _ => {
                    self.at -= 1;
                    return Err(self.wrong("after (? comes : or a name <name> or one of the flags i, m, s"));
                }
            }
        }
        Err(self.wrong("a '(' is not closed"))
    }

    fn word(&self) -> Kind {
        if self.flags.ascii {
            Kind::WordAscii
        } else {
            Kind::Word
        }
    }

    fn escape(&mut self) -> Result<Tree, String> {
        let c = match self.peek() {
            Some(c) => c,
            None => return Err(self.wrong("the pattern ends with a backslash; write \\\\ for the character")),
        };
        let place =
            match c {
                'b' => Place::WordBoundary,
                'B' => Place::NotWordBoundary,
                'A' => Place::TextStart,
                'z' | 'Z' => Place::TextEnd,
                '1'..='9' | 'k' => return Err(self.wrong(
                    "references back to groups, as in \\1, are not supported, since they take more than linear time",
                )),
                _ => {
                    return Ok(match self.escaped()? {
                        Item::Range(c, _) => Tree::Char(c, self.flags.ignore_case),
                        item => Tree::Class(Class::new(vec![item], false, false)),
                    })
                }
            };
        self.at += 1;
        Ok(Tree::Place(place))
    }

    /// What an escape stands for, inside a class or outside; after the backslash.
    fn escaped(&mut self) -> Result<Item, String> {
        let c = match self.peek() {
            Some(c) => c,
            None => return Err(self.wrong("the pattern ends with a backslash")),
        };
        self.at += 1;
        let single = match c {
            'd' => return Ok(Item::Kind(Kind::Digit, false)),
            'D' => return Ok(Item::Kind(Kind::Digit, true)),
            'w' => return Ok(Item::Kind(self.word(), false)),
            'W' => return Ok(Item::Kind(self.word(), true)),
            's' => return Ok(Item::Kind(Kind::Space, false)),
            'S' => return Ok(Item::Kind(Kind::Space, true)),
            'p' | 'P' => return self.property(c == 'P'),
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '0' => '\0',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            c if c.is_ascii_alphanumeric() => {
                self.at -= 1;
                return Err(self.wrong(&format!("the escape \\{} is not known", c)));
            }
            c => c,
        };
        Ok(Item::Range(single, single))
    }

    /// `\x41`, `\u0041`, `\x{1F600}`.
    fn code(&mut self, digits: usize) -> Result<char, String> {
        let braced = self.eat("{");
        let length = if braced {
            self.chars[self.at..].iter().position(|c| *c == '}').unwrap_or(0)
        } else {
            digits
        };
        let text: String = self.chars[self.at..].iter().take(length).collect();
        let code = u32::from_str_radix(&text, 16)
            .ok()
            .filter(|_| text.chars().count() == length);
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.at += length + usize::from(braced);
                Ok(c)
            }
            None => Err(self.wrong("\\x takes two hexadecimal digits, \\u four, \\x{…} as many as needed")),
        }
    }

    fn property(&mut self, negated: bool) -> Result<Item, String> {
        let name: String = if self.eat("{") {
            let rest = &self.chars[self.at..];
            let length = rest.iter().position(|c| *c == '}').unwrap_or(0);
            let name = rest[..length].iter().collect();
            self.at += length + 1;
            name
        } else {
            let name = self.peek().into_iter().collect();
            self.at += 1;
            name
        };
        self.at = self.at.min(self.chars.len());
        let kind = Kind::named(&name).ok_or_else(|| {
            self.wrong("this property is not known; there are \\p{L}, Lu, Ll, N, Nd, P, Z, Cc and Any")
        })?;
        Ok(Item::Kind(kind, negated))
    }

    fn class(&mut self, depth: usize) -> Result<Class, String> {
        if depth > 8 {
            return Err(self.wrong("classes are nested too deep"));
        }
        let negated = self.eat("^");
        let mut items: Vec<Item> = Vec::new();
        let mut first = true;
        loop {
            let c = match self.peek() {
                Some(c) => c,
                None => return Err(self.wrong("a '[' is not closed; write \\[ for the character")),
            };
            if c == ']' && !first {
                self.at += 1;
                return Ok(Class::new(items, negated, self.flags.ignore_case));
            }
            first = false;
            if self.eat("[:") {
                items.push(self.posix()?);
                continue;
            }
            let low = match self.class_item()? {
                Item::Range(low, _) => low,
                item => {
                    items.push(item);
                    continue;
                }
            };
            let is_range = self.peek() == Some('-') && self.chars.get(self.at + 1).map_or(false, |c| *c != ']');
            if !is_range {
                items.push(Item::Range(low, low));
                continue;
            }
            self.at += 1;
            match self.class_item()? {
                Item::Range(high, _) if high >= low => items.push(Item::Range(low, high)),
                Item::Range(_, _) => {
                    return Err(self.wrong("a range in a class goes from the lower character to the higher one"))
                }
                item => items.extend([Item::Range(low, low), Item::Range('-', '-'), item]),
            }
        }
    }

    fn class_item(&mut self) -> Result<Item, String> {
        let c = match self.peek() {
            Some(c) => c,
            None => return Err(self.wrong("a '[' is not closed")),
        };
        self.at += 1;
        if c != '\\' {
            return Ok(Item::Range(c, c));
        }
        if self.eat("b") {
            return Ok(Item::Range('\u{8}', '\u{8}'));
        }
        self.escaped()
    }

    fn posix(&mut self) -> Result<Item, String> {
        let negated = self.eat("^");
        let rest = &self.chars[self.at..];
        let length = rest.iter().position(|c| *c == ':').unwrap_or(0);
        let name: String = rest[..length].iter().collect();
        self.at += length;
        let kind = match name.as_str() {
            "alnum" => {
                let class = Class::new(
                    vec![Item::Kind(Kind::Letter, false), Item::Kind(Kind::Number, false)],
                    negated,
                    false,
                );
                Some(Item::Class(Box::new(class)))
            }
            name => Kind::named(name).map(|kind| Item::Kind(kind, negated)),
        };
        match kind {
            Some(kind) if self.eat(":]") => Ok(kind),
            _ => Err(self
                .wrong("the classes with a name are [:alpha:], digit, alnum, upper, lower, space, punct, cntrl, word")),
        }
    }
}
