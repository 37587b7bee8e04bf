//! Groups of rows by the values of their key columns, found by the bytes of these.

use crate::figures::Figures;
use csv::{ColumnKind, Field, Table, Value};
use mcp::{Failure, Json};

const GROUPS_MAX: usize = 100_000;
/// Bytes of all different keys.
const KEY_BYTES_MAX: usize = 32 << 20;
/// What stands for a key without a value.
pub const MISSING: &str = "(missing)";

pub struct Group {
    pub key: Vec<Json>,
    /// What keys are ordered by where they have an order of their own.
    pub order: Vec<Option<f64>>,
    pub count: u64,
    /// Rows that fit the conditions of `part`.
    pub part: u64,
    /// One for each value that is aggregated.
    pub figures: Vec<Figures>,
}

/// Groups by the bytes of their keys.
pub struct Groups {
    slots: Vec<u32>,
    hashes: Vec<u64>,
    ranges: Vec<(u32, u32)>,
    bytes: Vec<u8>,
    pub all: Vec<Group>,
}

const EMPTY: u32 = u32::MAX;

impl Groups {
    pub fn new() -> Groups {
        Groups {
            slots: vec![EMPTY; 64],
            hashes: Vec::new(),
            ranges: Vec::new(),
            bytes: Vec::new(),
            all: Vec::new(),
        }
    }

    /// The group of that key, if it was seen, else the slot where it belongs.
    #[inline]
    pub fn find(&self, key: &[u8], hash: u64) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at] as usize;
            if slot == EMPTY as usize {
                return Err(at);
            }
            if self.hashes[slot] == hash {
                let (start, end) = self.ranges[slot];
                if &self.bytes[start as usize..end as usize] == key {
                    return Ok(slot);
                }
            }
            at = (at + 1) & mask;
        }
    }

    pub fn insert(&mut self, at: usize, key: &[u8], hash: u64, group: Group) -> Result<usize, Failure> {
        if self.all.len() >= GROUPS_MAX {
            return Err(Failure(format!(
                "there are more than {} groups. Group by columns with fewer different values, or narrow the rows with 'where'.",
                GROUPS_MAX
            )));
        }
        if self.bytes.len() + key.len() > KEY_BYTES_MAX {
            return Err(Failure(format!(
                "the values to group by are too long: together more than {} bytes.",
                KEY_BYTES_MAX
            )));
        }
        let index = self.all.len();
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(key);
        self.ranges.push((start, self.bytes.len() as u32));
        self.hashes.push(hash);
        self.slots[at] = index as u32;
        self.all.push(group);
        if self.all.len() * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            self.slots = vec![EMPTY; size];
            for (index, hash) in self.hashes.iter().enumerate() {
                let mut at = *hash as usize & (size - 1);
                while self.slots[at] != EMPTY {
                    at = (at + 1) & (size - 1);
                }
                self.slots[at] = index as u32;
            }
        }
        Ok(index)
    }
}

const RECENT: usize = 256;
const WORD: usize = 8;

/// Short cells of a single key column and their groups, found again without writing a key.
pub struct Recent {
    column: Option<usize>,
    slots: Vec<RecentKey>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct RecentCell {
    length: usize,
    first: u64,
    last: u64,
}

#[derive(Clone, Copy, Default)]
struct RecentKey {
    cell: RecentCell,
    group: usize,
}

impl Recent {
    pub fn new(keys: &[Field]) -> Recent {
        let column = match keys {
            [only] => only.column(),
            _ => None,
        };
        Recent {
            column,
            slots: vec![RecentKey::default(); RECENT],
        }
    }

    /// The group of the current row, or where it may be kept.
    #[inline]
    pub fn find(&mut self, table: &Table) -> Result<usize, Option<usize>> {
        let cell = match self.column {
            Some(column) => table.cell(column),
            None => return Err(None),
        };
        let (length, first) = match cell.len() {
            length @ 1..=WORD => (length, csv::word_of(cell)),
            length if length > 0 && length <= 2 * WORD => (length, csv::word_of(&cell[..WORD])),
            _ => return Err(None),
        };
        // Up to sixteen bytes, length and both ends tell all.
        let last = if length > WORD {
            csv::word_of(&cell[length - WORD..])
        } else {
            0
        };
        let mixed = (first ^ last.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (mixed >> 56) as usize;
        let found = RecentCell { length, first, last };
        if self.slots[at].cell == found {
            return Ok(self.slots[at].group);
        }
        self.slots[at].cell = found;
        Err(Some(at))
    }

    pub fn keep(&mut self, slot: Option<usize>, group: usize) {
        if let Some(slot) = slot {
            self.slots[slot].group = group;
        }
    }
}

const NUMBER: u8 = 1;
const TEXT: u8 = 2;
const PLACE: u8 = 3;

/// The key of the current row. Numbers are equal however they are written.
#[inline]
pub fn write_key(key: &mut Vec<u8>, table: &Table, fields: &[Field]) {
    key.clear();
    for field in fields {
        // Most keys are texts, of which nothing has to be read.
        if let Field::Column(column) = field {
            let is_text = !matches!(table.columns[*column].kind, ColumnKind::Number(_));
            if is_text && !table.is_missing(*column) {
                write_text(key, table.cell(*column));
                continue;
            }
        }
        match field.value(table) {
            Value::Missing => key.push(0),
            Value::Number(number) => {
                key.push(NUMBER);
                key.extend_from_slice(&(number + 0.0).to_bits().to_le_bytes());
            }
            Value::Place(place) => {
                key.push(PLACE);
                key.extend_from_slice(&place.to_le_bytes());
            }
            Value::Moment(_) | Value::Text => {
                write_text(key, field.column().map_or(&b""[..], |column| table.cell(column)))
            }
        }
    }
}

#[inline]
fn write_text(key: &mut Vec<u8>, cell: &[u8]) {
    key.push(TEXT);
    key.extend_from_slice(&(cell.len() as u32).to_le_bytes());
    key.extend_from_slice(cell);
}

/// A new group for the current row.
pub fn new_group(table: &Table, fields: &[Field], figures: Vec<Figures>) -> Group {
    let values: Vec<Value> = fields.iter().map(|field| field.value(table)).collect();
    let key = fields
        .iter()
        .zip(&values)
        .map(|(field, value)| match field.json(*value, table) {
            Json::Null => MISSING.into(),
            key => key,
        });
    Group {
        key: key.collect(),
        order: fields
            .iter()
            .zip(&values)
            .map(|(field, _)| field.number(table))
            .collect(),
        count: 0,
        part: 0,
        figures,
    }
}
