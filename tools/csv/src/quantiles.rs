//! The values of some ranks among many, without sorting them all.

use crate::moments::Moments;
use crate::series::PIECE_MAX;

/// The values of these ranks, which ascend.
pub fn ranked(pieces: Vec<Vec<f64>>, count: usize, wanted: &[usize], moments: &Moments) -> Vec<f64> {
    if count <= PIECE_MAX {
        let mut all = pieces.concat();
        all.sort_unstable_by(f64::total_cmp);
        return wanted.iter().map(|rank| all[*rank]).collect();
    }
    if let (Some(min), Some(max)) = (moments.min(), moments.max()) {
        if let Some(found) = bucketed(&pieces, wanted, min, max) {
            return found;
        }
    }
    let mut found = vec![0.0; wanted.len()];
    let places: Vec<(usize, usize)> = wanted.iter().enumerate().map(|(place, rank)| (*rank, place)).collect();
    select(&pieces, 0, 48, &places, &mut found);
    found
}

const BUCKETS: usize = 1 << 14;
/// Values of one bucket that are sorted.
const BUCKET_MAX: usize = 1 << 16;

/// Counts values in buckets of equal width and sorts those buckets where the ranks lie. None when the values lie so
/// unevenly that this does not help.
fn bucketed(pieces: &[Vec<f64>], wanted: &[usize], min: f64, max: f64) -> Option<Vec<f64>> {
    let scale = (BUCKETS - 1) as f64 / (max - min);
    if !scale.is_finite() || scale <= 0.0 {
        return None;
    }
    let buckets = Buckets { min, scale };
    let mut counts = Box::new([0u32; BUCKETS]);
    for piece in pieces {
        buckets.count(piece, &mut counts);
    }
    let mut found = Vec::with_capacity(wanted.len());
    let mut before = 0;
    let mut at = 0;
    let mut sorted: (usize, Vec<f64>) = (usize::MAX, Vec::new());
    for rank in wanted {
        while before + counts[at] as usize <= *rank {
            before += counts[at] as usize;
            at += 1;
        }
        if counts[at] as usize > BUCKET_MAX {
            return None;
        }
        if sorted.0 != at {
            let mut inside = Vec::with_capacity(counts[at] as usize);
            for piece in pieces {
                buckets.collect(piece, at as u32, &mut inside);
            }
            inside.sort_unstable_by(f64::total_cmp);
            sorted = (at, inside);
        }
        found.push(sorted.1[*rank - before]);
    }
    Some(found)
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
            let inner: Vec<(usize, usize)> = left[..inside]
                .iter()
                .map(|(rank, place)| (rank - before, *place))
                .collect();
            let longer = if above == 64 {
                digit as u64
            } else {
                prefix << DIGIT_BITS | digit as u64
            };
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

/// Buckets of equal width. Rounding keeps the order: a smaller value is never in a higher bucket.
struct Buckets {
    min: f64,
    scale: f64,
}

impl Buckets {
    fn of(&self, value: f64) -> u32 {
        ((value - self.min) * self.scale) as u32
    }

    /// The buckets of two values at once, in the two low lanes.
    #[cfg(target_feature = "simd128")]
    #[inline(always)]
    fn of_pair(&self, pair: &[f64]) -> std::arch::wasm32::v128 {
        use std::arch::wasm32::{f64x2_mul, f64x2_splat, f64x2_sub, u32x4_trunc_sat_f64x2_zero, v128_load};
        // Safe: a pair has sixteen bytes.
        let values = unsafe { v128_load(pair.as_ptr().cast()) };
        let shares = f64x2_mul(f64x2_sub(values, f64x2_splat(self.min)), f64x2_splat(self.scale));
        u32x4_trunc_sat_f64x2_zero(shares)
    }

    #[cfg(target_feature = "simd128")]
    fn count(&self, values: &[f64], counts: &mut [u32; BUCKETS]) {
        use std::arch::wasm32::u32x4_extract_lane;
        let pairs = values.chunks_exact(2);
        for value in pairs.remainder() {
            counts[self.of(*value) as usize % BUCKETS] += 1;
        }
        for pair in pairs {
            let both = self.of_pair(pair);
            counts[u32x4_extract_lane::<0>(both) as usize % BUCKETS] += 1;
            counts[u32x4_extract_lane::<1>(both) as usize % BUCKETS] += 1;
        }
    }

    #[cfg(not(target_feature = "simd128"))]
    fn count(&self, values: &[f64], counts: &mut [u32; BUCKETS]) {
        for value in values {
            counts[self.of(*value) as usize % BUCKETS] += 1;
        }
    }

    /// Appends the values of one bucket.
    #[cfg(target_feature = "simd128")]
    fn collect(&self, values: &[f64], bucket: u32, into: &mut Vec<f64>) {
        use std::arch::wasm32::{u32x4_eq, u32x4_splat, u64x2_extract_lane};
        let pairs = values.chunks_exact(2);
        into.extend(pairs.remainder().iter().filter(|value| self.of(**value) == bucket));
        let wanted = u32x4_splat(bucket);
        for pair in pairs {
            // The two low lanes are one word of 64 bits.
            if u64x2_extract_lane::<0>(u32x4_eq(self.of_pair(pair), wanted)) != 0 {
                into.extend(pair.iter().filter(|value| self.of(**value) == bucket));
            }
        }
    }

    #[cfg(not(target_feature = "simd128"))]
    fn collect(&self, values: &[f64], bucket: u32, into: &mut Vec<f64>) {
        into.extend(values.iter().filter(|value| self.of(**value) == bucket));
    }
}
