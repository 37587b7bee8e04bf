//! The bytes of a table, whatever their encoding, as UTF-8 or ASCII-compatible bytes, a chunk at a time.

use crate::FILE_BYTES_MAX;
use mcp::{files, Failure};
use std::borrow::Cow;

/// One read of a file; each is a request to the host.
pub const CHUNK_BYTES: usize = 256 << 10;

enum Origin {
    File(files::Handle),
    Text { bytes: Vec<u8>, at: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Unknown,
    Bytes,
    Utf16 {
        big_endian: bool,
    },
    /// A ZIP archive, such as a spreadsheet.
    Archive,
}

pub struct Source {
    origin: Origin,
    encoding: Encoding,
    /// How messages name it: the path, or "the text".
    pub name: String,
    /// Raw bytes read so far.
    pub bytes_read: u64,
    pub has_mark: bool,
    /// Where the first byte is that is not UTF-8; such cells are taken for Windows-1252.
    pub invalid_at: Option<u64>,
    /// The end of the last chunk that may go on in the next: part of a UTF-8 sequence or of a UTF-16 unit.
    carried: Vec<u8>,
}

impl Source {
    pub fn file(path: &str) -> Result<Source, Failure> {
        let (file, info) = files::open(path)?;
        check_size(path, info.bytes)?;
        Ok(Source::new(Origin::File(file), path))
    }

    pub fn text(text: &[u8]) -> Result<Source, Failure> {
        check_size("the text", text.len() as u64)?;
        Ok(Source::held(text.to_vec(), "the text"))
    }

    /// Bytes that are UTF-8.
    pub fn held(bytes: Vec<u8>, name: &str) -> Source {
        Source::new(Origin::Text { bytes, at: 0 }, name)
    }

    fn new(origin: Origin, name: &str) -> Source {
        Source {
            origin,
            encoding: Encoding::Unknown,
            name: name.to_owned(),
            bytes_read: 0,
            has_mark: false,
            invalid_at: None,
            carried: Vec::new(),
        }
    }

    pub fn encoding_name(&self) -> &'static str {
        match self.encoding {
            Encoding::Utf16 { big_endian: true } => "utf-16be",
            Encoding::Utf16 { big_endian: false } => "utf-16le",
            _ if self.invalid_at.is_some() => "windows-1252",
            _ => "utf-8",
        }
    }

    /// Appends the next chunk to `into`; false at the end.
    pub fn fill(&mut self, into: &mut Vec<u8>) -> Result<bool, Failure> {
        let from = into.len();
        let count = self.read(into)?;
        let first = self.bytes_read == 0;
        self.bytes_read += count as u64;
        check_size(&self.name, self.bytes_read)?;
        if first {
            self.encoding = self.recognise(into, from);
        }
        match self.encoding {
            Encoding::Utf16 { big_endian } => self.widen(into, from, big_endian, count == 0),
            Encoding::Archive => {}
            _ => self.inspect(&into[from..])?,
        }
        Ok(count > 0)
    }

    fn read(&mut self, into: &mut Vec<u8>) -> Result<usize, Failure> {
        let from = into.len();
        match &mut self.origin {
            Origin::File(file) => {
                into.resize(from + CHUNK_BYTES, 0);
                let count = file
                    .read(&mut into[from..])
                    .map_err(|problem| files::explain(&self.name, problem))?;
                into.truncate(from + count);
                Ok(count)
            }
            Origin::Text { bytes, at } => {
                let count = CHUNK_BYTES.min(bytes.len() - *at);
                into.extend_from_slice(&bytes[*at..*at + count]);
                *at += count;
                Ok(count)
            }
        }
    }

    /// Finds and removes a byte order mark. UTF-16 without one is known by its zeros in every other byte.
    fn recognise(&mut self, into: &mut Vec<u8>, from: usize) -> Encoding {
        let (encoding, mark) = match &into[from..] {
            start if crate::xlsx::may_be(start) => (Encoding::Archive, 0),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Bytes, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [a, 0, b, 0, ..] if *a != 0 && *b != 0 => (Encoding::Utf16 { big_endian: false }, 0),
            [0, a, 0, b, ..] if *a != 0 && *b != 0 => (Encoding::Utf16 { big_endian: true }, 0),
            _ => (Encoding::Bytes, 0),
        };
        self.has_mark = mark > 0;
        into.drain(from..from + mark);
        encoding
    }

