//! The first rows of a table, looked at before it is read.

use crate::evidence::Evidence;
use crate::records::Records;
use crate::source::Source;
use mcp::Failure;

/// Rows that decide how columns are read.
const SAMPLE_ROWS_MAX: u64 = 1_000;
/// Lines above the header that are not part of the table.
const PREAMBLE_MAX: usize = 20;

/// The sample, looked at as a table.
pub struct Survey {
    pub evidence: Vec<Evidence>,
    pub first: Vec<Vec<u8>>,
    pub repeated: Vec<bool>,
    /// Records above the first one of the table.
    pub preamble: usize,
    /// Cells that most rows have.
    pub usual: usize,
    /// Rows after the first record.
    pub rows: u64,
    pub last_always_empty: bool,
    /// The sample is all there is.
    pub complete: bool,
}

impl Survey {
    pub fn has_no_rows(&self) -> bool {
        self.complete && self.rows == 0
    }
}

/// Looks at a sample that ends with a whole line.
pub fn survey(sample: &[u8], delimiter: u8, complete: bool) -> Result<Survey, Failure> {
    let usual = usual_length(sample, delimiter)?;
    let mut records = Records::new(Source::text(sample)?, delimiter);
    let mut survey = Survey {
        evidence: Vec::new(),
        first: Vec::new(),
        repeated: Vec::new(),
        preamble: 0,
        usual,
        rows: 0,
        last_always_empty: true,
        complete,
    };
    while survey.rows < SAMPLE_ROWS_MAX && records.next()? {
        let length = records.len();
        if survey.first.is_empty() {
            let aside = length != usual && ((length == 1 && usual > 2) || records.cell(0).starts_with(b"#"));
            if aside && survey.preamble < PREAMBLE_MAX {
                survey.preamble += 1;
                continue;
            }
            survey.first = (0..length).map(|index| records.cell(index).to_vec()).collect();
            survey.repeated = vec![false; length];
            continue;
        }
        survey.rows += 1;
        if length > survey.evidence.len() {
            survey.evidence.resize(length, Evidence::default());
        }
        for index in 0..length {
            let cell = records.cell(index);
            survey.evidence[index].add(cell);
            if let (Some(first), Some(repeated)) = (survey.first.get(index), survey.repeated.get_mut(index)) {
                *repeated |= !cell.is_empty() && cell == &first[..];
            }
        }
        survey.last_always_empty &= length != usual || records.cell(length - 1).is_empty();
    }
    Ok(survey)
}

/// How many cells most records have.
fn usual_length(sample: &[u8], delimiter: u8) -> Result<usize, Failure> {
    let mut records = Records::new(Source::text(sample)?, delimiter);
    let mut lengths: Vec<(usize, u32)> = Vec::new();
    while records.count < SAMPLE_ROWS_MAX && records.next()? {
        let length = records.len();
        match lengths.iter_mut().find(|(known, _)| *known == length) {
            Some((_, count)) => *count += 1,
            None => lengths.push((length, 1)),
        }
    }
    Ok(lengths
        .into_iter()
        .max_by_key(|(length, count)| (*count, *length))
        .map_or(1, |(length, _)| length))
}
