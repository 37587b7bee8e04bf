//! Trees as steps of a machine.

use crate::class::{lower, upper, Class};
use crate::parse::{Place, Tree};

#[derive(Clone, Debug)]
pub enum Step {
    Char(char),
    /// In either letter case: lower, upper.
    Letter(char, char),
    Class(usize),
    Place(Place),
    Save(usize),
    /// Goes on at both, preferring the first.
    Split(usize, usize),
    Jump(usize),
    Match,
}

pub struct Compiler {
    pub steps: Vec<Step>,
    pub classes: Vec<Class>,
    most: usize,
}

impl Compiler {
    pub fn new(most: usize) -> Compiler {
        Compiler {
            steps: Vec::new(),
            classes: Vec::new(),
            most,
        }
    }

    pub fn whole(&mut self, tree: &Tree) -> Result<(), String> {
        self.push(Step::Save(0))?;
        self.tree(tree)?;
        self.push(Step::Save(1))?;
        self.push(Step::Match).map(|_| ())
    }

    fn push(&mut self, step: Step) -> Result<usize, String> {
        if self.steps.len() >= self.most {
            return Err("the pattern is too large; use fewer or smaller repetitions such as {1,1000}".to_owned());
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn tree(&mut self, tree: &Tree) -> Result<(), String> {
        match tree {
            Tree::Empty => {}
            Tree::Char(c, ignore_case) => {
                let (low, high) = (lower(*c), upper(*c));
                let step = if *ignore_case && low != high {
                    Step::Letter(low, high)
                } else {
                    Step::Char(*c)
                };
                self.push(step)?;
            }
            Tree::Class(class) => {
                self.classes.push(class.clone());
                self.push(Step::Class(self.classes.len() - 1))?;
            }
            Tree::Place(place) => {
                self.push(Step::Place(*place))?;
            }
            Tree::Group(inner, None) => self.tree(inner)?,
            Tree::Group(inner, Some(number)) => {
                self.push(Step::Save(2 * number))?;
                self.tree(inner)?;
                self.push(Step::Save(2 * number + 1))?;
            }
            Tree::Sequence(items) => {
                for item in items {
                    self.tree(item)?;
                }
            }
            Tree::Alternatives(all) => self.alternatives(all)?,
            Tree::Repeat { tree, min, max, greedy } => {
                for _ in 0..*min {
                    self.tree(tree)?;
                }
                match max {
                    None => self.any_number(tree, *greedy)?,
                    Some(max) => self.up_to(tree, max - min, *greedy)?,
                }
            }
        }
        Ok(())
    }

    fn alternatives(&mut self, all: &[Tree]) -> Result<(), String> {
        let mut ends = Vec::new();
        for (index, tree) in all.iter().enumerate() {
            if index + 1 == all.len() {
                self.tree(tree)?;
                break;
            }
            let split = self.push(Step::Split(0, 0))?;
            self.tree(tree)?;
            ends.push(self.push(Step::Jump(0))?);
            self.steps[split] = Step::Split(split + 1, self.steps.len());
        }
        for end in ends {
            self.steps[end] = Step::Jump(self.steps.len());
        }
        Ok(())
    }

    fn any_number(&mut self, tree: &Tree, greedy: bool) -> Result<(), String> {
        let split = self.push(Step::Split(0, 0))?;
        self.tree(tree)?;
        self.push(Step::Jump(split))?;
        self.steps[split] = ordered(split + 1, self.steps.len(), greedy);
        Ok(())
    }

    fn up_to(&mut self, tree: &Tree, times: u32, greedy: bool) -> Result<(), String> {
        let mut splits = Vec::new();
        for _ in 0..times {
            splits.push(self.push(Step::Split(0, 0))?);
            self.tree(tree)?;
        }
        for split in splits {
            self.steps[split] = ordered(split + 1, self.steps.len(), greedy);
        }
        Ok(())
    }
}

fn ordered(inside: usize, after: usize, greedy: bool) -> Step {
    if greedy {
        Step::Split(inside, after)
    } else {
        Step::Split(after, inside)
    }
}

/// The first bytes that a match can begin with; none when it can be empty.
pub fn first_bytes(steps: &[Step], classes: &[Class]) -> Option<Box<[bool; 256]>> {
    let mut bytes = Box::new([false; 256]);
    let mut seen = vec![false; steps.len()];
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        match &steps[at] {
            Step::Match => return None,
            Step::Jump(to) => open.push(*to),
            Step::Split(left, right) => open.extend([*left, *right]),
            Step::Save(_) | Step::Place(_) => open.push(at + 1),
            Step::Char(c) => bytes[usize::from(first_byte(*c))] = true,
            Step::Letter(low, high) => {
                bytes[usize::from(first_byte(*low))] = true;
                bytes[usize::from(first_byte(*high))] = true;
            }
            Step::Class(index) => {
                for byte in 0u8..128 {
                    bytes[usize::from(byte)] |= classes[*index].holds(byte as char);
                }
                // What a class holds beyond ASCII is not worth knowing.
                bytes[128..].fill(true);
            }
        }
    }
    Some(bytes)
}

fn first_byte(c: char) -> u8 {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes);
    bytes[0]
}
