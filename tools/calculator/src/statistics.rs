//! `statistics` and `percentage`.

use crate::evaluate::result;
use crate::functions::root;
use crate::number::{self, Number, DIGITS};
use mcp::schema;
use mcp::{object, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};
use numbers::Rational;

const VALUES_MAX: usize = 20_000;
const MODES: [&str; 5] = ["of", "change", "share", "add", "subtract"];

pub const TOOL: Tool = Tool {
    name: "statistics",
    title: "Statistics of a list of numbers",
    description: "Computes count, sum, mean, median, mode, minimum, maximum, range, quartiles, variance, standard deviation (of a sample and of a population) of a list of numbers; all but the deviations exactly.",
    input: || {
        schema::closed(vec![schema::required(
            "values",
            schema::list("The numbers; texts such as \"0.1\" or \"1/3\" keep all digits.", schema::any_of("A number.", &["number", "string"])).items(1, VALUES_MAX as i64),
        )])
    },
    output: Some(|| {
        let row = schema::closed(vec![
            schema::required("name", schema::text("Which figure.")),
            schema::required("value", schema::any_of("The figure; null where there is none.", &["number", "null"])),
            schema::required("exact", schema::boolean("Nothing was rounded.")),
        ]);
        let mut all = vec![schema::required("rows", schema::list("All figures.", row)), schema::required("count", schema::count("Numbers."))];
        for name in ["sum", "mean", "median", "min", "max", "range", "q1", "q3", "variance", "stdev", "population_variance", "population_stdev"] {
            all.push(schema::required(name, schema::any_of("A figure.", &["number", "null"])));
        }
        all.push(schema::required("mode", schema::list("Most frequent numbers; none when all are different.", schema::number("A number."))));
        schema::closed(all)
    }),
    hints: Some(Hints::READ),
    run,
};

pub const PERCENTAGE: Tool = Tool {
    name: "percentage",
    title: "Percentages",
    description: "Computes with percentages, exactly: of (a% of b), change (from a to b in percent), share (a is how many percent of b), add (a increased by b%), subtract (a reduced by b%).",
    input: || {
        schema::closed(vec![
            schema::required("mode", schema::one_of("What to compute.", &MODES)),
            schema::required("a", schema::any_of("The first number.", &["number", "string"])),
            schema::required("b", schema::any_of("The second number.", &["number", "string"])),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("result", schema::text("The value.")),
            schema::required("value", schema::number("The value as a JSON number.")),
            schema::required("exact", schema::boolean("Nothing was rounded.")),
            schema::required("rounding", schema::text("How the result is rounded.")),
        ])
    }),
    hints: Some(Hints::READ),
    run: percentage,
};

pub fn values(arguments: &Arguments, name: &str, most: usize) -> Result<Vec<Rational>, Failure> {
    let items = arguments
        .list(name)?
        .ok_or_else(|| Failure(format!("the argument '{}' is missing.", name)))?;
    if items.is_empty() || items.len() > most {
        return Err(Failure(format!(
            "'{}' has {} numbers; it must have from 1 to {}.",
            name,
            items.len(),
            most
        )));
    }
    items
        .iter()
        .enumerate()
        .map(|(at, item)| number::parse(item, &format!("{}[{}]", name, at)))
        .collect()
}

fn quantile(sorted: &[Rational], quarter: u64) -> Rational {
    let place = Rational::fraction((sorted.len() as i64 - 1) * quarter as i64, 4);
    let below = place.rounded(numbers::Rounding::Floor);
    let low = below.to_i64().unwrap_or(0) as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low].plus(&sorted[high].minus(&sorted[low]).times(&place.minus(&below)))
}

