//! Sums, means and deviations in one pass that stay right for many, large or nearly equal numbers.

#[derive(Clone, Copy)]
pub struct Moments {
    pub count: u64,
    pub min: f64,
    pub max: f64,
    sum: f64,
    /// What the sum lost to rounding (Neumaier).
    lost: f64,
    /// Running mean and sum of squared distances from it (Welford).
    mean: f64,
    squares: f64,
}

impl Default for Moments {
    fn default() -> Moments {
        Moments { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, lost: 0.0, mean: 0.0, squares: 0.0 }
    }
}

impl Moments {
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    pub fn sum(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum + self.lost).filter(|sum| sum.is_finite())
    }

    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count as f64)
    }

    /// Of a sample (n − 1); none for fewer than two values.
    pub fn stdev(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt()).filter(|stdev| stdev.is_finite())
    }

    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then(|| self.min)
    }

    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then(|| self.max)
    }
}
