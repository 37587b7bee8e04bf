//! Bytes of old charsets as text.

/// Characters of the bytes 0x80 to 0x9f in Windows-1252; those that are not assigned stay control characters.
pub(crate) const WINDOWS_1252: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
    0x17e, 0x178,
];

/// Charsets that are known, by the names the web gives them.
pub const NAMES: &str = "UTF-8, UTF-16, ISO-8859-1, ISO-8859-15, Windows-1252, US-ASCII";

/// The bytes as text; none for a charset that is not known. What cannot be read becomes U+FFFD.
pub fn decode(bytes: &[u8], charset: &str) -> Option<String> {
    let name = charset.trim().trim_matches('"').to_ascii_lowercase();
    Some(match name.as_str() {
        "utf-8" | "utf8" => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
        "utf-16" | "utf-16le" | "utf-16be" => utf16(bytes, name == "utf-16be"),
        "iso-8859-1" | "latin1" | "l1" | "windows-1252" | "cp1252" | "us-ascii" | "ascii" => single(bytes, |c| c),
        "iso-8859-15" | "latin9" => single(bytes, |c| match c {
            '¤' => '€',
            '¦' => 'Š',
            '¨' => 'š',
            '´' => 'Ž',
            '¸' => 'ž',
            '¼' => 'Œ',
            '½' => 'œ',
            '¾' => 'Ÿ',
            c => c,
        }),
        _ => return None,
    })
}

/// As the web reads them, the first of these charsets is Windows-1252.
fn single(bytes: &[u8], change: fn(char) -> char) -> String {
    let code = |byte: &u8| match byte {
        0x80..=0x9f => u32::from(WINDOWS_1252[usize::from(*byte) - 0x80]),
        byte => u32::from(*byte),
    };
    bytes
        .iter()
        .filter_map(|byte| char::from_u32(code(byte)))
        .map(change)
        .collect()
}

fn utf16(bytes: &[u8], big: bool) -> String {
    let (bytes, big) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        bytes => (bytes, big),
    };
    let units = bytes.chunks_exact(2).map(|pair| match big {
        true => u16::from_be_bytes([pair[0], pair[1]]),
        false => u16::from_le_bytes([pair[0], pair[1]]),
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .collect()
}
