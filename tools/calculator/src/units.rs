//! `convert_units`.

use crate::evaluate::result;
use crate::number::{self, Number, DIGITS};
use crate::unit_table::{Unit, ROUNDED, UNITS};
use mcp::schema;
use mcp::{nearest, object, Answer, Arguments, Failure, Hints, Outcome, Tool};
use numbers::Rational;

pub const TOOL: Tool = Tool {
    name: "convert_units",
    title: "Convert units",
    description: "Converts between units of length, mass, time, temperature, data, data rate, area, volume, speed, pressure, energy, power, force, frequency, angle and fuel consumption, exactly by their definitions. kB is 1000 bytes, KiB 1024; gallons and pints are of the US unless uk_; a year is 365.2425 days.",
    input: || {
        schema::closed(vec![
            schema::required("value", schema::any_of("How much: a number, or a text such as \"1/3\".", &["number", "string"])),
            schema::required("from", schema::text("Unit, such as km, lb, °F, GiB, mph, kWh, litre.")),
            schema::required("to", schema::text("Unit of the same kind.")),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("result", schema::text("The value in the new unit.")),
            schema::required("value", schema::number("The value as a JSON number.")),
            schema::required("unit", schema::text("The new unit.")),
            schema::required("kind", schema::text("What is measured.")),
            schema::required("exact", schema::boolean("Nothing was rounded.")),
            schema::required("fraction", schema::any_of("The exact value as a fraction, when the decimal has no end; else null.", &["string", "null"])),
            schema::required("rounding", schema::text("How the result is rounded.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn find(name: &str) -> Result<&'static Unit, Failure> {
    let name = name.trim().replace(' ', "_");
    let exact = UNITS.iter().find(|unit| unit.names.contains(&name.as_str()));
    // Letter case tells MB from Mb and mm from Mm, so it is looked past only where no unit is hidden by it.
    let mut folded = UNITS
        .iter()
        .filter(|unit| unit.names.iter().any(|known| known.eq_ignore_ascii_case(&name)));
    exact
        .or_else(|| folded.next().filter(|_| folded.next().is_none()))
        .ok_or_else(|| {
            let names = UNITS.iter().flat_map(|unit| unit.names.iter().copied());
            let hint = nearest(&name, names).map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
            Failure(format!(
                "the unit '{}' is not known.{} Units are written such as km, lb, °C, MiB, m², mph, kWh.",
                name, hint
            ))
        })
}

fn constant(text: &str) -> Rational {
    number::parse_text(text).unwrap_or_else(Rational::one)
}

fn run(arguments: &Arguments) -> Outcome {
    let value = number::required(arguments, "value")?;
    let from = find(arguments.required_text("from")?)?;
    let to = find(arguments.required_text("to")?)?;
    if from.kind != to.kind {
        let same: Vec<&str> = UNITS
            .iter()
            .filter(|unit| unit.kind == from.kind)
            .map(|unit| unit.names[0])
            .collect();
        return Err(Failure(format!(
            "'{}' measures {} and '{}' {}; they cannot be converted. Units of {} are {}.",
            from.names[0],
            from.kind,
            to.names[0],
            to.kind,
            from.kind,
            same.join(", ")
        )));
    }
    let base = value.times(&constant(from.factor)).plus(&constant(from.offset));
    if from.kind == "temperature" && base.is_negative() {
        return Err(Failure(format!(
            "{} {} is below absolute zero.",
            value.to_decimal(20).text,
            from.names[0]
        )));
    }
    let out = base
        .minus(&constant(to.offset))
        .divided(&constant(to.factor))
        .unwrap_or_else(Rational::zero);
    let rounded = from.names[0] != to.names[0] && [from, to].iter().any(|unit| ROUNDED.contains(&unit.names[0]));
    let number = if rounded {
        Number::Float(out.to_f64())
    } else {
        Number::Exact(out)
    };
    let (text, exact, fraction, rounding) = result(&number, DIGITS);
    let shown = format!(
        "{} {} {} {} {}",
        value.to_decimal(DIGITS).text,
        from.names[0],
        if exact { "=" } else { "≈" },
        text,
        to.names[0]
    );
    let structured = object([
        ("result", text.into()),
        ("value", number.json(DIGITS)),
        ("unit", to.names[0].into()),
        ("kind", to.kind.into()),
        ("exact", exact.into()),
        ("fraction", fraction.into()),
        ("rounding", rounding.into()),
    ]);
    Ok(Answer::new(shown, structured))
}
