//! Cells of a column of numbers or dates that are neither, and whether the column is one all the same.

use crate::evidence::is_enough;
use crate::source::decode;

/// Different words that a column of numbers may hold, such as `absent`, without being one of texts.
pub const WORDS_MAX: usize = 3;
const SHOWN_MAX: usize = 3;
const SHOWN_CHARS_MAX: usize = 40;

#[derive(Default)]
pub struct Odd {
    pub count: u64,
    /// Different cells without a digit, each with how often it came.
    pub words: Vec<(String, u64)>,
    /// There are more of them.
    many: bool,
    /// The first ones with their rows.
    pub shown: Vec<(u64, String)>,
}

/// Whether a column is of the kind that `fitting` of its cells are, when `worded` of the `others` are a few words.
pub fn is_of_kind(fitting: u64, others: u64, worded: u64) -> bool {
    let others = if fitting >= worded * 2 { others - worded } else { others };
    fitting > 0 && is_enough(fitting, fitting + others)
}

impl Odd {
    #[cold]
    pub fn add(&mut self, row: u64, cell: &[u8]) {
        self.count += 1;
        let text = || -> String { decode(cell).chars().take(SHOWN_CHARS_MAX).collect() };
        if self.shown.len() < SHOWN_MAX {
            self.shown.push((row, text()));
        }
        if self.many || cell.iter().any(u8::is_ascii_digit) {
            return;
        }
        let word = text();
        match self.words.iter().position(|(known, _)| *known == word) {
            Some(at) => self.words[at].1 += 1,
            None if self.words.len() < WORDS_MAX => self.words.push((word, 1)),
            None => self.many = true,
        }
    }

    /// Whether a column with so many fitting cells is of its kind all the same.
    pub fn leaves(&self, fitting: u64) -> bool {
        let worded = self.words.iter().map(|(_, count)| count).sum();
        is_of_kind(fitting, self.count, if self.many { 0 } else { worded })
    }

    /// "'absent' (row 3), 'oops' (row 7)".
    pub fn shown_text(&self) -> String {
        let shown: Vec<String> = self
            .shown
            .iter()
            .map(|(row, value)| format!("'{}' (row {})", value, row))
            .collect();
        shown.join(", ")
    }
}
