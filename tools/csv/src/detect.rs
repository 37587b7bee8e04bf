//! Finding the delimiter: the one that cuts the first records most evenly into cells that look like values.

use crate::numbers::{is_missing, read_plain, Kind};
use crate::records::Records;
use crate::source::Source;
use mcp::Failure;

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
const RECORDS_MAX: u64 = 100;
const SAMPLE_BYTES_MAX: usize = 64 << 10;

/// The delimiter of a sample that ends with a whole line, and `,` where there is only one column.
pub fn delimiter(sample: &[u8]) -> Result<u8, Failure> {
    let sample = whole_lines(
        &sample[..sample.len().min(SAMPLE_BYTES_MAX)],
        sample.len() <= SAMPLE_BYTES_MAX,
    );
    let mut best = (0.0, b',');
    for candidate in CANDIDATES {
        if sample.contains(&candidate) {
            let score = score(sample, candidate)?;
            if score > best.0 {
                best = (score, candidate);
            }
        }
    }
    Ok(best.1)
}

/// The part of a sample up to its last line end, or all of it when it is the whole text or one line.
pub fn whole_lines(sample: &[u8], complete: bool) -> &[u8] {
    if complete {
        return sample;
    }
    match sample.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
        Some(last) => &sample[..=last],
        None => sample,
    }
}

fn score(sample: &[u8], delimiter: u8) -> Result<f64, Failure> {
    let mut records = Records::new(Source::text(sample)?, delimiter);
    let mut lengths: Vec<(usize, u32)> = Vec::new();
    let mut cells = 0u32;
    let mut clean = 0u32;
    while records.count < RECORDS_MAX && records.next()? {
        let length = records.len();
        match lengths.iter_mut().find(|(known, _)| *known == length) {
            Some((_, count)) => *count += 1,
            None => lengths.push((length, 1)),
        }
        for index in 0..length {
            cells += 1;
            clean += u32::from(is_clean(records.cell(index), delimiter));
        }
    }
    let (usual, count) = lengths
        .into_iter()
        .max_by_key(|(length, count)| (*count, *length))
        .unwrap_or((1, 0));
    if usual < 2 {
        return Ok(0.0);
    }
    let even = f64::from(count) / records.count as f64;
    Ok(even * even * (0.5 + 0.5 * f64::from(clean) / f64::from(cells)))
}

/// Whether the cell looks like one value: it holds no other candidate, unless it is a number all the same.
fn is_clean(cell: &[u8], delimiter: u8) -> bool {
    let foreign = cell.iter().any(|byte| *byte != delimiter && CANDIDATES.contains(byte));
    !foreign || is_missing(cell) || read_plain(cell, b',').kind != Kind::NotNumber
}
