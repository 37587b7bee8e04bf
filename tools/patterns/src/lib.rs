//! Regular expressions in time linear in the text: no backtracking, so no pattern and no text can make a search explode.
//! Supported: literals, `.`, classes, `\d \w \s \b`, `\p{L}` and its like, groups with and without names, alternatives,
//! greedy and lazy repetition, `^ $ \A \z`, flags. Not supported, since they cannot be had in linear time: references
//! back and looking around.

mod class;
mod compile;
mod parse;
mod search;

pub use search::{Match, Searcher};

use class::Class;
use compile::Step;

/// Steps of a compiled pattern.
const STEPS_MAX: usize = 10_000;
/// Places remembered during a search: steps times group ends.
const PLACES_MAX: usize = 1 << 19;
pub(crate) const REPEAT_MAX: u32 = 1_000;
/// Groups within each other.
pub(crate) const DEPTH_MAX: usize = 50;

#[derive(Clone, Copy, Default)]
pub struct Flags {
    pub ignore_case: bool,
    /// `^` and `$` also match at line ends.
    pub multi_line: bool,
    /// `.` also matches line ends.
    pub dot_all: bool,
    /// `\w` and `\b` know ASCII letters only, as in JavaScript.
    pub ascii: bool,
}

/// A compiled pattern.
pub struct Pattern {
    steps: Vec<Step>,
    classes: Vec<Class>,
    /// The first bytes a match can begin with, unless it can be empty.
    first: Option<Box<[bool; 256]>>,
    /// Names of the groups, the whole match first.
    names: Vec<Option<String>>,
    ascii: bool,
}

impl Pattern {
    /// Why it is no pattern: what is wrong, at which character, and what to write instead.
    pub fn new(pattern: &str, flags: Flags) -> Result<Pattern, String> {
        let parsed = parse::parse(pattern, flags)?;
        let mut compiler = compile::Compiler::new(STEPS_MAX);
        compiler.whole(&parsed.tree)?;
        let (steps, classes) = (compiler.steps, compiler.classes);
        if steps.len() * parsed.names.len() * 2 > PLACES_MAX {
            return Err(
                "the pattern has too many groups for its length; use (?:…) for groups that need not be remembered"
                    .into(),
            );
        }
        let first = compile::first_bytes(&steps, &classes);
        Ok(Pattern {
            steps,
            classes,
            first,
            names: parsed.names,
            ascii: flags.ascii,
        })
    }

    /// Names of the groups, by their number; 0 is the whole match.
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    pub fn searcher(&self) -> Searcher<'_> {
        Searcher::new(self, self.names.len())
    }

    /// A searcher for whole matches; what groups match it does not tell, and so is faster.
    pub fn spans(&self) -> Searcher<'_> {
        Searcher::new(self, 1)
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.spans().find(text, 0).is_some()
    }
}