    fn widen(&mut self, into: &mut Vec<u8>, from: usize, big_endian: bool, last: bool) {
        let mut raw = std::mem::take(&mut self.carried);
        raw.extend_from_slice(&into[from..]);
        into.truncate(from);
        let mut units: Vec<u16> = raw
            .chunks_exact(2)
            .map(|pair| {
                if big_endian {
                    u16::from_be_bytes([pair[0], pair[1]])
                } else {
                    u16::from_le_bytes([pair[0], pair[1]])
                }
            })
            .collect();
        let mut used = units.len() * 2;
        // A high surrogate waits for its low half.
        if !last && matches!(units.last(), Some(0xd800..=0xdbff)) {
            units.pop();
            used -= 2;
        }
        if !last {
            self.carried = raw[used..].to_vec();
        }
        let mut utf8 = [0; 4];
        for c in char::decode_utf16(units) {
            into.extend_from_slice(
                c.unwrap_or(char::REPLACEMENT_CHARACTER)
                    .encode_utf8(&mut utf8)
                    .as_bytes(),
            );
        }
    }

    /// Refuses what is not text and notices what is not UTF-8.
    fn inspect(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        let (zero, beyond_ascii) = survey(chunk);
        if zero {
            let at = chunk.iter().position(|byte| *byte == 0).unwrap_or(0) as u64;
            let offset = self.bytes_read.saturating_sub(chunk.len() as u64) + at;
            return Err(Failure(format!(
                "{} is not a text file: byte {} is NUL. Give a CSV, JSON or XLSX file (a spreadsheet of another kind has to be saved as one of them first).",
                self.name, offset
            )));
        }
        if self.invalid_at.is_some() || !(beyond_ascii || !self.carried.is_empty()) {
            return Ok(());
        }
        let start = self
            .bytes_read
            .saturating_sub((chunk.len() + self.carried.len()) as u64);
        let mut joined = std::mem::take(&mut self.carried);
        if chunk.is_empty() {
            // The text ends within a sequence.
            self.invalid_at = Some(start);
            return Ok(());
        }
        let all = if joined.is_empty() {
            chunk
        } else {
            joined.extend_from_slice(chunk);
            &joined[..]
        };
        if let Err(problem) = std::str::from_utf8(all) {
            let valid = problem.valid_up_to();
            if problem.error_len().is_some() {
                self.invalid_at = Some(start + valid as u64);
            } else {
                self.carried = all[valid..].to_vec();
            }
        }
        Ok(())
    }
}

fn check_size(name: &str, bytes: u64) -> Result<(), Failure> {
    if bytes <= FILE_BYTES_MAX {
        return Ok(());
    }
    let mib = FILE_BYTES_MAX >> 20;
    Err(Failure(format!(
        "{} has {} bytes; at most {} ({} MiB) are read. Split it.",
        name, bytes, FILE_BYTES_MAX, mib
    )))
}

/// Whether there is a zero byte, and whether there is one beyond ASCII.
fn survey(bytes: &[u8]) -> (bool, bool) {
    let blocks = bytes.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    let (zero, high) = survey_blocks(blocks);
    (zero || rest.contains(&0), high || !rest.is_ascii())
}

const BLOCK: usize = 16;

#[cfg(target_feature = "simd128")]
fn survey_blocks(blocks: std::slice::ChunksExact<u8>) -> (bool, bool) {
    use std::arch::wasm32::{i8x16_all_true, i8x16_bitmask, u8x16_min, u8x16_splat, v128_load, v128_or};
    let mut smallest = u8x16_splat(1);
    let mut any = u8x16_splat(0);
    for block in blocks {
        // Safe: a block has sixteen bytes.
        let bytes = unsafe { v128_load(block.as_ptr().cast()) };
        smallest = u8x16_min(smallest, bytes);
        any = v128_or(any, bytes);
    }
    (!i8x16_all_true(smallest), i8x16_bitmask(any) != 0)
}

#[cfg(not(target_feature = "simd128"))]
fn survey_blocks(blocks: std::slice::ChunksExact<u8>) -> (bool, bool) {
    blocks.fold((false, false), |(zero, high), block| {
        (zero || block.contains(&0), high || !block.is_ascii())
    })
}

/// A cell as text: UTF-8, or Windows-1252 where it is not.
pub fn decode(cell: &[u8]) -> Cow<str> {
    match std::str::from_utf8(cell) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(cell.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
