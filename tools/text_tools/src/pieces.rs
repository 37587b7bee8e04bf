//! Words and sentences.

/// Scripts that are written without blanks; each character counts as a word.
fn stands_alone(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

/// Runs of letters and digits; an apostrophe, hyphen or point between letters belongs to the word.
pub fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, c)| *c);
        let joins = matches!(c, '\'' | '’' | '-' | '\u{ad}') && before.is_alphanumeric() && next.is_alphanumeric();
        let joins_digits = matches!(c, '.' | ',') && before.is_ascii_digit() && next.is_ascii_digit();
        let mark = start.is_some() && matches!(c as u32, 0x300..=0x36f | 0x200c..=0x200d | 0xfe0f);
        if stands_alone(c) {
            if let Some(from) = start.take() {
                out.push(&text[from..at]);
            }
            out.push(&text[at..at + c.len_utf8()]);
        } else if c.is_alphanumeric() || c == '_' || joins || joins_digits || mark {
            start = start.or(Some(at));
        } else if let Some(from) = start.take() {
            out.push(&text[from..at]);
        }
        before = c;
    }
    if let Some(from) = start {
        out.push(&text[from..]);
    }
    out
}

pub fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut open = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        open |= c.is_alphanumeric();
        let wide = matches!(c, '。' | '！' | '？');
        let closes = chars.peek().map_or(true, |next| {
            next.is_whitespace() || matches!(next, '"' | '\'' | '”' | '’' | ')' | '»')
        });
        if open && (wide || matches!(c, '.' | '!' | '?' | '…') && closes) {
            count += 1;
            open = false;
        }
    }
    count + usize::from(open)
}
