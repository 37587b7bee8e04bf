//! File name patterns: `*` and `?` within a name, `**` across directories, `[a-z]`, `{csv,tsv}`.

/// Alternatives in braces that one pattern may unfold to.
const ALTERNATIVES_MAX: usize = 64;

/// Whether a relative path fits the pattern. A pattern without `/` is matched against the last name alone.
pub fn fits(pattern: &str, path: &str) -> bool {
    let path = if pattern.contains('/') {
        path
    } else {
        path.rsplit('/').next().unwrap_or(path)
    };
    let path: Vec<char> = path.chars().collect();
    unfold(pattern)
        .iter()
        .any(|pattern| whole(&pattern.chars().collect::<Vec<char>>(), &path))
}

/// The patterns that braces stand for.
fn unfold(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        let inner = pattern
            .find('{')
            .and_then(|from| Some((from, from + pattern[from..].find('}')?)));
        match inner {
            Some((from, to)) if done.len() + open.len() < ALTERNATIVES_MAX => {
                let (before, after) = (&pattern[..from], &pattern[to + 1..]);
                open.extend(
                    pattern[from + 1..to]
                        .split(',')
                        .map(|word| format!("{}{}{}", before, word, after)),
                );
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// Matches without recursion: on a mismatch the last star takes one more character.
fn whole(pattern: &[char], path: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last `*` and the last `**`: the pattern's place and the path's.
    let mut star: Option<(usize, usize)> = None;
    let mut stars: Option<(usize, usize)> = None;
    loop {
        if pattern[p..].starts_with(&['*', '*']) {
            p += 2;
            // `**/` stands for no directory too.
            if pattern.get(p) == Some(&'/') {
                p += 1;
            }
            stars = Some((p, t));
            star = None;
            continue;
        }
        if pattern.get(p) == Some(&'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        if p == pattern.len() && t == path.len() {
            return true;
        }
        if let (Some(length), true) = (one(&pattern[p..], path.get(t)), t < path.len()) {
            p += length;
            t += 1;
            continue;
        }
        match (star, stars) {
            (Some((after, from)), _) if from < path.len() && path[from] != '/' => {
                p = after;
                t = from + 1;
                star = Some((after, t));
            }
            (_, Some((after, from))) if from < path.len() => {
                p = after;
                t = from + 1;
                stars = Some((after, t));
                star = None;
            }
            _ => return false,
        }
    }
}

/// The length of the pattern's first item, if the character fits it.
fn one(pattern: &[char], c: Option<&char>) -> Option<usize> {
    let c = *c?;
    match pattern.first()? {
        '?' => (c != '/').then(|| 1),
        '[' => match pattern.iter().skip(2).position(|end| *end == ']') {
            Some(length) => {
                let set = &pattern[1..length + 2];
                let (inverted, set) = if matches!(set[0], '!' | '^') {
                    (true, &set[1..])
                } else {
                    (false, set)
                };
                (c != '/' && in_set(set, c) != inverted).then(|| length + 3)
            }
            None => (c == '[').then(|| 1),
        },
        '\\' => (pattern.get(1) == Some(&c)).then(|| 2),
        same => (*same == c).then(|| 1),
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let mut rest = set;
    while let Some((first, after)) = rest.split_first() {
        match after {
            ['-', last, tail @ ..] => {
                if (*first..=*last).contains(&c) {
                    return true;
                }
                rest = tail;
            }
            _ => {
                if *first == c {
                    return true;
                }
                rest = after;
            }
        }
    }
    false
}
