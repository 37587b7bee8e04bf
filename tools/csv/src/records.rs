//! Records and their cells: RFC 4180 and what people write instead. One record at a time lies in the buffer; its cells
//! are ranges of it, so that nothing is allocated a cell.

use crate::source::{Source, CHUNK_BYTES};
use crate::{CELL_BYTES_MAX, COLUMNS_MAX, RECORD_BYTES_MAX};
use mcp::Failure;

/// Bytes that may be read past the end of the data by a search of sixteen at a time.
const PADDING: usize = 32;

const QUOTED: u32 = 1 << 31;
/// The range still holds its quotes, since what is between them has to be put together.
const RAW: u32 = 1 << 30;
const OFFSET: u32 = RAW - 1;

#[derive(Clone, Copy)]
struct Cell {
    start: u32,
    end: u32,
}

enum Scan {
    Record,
    /// The buffer ends within the record.
    More,
    End,
}

pub struct Records {
    pub source: Source,
    delimiter: u8,
    buffer: Vec<u8>,
    /// Where the next record begins.
    at: usize,
    /// End of the data; padding follows.
    end: usize,
    /// No more bytes come from the source.
    exhausted: bool,
    /// The last record ended in CR at the very end of the buffer: an LF that follows belongs to it.
    after_return: bool,
    cells: Vec<Cell>,
    raw_cells: bool,
    /// Records given so far, blank lines not counted.
    pub count: u64,
    /// The record in which a quote was opened and never closed.
    pub unclosed: Option<u64>,
}

impl Records {
    pub fn new(source: Source, delimiter: u8) -> Records {
        Records {
            source,
            delimiter,
            buffer: vec![0; PADDING],
            at: 0,
            end: 0,
            exhausted: false,
            after_return: false,
            cells: Vec::with_capacity(32),
            raw_cells: false,
            count: 0,
            unclosed: None,
        }
    }

    /// Reads the first chunk and shows it, whole or not.
    pub fn peek(&mut self) -> Result<(&[u8], bool), Failure> {
        while !self.exhausted && self.end < CHUNK_BYTES {
            self.more()?;
        }
        Ok((&self.buffer[..self.end], self.exhausted))
    }

    /// Begins with the bytes that were peeked at, `skip` of them left out. Only before the first record.
    pub fn begin(&mut self, delimiter: u8, skip: usize) {
        self.delimiter = delimiter;
        self.at = skip;
    }

