//! Numbers of one column or group: summed up, counted by value, and held for exact medians within a limit.

use crate::distinct::Distinct;
use crate::moments::Moments;
use crate::quantiles::ranked;

/// Values held in one call, all columns and groups together: 128 MB of them.
pub const VALUES_HELD_MAX: usize = 16_000_000;

/// Bytes that all columns of one call may use for telling how many different values they have.
const SEEN_BYTES_MAX: usize = 48 << 20;

/// Values of a piece at most.
pub const PIECE_MAX: usize = 8_192;
const PIECE_MIN: usize = 4;

/// What the series of one call hold together; past the limit they hold no values, and quantiles are unknown.
pub struct Held {
    count: usize,
    pub exceeded: bool,
    pub seen_bytes_left: usize,
}

impl Default for Held {
    fn default() -> Held {
        Held {
            count: 0,
            exceeded: false,
            seen_bytes_left: SEEN_BYTES_MAX,
        }
    }
}

/// Numbers in pieces that never move, so that growing needs no second copy; each is summed up when it is full.
#[derive(Default)]
pub struct Series {
    moments: Moments,
    full: Vec<Vec<f64>>,
    /// Values that are not in the moments yet.
    last: Vec<f64>,
    /// How many different values there are, where that is asked for.
    pub distinct: Option<Distinct>,
}

impl Series {
    pub fn with_distinct() -> Series {
        Series {
            distinct: Some(Distinct::default()),
            ..Series::default()
        }
    }

    #[inline]
    pub fn push(&mut self, value: f64, held: &mut Held) {
        let mut length = self.last.len();
        if length == self.last.capacity() {
            self.next_piece(held);
            length = self.last.len();
        }
        // Safe: there is room for one more value.
        unsafe {
            self.last.as_mut_ptr().add(length).write(value);
            self.last.set_len(length + 1);
        }
    }

    #[cold]
    fn next_piece(&mut self, held: &mut Held) {
        self.sum_up(held);
        let capacity = (self.last.capacity() * 2).clamp(PIECE_MIN, PIECE_MAX);
        if !held.exceeded {
            held.count += capacity;
            held.exceeded = held.count > VALUES_HELD_MAX;
        }
        if held.exceeded && !self.last.is_empty() {
            // Nothing is held any more; the last piece is used again.
            self.full = Vec::new();
            self.last.clear();
            return;
        }
        let piece = std::mem::replace(&mut self.last, Vec::with_capacity(capacity));
        if !piece.is_empty() {
            self.full.push(piece);
        }
    }

    fn sum_up(&mut self, held: &mut Held) {
        self.moments.add_all(&self.last);
        if let Some(distinct) = &mut self.distinct {
            distinct.add_all(&self.last, held);
        }
    }

    pub fn count(&self) -> u64 {
        self.moments.count() + self.last.len() as u64
    }

    /// Count, sums and extremes of all values. Ends the series.
    pub fn moments(&mut self, held: &mut Held) -> Moments {
        self.sum_up(held);
        let moments = self.moments;
        if self.last.capacity() > 0 {
            let piece = std::mem::take(&mut self.last);
            self.full.push(piece);
        }
        moments
    }

    /// The values at these fractions of the sorted order (0.5 is the median), between two values by linear
    /// interpolation. None when there are none, or when the limit was passed. Only after `moments`; empties the series.
    pub fn quantiles(&mut self, fractions: &[f64], held: &Held) -> Option<Vec<f64>> {
        let pieces = std::mem::take(&mut self.full);
        let count: usize = pieces.iter().map(Vec::len).sum();
        if held.exceeded || count == 0 {
            return None;
        }
        let place = |fraction: f64| fraction * (count - 1) as f64;
        let mut wanted: Vec<usize> = fractions
            .iter()
            .flat_map(|fraction| [place(*fraction).floor() as usize, place(*fraction).ceil() as usize])
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = ranked(pieces, count, &wanted, &self.moments);
        let at = |rank: usize| found[wanted.partition_point(|known| *known < rank)];
        let between = |fraction: &f64| {
            let place = place(*fraction);
            let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
            if low == high {
                low
            } else {
                low + (high - low) * (place - place.floor())
            }
        };
        Some(fractions.iter().map(between).collect())
    }
}
