//! `solve`: linear and quadratic equations, and systems of linear ones.

use crate::functions::root;
use crate::number::{self, Number, DIGITS};
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use numbers::Rational;

const UNKNOWNS_MAX: usize = 12;

pub const SOLVE: Tool = Tool {
    name: "solve",
    title: "Solve linear and quadratic equations",
    description: "Solves a·x + b = 0 or a·x² + b·x + c = 0 given the coefficients (highest power first: [1, -3, 2] is x² − 3x + 2 = 0), or a system of linear equations given matrix and right (right-hand sides). Solutions are exact where they can be; complex ones are given too.",
    input: || {
        let number = || schema::any_of("A number.", &["number", "string"]);
        schema::closed(vec![
            schema::optional("coefficients", schema::list("Two for a linear equation, three for a quadratic one, highest power first.", number()).items(2, 3)),
            schema::optional("matrix", schema::list("Rows of a linear system: the coefficients of each equation.", schema::list("A row.", number())).items(1, UNKNOWNS_MAX as i64)),
            schema::optional("right", schema::list("Right-hand side of each equation of the matrix.", number()).items(1, UNKNOWNS_MAX as i64)),
        ])
    },
    output: Some(|| {
        let solution = schema::closed(vec![
            schema::required("text", schema::text("The solution.")),
            schema::required("value", schema::number("Its real part.")),
            schema::required("imaginary", schema::number("Its imaginary part; 0 for real ones.")),
            schema::required("exact", schema::boolean("Nothing was rounded.")),
            schema::required("fraction", schema::any_of("The exact value as a fraction, when the decimal has no end; else null.", &["string", "null"])),
        ]);
        schema::closed(vec![
            schema::required("solutions", schema::list("The solutions; of a system, the unknowns in order.", solution)),
            schema::required("kind", schema::one_of("How many there are.", &["solutions", "none", "infinitely many"])),
            schema::required("discriminant", schema::any_of("b² − 4ac of a quadratic equation; else null.", &["number", "null"])),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn solution(real: &Number, imaginary: Option<&Number>) -> (String, Json) {
    let (text, exact) = real.written(DIGITS);
    let (part, exact_part) = imaginary.map_or((String::new(), true), |part| part.written(DIGITS));
    let shown = match imaginary {
        None => text,
        Some(_) if part.starts_with('-') => format!("{} - {}i", text, &part[1..]),
        Some(_) => format!("{} + {}i", text, part),
    };
    let shown = if exact && exact_part {
        shown
    } else {
        format!("≈ {}", shown)
    };
    let structured = object([
        ("text", shown.clone().into()),
        ("value", real.json(DIGITS)),
        (
            "imaginary",
            imaginary.map_or(Json::Integer(0), |part| part.json(DIGITS)),
        ),
        ("exact", (exact && exact_part).into()),
        ("fraction", real.fraction(DIGITS).filter(|_| imaginary.is_none()).into()),
    ]);
    (shown, structured)
}

fn answer(kind: &'static str, found: Vec<(String, Json)>, discriminant: Json, head: &str) -> Outcome {
    let lines: Vec<String> = found
        .iter()
        .enumerate()
        .map(|(at, (text, _))| format!("x{} = {}", at + 1, text))
        .collect();
    let text = match kind {
        "solutions" => lines.join("\n"),
        _ => head.to_owned(),
    };
    let solutions: Vec<Json> = found.into_iter().map(|(_, json)| json).collect();
    Ok(Answer::new(
        text,
        object([
            ("solutions", solutions.into()),
            ("kind", kind.into()),
            ("discriminant", discriminant),
        ]),
    ))
}

fn run(arguments: &Arguments) -> Outcome {
    match (arguments.list("coefficients")?, arguments.list("matrix")?) {
        (Some(items), None) => {
            let mut all = items
                .iter()
                .enumerate()
                .map(|(at, item)| number::parse(item, &format!("coefficients[{}]", at)))
                .collect::<Result<Vec<_>, _>>()?;
            if all.len() == 3 && all[0].is_zero() {
                all.remove(0);
            }
            match &all[..] {
                [a, b] => linear(a, b),
                [a, b, c] => quadratic(a, b, c),
                _ => {
                    Err("'coefficients' are two (a, b of a·x + b = 0) or three (a, b, c of a·x² + b·x + c = 0).".into())
                }
            }
        }
        (None, Some(rows)) => system(arguments, rows),
        _ => Err("give 'coefficients' for one equation, or 'matrix' and 'right' for a system.".into()),
    }
}

fn linear(a: &Rational, b: &Rational) -> Outcome {
    match b.negated().divided(a) {
        Some(x) => answer("solutions", vec![solution(&x.into(), None)], Json::Null, ""),
        None if b.is_zero() => answer(
            "infinitely many",
            Vec::new(),
            Json::Null,
            "Every number solves it: 0 = 0.",
        ),
        None => answer("none", Vec::new(), Json::Null, "No number solves it."),
    }
}

fn quadratic(a: &Rational, b: &Rational, c: &Rational) -> Outcome {
    let discriminant = b.times(b).minus(&Rational::from(4).times(a).times(c));
    let twice = a.times(&Rational::from(2));
    let half = |value: &Rational| value.divided(&twice).unwrap_or_else(Rational::zero);
    let told = Number::from(discriminant.clone()).json(DIGITS);
    if discriminant.is_zero() {
        return answer("solutions", vec![solution(&half(&b.negated()).into(), None)], told, "");
    }
    let size = root(&discriminant.absolute().into(), 2)?;
    let found = match (&size, discriminant.is_negative()) {
        (Number::Exact(size), false) => {
            let mut both = [half(&b.negated().minus(size)), half(&b.negated().plus(size))];
            both.sort();
            both.iter().map(|x| solution(&x.clone().into(), None)).collect()
        }
        (Number::Float(size), false) => {
            // The root that adds what has the same sign loses no digits; the other follows from their product.
            let (b, c) = (b.to_f64(), c.to_f64());
            let sum = -(b + if b < 0.0 { -size } else { *size }) / 2.0;
            let mut both = [sum / a.to_f64(), c / sum];
            both.sort_by(f64::total_cmp);
            both.iter()
                .map(|x| Number::Float(*x).bounded().map(|x| solution(&x, None)))
                .collect::<Result<Vec<_>, _>>()?
        }
        (size, true) => {
            let real: Number = half(&b.negated()).into();
            let part = crate::functions::divide(size, &twice.absolute().into())?;
            let minus = crate::functions::negate(&part);
            vec![solution(&real, Some(&minus)), solution(&real, Some(&part))]
        }
    };
    answer("solutions", found, told, "")
}

fn system(arguments: &Arguments, rows: &[Json]) -> Outcome {
    let right = crate::statistics::values(arguments, "right", UNKNOWNS_MAX)?;
    let mut matrix = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let items = row
            .as_list()
            .ok_or_else(|| Failure(format!("matrix[{}] is no list of numbers.", at)))?;
        let mut values = items
            .iter()
            .enumerate()
            .map(|(place, item)| number::parse(item, &format!("matrix[{}][{}]", at, place)))
            .collect::<Result<Vec<_>, _>>()?;
        values.push(right.get(at).cloned().ok_or_else(|| {
            Failure(format!(
                "'right' has {} numbers and 'matrix' {} rows; they must be as many.",
                right.len(),
                rows.len()
            ))
        })?);
        matrix.push(values);
    }
    let unknowns = matrix[0].len() - 1;
    if unknowns == 0
        || unknowns > UNKNOWNS_MAX
        || right.len() != matrix.len()
        || matrix.iter().any(|row| row.len() != unknowns + 1)
    {
        return Err(Failure(format!(
            "'matrix' must be rows of the same length, from 1 to {} unknowns, and 'right' one number for each row.",
            UNKNOWNS_MAX
        )));
    }
    let mut rank = 0;
    for column in 0..unknowns {
        let pivot = match (rank..matrix.len()).find(|row| !matrix[*row][column].is_zero()) {
            Some(pivot) => pivot,
            None => continue,
        };
        matrix.swap(rank, pivot);
        let scale = matrix[rank][column].clone();
        for value in &mut matrix[rank] {
            *value = value.divided(&scale).unwrap_or_else(Rational::zero);
        }
        let basis = matrix[rank].clone();
        for (at, row) in matrix.iter_mut().enumerate() {
            let factor = row[column].clone();
            if at != rank && !factor.is_zero() {
                for (value, base) in row.iter_mut().zip(&basis) {
                    *value = value.minus(&base.times(&factor));
                }
            }
        }
        rank += 1;
    }
    if matrix[rank..].iter().any(|row| !row[unknowns].is_zero()) {
        return answer(
            "none",
            Vec::new(),
            Json::Null,
            "No numbers solve the system: its equations contradict each other.",
        );
    }
    if rank < unknowns {
        return answer(
            "infinitely many",
            Vec::new(),
            Json::Null,
            "Infinitely many numbers solve the system: an equation is missing.",
        );
    }
    let found = matrix[..unknowns]
        .iter()
        .map(|row| solution(&row[unknowns].clone().into(), None))
        .collect();
    answer("solutions", found, Json::Null, "")
}
