//! Text to JSONPath. Every refusal says where and what may stand there.

use crate::functions;
use crate::path::{Comparable, Logical, Operator, Query, Segment, Selector};
use mcp::{Failure, Json};

const DEPTH_MAX: usize = 32;
const INTEGER_MAX: i64 = 9_007_199_254_740_991;
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

pub struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A whole query, such as `$.orders[?@.total > 100].id`.
pub fn parse(text: &str) -> Result<Query, Failure> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if !parser.eat("$") {
        return Err(parser.wrong("a JSONPath begins with $, as in $.orders[0].total"));
    }
    let segments = parser.segments()?;
    parser.end()?;
    Ok(Query {
        from_root: true,
        segments,
    })
}

/// A condition on the current node `@`, such as `@.total > 100 && @.paid`.
pub fn parse_condition(text: &str) -> Result<Logical, Failure> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.blank();
    let condition = parser.or()?;
    parser.blank();
    parser.end()?;
    Ok(condition)
}

/// A path below the current node: `@.a.b`, `$.a` for the whole document, or a plain name.
pub fn parse_relative(text: &str) -> Result<Query, Failure> {
    if !text.starts_with('@') && !text.starts_with('$') {
        let selectors = vec![Selector::Name(text.to_owned())];
        return Ok(Query {
            from_root: false,
            segments: vec![Segment {
                descendant: false,
                selectors,
            }],
        });
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

impl<'a> Parser<'a> {
    fn wrong(&self, message: &str) -> Failure {
        let near: String = self.rest().chars().take(16).collect();
        let place = if near.is_empty() {
            "at its end".to_owned()
        } else {
            format!("at '{}'", near)
        };
        let column = self.text[..self.at].chars().count() + 1;
        Failure(format!(
            "the path `{}` is wrong {} (character {}): {}.",
            self.text, place, column, message
        ))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }
    fn blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(BLANKS).len();
    }
    fn end(&self) -> Result<(), Failure> {
        match self.peek() {
            None => Ok(()),
            Some('=') => Err(self.wrong("compare with ==, not with =")),
            Some(' ' | '\t' | '\n' | '\r') => Err(self.wrong("white space may not stand at the end")),
            Some(_) => Err(self
                .wrong("expected .name, ['name'], [0] or the end; a name with other characters is written ['a name']")),
        }
    }

    fn segments(&mut self) -> Result<Vec<Segment>, Failure> {
        let mut segments = Vec::new();
        loop {
            let before = self.at;
            self.blank();
            let descendant = self.eat("..");
            if self.eat("[") {
                let selectors = self.selectors()?;
                segments.push(Segment { descendant, selectors });
            } else if descendant || self.eat(".") {
                let selector = if self.eat("*") {
                    Selector::Wildcard
                } else {
                    Selector::Name(self.short_name()?)
                };
                segments.push(Segment {
                    descendant,
                    selectors: vec![selector],
                });
            } else {
                self.at = before;
                return Ok(segments);
            }
        }
    }

    fn short_name(&mut self) -> Result<String, Failure> {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let rest = self.rest();
        if !rest.starts_with(first) {
            return Err(self.wrong("expected a name, which begins with a letter or _; write others as ['2024']"));
        }
        let length = rest
            .find(|c: char| !first(c) && !c.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn selectors(&mut self) -> Result<Vec<Selector>, Failure> {
        let mut selectors = Vec::new();
        loop {
            self.blank();
            selectors.push(self.selector()?);
            self.blank();
            if self.eat("]") {
                return Ok(selectors);
            }
            if !self.eat(",") {
                return Err(self.wrong("expected ',' or ']'"));
            }
        }
    }

    fn selector(&mut self) -> Result<Selector, Failure> {
        match self.peek() {
            Some('\'' | '"') => Ok(Selector::Name(self.string()?)),
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.at += 1;
                self.blank();
                Ok(Selector::Filter(self.or()?))
            }
            Some('-' | '0'..='9' | ':') => self.index_or_slice(),
            _ => Err(self.wrong(
                "inside [] stands a quoted name, an index, a slice such as 1:3, * or a filter such as ?@.price < 10",
            )),
        }
    }

    fn index_or_slice(&mut self) -> Result<Selector, Failure> {
        let start = self.integer()?;
        self.blank();
        if !self.eat(":") {
            return start
                .map(Selector::Index)
                .ok_or_else(|| self.wrong("expected an index"));
        }
        self.blank();
        let end = self.integer()?;
        self.blank();
        let mut step = None;
        if self.eat(":") {
            self.blank();
            step = self.integer()?;
        }
        Ok(Selector::Slice(start, end, step.unwrap_or(1)))
    }

    fn integer(&mut self) -> Result<Option<i64>, Failure> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let text = &rest[..rest.len() - digits.len() + length];
        if text.is_empty() {
            return Ok(None);
        }
        let plain = text == "0" || !digits.starts_with('0');
        match text.parse::<i64>() {
            Ok(value) if plain && value.abs() <= INTEGER_MAX => {
                self.at += text.len();
                Ok(Some(value))
            }
            _ => Err(self.wrong("an index is a whole number of at most 2^53, without leading zeros")),
        }
    }

    fn string(&mut self) -> Result<String, Failure> {
        let quote = self.peek().unwrap_or('"');
        self.at += 1;
        let mut out = String::new();
        loop {
            let c = self.peek().ok_or_else(|| self.wrong("the quotes are not closed"))?;
            if c < ' ' {
                return Err(self.wrong("control characters inside quotes must be escaped"));
            }
            self.at += c.len_utf8();
            if c == quote {
                return Ok(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let escaped = self.peek().ok_or_else(|| self.wrong("the quotes are not closed"))?;
            self.at += escaped.len_utf8();
            out.push(match escaped {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '/' | '\\' => escaped,
                c if c == quote => c,
                'u' => self.unicode()?,
                _ => return Err(self.wrong("this escape is not known")),
            });
        }
    }

    fn unicode(&mut self) -> Result<char, Failure> {
        let unit = self.four_digits()?;
        let code = match unit {
            0xd800..=0xdbff if self.eat("\\u") => match self.four_digits()? {
                low @ 0xdc00..=0xdfff => 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                _ => unit,
            },
            _ => unit,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair is no character"))
    }

    fn four_digits(&mut self) -> Result<u32, Failure> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += if unit.is_some() { 4 } else { 0 };
        unit.ok_or_else(|| self.wrong("\\u takes four hexadecimal digits"))
    }

    fn or(&mut self) -> Result<Logical, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("conditions are nested too deep"));
        }
        let mut all = vec![self.and()?];
        while self.next_is("||") {
            all.push(self.and()?);
        }
        self.depth -= 1;
        Ok(if all.len() == 1 {
            all.remove(0)
        } else {
            Logical::Or(all)
        })
    }

    fn and(&mut self) -> Result<Logical, Failure> {
        let mut all = vec![self.basic()?];
        while self.next_is("&&") {
            all.push(self.basic()?);
        }
        Ok(if all.len() == 1 {
            all.remove(0)
        } else {
            Logical::And(all)
        })
    }

    /// Eats an operator with blanks around it, or nothing at all.
    fn next_is(&mut self, operator: &str) -> bool {
        let before = self.at;
        self.blank();
        let found = self.eat(operator);
        if found {
            self.blank();
        } else {
            self.at = before;
        }
        found
    }

    fn basic(&mut self) -> Result<Logical, Failure> {
        if self.eat("!") {
            self.blank();
            if self.peek() == Some('(') {
                return Ok(Logical::Not(Box::new(self.parenthesis()?)));
            }
            let test = self.test_or_comparison()?;
            return match test {
                Logical::Compare(..) => Err(self.wrong("'!' stands before a test or a parenthesis; write !(a == b)")),
                test => Ok(Logical::Not(Box::new(test))),
            };
        }
        if self.peek() == Some('(') {
            return self.parenthesis();
        }
        self.test_or_comparison()
    }

    fn parenthesis(&mut self) -> Result<Logical, Failure> {
        self.at += 1;
        self.blank();
        let inside = self.or()?;
        self.blank();
        if !self.eat(")") {
            return Err(self.wrong("expected ')'"));
        }
        Ok(inside)
    }

    fn test_or_comparison(&mut self) -> Result<Logical, Failure> {
        let left = self.term()?;
        let operator = self.operator();
        match (left, operator) {
            (Term::Query(query), None) => Ok(Logical::Exists(query)),
            (Term::Test(test), None) => Ok(test),
            (Term::Test(_), Some(_)) => {
                Err(self.wrong("match() and search() are true or false by themselves and cannot be compared"))
            }
            (Term::Value(_), None) => Err(self.wrong("expected a comparison such as == or <")),
            (left, Some(operator)) => {
                let left = self.comparable(left)?;
                let right = self.term()?;
                let right = self.comparable(right)?;
                Ok(Logical::Compare(left, operator, right))
            }
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        const OPERATORS: [(&str, Operator); 6] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        OPERATORS
            .iter()
            .find(|(text, _)| self.next_is(text))
            .map(|(_, operator)| *operator)
    }

    pub fn comparable(&self, term: Term) -> Result<Comparable, Failure> {
        match term {
            Term::Value(value) => Ok(value),
            Term::Query(query) if query.is_singular() => Ok(Comparable::Single(query)),
            Term::Query(_) => Err(self.wrong("a path that is compared must lead to one value, without *, .., slices and filters; use count() or value()")),
            Term::Test(_) => Err(self.wrong("match() and search() cannot be compared")),
        }
    }

    pub fn term(&mut self) -> Result<Term, Failure> {
        match self.peek() {
            Some('@' | '$') => self.query().map(Term::Query),
            Some('\'' | '"') => Ok(Term::Value(Comparable::Literal(self.string()?.into()))),
            Some('-' | '0'..='9') => self.number(),
            Some('a'..='z') => self.word(),
            _ => Err(self.wrong("expected a path that begins with @ or $, a literal or a function")),
        }
    }

    fn query(&mut self) -> Result<Query, Failure> {
        let from_root = self.eat("$");
        if !from_root && !self.eat("@") {
            return Err(self.wrong("expected a path that begins with @ or $"));
        }
        Ok(Query {
            from_root,
            segments: self.segments()?,
        })
    }

    fn number(&mut self) -> Result<Term, Failure> {
        let rest = self.rest();
        let mut length = rest.len();
        for (at, c) in rest.char_indices() {
            let sign = (c == '-' || c == '+') && (at == 0 || rest[..at].ends_with(|c| c == 'e' || c == 'E'));
            if !c.is_ascii_digit() && !matches!(c, '.' | 'e' | 'E') && !sign {
                length = at;
                break;
            }
        }
        match mcp::parse_exact(&rest[..length]) {
            Ok(value) => {
                self.at += length;
                Ok(Term::Value(Comparable::Literal(value)))
            }
            Err(_) => Err(self.wrong("expected a number as JSON writes it")),
        }
    }

    fn word(&mut self) -> Result<Term, Failure> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_')
            .unwrap_or(rest.len());
        let word = &rest[..length];
        if rest[length..].starts_with('(') {
            self.at += length + 1;
            return functions::call(self, word);
        }
        let literal = match word {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "null" => Json::Null,
            _ => {
                return Err(self.wrong(
                    "expected true, false, null, a quoted text, or a function: length, count, match, search, value",
                ))
            }
        };
        self.at += length;
        Ok(Term::Value(Comparable::Literal(literal)))
    }

    /// The arguments of a function, up to its closing parenthesis.
    pub fn arguments(&mut self, name: &str, count: usize) -> Result<Vec<Term>, Failure> {
        let mut terms = Vec::new();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("functions are nested too deep"));
        }
        self.blank();
        while !self.eat(")") {
            if !terms.is_empty() && !self.eat(",") {
                return Err(self.wrong("expected ',' or ')'"));
            }
            self.blank();
            terms.push(self.term()?);
            self.blank();
        }
        self.depth -= 1;
        if terms.len() != count {
            return Err(self.wrong(&format!(
                "{}() takes {} argument{}",
                name,
                count,
                if count == 1 { "" } else { "s" }
            )));
        }
        Ok(terms)
    }

    pub fn refuse(&self, message: &str) -> Failure {
        self.wrong(message)
    }
}

/// What stands on one side of a comparison, or alone.
pub enum Term {
    Query(Query),
    Value(Comparable),
    Test(Logical),
}
