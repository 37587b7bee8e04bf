//! Exact medians and quartiles of values that are held, within a limit on how many.

/// Values held in one call, all columns and groups together: 128 MiB of them.
pub const VALUES_HELD_MAX: usize = 16_000_000;

const PIECE_MAX: usize = 8_192;
const PIECE_MIN: usize = 4;

/// How many values a call holds; past the limit it holds none and quantiles are unknown.
#[derive(Default)]
pub struct Held {
    count: usize,
    pub exceeded: bool,
}

/// Values in pieces that never move, so that growing needs no second copy.
#[derive(Default)]
pub struct Values {
    full: Vec<Vec<f64>>,
    last: Vec<f64>,
    count: usize,
}

impl Values {
    #[inline]
    pub fn push(&mut self, value: f64, held: &mut Held) {
        if self.last.len() == self.last.capacity() {
            self.next_piece(held);
        }
        if !held.exceeded {
            self.last.push(value);
            self.count += 1;
        }
    }

    #[cold]
    fn next_piece(&mut self, held: &mut Held) {
        if held.exceeded {
            return;
        }
        let capacity = (self.last.capacity() * 2).clamp(PIECE_MIN, PIECE_MAX);
        held.count += capacity;
        if held.count > VALUES_HELD_MAX {
            held.exceeded = true;
            return;
        }
        let piece = std::mem::replace(&mut self.last, Vec::with_capacity(capacity));
        if !piece.is_empty() {
            self.full.push(piece);
        }
    }

    /// The values at these fractions of the sorted order (0.5 is the median), between two values by linear
    /// interpolation. None when there are none, or when the limit was passed. Empties the store.
    pub fn quantiles<const N: usize>(&mut self, fractions: [f64; N], held: &Held) -> Option<[f64; N]> {
        if held.exceeded || self.count == 0 {
            return None;
        }
        let mut ranks: Vec<usize> = Vec::with_capacity(2 * N);
        for fraction in fractions {
            let place = fraction * (self.count - 1) as f64;
            ranks.push(place.floor() as usize);
            ranks.push(place.ceil() as usize);
        }
        let mut found = vec![0.0; ranks.len()];
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_unstable_by_key(|index| ranks[*index]);
        let mut pieces = std::mem::take(&mut self.full);
        pieces.push(std::mem::take(&mut self.last));
        if self.count <= PIECE_MAX {
            let mut all = pieces.concat();
            all.sort_unstable_by(f64::total_cmp);
            for index in order {
                found[index] = all[ranks[index]];
            }
        } else {
            let wanted: Vec<(usize, usize)> = order.iter().map(|index| (ranks[*index], *index)).collect();
            select(&pieces, 0, 48, &wanted, &mut found);
        }
        let mut out = [0.0; N];
        for (index, fraction) in fractions.iter().enumerate() {
            let (low, high) = (found[2 * index], found[2 * index + 1]);
            let place = fraction * (self.count - 1) as f64;
            out[index] = if low == high { low } else { low + (high - low) * (place - place.floor()) };
        }
        self.count = 0;
        Some(out)
    }
}

/// Bits of a double in an order that unsigned numbers have too.
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ (((bits as i64) >> 63) as u64 | 1 << 63)
}

fn value_of(key: u64) -> f64 {
    let bits = if key >> 63 == 1 { key ^ 1 << 63 } else { !key };
    f64::from_bits(bits)
}

const DIGIT_BITS: u32 = 16;
const SORT_MAX: usize = 4_096;

/// Finds the values of some ranks by counting sixteen bits at a time among those that share all bits above `shift`.
/// `prefix` holds these shared bits; `wanted` are (rank among the sharing, place in `found`), in order of rank.
fn select(pieces: &[Vec<f64>], prefix: u64, shift: u32, wanted: &[(usize, usize)], found: &mut [f64]) {
    let mut counts = vec![0u32; 1 << DIGIT_BITS];
    let above = shift + DIGIT_BITS;
    let shares = |key: u64| above == 64 || key >> above == prefix;
    for piece in pieces.iter() {
        for value in piece.iter() {
            let key = key(*value);
            if shares(key) {
                counts[(key >> shift) as usize & 0xffff] += 1;
            }
        }
    }
    let mut before = 0;
    let mut left = wanted;
    for (digit, count) in counts.iter().enumerate() {
        let count = *count as usize;
        let inside = left.iter().take_while(|(rank, _)| *rank < before + count).count();
        if inside > 0 {
            let inner: Vec<(usize, usize)> = left[..inside].iter().map(|(rank, place)| (rank - before, *place)).collect();
            let longer = if above == 64 { digit as u64 } else { prefix << DIGIT_BITS | digit as u64 };
            if shift == 0 {
                for (_, place) in &inner {
                    found[*place] = value_of(longer);
                }
            } else if count <= SORT_MAX {
                let mut some: Vec<f64> = Vec::with_capacity(count);
                for piece in pieces.iter() {
                    some.extend(piece.iter().filter(|value| key(**value) >> shift == longer));
                }
                some.sort_unstable_by(f64::total_cmp);
                for (rank, place) in &inner {
                    found[*place] = some[*rank];
                }
            } else {
                select(pieces, longer, shift - DIGIT_BITS, &inner, found);
            }
            left = &left[inside..];
            if left.is_empty() {
                return;
            }
        }
        before += count;
    }
}
