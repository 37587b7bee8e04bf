//! Where words of a request stand in the cells of a table.

use crate::distinct::hash;
use crate::words::{stem, words_of};
use csv::{iso_date, read, ColumnKind, Kind, NumberStyle, Table};
use mcp::{object, Failure, Json};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

const TEXTS_MAX: usize = 64;
const CHARS_MAX: usize = 200;
/// Values given for one text.
const VALUES_MAX: usize = 20;
/// Different values remembered; those after them are compared each time they come.
const REMEMBERED_MAX: usize = 400_000;
/// Different matching values counted.
const FOUND_MAX: usize = 20_000;
/// Bytes of a cell that are looked at.
const CELL_BYTES_MAX: usize = 2_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Equal,
    Word,
    Stem,
}

impl Match {
    fn name(self) -> &'static str {
        match self {
            Match::Equal => "equal",
            Match::Word => "word",
            Match::Stem => "stem",
        }
    }
}

struct Wanted {
    words: Vec<String>,
    stems: Vec<String>,
    number: Option<f64>,
    micros: Option<i64>,
}

/// The texts looked for.
pub struct Texts {
    given: Vec<String>,
    wanted: Vec<Wanted>,
    /// Texts by the stem of their first word.
    firsts: BTreeMap<String, Vec<usize>>,
    has_numbers: bool,
    has_dates: bool,
}

impl Texts {
    pub fn new(given: &[&str]) -> Result<Texts, Failure> {
        if given.len() > TEXTS_MAX {
            return Err(Failure(format!(
                "'find' lists {} texts; at most {}.",
                given.len(),
                TEXTS_MAX
            )));
        }
        let wanted: Vec<Wanted> = given.iter().map(|text| wanted(text)).collect();
        let mut firsts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, wanted) in wanted.iter().enumerate() {
            if let Some(first) = wanted.stems.first() {
                firsts.entry(first.clone()).or_default().push(index);
            }
        }
        Ok(Texts {
            given: given.iter().map(|text| (*text).to_owned()).collect(),
            firsts,
            has_numbers: wanted.iter().any(|wanted| wanted.number.is_some()),
            has_dates: wanted.iter().any(|wanted| wanted.micros.is_some()),
            wanted,
        })
    }

    /// The texts that stand in a cell, each with how well it fits.
    fn in_cell(&self, cell: &[u8]) -> Vec<(usize, Match)> {
        let text = csv::decode(&cell[..cell.len().min(CELL_BYTES_MAX)]);
        let words = words_of(&text);
        let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
        let mut found: Vec<(usize, Match)> = Vec::new();
        for at in 0..words.len() {
            for index in self.firsts.get(&stems[at]).into_iter().flatten() {
                let wanted = &self.wanted[*index];
                let count = wanted.words.len();
                let same =
                    |left: &[String], right: &[String]| left.get(at..at + count).map_or(false, |run| run == right);
                let fit = if same(&words, &wanted.words) {
                    if count == words.len() {
                        Match::Equal
                    } else {
                        Match::Word
                    }
                } else if same(&stems, &wanted.stems) {
                    Match::Stem
                } else {
                    continue;
                };
                match found.iter_mut().find(|(known, _)| known == index) {
                    Some((_, known)) => *known = fit.min(*known),
                    None => found.push((*index, fit)),
                }
            }
        }
        found
    }
}

fn wanted(text: &str) -> Wanted {
    let text: String = text.trim().chars().take(CHARS_MAX).collect();
    let words = words_of(&text);
    let reading = read(text.as_bytes(), NumberStyle::plain(b'.'));
    Wanted {
        stems: words.iter().map(|word| stem(word)).collect(),
        words,
        number: (reading.kind != Kind::NotNumber).then(|| reading.value),
        micros: iso_date(&text).map(|moment| moment.micros),
    }
}

/// A value of one column with what it answers to.
struct Found {
    column: usize,
    value: Json,
    rows: u64,
    fits: Vec<(usize, Match)>,
}

