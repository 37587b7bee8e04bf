//! calculator: arithmetic without rounding where there is a number without rounding, and with its error told where not.

mod equations;
mod evaluate;
mod expression;
mod finance;
mod floats;
mod functions;
mod number;
mod parser;
mod radix;
mod statistics;
mod unit_table;
mod units;

use mcp::{serve, Server};

fn main() {
    serve(&Server {
        name: "calculator",
        title: "Calculator",
        version: env!("CARGO_PKG_VERSION"),
        instructions: "Computes exactly with fractions and decimals of any size; each result says whether it is exact or rounded. Numbers may be given as texts to keep their digits.",
        tools: &[
            evaluate::TOOL,
            units::TOOL,
            statistics::TOOL,
            statistics::PERCENTAGE,
            finance::LOAN,
            finance::COMPOUND,
            equations::SOLVE,
            radix::TOOL,
        ],
    });
}
