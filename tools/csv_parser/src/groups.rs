//! Groups of rows by the values of their key columns, found by the bytes of these.

use csv::{is_missing, ColumnKind, Moments, Series, Table};
use mcp::{Failure, Json};

const GROUPS_MAX: usize = 100_000;
/// Bytes of all different keys.
const KEY_BYTES_MAX: usize = 32 << 20;
/// What stands for a key without a value.
pub const MISSING: &str = "(missing)";

pub struct Group {
    pub key: Vec<Json>,
    pub count: u64,
    pub missing: u64,
    pub moments: Moments,
    pub series: Series,
    pub median: Option<f64>,
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

    pub fn insert(&mut self, at: usize, key: &[u8], hash: u64, values: Vec<Json>) -> Result<usize, Failure> {
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
        self.all.push(Group {
            key: values,
            count: 0,
            missing: 0,
            moments: Moments::default(),
            series: Series::default(),
            median: None,
        });
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
    pub fn new(keys: &[usize]) -> Recent {
        let column = if keys.len() == 1 { Some(keys[0]) } else { None };
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

/// The key of the current row. Numbers are equal however they are written.
#[inline]
pub fn write_key(key: &mut Vec<u8>, table: &Table, columns: &[usize]) {
    key.clear();
    for column in columns {
        let cell = table.cell(*column);
        if is_missing(cell) {
            key.push(0);
            continue;
        }
        if matches!(table.columns[*column].kind, ColumnKind::Number(_)) {
            let reading = table.number(*column);
            if reading.is_number() {
                key.push(NUMBER);
                key.extend_from_slice(&(reading.value + 0.0).to_bits().to_le_bytes());
                continue;
            }
        }
        key.push(TEXT);
        key.extend_from_slice(&(cell.len() as u32).to_le_bytes());
        key.extend_from_slice(cell);
    }
}

pub fn key_values(table: &Table, columns: &[usize]) -> Vec<Json> {
    let value = |column: &usize| match table.value(*column) {
        Json::Null => MISSING.into(),
        value => value,
    };
    columns.iter().map(value).collect()
}
