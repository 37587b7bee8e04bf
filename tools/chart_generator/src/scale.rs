//! Where values lie along an axis, and the round values that are written there.

/// A range of values over a range of pixels.
#[derive(Clone, Copy)]
pub struct Scale {
    pub min: f64,
    pub max: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    pub fn at(&self, value: f64) -> f64 {
        self.from + (value - self.min) / (self.max - self.min) * (self.to - self.from)
    }
}

/// A range that begins and ends with a round value, and the steps between.
pub struct Ticks {
    pub min: f64,
    pub max: f64,
    pub step: f64,
    pub values: Vec<f64>,
}

const MANTISSAS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// The smallest of 1, 2 or 5 times a power of ten that is no smaller than `wanted`.
pub fn round_step(wanted: f64) -> f64 {
    if !(wanted > 0.0) || !wanted.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(wanted.log10().floor());
    let mantissa = MANTISSAS
        .into_iter()
        .find(|mantissa| mantissa * power >= wanted * (1.0 - 1e-9))
        .unwrap_or(10.0);
    mantissa * power
}

/// Round ticks over the values from `min` to `max`, about `count` of them.
pub fn ticks(min: f64, max: f64, count: usize) -> Ticks {
    let (min, max) = widened(min, max);
    let step = round_step(((max - min) / count as f64).max(f64::MIN_POSITIVE));
    let first = (min / step + 1e-9).floor();
    let last = (max / step - 1e-9).ceil();
    let values = (0..=(last - first) as usize)
        .map(|index| tick(first + index as f64, step))
        .collect();
    Ticks {
        min: tick(first, step),
        max: tick(last, step),
        step,
        values,
    }
}

/// `number` steps, without the dust of multiplying by 0.1.
fn tick(number: f64, step: f64) -> f64 {
    if step >= 1.0 {
        number * step
    } else {
        number / (1.0 / step).round()
    }
}

/// How far to go to both sides of a single place, so that it lies in the middle.
pub fn around(value: f64) -> f64 {
    (value.abs() * 1e-3).max(1.0)
}

/// A range that is not empty.
fn widened(min: f64, max: f64) -> (f64, f64) {
    if !(min.is_finite() && max.is_finite()) || min > max {
        return (0.0, 1.0);
    }
    if max - min > min.abs().max(max.abs()) * 1e-12 {
        return (min, max);
    }
    if min == 0.0 {
        return (0.0, 1.0);
    }
    let half = min.abs() * 0.5;
    (min - half, max + half)
}
