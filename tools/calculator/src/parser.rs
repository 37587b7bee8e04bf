//! Text to expressions. From loose to tight: comparisons; + -; * / // mod; signs; ^ (to the right); ! %.

use crate::expression::{Expression, Operator};
use crate::number::Number;
use mcp::Failure;
use numbers::{Decimal, Natural, Rational};

const CHARS_MAX: usize = 10_000;
const DEPTH_MAX: usize = 40;
/// Operations and arguments of one expression.
const TERMS_MAX: usize = 5_000;
/// Signs such as ! behind one number.
const SIGNS_MAX: usize = 4;

pub struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: usize,
}

pub fn parse(text: &str) -> Result<Expression, Failure> {
    if text.len() > CHARS_MAX {
        return Err(Failure(format!(
            "the expression has {} characters; at most {} are read.",
            text.len(),
            CHARS_MAX
        )));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        terms: 0,
    };
    let expression = parser.comparison()?;
    parser.blank();
    match parser.peek() {
        None => Ok(expression),
        Some(')') => Err(parser.wrong("there is a ')' without a '('")),
        Some('=') => Err(parser.wrong("compare with ==; to solve an equation use the tool solve")),
        Some(',') => {
            Err(parser.wrong("a comma parts arguments of a function; write 1.5 with a point and 1000 without a comma"))
        }
        Some(_) => Err(parser.wrong("expected an operator such as + - * / ^ or the end")),
    }
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
            "the expression is wrong {} (character {}): {}.",
            place, column, message
        ))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Eats the first of the signs that stands here.
    fn one_of<T: Copy>(&mut self, signs: &[(&str, T)]) -> Option<T> {
        self.blank();
        let (sign, value) = signs.iter().find(|(sign, _)| {
            let after = self.rest().strip_prefix(sign);
            // A word such as mod ends where it ends.
            after.map_or(false, |after| {
                !sign.ends_with(char::is_alphabetic) || !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        })?;
        self.at += sign.len();
        Some(*value)
    }

    fn grow(&mut self) -> Result<(), Failure> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.wrong(&format!("an expression has at most {} operations", TERMS_MAX)));
        }
        Ok(())
    }

    fn comparison(&mut self) -> Result<Expression, Failure> {
        let left = self.sum()?;
        let signs = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("≤", Operator::LessOrEqual),
            ("≥", Operator::GreaterOrEqual),
            ("≠", Operator::NotEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        match self.one_of(&signs) {
            Some(operator) => Ok(binary(operator, left, self.sum()?)),
            None => Ok(left),
        }
    }

    fn sum(&mut self) -> Result<Expression, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(&format!("parentheses are nested more than {} deep", DEPTH_MAX)));
        }
        let first = self.product()?;
        let mut rest = Vec::new();
        while let Some(operator) = self.one_of(&[
            ("+", Operator::Add),
            ("-", Operator::Subtract),
            ("−", Operator::Subtract),
        ]) {
            self.grow()?;
            rest.push((operator, self.product()?));
        }
        self.depth -= 1;
        Ok(chain(first, rest))
    }

    fn product(&mut self) -> Result<Expression, Failure> {
        let first = self.signed()?;
        let mut rest = Vec::new();
        let signs = [
            ("//", Operator::WholeDivide),
            ("mod", Operator::Remainder),
            ("*", Operator::Multiply),
            ("×", Operator::Multiply),
            ("·", Operator::Multiply),
            ("/", Operator::Divide),
            ("÷", Operator::Divide),
        ];
        loop {
            self.blank();
            if self.rest().starts_with("**") {
                return Err(self.wrong("a power is written with ^"));
            }
            let operator = match self.one_of(&signs) {
                Some(operator) => operator,
                // A number or name before a parenthesis or a name is a product: 2(3+4), 2 pi.
                None if self.peek().map_or(false, |c| c == '(' || c.is_alphabetic()) => Operator::Multiply,
                None => return Ok(chain(first, rest)),
            };
            self.grow()?;
            rest.push((operator, self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Expression, Failure> {
        let mut negative = false;
        while let Some(flips) = self.one_of(&[("-", true), ("−", true), ("+", false)]) {
            negative ^= flips;
        }
        let value = self.power()?;
        Ok(if negative {
            Expression::Negate(Box::new(value))
        } else {
            value
        })
    }

    fn power(&mut self) -> Result<Expression, Failure> {
        let base = self.postfix()?;
        if self.one_of(&[("^", ())]).is_none() {
            return Ok(base);
        }
        self.grow()?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(&format!("powers are nested more than {} deep", DEPTH_MAX)));
        }
        let exponent = self.signed()?;
        self.depth -= 1;
        Ok(binary(Operator::Power, base, exponent))
    }

    fn postfix(&mut self) -> Result<Expression, Failure> {
        let mut value = self.primary()?;
        for _ in 0..=SIGNS_MAX {
            self.blank();
            let rest = self.rest();
            if rest.starts_with('!') && !rest.starts_with("!=") {
                self.at += 1;
                value = Expression::Factorial(Box::new(value));
            } else if let Some(after) = rest.strip_prefix('%') {
                // A percent sign before a number or a name would be a remainder, which is written mod.
                if after
                    .trim_start()
                    .starts_with(|c: char| c.is_alphanumeric() || c == '(')
                {
                    return Err(self.wrong("% means percent; a remainder is written mod, as in 7 mod 3"));
                }
                self.at += 1;
                value = Expression::Percent(Box::new(value));
            } else {
                return Ok(value);
            }
        }
        Err(self.wrong(&format!(
            "at most {} signs such as ! may stand behind a number",
            SIGNS_MAX
        )))
    }

    fn primary(&mut self) -> Result<Expression, Failure> {
        self.blank();
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inside = self.comparison()?;
                self.close()?;
                Ok(inside)
            }
            Some('0'..='9' | '.' | '~') => self.number(),
            Some('√') => {
                self.at += '√'.len_utf8();
                let inside = self.primary_below()?;
                Ok(Expression::Call("sqrt".to_owned(), vec![inside]))
            }
            Some('π') => {
                self.at += 'π'.len_utf8();
                Ok(Expression::Name("pi".to_owned()))
            }
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            Some('$' | '€' | '£') => Err(self.wrong("currencies are left out; write the number alone")),
            Some(_) => Err(self.wrong("expected a number, a name or '('")),
            None => Err(self.wrong("expected a number, a name or '('")),
        }
    }

    fn primary_below(&mut self) -> Result<Expression, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("roots are nested too deep"));
        }
        let inside = self.primary();
        self.depth -= 1;
        inside
    }

    fn close(&mut self) -> Result<(), Failure> {
        match self.one_of(&[(")", ())]) {
            Some(()) => Ok(()),
            None => Err(self.wrong("expected ')'")),
        }
    }

    fn name(&mut self) -> Result<Expression, Failure> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        self.at += length;
        if !self.rest().starts_with('(') {
            return Ok(Expression::Name(name));
        }
        self.at += 1;
        let mut arguments = Vec::new();
        self.blank();
        if self.peek() == Some(')') {
            self.at += 1;
            return Ok(Expression::Call(name, arguments));
        }
        loop {
            arguments.push(self.comparison()?);
            self.grow()?;
            match self.one_of(&[(",", true), (";", true), (")", false)]) {
                Some(true) => {}
                Some(false) => return Ok(Expression::Call(name, arguments)),
                None => return Err(self.wrong("expected ',' or ')'")),
            }
        }
    }

    /// `12`, `1_000`, `0.5`, `1e-3`, `0xff`, `0b101`, `0o17`; `~` before it makes it a floating point number.
    fn number(&mut self) -> Result<Expression, Failure> {
        let float = self.rest().starts_with('~');
        self.at += usize::from(float);
        let rest = self.rest();
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
            if let Some(digits) = rest.strip_prefix(prefix) {
                let length = digits
                    .find(|c: char| !c.is_digit(radix) && c != '_')
                    .unwrap_or(digits.len());
                let value = Natural::parse_radix(&digits[..length].replace('_', ""), radix).filter(|_| length > 0);
                let value = value.ok_or_else(|| self.wrong("expected digits of that base"))?;
                self.at += prefix.len() + length;
                return Ok(Expression::Number(made(Rational::from(value), float)));
            }
        }
        let mut length = 0;
        let bytes = rest.as_bytes();
        while let Some(byte) = bytes.get(length) {
            let digit_at = |at: usize| bytes.get(at).map_or(false, u8::is_ascii_digit);
            let exponent = matches!(byte, b'e' | b'E')
                && (digit_at(length + 1) || matches!(bytes.get(length + 1), Some(b'+' | b'-')) && digit_at(length + 2));
            if exponent {
                length += 2;
            } else if byte.is_ascii_digit() || *byte == b'.' || *byte == b'_' && digit_at(length + 1) {
                length += 1;
            } else {
                break;
            }
        }
        let text = rest[..length].replace('_', "");
        let decimal = Decimal::parse(&text).ok_or_else(|| self.wrong("this is no number"))?;
        let value = decimal
            .to_rational()
            .ok_or_else(|| self.wrong("the exponent is too large; exact numbers go to 1e1000"))?;
        self.at += length;
        Ok(Expression::Number(made(value, float)))
    }
}

fn made(value: Rational, float: bool) -> Number {
    if float {
        Number::Float(value.to_f64())
    } else {
        Number::Exact(value)
    }
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

/// Operations of one strength from left to right; not as deep as they are many.
fn chain(first: Expression, rest: Vec<(Operator, Expression)>) -> Expression {
    match rest.is_empty() {
        true => first,
        false => Expression::Chain(Box::new(first), rest),
    }
}