    /// Goes to the next record; false at the end.
    pub fn next(&mut self) -> Result<bool, Failure> {
        loop {
            let from = self.at;
            match self.scan() {
                Scan::Record => {
                    self.count += 1;
                    if self.at - from > CELL_BYTES_MAX {
                        self.check_cells()?;
                    }
                    if self.cells.len() > COLUMNS_MAX {
                        let message = format!("record {} of {} has {} cells", self.count, self.source.name, self.cells.len());
                        return Err(Failure(format!("{}; at most {} columns are read.", message, COLUMNS_MAX)));
                    }
                    if self.raw_cells {
                        self.join_raw_cells();
                    }
                    return Ok(true);
                }
                Scan::End => return Ok(false),
                Scan::More => {
                    self.check_length()?;
                    self.more()?;
                }
            }
        }
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell without its quotes, or without the spaces around it; empty where the record is too short.
    #[inline]
    pub fn cell(&self, index: usize) -> &[u8] {
        let cell = match self.cells.get(index) {
            Some(cell) => *cell,
            None => return b"",
        };
        let start = (cell.start & OFFSET) as usize;
        let bytes = &self.buffer[start..cell.end as usize];
        if cell.start & QUOTED == 0 {
            trim(bytes)
        } else {
            bytes
        }
    }

    fn check_length(&self) -> Result<(), Failure> {
        let last = self.cells.last().map_or(self.at, |cell| cell.end as usize);
        if self.end - self.at > RECORD_BYTES_MAX {
            Err(self.too_long("is", RECORD_BYTES_MAX, self.count + 1))
        } else if self.end - last > CELL_BYTES_MAX + 8 {
            Err(self.too_long("holds a cell", CELL_BYTES_MAX, self.count + 1))
        } else {
            Ok(())
        }
    }

    fn check_cells(&self) -> Result<(), Failure> {
        let length = |cell: &Cell| cell.end as usize - (cell.start & OFFSET) as usize;
        match self.cells.iter().map(length).max() {
            Some(longest) if longest > CELL_BYTES_MAX => Err(self.too_long("holds a cell", CELL_BYTES_MAX, self.count)),
            _ => Ok(()),
        }
    }

    fn too_long(&self, what: &str, limit: usize, record: u64) -> Failure {
        Failure(format!(
            "record {} of {} {} longer than {} bytes, the limit. Is a quote (\") opened there and never closed, or is it not CSV?",
            record, self.source.name, what, limit
        ))
    }

    fn more(&mut self) -> Result<(), Failure> {
        self.buffer.truncate(self.end);
        self.buffer.drain(..self.at);
        self.at = 0;
        // A record that does not fit is scanned again from its start: the buffer doubles, so the work stays linear.
        let wanted = self.buffer.len();
        while !self.exhausted {
            self.exhausted = !self.source.fill(&mut self.buffer)?;
            if self.buffer.len() >= wanted * 2 && self.buffer.len() > wanted {
                break;
            }
        }
        self.end = self.buffer.len();
        self.buffer.resize(self.end + PADDING, 0);
        // The last record gets the line end it may lack. A cell never includes it.
        self.buffer[self.end] = b'\n';
        Ok(())
    }

    fn scan(&mut self) -> Scan {
        self.cells.clear();
        self.raw_cells = false;
        if self.after_return && self.at < self.end {
            self.after_return = false;
            if self.buffer[self.at] == b'\n' {
                self.at += 1;
            }
        }
        while self.at < self.end && matches!(self.buffer[self.at], b'\n' | b'\r') {
            self.at += 1;
        }
        if self.at == self.end {
            return if self.exhausted { Scan::End } else { Scan::More };
        }
        let limit = self.end + usize::from(self.exhausted);
        let mut start = self.at;
        let mut block = start;
        let mut mask = line_mask(&self.buffer, block, self.delimiter);
        loop {
            let mut cell = Cell { start: start as u32, end: 0 };
            let mut closed = usize::MAX;
            if self.buffer[start] <= b'"' {
                if let Some(open) = self.opening_quote(start) {
                    let (close, doubled) = match self.closing_quote(open + 1, limit) {
                        Some(found) => found,
                        None => return self.unclosed_cell(start, open),
                    };
                    cell.start = if doubled { open as u32 | QUOTED | RAW } else { (open + 1) as u32 | QUOTED };
                    closed = close;
                    block = close + 1;
                    mask = line_mask(&self.buffer, block, self.delimiter);
                }
            }
            while mask == 0 {
                block += 16;
                if block >= limit {
                    return Scan::More;
                }
                mask = line_mask(&self.buffer, block, self.delimiter);
            }
            let stop = block + mask.trailing_zeros() as usize;
            mask &= mask - 1;
            if stop >= limit {
                return Scan::More;
            }
            cell.end = stop as u32;
            if closed != usize::MAX {
                self.finish_quoted(&mut cell, closed, stop);
            }
            self.cells.push(cell);
            start = stop + 1;
            let ending = self.buffer[stop];
            if ending != self.delimiter {
                self.end_record(stop, ending);
                return Scan::Record;
            }
        }
    }

    fn end_record(&mut self, stop: usize, ending: u8) {
        self.at = (stop + 1).min(self.end);
        if ending == b'\r' {
            if self.at < self.end {
                self.at += usize::from(self.buffer[self.at] == b'\n');
            } else {
                self.after_return = true;
            }
        }
    }

    /// Where the quote is that opens the cell: at its start, or after spaces.
    fn opening_quote(&self, start: usize) -> Option<usize> {
        let spaces = self.buffer[start..self.end].iter().take_while(|byte| **byte == b' ').count();
        let at = start + spaces;
        (at < self.end && self.buffer[at] == b'"').then(|| at)
    }

    /// The closing quote and whether doubled quotes stand before it; None when the buffer ends first.
    fn closing_quote(&self, from: usize, limit: usize) -> Option<(usize, bool)> {
        let mut at = from;
        let mut doubled = false;
        loop {
            at = find_quote(&self.buffer, at, self.end)?;
            if at + 1 >= limit {
                return None;
            }
            if at + 1 < self.end && self.buffer[at + 1] == b'"' {
                doubled = true;
                at += 2;
            } else {
                return Some((at, doubled));
            }
        }
    }

    fn unclosed_cell(&mut self, start: usize, open: usize) -> Scan {
        if !self.exhausted {
            // The length check has to see where the unfinished cell begins.
            self.cells.push(Cell { start: start as u32, end: start as u32 });
            return Scan::More;
        }
        self.unclosed = Some(self.count + 1);
        self.cells.push(Cell { start: open as u32 | QUOTED | RAW, end: self.end as u32 });
        self.raw_cells = true;
        self.at = self.end;
        Scan::Record
    }

    fn finish_quoted(&mut self, cell: &mut Cell, closed: usize, stop: usize) {
        if cell.start & RAW == 0 {
            if self.buffer[closed + 1..stop].iter().all(|byte| *byte == b' ') {
                cell.end = closed as u32;
            } else {
                // Text goes on after the closing quote: it belongs to the cell.
                cell.start = (cell.start - 1) | RAW;
            }
        }
        self.raw_cells |= cell.start & RAW != 0;
    }

    /// Takes the quotes out of the cells that still have them, in place.
    fn join_raw_cells(&mut self) {
        for cell in &mut self.cells {
            if cell.start & RAW == 0 {
                continue;
            }
            let start = (cell.start & OFFSET) as usize;
            let mut to = start;
            let mut from = start + 1;
            let mut inside = true;
            while from < cell.end as usize {
                let byte = self.buffer[from];
                from += 1;
                if inside && byte == b'"' {
                    if from < cell.end as usize && self.buffer[from] == b'"' {
                        from += 1;
                    } else {
                        inside = false;
                        continue;
                    }
                }
                self.buffer[to] = byte;
                to += 1;
            }
            cell.start = start as u32 | QUOTED;
            cell.end = to as u32;
        }
    }
}

#[inline]
fn trim(bytes: &[u8]) -> &[u8] {
    match bytes {
        [first, .., last] if *first > b' ' && *last > b' ' => bytes,
        _ => trim_slowly(bytes),
    }
}

fn trim_slowly(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Bit i tells whether byte `at + i` ends a cell, for sixteen bytes.
#[cfg(target_feature = "simd128")]
#[inline(always)]
fn line_mask(buffer: &[u8], at: usize, delimiter: u8) -> u32 {
    use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, v128_load, v128_or};
    debug_assert!(at + 16 <= buffer.len());
    // Safe: `at` never passes the end of the data, and PADDING bytes follow it.
    let bytes = unsafe { v128_load(buffer.as_ptr().add(at).cast()) };
    let line = v128_or(i8x16_eq(bytes, i8x16_splat(b'\n' as i8)), i8x16_eq(bytes, i8x16_splat(b'\r' as i8)));
    u32::from(i8x16_bitmask(v128_or(line, i8x16_eq(bytes, i8x16_splat(delimiter as i8)))))
}

#[cfg(not(target_feature = "simd128"))]
fn line_mask(buffer: &[u8], at: usize, delimiter: u8) -> u32 {
    let ends = |byte: u8| byte == b'\n' || byte == b'\r' || byte == delimiter;
    (0..16).fold(0, |mask, index| mask | u32::from(ends(buffer[at + index])) << index)
}

#[cfg(target_feature = "simd128")]
fn find_quote(buffer: &[u8], mut at: usize, end: usize) -> Option<usize> {
    use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, v128_load};
    while at < end {
        // Safe: PADDING bytes follow `end`.
        let bytes = unsafe { v128_load(buffer.as_ptr().add(at).cast()) };
        let mask = i8x16_bitmask(i8x16_eq(bytes, i8x16_splat(b'"' as i8)));
        if mask != 0 {
            let found = at + mask.trailing_zeros() as usize;
            return (found < end).then(|| found);
        }
        at += 16;
    }
    None
}

#[cfg(not(target_feature = "simd128"))]
fn find_quote(buffer: &[u8], at: usize, end: usize) -> Option<usize> {
    buffer.get(at..end)?.iter().position(|byte| *byte == b'"').map(|index| at + index)
}
