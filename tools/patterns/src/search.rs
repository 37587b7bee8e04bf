//! All ways through a pattern at once, one character of the text after the other (Pike's machine): the leftmost match,
//! and of those the one that a backtracking search would find first.

use crate::class::is_word;
use crate::compile::Step;
use crate::parse::Place;
use crate::Pattern;

const NOWHERE: usize = usize::MAX;

/// Where a match and its groups begin and end, in bytes.
#[derive(Clone, Debug)]
pub struct Match {
    ends: Vec<usize>,
}

impl Match {
    pub fn start(&self) -> usize {
        self.ends[0]
    }
    pub fn end(&self) -> usize {
        self.ends[1]
    }
    /// The span of a group, if it took part.
    pub fn group(&self, number: usize) -> Option<(usize, usize)> {
        match self.ends.get(2 * number..2 * number + 2) {
            Some([start, end]) if *start != NOWHERE && *end != NOWHERE => Some((*start, *end)),
            _ => None,
        }
    }
}

/// Steps that are alive, in order of preference, each with the ends of groups so far.
struct Alive {
    order: Vec<usize>,
    /// Where a step stands in the order, if it does.
    index: Vec<usize>,
    ends: Vec<usize>,
}

impl Alive {
    fn holds(&self, step: usize) -> bool {
        self.order.get(self.index[step]) == Some(&step)
    }
}

/// Searches with one pattern; keeps its room from one search to the next.
pub struct Searcher<'p> {
    pattern: &'p Pattern,
    width: usize,
    now: Alive,
    next: Alive,
    open: Vec<Open>,
    ends: Vec<usize>,
}

enum Open {
    Step(usize),
    Restore(usize, usize),
}

impl<'p> Searcher<'p> {
    pub(crate) fn new(pattern: &'p Pattern, groups: usize) -> Searcher<'p> {
        let width = groups * 2;
        let count = pattern.steps.len();
        let alive = || Alive {
            order: Vec::with_capacity(count),
            index: vec![0; count],
            ends: vec![NOWHERE; count * width],
        };
        Searcher {
            pattern,
            width,
            now: alive(),
            next: alive(),
            open: Vec::new(),
            ends: vec![NOWHERE; width],
        }
    }

    /// The first match that begins at a byte or after it.
    pub fn find(&mut self, text: &str, from: usize) -> Option<Match> {
        let bytes = text.as_bytes();
        let pattern = self.pattern;
        let mut found: Option<Match> = None;
        let mut at = from;
        self.now.order.clear();
        loop {
            if self.now.order.is_empty() {
                if found.is_some() {
                    return found;
                }
                if let Some(first) = &pattern.first {
                    // No match can begin before such a byte.
                    at += bytes.get(at..)?.iter().position(|byte| first[usize::from(*byte)])?;
                }
            }
            let c = text.get(at..)?.chars().next();
            if found.is_none() {
                self.ends.fill(NOWHERE);
                self.follow(0, text, at);
            }
            let next_at = at + c.map_or(1, char::len_utf8);
            self.step(text, c, next_at, &mut found);
            std::mem::swap(&mut self.now, &mut self.next);
            self.next.order.clear();
            if c.is_none() {
                return found;
            }
            at = next_at;
        }
    }

    /// Moves all that is alive over one character. What comes after a match is less preferred and ends.
    fn step(&mut self, text: &str, c: Option<char>, next_at: usize, found: &mut Option<Match>) {
        for index in 0..self.now.order.len() {
            let step = self.now.order[index];
            let fits = match (&self.pattern.steps[step], c) {
                (Step::Match, _) => {
                    let ends = self.now.ends[step * self.width..(step + 1) * self.width].to_vec();
                    *found = Some(Match { ends });
                    return;
                }
                (Step::Char(wanted), Some(c)) => *wanted == c,
                (Step::Letter(low, high), Some(c)) => *low == c || *high == c,
                (Step::Class(class), Some(c)) => self.pattern.classes[*class].holds(c),
                _ => false,
            };
            if fits {
                self.ends
                    .copy_from_slice(&self.now.ends[step * self.width..(step + 1) * self.width]);
                std::mem::swap(&mut self.now, &mut self.next);
                self.follow(step + 1, text, next_at);
                std::mem::swap(&mut self.now, &mut self.next);
            }
        }
    }

    /// Makes a step alive, and all that can be reached from it without a character.
    fn follow(&mut self, step: usize, text: &str, at: usize) {
        self.open.push(Open::Step(step));
        while let Some(open) = self.open.pop() {
            let mut step = match open {
                Open::Step(step) => step,
                Open::Restore(place, value) => {
                    self.ends[place] = value;
                    continue;
                }
            };
            while !self.now.holds(step) {
                self.now.index[step] = self.now.order.len();
                self.now.order.push(step);
                match &self.pattern.steps[step] {
                    Step::Jump(to) => step = *to,
                    Step::Split(first, second) => {
                        self.open.push(Open::Step(*second));
                        step = *first;
                    }
                    Step::Save(place) if *place >= self.width => step += 1,
                    Step::Save(place) => {
                        self.open.push(Open::Restore(*place, self.ends[*place]));
                        self.ends[*place] = at;
                        step += 1;
                    }
                    Step::Place(place) => {
                        if !is_at(*place, text, at, self.pattern.ascii) {
                            break;
                        }
                        step += 1;
                    }
                    _ => {
                        self.now.ends[step * self.width..(step + 1) * self.width].copy_from_slice(&self.ends);
                        break;
                    }
                }
            }
        }
    }
}

fn is_at(place: Place, text: &str, at: usize, ascii: bool) -> bool {
    let before = || text[..at].chars().next_back();
    let after = || text[at..].chars().next();
    let boundary = || {
        let word = |c: Option<char>| c.map_or(false, |c| is_word(c, ascii));
        word(before()) != word(after())
    };
    match place {
        Place::TextStart => at == 0,
        Place::TextEnd => at == text.len(),
        Place::LineStart => before().map_or(true, |c| c == '\n'),
        Place::LineEnd => after().map_or(true, |c| c == '\n' || c == '\r'),
        Place::WordBoundary => boundary(),
        Place::NotWordBoundary => !boundary(),
    }
}
