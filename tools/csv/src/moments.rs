//! Sums, means and deviations that stay right for many, large or nearly equal numbers: sums keep what rounding takes
//! from them (Knuth), and deviations of pieces are joined about their means (Chan).

#[derive(Clone, Copy)]
pub struct Moments {
    /// A whole number; far below where doubles have gaps.
    count: f64,
    min: f64,
    max: f64,
    sum: f64,
    /// What the sum lost to rounding.
    lost: f64,
    /// Mean and sum of squared distances from it.
    mean: f64,
    squares: f64,
}

impl Default for Moments {
    fn default() -> Moments {
        Moments {
            count: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            lost: 0.0,
            mean: 0.0,
            squares: 0.0,
        }
    }
}

impl Moments {
    /// Adds values: a piece is summed up by itself and then joined to the whole.
    pub fn add_all(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        let piece = Piece::of(values);
        let count = values.len() as f64;
        let mean = (piece.sum + piece.lost) / count;
        let squares = squares_about(values, mean);
        let distance = mean - self.mean;
        let together = self.count + count;
        self.squares += squares + distance * distance * (self.count * count / together);
        self.mean += distance * (count / together);
        self.count = together;
        self.min = self.min.min(piece.min);
        self.max = self.max.max(piece.max);
        let sum = self.sum + piece.sum;
        self.lost += lost(self.sum, piece.sum, sum) + piece.lost;
        self.sum = sum;
    }

    pub fn count(&self) -> u64 {
        self.count as u64
    }

    pub fn sum(&self) -> Option<f64> {
        (self.count > 0.0)
            .then(|| self.sum + self.lost)
            .filter(|sum| sum.is_finite())
    }

    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count)
    }

    /// Of a sample (n − 1); none for fewer than two values.
    pub fn stdev(&self) -> Option<f64> {
        (self.count > 1.0)
            .then(|| (self.squares / (self.count - 1.0)).sqrt())
            .filter(|stdev| stdev.is_finite())
    }

    pub fn min(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.min)
    }

    pub fn max(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.max)
    }
}

/// What rounding took from the sum of two numbers, exactly.
fn lost(a: f64, b: f64, sum: f64) -> f64 {
    let part = sum - a;
    (a - (sum - part)) + (b - part)
}

/// Sum and extremes of a few values.
struct Piece {
    sum: f64,
    lost: f64,
    min: f64,
    max: f64,
}

impl Piece {
    /// Two values at a time.
    #[cfg(target_feature = "simd128")]
    fn of(values: &[f64]) -> Piece {
        use std::arch::wasm32::{
            f64x2_add, f64x2_extract_lane, f64x2_pmax, f64x2_pmin, f64x2_splat, f64x2_sub, v128_load,
        };
        let pairs = values.chunks_exact(2);
        let rest = pairs.remainder();
        let mut min = f64x2_splat(values[0]);
        let mut max = min;
        let mut sums = f64x2_splat(0.0);
        let mut losts = f64x2_splat(0.0);
        for pair in pairs {
            // Safe: a pair has sixteen bytes.
            let pair = unsafe { v128_load(pair.as_ptr().cast()) };
            min = f64x2_pmin(min, pair);
            max = f64x2_pmax(max, pair);
            let sum = f64x2_add(sums, pair);
            let part = f64x2_sub(sum, sums);
            losts = f64x2_add(
                losts,
                f64x2_add(f64x2_sub(sums, f64x2_sub(sum, part)), f64x2_sub(pair, part)),
            );
            sums = sum;
        }
        let mut piece = Piece {
            sum: f64x2_extract_lane::<0>(sums),
            lost: f64x2_extract_lane::<0>(losts) + f64x2_extract_lane::<1>(losts),
            min: f64x2_extract_lane::<0>(min).min(f64x2_extract_lane::<1>(min)),
            max: f64x2_extract_lane::<0>(max).max(f64x2_extract_lane::<1>(max)),
        };
        piece.add(f64x2_extract_lane::<1>(sums));
        for value in rest {
            piece.add(*value);
            piece.min = piece.min.min(*value);
            piece.max = piece.max.max(*value);
        }
        piece
    }

    #[cfg(not(target_feature = "simd128"))]
    fn of(values: &[f64]) -> Piece {
        let mut piece = Piece {
            sum: 0.0,
            lost: 0.0,
            min: values[0],
            max: values[0],
        };
        for value in values {
            piece.add(*value);
            piece.min = piece.min.min(*value);
            piece.max = piece.max.max(*value);
        }
        piece
    }

    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += lost(self.sum, value, sum);
        self.sum = sum;
    }
}

#[cfg(target_feature = "simd128")]
fn squares_about(values: &[f64], mean: f64) -> f64 {
    use std::arch::wasm32::{f64x2_add, f64x2_extract_lane, f64x2_mul, f64x2_splat, f64x2_sub, v128_load};
    let pairs = values.chunks_exact(2);
    let rest: f64 = pairs
        .remainder()
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    let means = f64x2_splat(mean);
    let mut squares = f64x2_splat(0.0);
    for pair in pairs {
        // Safe: a pair has sixteen bytes.
        let distances = f64x2_sub(unsafe { v128_load(pair.as_ptr().cast()) }, means);
        squares = f64x2_add(squares, f64x2_mul(distances, distances));
    }
    f64x2_extract_lane::<0>(squares) + f64x2_extract_lane::<1>(squares) + rest
}

#[cfg(not(target_feature = "simd128"))]
fn squares_about(values: &[f64], mean: f64) -> f64 {
    values.iter().map(|value| (value - mean) * (value - mean)).sum()
}
