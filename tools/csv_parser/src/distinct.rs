//! Counting different texts exactly, up to a limit.

use csv::{Held, DISTINCT_MAX};

/// Bytes kept of one value; longer ones are told apart by their hash and length.
const KEPT_BYTES_MAX: usize = 64;

const EMPTY: u32 = u32::MAX;

#[inline]
fn mix(value: u64) -> u64 {
    // The finaliser of SplitMix64.
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

pub fn hash(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        state = (state.rotate_left(23) ^ u64::from_le_bytes(eight)).wrapping_mul(0x9fb2_1c65_1e98_df25);
    }
    let mut rest = 0;
    for byte in words.remainder() {
        rest = rest << 8 | u64::from(*byte);
    }
    mix(state.rotate_left(23) ^ rest)
}

/// Different byte strings, with how often each came, in the order in which they were first seen.
#[derive(Default)]
pub struct Texts {
    slots: Vec<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    pub full: bool,
}

struct Entry {
    hash: u64,
    start: u32,
    length: u32,
    count: u64,
}

impl Texts {
    /// Counts a value. When full, values seen before are still counted.
    #[inline]
    pub fn add(&mut self, value: &[u8], held: &mut Held) {
        let hash = hash(value);
        if self.slots.is_empty() {
            self.slots = vec![EMPTY; 32];
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                break;
            }
            let entry = &mut self.entries[slot as usize];
            if entry.hash == hash && entry.length as usize == value.len() {
                entry.count += 1;
                return;
            }
            at = (at + 1) & mask;
        }
        self.insert(at, hash, value, held);
    }

    #[cold]
    fn insert(&mut self, at: usize, hash: u64, value: &[u8], held: &mut Held) {
        let kept = value.len().min(KEPT_BYTES_MAX);
        let cost = kept + 40;
        if self.full || self.entries.len() >= DISTINCT_MAX || held.seen_bytes_left < cost {
            self.full = true;
            return;
        }
        held.seen_bytes_left -= cost;
        self.slots[at] = self.entries.len() as u32;
        self.entries.push(Entry {
            hash,
            start: self.bytes.len() as u32,
            length: value.len() as u32,
            count: 1,
        });
        self.bytes.extend_from_slice(&value[..kept]);
        if self.entries.len() * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            self.slots = vec![EMPTY; size];
            for (index, entry) in self.entries.iter().enumerate() {
                let mut at = entry.hash as usize & (size - 1);
                while self.slots[at] != EMPTY {
                    at = (at + 1) & (size - 1);
                }
                self.slots[at] = index as u32;
            }
        }
    }

    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The values that came most often, each with its count; of equally frequent ones the first seen.
    pub fn top(&self, most: usize) -> Vec<(String, u64)> {
        let mut order: Vec<&Entry> = self.entries.iter().collect();
        order.sort_by(|left, right| right.count.cmp(&left.count));
        order
            .into_iter()
            .take(most)
            .map(|entry| (self.text(entry), entry.count))
            .collect()
    }

    fn text(&self, entry: &Entry) -> String {
        let start = entry.start as usize;
        let length = entry.length as usize;
        let kept = length.min(KEPT_BYTES_MAX);
        let bytes = &self.bytes[start..start + kept];
        if kept == length {
            return csv::decode(bytes).into_owned();
        }
        // The cut may go through a character.
        let whole = match std::str::from_utf8(bytes) {
            Err(problem) if problem.error_len().is_none() => &bytes[..problem.valid_up_to()],
            _ => bytes,
        };
        format!("{}…", csv::decode(whole))
    }
}
