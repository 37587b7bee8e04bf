//! `convert_base`.

use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use numbers::Natural;

const DIGITS_MAX: usize = 10_000;
const BITS_MAX: i64 = 1_024;

pub const TOOL: Tool = Tool {
    name: "convert_base",
    title: "Convert between number bases",
    description: "Writes a whole number of any size in another base from 2 to 36; with bits also negative ones in two's complement. A prefix 0x, 0b or 0o gives the base by itself.",
    input: || {
        schema::closed(vec![
            schema::required("number", schema::any_of("The number as a text such as \"ff\" or \"-1011\", or a whole number.", &["string", "integer"])),
            schema::optional("from", schema::integer("Its base.", 2, 36).default(10i64)),
            schema::optional("to", schema::integer("The base to write it in.", 2, 36).default(2i64)),
            schema::optional("bits", schema::integer("Width of two's complement for negative numbers.", 1, BITS_MAX)),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("result", schema::text("Digits in the new base, letters in lower case.")),
            schema::required("decimal", schema::text("The number in base 10.")),
            schema::required("base", schema::count("The new base.")),
            schema::required("binary_digits", schema::count("Binary digits of its size.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let text = match arguments.get("number") {
        Some(Json::Text(text)) => text.trim().replace(['_', ' '], ""),
        Some(value @ Json::Integer(_)) => value.to_line(),
        Some(other) => {
            return Err(Failure(format!(
                "'number' must be a whole number or a text of digits, not {}.",
                other.kind()
            )))
        }
        None => return Err("the argument 'number' is missing.".into()),
    };
    let mut from = arguments.integer("from", 10, (2, 36))? as u32;
    let to = arguments.integer("to", 2, (2, 36))? as u32;
    let (negative, digits) = match text.strip_prefix(['-', '−']) {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let mut digits = digits.to_ascii_lowercase();
    for (prefix, base) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        // In a base that has the letter, it is a digit.
        let is_digit = prefix.chars().nth(1).map_or(false, |c| c.is_digit(from));
        if let Some(rest) = digits.strip_prefix(prefix).filter(|_| !is_digit) {
            digits = rest.to_owned();
            from = base;
            break;
        }
    }
    if digits.len() > DIGITS_MAX {
        return Err(Failure(format!(
            "the number has {} digits; at most {} are read.",
            digits.len(),
            DIGITS_MAX
        )));
    }
    if let Some(wrong) = digits.chars().find(|c| !c.is_digit(from)) {
        return Err(Failure(format!(
            "'{}' is no digit of base {}; give 'from', the base that \"{}\" is written in.",
            wrong, from, text
        )));
    }
    let size = Natural::parse_radix(&digits, from)
        .filter(|_| !digits.is_empty())
        .ok_or_else(|| Failure("the number has no digits.".to_owned()))?;
    let sign = if negative && !size.is_zero() { "-" } else { "" };
    let decimal = format!("{}{}", sign, size.to_decimal());
    let result = match arguments.get("bits") {
        Some(_) => complement(&size, negative, arguments.integer("bits", 1, (1, BITS_MAX))? as usize)?.to_radix(to),
        None => format!("{}{}", sign, size.to_radix(to)),
    };
    let shown = format!("{} (base {}) = {} (base {})", text, from, result, to);
    let structured = object([
        ("result", result.into()),
        ("decimal", decimal.into()),
        ("base", i64::from(to).into()),
        ("binary_digits", size.bits().into()),
    ]);
    Ok(Answer::new(shown, structured))
}

fn complement(size: &Natural, negative: bool, bits: usize) -> Result<Natural, Failure> {
    let all = Natural::one().shifted_left(bits);
    let half = Natural::one().shifted_left(bits - 1);
    if negative && size > &half || size >= &all {
        return Err(Failure(format!("the number does not fit into {} bits.", bits)));
    }
    Ok(if negative && !size.is_zero() {
        all.distance(size)
    } else {
        size.clone()
    })
}