/// Keys are hashes already; the standard library's hasher would ask the host for random bytes.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What one pass over a table finds.
pub struct Finder<'a> {
    texts: &'a Texts,
    /// By hash of column and cell: which of `found` it is, if any.
    seen: HashMap<u64, Option<usize>, BuildHasherDefault<Hashed>>,
    found: Vec<Found>,
}

impl<'a> Finder<'a> {
    pub fn new(texts: &'a Texts) -> Finder<'a> {
        Finder {
            texts,
            seen: HashMap::default(),
            found: Vec::new(),
        }
    }

    /// Looks at the current row's cell of a column.
    pub fn add(&mut self, table: &Table, column: usize) {
        let cell = table.cell(column);
        if table.is_missing(column) {
            return;
        }
        match table.columns[column].kind {
            ColumnKind::Number(_) => {
                let reading = table.number(column);
                if reading.kind != Kind::NotNumber && !self.texts.has_numbers {
                    return;
                }
            }
            ColumnKind::Date(_) if !self.texts.has_dates && !self.texts.has_numbers => return,
            _ => {}
        }
        let key = hash(cell) ^ (column as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = match self.seen.get(&key) {
            Some(index) => *index,
            None => {
                let fits = self.fits(table, column, cell);
                let index = (!fits.is_empty() && self.found.len() < FOUND_MAX).then(|| {
                    self.found.push(Found {
                        column,
                        value: table.value(column),
                        rows: 0,
                        fits,
                    });
                    self.found.len() - 1
                });
                if self.seen.len() < REMEMBERED_MAX || index.is_some() {
                    self.seen.insert(key, index);
                }
                index
            }
        };
        if let Some(index) = index {
            self.found[index].rows += 1;
        }
    }

    fn fits(&self, table: &Table, column: usize, cell: &[u8]) -> Vec<(usize, Match)> {
        let equal = |same: &dyn Fn(&Wanted) -> bool| -> Vec<(usize, Match)> {
            let all = self.texts.wanted.iter().enumerate();
            all.filter(|(_, wanted)| same(wanted))
                .map(|(index, _)| (index, Match::Equal))
                .collect()
        };
        match table.columns[column].kind {
            ColumnKind::Number(_) => {
                let reading = table.number(column);
                if reading.kind != Kind::NotNumber {
                    return equal(&|wanted| wanted.number == Some(reading.value));
                }
            }
            ColumnKind::Date(_) => {
                let micros = table.moment(column).map(|moment| moment.micros);
                if micros.is_some() {
                    return equal(&|wanted| wanted.micros == micros);
                }
            }
            _ => {}
        }
        self.texts.in_cell(cell)
    }

    /// The values found, for each text those that fit best and come most often first, and how many when some are left out.
    pub fn answer(&self, table: &Table) -> (Json, Json) {
        let mut given: Vec<Json> = Vec::new();
        let mut totals = object([]);
        for (index, text) in self.texts.given.iter().enumerate() {
            let fit_of = |found: &Found| {
                found
                    .fits
                    .iter()
                    .find(|(known, _)| *known == index)
                    .map(|(_, fit)| *fit)
            };
            let mut all: Vec<(Match, &Found)> = self
                .found
                .iter()
                .filter_map(|found| Some((fit_of(found)?, found)))
                .collect();
            all.sort_by(|left, right| left.0.cmp(&right.0).then(right.1.rows.cmp(&left.1.rows)));
            if all.len() > VALUES_MAX {
                totals.push(text.clone(), all.len());
            }
            given.extend(all.into_iter().take(VALUES_MAX).map(|(fit, found)| {
                object([
                    ("text", text.clone().into()),
                    ("column", table.columns[found.column].name.clone().into()),
                    ("value", found.value.clone()),
                    ("rows", found.rows.into()),
                    ("match", fit.name().into()),
                ])
            }));
        }
        (given.into(), totals)
    }
}
