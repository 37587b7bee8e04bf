//! Numbers without rounding: natural numbers of any size, fractions of them, and decimal numbers as they are written.

mod decimal;
mod natural;
mod rational;

pub use decimal::Decimal;
pub use natural::Natural;
pub use rational::{Rational, Rounding, Written};
