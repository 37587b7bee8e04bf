//! `loan_payment` and `compound_interest`. Money is rounded half up to so many decimal places.

use crate::number;
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};
use numbers::{Rational, Rounding};

const PERIODS_MAX: i64 = 1_200;
const SCHEDULE_MAX: i64 = 600;
/// Decimal places that powers are reckoned with: far more than money has.
const WORKING_PLACES: i32 = 60;
const RATE_WORDS: &str = "Interest a year in percent, such as 4.5.";

pub const LOAN: Tool = Tool {
    name: "loan_payment",
    title: "Loan payments",
    description: "Computes the equal payment of a loan from its amount, yearly interest and term, the total interest and, on request, the schedule with the last payment corrected for rounding.",
    input: || {
        schema::closed(vec![
            schema::required("amount", schema::any_of("What is borrowed.", &["number", "string"])),
            schema::required("rate", schema::any_of(RATE_WORDS, &["number", "string"])),
            schema::required("payments", schema::integer("How many payments.", 1, PERIODS_MAX)),
            schema::optional("per_year", schema::integer("Payments a year.", 1, 365).default(12i64)),
            schema::optional("decimals", schema::integer("Decimal places of money.", 0, 6).default(2i64)),
            schema::optional("schedule", schema::boolean("Give each payment; at most 600.").default(false)),
        ])
    },
    output: Some(|| {
        let row = schema::closed(vec![
            schema::required("number", schema::count("Which payment.")),
            schema::required("payment", schema::number("What is paid.")),
            schema::required("interest", schema::number("Of it interest.")),
            schema::required("principal", schema::number("Of it repayment.")),
            schema::required("balance", schema::number("What is still owed.")),
        ]);
        schema::closed(vec![
            schema::required("payment", schema::number("Each payment, rounded half up.")),
            schema::required("last_payment", schema::number("The last one, which settles the roundings.")),
            schema::required("total_paid", schema::number("All payments.")),
            schema::required("total_interest", schema::number("All interest.")),
            schema::required("rows", schema::list("The schedule; empty unless asked for.", row)),
        ])
    }),
    hints: Some(Hints::READ),
    run: loan,
};

pub const COMPOUND: Tool = Tool {
    name: "compound_interest",
    title: "Compound interest",
    description:
        "Computes what a sum grows to with compound interest and, optionally, a contribution at the end of each period.",
    input: || {
        schema::closed(vec![
            schema::required(
                "amount",
                schema::any_of("What there is at first.", &["number", "string"]),
            ),
            schema::required("rate", schema::any_of(RATE_WORDS, &["number", "string"])),
            schema::required(
                "years",
                schema::any_of("How long, a whole number of periods.", &["number", "string"]),
            ),
            schema::optional(
                "per_year",
                schema::integer("How often a year interest is added.", 1, 365).default(1i64),
            ),
            schema::optional(
                "contribution",
                schema::any_of("Paid in at the end of each period.", &["number", "string"]),
            ),
            schema::optional(
                "decimals",
                schema::integer("Decimal places of money.", 0, 6).default(2i64),
            ),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("final", schema::number("What there is in the end, rounded half up.")),
            schema::required("paid_in", schema::number("First amount and contributions.")),
            schema::required("interest", schema::number("What was earned.")),
            schema::required(
                "effective_rate",
                schema::number("Interest of a whole year in percent, rounded to 6 places."),
            ),
        ])
    }),
    hints: Some(Hints::READ),
    run: compound,
};

fn json(value: &Rational) -> Json {
    number::Number::from(value.clone()).json(40)
}

/// (1 + rate)^periods, to far more places than money has.
fn growth(rate: &Rational, periods: i64) -> Rational {
    let factor = Rational::one().plus(rate);
    let mut out = Rational::one();
    let mut base = factor;
    let mut left = periods;
    while left > 0 {
        if left & 1 == 1 {
            out = out.times(&base).rounded_to(WORKING_PLACES, Rounding::HalfEven);
        }
        base = base.times(&base).rounded_to(WORKING_PLACES, Rounding::HalfEven);
        left >>= 1;
    }
    out
}

fn checked(value: Rational, name: &str) -> Result<Rational, Failure> {
    let limit = Rational::from(1_000_000_000_000_000_000);
    if value.absolute() > limit {
        return Err(Failure(format!("'{}' is larger than 1e18.", name)));
    }
    Ok(value)
}

fn rate(arguments: &Arguments) -> Result<Rational, Failure> {
    let rate = number::required(arguments, "rate")?;
    if rate <= Rational::from(-100) || rate > Rational::from(1_000) {
        return Err("'rate' is in percent a year, above -100 and at most 1000; 4.5 means 4.5%.".into());
    }
    Ok(rate)
}

