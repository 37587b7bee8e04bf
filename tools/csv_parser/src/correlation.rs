//! Pearson correlation of every two of some columns, over the rows that have both values. Rows are gathered in blocks;
//! each block is summed up about its own means and then joined to the whole (Chan).

const BLOCK_ROWS: usize = 512;

/// Sums of squares and products of two columns about their means.
#[derive(Clone, Copy, Default)]
pub struct Pair {
    count: f64,
    means: (f64, f64),
    squares: (f64, f64),
    products: f64,
}

impl Pair {
    fn join(&mut self, other: &Pair) {
        let together = self.count + other.count;
        if other.count == 0.0 {
            return;
        }
        let (a, b) = (other.means.0 - self.means.0, other.means.1 - self.means.1);
        let weight = self.count * other.count / together;
        self.squares.0 += other.squares.0 + a * a * weight;
        self.squares.1 += other.squares.1 + b * b * weight;
        self.products += other.products + a * b * weight;
        self.means.0 += a * (other.count / together);
        self.means.1 += b * (other.count / together);
        self.count = together;
    }

    /// Rows with both values.
    pub fn count(&self) -> u64 {
        self.count as u64
    }

    /// None for fewer than two rows, and when one of the columns does not vary.
    pub fn correlation(&self) -> Option<f64> {
        let scale = self.squares.0.sqrt() * self.squares.1.sqrt();
        (self.count > 1.0 && scale > 0.0 && scale.is_finite()).then(|| (self.products / scale).clamp(-1.0, 1.0))
    }
}

/// The pairs of the first columns of rows that come one by one.
pub struct Pairs {
    width: usize,
    /// In the order (0, 1), (0, 2) … (1, 2) …
    all: Vec<Pair>,
    /// Values of the rows gathered, column by column; NaN where there is none.
    block: Vec<Vec<f64>>,
}

/// A column of a block.
struct Summary {
    complete: bool,
    mean: f64,
    squares: f64,
}

impl Pairs {
    pub fn new(width: usize) -> Pairs {
        let count = width * width.saturating_sub(1) / 2;
        Pairs {
            width,
            all: vec![Pair::default(); count],
            block: vec![Vec::with_capacity(BLOCK_ROWS); width],
        }
    }

    pub fn add(&mut self, row: &[f64]) {
        if self.all.is_empty() {
            return;
        }
        for (column, value) in self.block.iter_mut().zip(row) {
            column.push(*value);
        }
        if self.block[0].len() == BLOCK_ROWS {
            self.join_block();
        }
    }

    /// All pairs, after the last row.
    pub fn finish(mut self) -> Vec<Pair> {
        if self.width > 0 {
            self.join_block();
        }
        self.all
    }

    fn join_block(&mut self) {
        let summaries: Vec<Summary> = self.block.iter().map(|column| summary(column)).collect();
        let mut pair = self.all.iter_mut();
        for a in 0..self.width {
            for b in a + 1..self.width {
                let found = block_pair((&self.block[a], &summaries[a]), (&self.block[b], &summaries[b]));
                if let Some(pair) = pair.next() {
                    pair.join(&found);
                }
            }
        }
        for column in &mut self.block {
            column.clear();
        }
    }
}

fn summary(values: &[f64]) -> Summary {
    let complete = !values.iter().any(|value| value.is_nan());
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Summary {
        complete,
        mean,
        squares,
    }
}

fn block_pair((left, a): (&[f64], &Summary), (right, b): (&[f64], &Summary)) -> Pair {
    if a.complete && b.complete {
        return Pair {
            count: left.len() as f64,
            means: (a.mean, b.mean),
            squares: (a.squares, b.squares),
            products: products((left, a.mean), (right, b.mean)),
        };
    }
    let both = left
        .iter()
        .zip(right)
        .filter(|(left, right)| !left.is_nan() && !right.is_nan());
    let (left, right): (Vec<f64>, Vec<f64>) = both.map(|(left, right)| (*left, *right)).unzip();
    if left.is_empty() {
        return Pair::default();
    }
    let (a, b) = (summary(&left), summary(&right));
    block_pair((&left, &a), (&right, &b))
}

fn products((left, a): (&[f64], f64), (right, b): (&[f64], f64)) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - a) * (right - b))
        .sum()
}
