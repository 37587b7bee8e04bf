//! `similarity`: how alike two texts are.

use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Outcome, Tool};

/// Characters of the two texts, multiplied: what comparing them costs.
const PAIRS_MAX: usize = 100_000_000;

pub const TOOL: Tool = Tool {
    name: "similarity",
    title: "Measure how alike two texts are",
    description: "Compares two short texts: Levenshtein distance (letters to insert, remove or replace), the same as a share from 0 to 1, and Jaro-Winkler similarity, which suits names.",
    input: || {
        schema::closed(vec![
            schema::required("text", schema::text("One text.").role("content")),
            schema::required("other", schema::text("The other text.")),
            schema::optional("ignore_case", schema::boolean("Letters of either case are the same.").default(false)),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("levenshtein", schema::count("Characters to insert, remove or replace.")),
            schema::required("levenshtein_similarity", schema::number("1 − distance ÷ length of the longer text; 1 is equal.")),
            schema::required("jaro", schema::number("Jaro similarity, 0 to 1.")),
            schema::required("jaro_winkler", schema::number("Jaro-Winkler similarity, 0 to 1.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

fn run(arguments: &Arguments) -> Outcome {
    let fold = arguments.boolean("ignore_case")?.unwrap_or(false);
    let read = |name: &str| -> Result<Vec<char>, Failure> {
        let text = arguments.required_text(name)?;
        Ok(if fold {
            text.to_lowercase().chars().collect()
        } else {
            text.chars().collect()
        })
    };
    let (one, two) = (read("text")?, read("other")?);
    if one.len().saturating_mul(two.len()) > PAIRS_MAX {
        return Err(Failure(format!(
            "texts of {} and {} characters are too long to be compared letter by letter (at most {} pairs); use diff.",
            one.len(),
            two.len(),
            PAIRS_MAX
        )));
    }
    let distance = levenshtein(&one, &two);
    let longest = one.len().max(two.len());
    let share = if longest == 0 {
        1.0
    } else {
        1.0 - distance as f64 / longest as f64
    };
    let jaro = jaro(&one, &two);
    let prefix = one
        .iter()
        .zip(&two)
        .take(4)
        .take_while(|(left, right)| left == right)
        .count();
    let winkler = jaro + prefix as f64 * 0.1 * (1.0 - jaro);
    let text = format!(
        "Levenshtein distance {}, similarity {:.4}; Jaro {:.4}, Jaro-Winkler {:.4}.",
        distance, share, jaro, winkler
    );
    let structured = object([
        ("levenshtein", distance.into()),
        ("levenshtein_similarity", share.into()),
        ("jaro", jaro.into()),
        ("jaro_winkler", winkler.into()),
    ]);
    Ok(Answer::new(text, structured))
}

fn levenshtein(one: &[char], two: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, right) in two.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[two.len()]
}

fn jaro(one: &[char], two: &[char]) -> f64 {
    if one.is_empty() && two.is_empty() {
        return 1.0;
    }
    let reach = (one.len().max(two.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; two.len()];
    let mut matched = Vec::new();
    for (at, left) in one.iter().enumerate() {
        let range = at.saturating_sub(reach)..(at + reach + 1).min(two.len());
        if let Some(place) = range.into_iter().find(|place| !taken[*place] && two[*place] == *left) {
            taken[place] = true;
            matched.push(*left);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let others = two.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(c, _)| c);
    let swapped = matched.iter().zip(others).filter(|(left, right)| left != right).count() as f64 / 2.0;
    let count = matched.len() as f64;
    (count / one.len() as f64 + count / two.len() as f64 + (count - swapped) / count) / 3.0
}
