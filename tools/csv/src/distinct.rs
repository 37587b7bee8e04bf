//! Counting different numbers exactly, up to a limit.

use crate::series::Held;

/// Different values counted in one column; more are reported as ">10000".
pub const DISTINCT_MAX: usize = 10_000;

/// Slots at first, as a power of two.
const FIRST_BITS: u32 = 6;

/// 2^64 over the golden ratio: multiplying by it spreads neighbours far apart.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Different numbers.
#[derive(Default)]
pub struct Distinct {
    /// Bits times an odd number, which keeps them apart; zero means free, and the number whose bits are zero is +0.
    slots: Vec<u64>,
    /// How far to shift a key to the right to get its slot.
    shift: u32,
    has_zero: bool,
    count: usize,
    full: bool,
}

impl Distinct {
    /// Adds values until there are too many different ones.
    pub fn add_all(&mut self, values: &[f64], held: &mut Held) {
        if self.slots.is_empty() && !self.full {
            self.slots = vec![0; 1 << FIRST_BITS];
            self.shift = 64 - FIRST_BITS;
        }
        let mut rest = values;
        while !self.full && !rest.is_empty() {
            let seen = self.add_until_crowded(rest);
            rest = &rest[seen..];
            if self.is_crowded() {
                self.grow(held);
            }
        }
    }

    /// Adds values while there is room; how many it took.
    fn add_until_crowded(&mut self, values: &[f64]) -> usize {
        let mask = self.slots.len() - 1;
        let slots = &mut self.slots[..];
        for (index, value) in values.iter().enumerate() {
            // −0 and +0 are one value.
            let key = (value + 0.0).to_bits().wrapping_mul(ODD);
            let mut at = (key >> self.shift) as usize;
            loop {
                // Safe: `at` is below the number of slots, a power of two.
                let slot = unsafe { slots.get_unchecked_mut(at & mask) };
                if *slot == key {
                    self.has_zero |= key == 0;
                    break;
                }
                if *slot == 0 {
                    *slot = key;
                    self.count += 1;
                    if self.count * 2 > mask || self.count > DISTINCT_MAX {
                        return index + 1;
                    }
                    break;
                }
                at += 1;
            }
        }
        values.len()
    }

    fn is_crowded(&self) -> bool {
        self.count * 2 >= self.slots.len() || self.count > DISTINCT_MAX
    }

    #[cold]
    fn grow(&mut self, held: &mut Held) {
        let size = self.slots.len() * 2;
        if self.count() > DISTINCT_MAX || held.seen_bytes_left < size * 8 {
            self.full = true;
            self.slots = Vec::new();
            return;
        }
        held.seen_bytes_left -= self.slots.len() * 8;
        self.shift -= 1;
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for key in old.into_iter().filter(|key| *key != 0) {
            let mut at = (key >> self.shift) as usize & (size - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = key;
        }
    }

    /// There are more than were counted.
    pub fn is_full(&self) -> bool {
        self.full || self.count() > DISTINCT_MAX
    }

    /// The different numbers from the smallest to the largest; none when there are more than were counted.
    pub fn values(&self) -> Option<Vec<f64>> {
        if self.is_full() {
            return None;
        }
        // Keys are numbers times an odd one, which can be taken back: Newton's iteration doubles the bits that are right.
        let inverse = (0..6).fold(ODD, |guess: u64, _| {
            guess.wrapping_mul(2u64.wrapping_sub(ODD.wrapping_mul(guess)))
        });
        let keys = self.slots.iter().filter(|key| **key != 0);
        let mut values: Vec<f64> = keys.map(|key| f64::from_bits(key.wrapping_mul(inverse))).collect();
        values.extend(self.has_zero.then(|| 0.0));
        values.sort_by(f64::total_cmp);
        Some(values)
    }

    pub fn count(&self) -> usize {
        self.count + usize::from(self.has_zero)
    }
}