fn run(arguments: &Arguments) -> Outcome {
    let mut sorted = values(arguments, "values", VALUES_MAX)?;
    sorted.sort();
    let count = sorted.len() as i64;
    let sum = sorted.iter().fold(Rational::zero(), |sum, value| sum.plus(value));
    let whole = Rational::from(count);
    let mean = sum.divided(&whole).unwrap_or_else(Rational::zero);
    let squares = sorted
        .iter()
        .fold(Rational::zero(), |sum, value| sum.plus(&value.times(value)));
    // The sum of squares around the mean; exact numbers lose nothing by this order.
    let spread = squares.minus(&sum.times(&mean));
    let variance = spread.divided(&Rational::from(count - 1));
    let population = spread.divided(&whole).unwrap_or_else(Rational::zero);
    let (first, last) = (sorted[0].clone(), sorted[sorted.len() - 1].clone());
    let deviation = |variance: &Rational| root(&variance.clone().into(), 2).ok();
    let figures: Vec<(&'static str, Option<Number>)> = vec![
        ("sum", Some(sum.into())),
        ("mean", Some(mean.into())),
        ("median", Some(quantile(&sorted, 2).into())),
        ("min", Some(first.clone().into())),
        ("max", Some(last.clone().into())),
        ("range", Some(last.minus(&first).into())),
        ("q1", Some(quantile(&sorted, 1).into())),
        ("q3", Some(quantile(&sorted, 3).into())),
        ("stdev", variance.as_ref().and_then(deviation)),
        ("variance", variance.map(Number::from)),
        ("population_stdev", deviation(&population)),
        ("population_variance", Some(population.into())),
    ];
    let mut shown = TextTable::new(vec![
        ("figure".into(), Align::Left),
        ("value".into(), Align::Right),
        ("".into(), Align::Left),
    ]);
    shown.row(vec!["count".into(), count.to_string(), String::new()]);
    let mut structured = object([("count", count.into())]);
    let mut rows = vec![object([
        ("name", "count".into()),
        ("value", count.into()),
        ("exact", true.into()),
    ])];
    for (name, value) in figures {
        let written = value.as_ref().map(|value| value.written(20));
        let (text, exact) = written.unwrap_or_else(|| ("–".to_owned(), true));
        let json = value.map_or(Json::Null, |value| value.json(20));
        shown.row(vec![
            name.replace('_', " "),
            text,
            if exact { "" } else { "rounded" }.to_owned(),
        ]);
        structured.push(name, json.clone());
        rows.push(object([
            ("name", name.into()),
            ("value", json),
            ("exact", exact.into()),
        ]));
    }
    let mode = modes(&sorted);
    if !mode.is_empty() {
        let texts: Vec<String> = mode.iter().map(|value| value.to_decimal(20).text).collect();
        shown.row(vec!["mode".into(), texts.join(", "), String::new()]);
    }
    structured.push(
        "mode",
        mode.into_iter()
            .map(|value| Number::from(value).json(20))
            .collect::<Vec<_>>(),
    );
    structured.push("rows", rows);
    Ok(Answer::new(shown.render(), structured))
}

fn modes(sorted: &[Rational]) -> Vec<Rational> {
    let mut best = 1;
    let mut found: Vec<Rational> = Vec::new();
    let mut from = 0;
    for at in 1..=sorted.len() {
        if at == sorted.len() || sorted[at] != sorted[from] {
            let length = at - from;
            if length > best {
                best = length;
                found.clear();
            }
            if length == best && best > 1 {
                found.push(sorted[from].clone());
            }
            from = at;
        }
    }
    found
}

fn percentage(arguments: &Arguments) -> Outcome {
    let mode = arguments.choice("mode", &MODES)?;
    let (a, b) = (number::required(arguments, "a")?, number::required(arguments, "b")?);
    let hundred = Rational::from(100);
    let part = |of: &Rational, percent: &Rational| of.times(percent).divided(&hundred);
    let shown = |value: &Rational| value.to_decimal(20).text;
    let (value, words) = match mode {
        "of" => (part(&b, &a), format!("{}% of {} is ", shown(&a), shown(&b))),
        "add" => (
            part(&a, &b).map(|part| a.plus(&part)),
            format!("{} plus {}% is ", shown(&a), shown(&b)),
        ),
        "subtract" => (
            part(&a, &b).map(|part| a.minus(&part)),
            format!("{} less {}% is ", shown(&a), shown(&b)),
        ),
        "share" => (
            a.times(&hundred).divided(&b),
            format!("{} of {} in percent is ", shown(&a), shown(&b)),
        ),
        _ => (
            b.minus(&a).times(&hundred).divided(&a.absolute()),
            format!("the change from {} to {} in percent is ", shown(&a), shown(&b)),
        ),
    };
    let value = value
        .ok_or_else(|| Failure("a share or change of zero has no percentage: that divides by zero.".to_owned()))?;
    let number = Number::Exact(value);
    let (text, exact, _, rounding) = result(&number, DIGITS);
    let structured = object([
        ("result", text.clone().into()),
        ("value", number.json(DIGITS)),
        ("exact", exact.into()),
        ("rounding", rounding.into()),
    ]);
    Ok(Answer::new(
        format!("{}{}{}", words, if exact { "" } else { "≈ " }, text),
        structured,
    ))
}
