//! Natural numbers of any size.

use std::cmp::Ordering;

/// Digits of base 2^32, the lowest first, without zeros at the end.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Natural(Vec<u32>);

const DECIMAL_CHUNK: u32 = 1_000_000_000;
const DECIMAL_CHUNK_DIGITS: usize = 9;

impl From<u64> for Natural {
    fn from(value: u64) -> Natural {
        Natural(vec![value as u32, (value >> 32) as u32]).trimmed()
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl Natural {
    pub fn zero() -> Natural {
        Natural(Vec::new())
    }
    pub fn one() -> Natural {
        Natural(vec![1])
    }
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
    pub fn is_one(&self) -> bool {
        self.0 == [1]
    }
    pub fn is_even(&self) -> bool {
        self.0.first().map_or(true, |digit| digit % 2 == 0)
    }

    fn trimmed(mut self) -> Natural {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    /// Binary digits.
    pub fn bits(&self) -> usize {
        self.0
            .last()
            .map_or(0, |last| self.0.len() * 32 - last.leading_zeros() as usize)
    }

    pub fn to_u64(&self) -> Option<u64> {
        let digit = |at: usize| u64::from(self.0.get(at).copied().unwrap_or(0));
        (self.0.len() <= 2).then(|| digit(0) | digit(1) << 32)
    }

    /// The 64 highest bits and how many lie below them; whether one of those is set is in the last bit given.
    pub fn top_bits(&self) -> (u64, usize) {
        let below = self.bits().saturating_sub(64);
        let top = self.shifted_right(below).to_u64().unwrap_or(u64::MAX);
        let sticky = below > 0 && self.trailing_zeros() < below;
        (top | u64::from(sticky), below)
    }

    fn trailing_zeros(&self) -> usize {
        let words = self.0.iter().take_while(|digit| **digit == 0).count();
        words * 32 + self.0.get(words).map_or(0, |digit| digit.trailing_zeros() as usize)
    }

    pub fn plus(&self, other: &Natural) -> Natural {
        let (long, short) = if self.0.len() < other.0.len() {
            (other, self)
        } else {
            (self, other)
        };
        let mut out = Vec::with_capacity(long.0.len() + 1);
        let mut carry = 0u64;
        for (at, digit) in long.0.iter().enumerate() {
            let sum = u64::from(*digit) + u64::from(short.0.get(at).copied().unwrap_or(0)) + carry;
            out.push(sum as u32);
            carry = sum >> 32;
        }
        out.push(carry as u32);
        Natural(out).trimmed()
    }

    /// The difference, whichever is larger.
    pub fn distance(&self, other: &Natural) -> Natural {
        let (large, small) = if self < other { (other, self) } else { (self, other) };
        let mut out = Vec::with_capacity(large.0.len());
        let mut borrow = 0i64;
        for (at, digit) in large.0.iter().enumerate() {
            let difference = i64::from(*digit) - i64::from(small.0.get(at).copied().unwrap_or(0)) - borrow;
            borrow = i64::from(difference < 0);
            out.push(difference as u32);
        }
        Natural(out).trimmed()
    }

    pub fn times(&self, other: &Natural) -> Natural {
        let mut out = vec![0u32; self.0.len() + other.0.len()];
        for (at, left) in self.0.iter().enumerate() {
            let mut carry = 0u64;
            for (offset, right) in other.0.iter().enumerate() {
                let sum = u64::from(*left) * u64::from(*right) + u64::from(out[at + offset]) + carry;
                out[at + offset] = sum as u32;
                carry = sum >> 32;
            }
            out[at + other.0.len()] = carry as u32;
        }
        Natural(out).trimmed()
    }

    pub fn times_small(&self, factor: u32, plus: u32) -> Natural {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut carry = u64::from(plus);
        for digit in &self.0 {
            let sum = u64::from(*digit) * u64::from(factor) + carry;
            out.push(sum as u32);
            carry = sum >> 32;
        }
        out.push(carry as u32);
        Natural(out).trimmed()
    }

    /// Quotient and rest by a divisor that is not zero.
    pub fn divided_small(&self, divisor: u32) -> (Natural, u32) {
        let mut out = vec![0; self.0.len()];
        let mut rest = 0u64;
        for at in (0..self.0.len()).rev() {
            let whole = rest << 32 | u64::from(self.0[at]);
            out[at] = (whole / u64::from(divisor)) as u32;
            rest = whole % u64::from(divisor);
        }
        (Natural(out).trimmed(), rest as u32)
    }

    pub fn shifted_left(&self, by: usize) -> Natural {
        if self.is_zero() {
            return Natural::zero();
        }
        let (words, bits) = (by / 32, by % 32);
        let mut out = vec![0; words];
        let mut carry = 0u64;
        for digit in &self.0 {
            let moved = u64::from(*digit) << bits | carry;
            out.push(moved as u32);
            carry = moved >> 32;
        }
        out.push(carry as u32);
        Natural(out).trimmed()
    }

    pub fn shifted_right(&self, by: usize) -> Natural {
        let (words, bits) = (by / 32, by % 32);
        let digits = self.0.get(words..).unwrap_or(&[]);
        let digit = |at: usize| u64::from(digits.get(at).copied().unwrap_or(0));
        let out = (0..digits.len()).map(|at| ((digit(at) | digit(at + 1) << 32) >> bits) as u32);
        Natural(out.collect()).trimmed()
    }

    /// Quotient and rest; a divisor of zero gives zero and the number itself. Knuth's algorithm D.
    pub fn divided(&self, divisor: &Natural) -> (Natural, Natural) {
        if divisor.is_zero() || self < divisor {
            return (Natural::zero(), self.clone());
        }
        if let [single] = divisor.0[..] {
            let (quotient, rest) = self.divided_small(single);
            return (quotient, Natural::from(u64::from(rest)));
        }
        let shift = divisor.0[divisor.0.len() - 1].leading_zeros() as usize;
        let low = divisor.shifted_left(shift).0;
        let mut high = self.shifted_left(shift).0;
        high.resize(self.0.len() + 1, 0);
        let width = low.len();
        let (first, second) = (u64::from(low[width - 1]), u64::from(low[width - 2]));
        let mut quotient = vec![0u32; high.len() - width];
        for at in (0..quotient.len()).rev() {
            let top = u64::from(high[at + width]) << 32 | u64::from(high[at + width - 1]);
            let mut guess = top / first;
            let mut rest = top % first;
            while guess >> 32 != 0 || guess * second > (rest << 32 | u64::from(high[at + width - 2])) {
                guess -= 1;
                rest += first;
                if rest >> 32 != 0 {
                    break;
                }
            }
            if subtract_product(&mut high[at..=at + width], &low, guess) {
                guess -= 1;
                add_back(&mut high[at..=at + width], &low);
            }
            quotient[at] = guess as u32;
        }
        high.truncate(width);
        (
            Natural(quotient).trimmed(),
            Natural(high).trimmed().shifted_right(shift),
        )
    }

    pub fn power(&self, mut exponent: u32) -> Natural {
        let mut out = Natural::one();
        let mut base = self.clone();
        while exponent > 0 {
            if exponent & 1 == 1 {
                out = out.times(&base);
            }
            exponent >>= 1;
            if exponent > 0 {
                base = base.times(&base);
            }
        }
        out
    }

    pub fn ten_to(exponent: u32) -> Natural {
        Natural::from(5).power(exponent).shifted_left(exponent as usize)
    }

    pub fn gcd(&self, other: &Natural) -> Natural {
        let (mut left, mut right) = (self.clone(), other.clone());
        while !right.is_zero() {
            if let (Some(mut a), Some(mut b)) = (left.to_u64(), right.to_u64()) {
                while b != 0 {
                    let rest = a % b;
                    a = b;
                    b = rest;
                }
                return Natural::from(a);
            }
            let (_, rest) = left.divided(&right);
            left = right;
            right = rest;
        }
        left
    }

    /// The largest number whose square is at most this one.
    pub fn square_root(&self) -> Natural {
        if self.is_zero() {
            return Natural::zero();
        }
        let mut guess = Natural::one().shifted_left(self.bits() / 2 + 1);
        loop {
            let next = guess.plus(&self.divided(&guess).0).shifted_right(1);
            if next >= guess {
                return guess;
            }
            guess = next;
        }
    }

    /// The number of digits 0 to 9, or nothing.
    pub fn parse_decimal(digits: &str) -> Option<Natural> {
        let mut out = Natural::zero();
        for chunk in digits.as_bytes().chunks(DECIMAL_CHUNK_DIGITS) {
            let text = std::str::from_utf8(chunk).ok()?;
            if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            out = out.times_small(10u32.pow(chunk.len() as u32), text.parse().ok()?);
        }
        Some(out)
    }

    pub fn parse_radix(digits: &str, radix: u32) -> Option<Natural> {
        let mut out = Natural::zero();
        for c in digits.chars() {
            out = out.times_small(radix, c.to_digit(radix)?);
        }
        Some(out)
    }

    pub fn to_decimal(&self) -> String {
        let mut chunks = Vec::new();
        let mut rest = self.clone();
        while !rest.is_zero() {
            let (quotient, chunk) = rest.divided_small(DECIMAL_CHUNK);
            chunks.push(chunk);
            rest = quotient;
        }
        let mut out = chunks.pop().unwrap_or(0).to_string();
        for chunk in chunks.iter().rev() {
            out.push_str(&format!("{:09}", chunk));
        }
        out
    }

    /// Digits of a base from 2 to 36, in lower case.
    pub fn to_radix(&self, radix: u32) -> String {
        let mut digits = Vec::new();
        let mut rest = self.clone();
        while !rest.is_zero() {
            let (quotient, digit) = rest.divided_small(radix);
            digits.push(std::char::from_digit(digit, radix).unwrap_or('?'));
            rest = quotient;
        }
        if digits.is_empty() {
            digits.push('0');
        }
        digits.iter().rev().collect()
    }
}

/// Takes a multiple away from the digits; true when it was too much.
fn subtract_product(digits: &mut [u32], low: &[u32], factor: u64) -> bool {
    let mut carry = 0u64;
    let mut borrow = 0i64;
    for (at, digit) in digits.iter_mut().enumerate() {
        let product = low.get(at).map_or(0, |low| u64::from(*low) * factor) + carry;
        carry = product >> 32;
        let difference = i64::from(*digit) - (product & 0xffff_ffff) as i64 - borrow;
        borrow = i64::from(difference < 0);
        *digit = difference as u32;
    }
    borrow != 0
}

fn add_back(digits: &mut [u32], low: &[u32]) {
    let mut carry = 0u64;
    for (at, digit) in digits.iter_mut().enumerate() {
        let sum = u64::from(*digit) + low.get(at).map_or(0, |low| u64::from(*low)) + carry;
        *digit = sum as u32;
        carry = sum >> 32;
    }
}