fn loan(arguments: &Arguments) -> Outcome {
    let amount = checked(number::required(arguments, "amount")?, "amount")?;
    if amount.is_negative() || amount.is_zero() {
        return Err("'amount' must be more than zero.".into());
    }
    let yearly = rate(arguments)?;
    let payments = arguments.integer("payments", 1, (1, PERIODS_MAX))?;
    let per_year = arguments.integer("per_year", 12, (1, 365))?;
    let decimals = arguments.integer("decimals", 2, (0, 6))? as i32;
    let wants_schedule = arguments.boolean("schedule")?.unwrap_or(false);
    if wants_schedule && payments > SCHEDULE_MAX {
        return Err(Failure(format!("a schedule has at most {} payments.", SCHEDULE_MAX)));
    }
    let money = |value: &Rational| value.rounded_to(decimals, Rounding::HalfUp);
    let period = yearly
        .divided(&Rational::from(100 * per_year))
        .unwrap_or_else(Rational::zero);
    let exact = if period.is_zero() {
        amount.divided(&Rational::from(payments))
    } else {
        let grown = growth(&period, payments);
        amount
            .times(&period)
            .times(&grown)
            .divided(&grown.minus(&Rational::one()))
    };
    let payment = money(&exact.ok_or_else(|| Failure("this rate and term have no payment.".to_owned()))?);
    let mut balance = amount.clone();
    let (mut paid, mut last, mut rows) = (Rational::zero(), payment.clone(), Vec::new());
    let mut shown = TextTable::new(
        ["#", "payment", "interest", "principal", "balance"]
            .iter()
            .map(|name| ((*name).to_owned(), Align::Right))
            .collect(),
    );
    for number in 1..=payments {
        let interest = money(&balance.times(&period));
        last = if number == payments {
            balance.plus(&interest)
        } else {
            payment.clone()
        };
        let principal = last.minus(&interest);
        balance = balance.minus(&principal);
        paid = paid.plus(&last);
        if wants_schedule {
            let places = decimals as usize;
            shown.row(vec![
                number.to_string(),
                last.fixed(places),
                interest.fixed(places),
                principal.fixed(places),
                balance.fixed(places),
            ]);
            rows.push(object([
                ("number", number.into()),
                ("payment", json(&last)),
                ("interest", json(&interest)),
                ("principal", json(&principal)),
                ("balance", json(&balance)),
            ]));
        }
    }
    let interest = paid.minus(&amount);
    let places = decimals as usize;
    let mut text = format!(
        "{} payments of {} (the last {}); {} in all, {} of it interest. Rounded half up to {} decimal places.",
        payments,
        payment.fixed(places),
        last.fixed(places),
        paid.fixed(places),
        interest.fixed(places),
        decimals
    );
    if wants_schedule {
        text = format!("{}\n\n{}", text, shown.render());
    }
    let structured = object([
        ("payment", json(&payment)),
        ("last_payment", json(&last)),
        ("total_paid", json(&paid)),
        ("total_interest", json(&interest)),
        ("rows", rows.into()),
    ]);
    Ok(Answer::new(text, structured))
}

fn compound(arguments: &Arguments) -> Outcome {
    let amount = checked(number::required(arguments, "amount")?, "amount")?;
    let yearly = rate(arguments)?;
    let years = number::required(arguments, "years")?;
    let per_year = arguments.integer("per_year", 1, (1, 365))?;
    let decimals = arguments.integer("decimals", 2, (0, 6))? as i32;
    let contribution = checked(
        number::optional(arguments, "contribution")?.unwrap_or_else(Rational::zero),
        "contribution",
    )?;
    let periods = years.times(&Rational::from(per_year));
    let periods = periods
        .to_i64()
        .filter(|periods| (0..=PERIODS_MAX * 40).contains(periods))
        .ok_or_else(|| {
            Failure(format!(
                "years times per_year must be a whole number of periods from 0 to {}; it is {}.",
                PERIODS_MAX * 40,
                periods.to_decimal(10).text
            ))
        })?;
    let period = yearly
        .divided(&Rational::from(100 * per_year))
        .unwrap_or_else(Rational::zero);
    let grown = growth(&period, periods);
    let from_contributions = if period.is_zero() {
        contribution.times(&Rational::from(periods))
    } else {
        contribution
            .times(&grown.minus(&Rational::one()))
            .divided(&period)
            .unwrap_or_else(Rational::zero)
    };
    let end = amount
        .times(&grown)
        .plus(&from_contributions)
        .rounded_to(decimals, Rounding::HalfUp);
    let paid_in = amount.plus(&contribution.times(&Rational::from(periods)));
    let interest = end.minus(&paid_in);
    let effective = growth(&period, per_year)
        .minus(&Rational::one())
        .times(&Rational::from(100))
        .rounded_to(6, Rounding::HalfUp);
    let places = decimals as usize;
    let text = format!(
        "{} after {} periods, {} of it interest; {}% a year in effect. Rounded half up to {} decimal places.",
        end.fixed(places),
        periods,
        interest.rounded_to(decimals, Rounding::HalfUp).fixed(places),
        effective.to_decimal(20).text,
        decimals
    );
    let structured = object([
        ("final", json(&end)),
        ("paid_in", json(&paid_in)),
        ("interest", json(&interest)),
        ("effective_rate", json(&effective)),
    ]);
    Ok(Answer::new(text, structured))
}
