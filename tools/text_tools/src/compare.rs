//! `diff`: what lines differ between two texts.

use crate::{input, lines};
use mcp::schema;
use mcp::{object, Answer, Arguments, Failure, Hints, Outcome, Tool};
use std::collections::BTreeMap;

/// Lines of both texts between which nothing is the same; beyond that the search for the shortest difference would take too long.
const EDITS_MAX: usize = 3_000;
const CONTEXT_MAX: i64 = 100;

pub const TOOL: Tool = Tool {
    name: "diff",
    title: "Compare two texts",
    description: "Compares two texts line by line and gives a unified diff, as diff -u does, with the numbers of lines added and removed.",
    input: || {
        let mut all = input::properties();
        all.extend([
            schema::optional("other", schema::text("The new text. Give exactly one of other and other_file.")),
            schema::optional("other_file", schema::text("A file with the new text.").role("file-path")),
            schema::optional("context", schema::integer("Unchanged lines around each change.", 0, CONTEXT_MAX).default(3i64)),
            schema::optional("ignore_space", schema::boolean("Lines that differ in white space alone are the same.").default(false)),
        ]);
        schema::closed(all)
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("equal", schema::boolean("No line differs.")),
            schema::required("added", schema::count("Lines of the new text alone.")),
            schema::required("removed", schema::count("Lines of the old text alone.")),
            schema::required("result", schema::any_of("The unified diff; empty when equal, null when it is in a file.", &["string", "null"])),
            schema::required("characters", schema::count("Characters of the diff.")),
            schema::optional("files", schema::list("File that holds a diff too large to be given here.", schema::text("Name."))),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

#[derive(Clone, Copy, PartialEq)]
enum Change {
    Keep,
    Remove,
    Add,
}

fn run(arguments: &Arguments) -> Outcome {
    let old = input::read(arguments)?;
    let new = match (arguments.text("other")?, arguments.text("other_file")?) {
        (Some(text), None) => text.to_owned(),
        (None, Some(file)) => input::read_file(file)?,
        _ => return Err("give exactly one of 'other' (the new text) and 'other_file' (its path).".into()),
    };
    let context = arguments.integer("context", 3, (0, CONTEXT_MAX))? as usize;
    let ignore_space = arguments.boolean("ignore_space")?.unwrap_or(false);
    let (old_lines, new_lines) = (lines::lines(&old), lines::lines(&new));
    let key = |line: &str| match ignore_space {
        true => line.split_whitespace().collect::<Vec<_>>().join(" "),
        false => line.to_owned(),
    };
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = |line: &&str| {
        let next = numbers.len();
        *numbers.entry(key(line)).or_insert(next)
    };
    let left: Vec<usize> = old_lines.iter().map(&mut number).collect();
    let right: Vec<usize> = new_lines.iter().map(&mut number).collect();
    let script = script(&left, &right)?;
    let added = script.iter().filter(|change| **change == Change::Add).count();
    let removed = script.iter().filter(|change| **change == Change::Remove).count();
    let diff = unified(&script, &old_lines, &new_lines, context);
    let rest = vec![
        ("equal", (added + removed == 0).into()),
        ("added", added.into()),
        ("removed", removed.into()),
    ];
    if added + removed == 0 {
        let mut structured = object([("result", "".into()), ("characters", 0i64.into())]);
        for (name, value) in rest {
            structured.push(name, value);
        }
        return Ok(Answer::new("The texts are equal.", structured));
    }
    input::answer(diff, rest)
}

/// The fewest lines to remove and add (Myers), after what both texts begin and end with.
fn script(old: &[usize], new: &[usize]) -> Result<Vec<Change>, Failure> {
    let start = old.iter().zip(new).take_while(|(left, right)| left == right).count();
    let end = old[start..]
        .iter()
        .rev()
        .zip(new[start..].iter().rev())
        .take_while(|(left, right)| left == right)
        .count();
    let (left, right) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let (width, height) = (left.len() as i64, right.len() as i64);
    let most = (left.len() + right.len()).min(EDITS_MAX) as i64;
    // For each number of edits, how far each diagonal got.
    let mut history: Vec<Vec<i64>> = Vec::new();
    let mut far = vec![0i64; (2 * most + 3) as usize];
    let at = |diagonal: i64| (diagonal + most + 1) as usize;
    'search: for edits in 0..=most {
        history.push(far[at(-edits - 1).min(at(-edits))..=at(edits + 1).min(far.len() - 1)].to_vec());
        for diagonal in (-edits..=edits).step_by(2) {
            let down = diagonal == -edits || diagonal != edits && far[at(diagonal - 1)] < far[at(diagonal + 1)];
            let mut x = if down {
                far[at(diagonal + 1)]
            } else {
                far[at(diagonal - 1)] + 1
            };
            while x < width && x - diagonal < height && left[x as usize] == right[(x - diagonal) as usize] {
                x += 1;
            }
            far[at(diagonal)] = x;
            if x >= width && x - diagonal >= height {
                break 'search;
            }
        }
        if edits == most {
            return Err(Failure(format!(
                "more than {} lines differ; compare smaller parts of the texts.",
                EDITS_MAX
            )));
        }
    }
    let mut middle = Vec::new();
    let (mut x, mut y) = (width, height);
    for edits in (0..history.len() as i64).rev() {
        let row = &history[edits as usize];
        let reached = |diagonal: i64| row.get((diagonal + edits + 1) as usize).copied().unwrap_or(0);
        let diagonal = x - y;
        let down = diagonal == -edits || diagonal != edits && reached(diagonal - 1) < reached(diagonal + 1);
        let before = if down { diagonal + 1 } else { diagonal - 1 };
        let (from_x, from_y) = if edits == 0 {
            (0, 0)
        } else {
            (reached(before), reached(before) - before)
        };
        while x > from_x && y > from_y {
            middle.push(Change::Keep);
            x -= 1;
            y -= 1;
        }
        if edits > 0 {
            middle.push(if down { Change::Add } else { Change::Remove });
        }
        x = from_x;
        y = from_y;
    }
    let mut script = vec![Change::Keep; start];
    script.extend(middle.into_iter().rev());
    script.extend(vec![Change::Keep; end]);
    Ok(script)
}

fn unified(script: &[Change], old: &[&str], new: &[&str], context: usize) -> String {
    let mut out = String::from("--- old\n+++ new\n");
    let changed: Vec<usize> = (0..script.len()).filter(|at| script[*at] != Change::Keep).collect();
    // Lines of either text before each step.
    let mut places = Vec::with_capacity(script.len() + 1);
    let (mut left, mut right) = (0, 0);
    for change in script {
        places.push((left, right));
        left += usize::from(*change != Change::Add);
        right += usize::from(*change != Change::Remove);
    }
    places.push((left, right));
    let mut next = 0;
    while next < changed.len() {
        let first = changed[next].saturating_sub(context);
        while next + 1 < changed.len() && changed[next + 1] <= changed[next] + 2 * context + 1 {
            next += 1;
        }
        let last = (changed[next] + context + 1).min(script.len());
        next += 1;
        let ((old_from, new_from), (old_to, new_to)) = (places[first], places[last]);
        let range = |from: usize, to: usize| match to - from {
            1 => format!("{}", from + 1),
            0 => format!("{},0", from),
            count => format!("{},{}", from + 1, count),
        };
        out.push_str(&format!(
            "@@ -{} +{} @@\n",
            range(old_from, old_to),
            range(new_from, new_to)
        ));
        for at in first..last {
            let (left, right) = places[at];
            let (mark, line) = match script[at] {
                Change::Keep => (' ', old[left]),
                Change::Remove => ('-', old[left]),
                Change::Add => ('+', new[right]),
            };
            out.push(mark);
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
