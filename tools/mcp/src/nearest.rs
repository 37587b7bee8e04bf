//! "Did you mean": the known name closest to a mistyped one.

/// The candidate with the smallest edit distance, if it is close enough to be a slip: a third of the letters at most.
pub fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(wanted);
    // A name of one or two letters is no slip of another.
    let allowed = if wanted.len() < 3 { 0 } else { (wanted.len() / 3).max(1) };
    candidates
        .map(|name| (distance(&wanted, &fold(name)), name))
        .filter(|(distance, name)| *distance <= allowed || contains(&wanted, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn fold(text: &str) -> Vec<char> {
    text.chars()
        .take(64)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// One holds the other whole, as "mass" and "body_mass_g" do.
fn contains(wanted: &[char], name: &str) -> bool {
    let name = fold(name);
    let (short, long) = if wanted.len() < name.len() {
        (wanted, &name[..])
    } else {
        (&name[..], wanted)
    };
    short.len() >= 3 && long.windows(short.len()).any(|window| window == short)
}

fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
