//! Records and their cells: RFC 4180 and what people write instead. One record at a time lies in the buffer; its cells
//! are ranges of it, so that nothing is allocated a cell.

use crate::bytes::{byte_at, find_quote, line_mask, trim, PADDING};
use crate::source::{Source, CHUNK_BYTES};
use crate::{CELL_BYTES_MAX, COLUMNS_MAX, RECORD_BYTES_MAX};
use mcp::Failure;

/// Cells of one record that there is room for, and one that says that there are too many.
const CELLS_ROOM: usize = COLUMNS_MAX + 1;

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
    TooManyCells,
}

/// What stands where a cell may begin with a quote.
enum Quoted {
    /// No quote.
    No,
    /// A whole cell, and where it stops.
    Cell(Cell, usize),
    More,
    /// The text ends within the cell.
    Unclosed(Cell),
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
            cells: Vec::with_capacity(CELLS_ROOM),
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

    /// All bytes, for a table that is not read row by row.
    pub fn take_all(&mut self, bytes_max: usize, what: &str) -> Result<Vec<u8>, Failure> {
        self.buffer.truncate(self.end);
        while !self.exhausted {
            self.exhausted = !self.source.fill(&mut self.buffer)?;
            if self.buffer.len() > bytes_max {
                return Err(Failure(format!(
                    "{} is {} of more than {} MiB, the most that is read. Save it as CSV.",
                    self.source.name,
                    what,
                    bytes_max >> 20
                )));
            }
        }
        Ok(std::mem::take(&mut self.buffer))
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
                    if self.raw_cells {
                        self.join_raw_cells();
                    }
                    return Ok(true);
                }
                Scan::End => return Ok(false),
                Scan::TooManyCells => {
                    let (record, name) = (self.count + 1, &self.source.name);
                    return Err(Failure(format!(
                        "record {} of {} has more than {} cells; at most {} columns are read.",
                        record, name, COLUMNS_MAX, COLUMNS_MAX
                    )));
                }
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
        match self.cells.get(index) {
            Some(cell) if cell.start & QUOTED == 0 => trim(self.bytes(*cell)),
            Some(cell) => self.bytes(*cell),
            None => b"",
        }
    }

    /// The cell without its quotes, and with the spaces around it.
    #[inline(always)]
    pub fn untrimmed(&self, index: usize) -> &[u8] {
        match self.cells.get(index) {
            Some(cell) => self.bytes(*cell),
            None => b"",
        }
    }

    #[inline(always)]
    fn bytes(&self, cell: Cell) -> &[u8] {
        let start = (cell.start & OFFSET) as usize;
        debug_assert!(start <= cell.end as usize && cell.end as usize <= self.end);
        // Safe: a cell is a range of the data, and the buffer only changes when the cells are found anew.
        unsafe { self.buffer.get_unchecked(start..cell.end as usize) }
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
            self.at += usize::from(byte_at(self.buffer.as_ptr(), self.at) == b'\n');
        }
        while self.at < self.end && matches!(byte_at(self.buffer.as_ptr(), self.at), b'\n' | b'\r') {
            self.at += 1;
        }
        if self.at == self.end {
            return if self.exhausted { Scan::End } else { Scan::More };
        }
        let delimiter = self.delimiter;
        // Pointers instead of slices, since nothing may be checked or loaded twice here. They stay valid: neither the
        // buffer nor the room for cells changes while a record is found.
        let data = self.buffer.as_ptr();
        let first = self.cells.as_mut_ptr();
        let last = unsafe { first.add(CELLS_ROOM) };
        let mut next = first;
        let count = |next: *mut Cell| unsafe { next.offset_from(first) as usize };
        let mut start = self.at;
        let mut block = start;
        let mut mask = line_mask(data, block, delimiter);
        let stop = loop {
            if next == last {
                return Scan::TooManyCells;
            }
            // Only spaces, quotes and control characters are as small as this: most cells skip what follows.
            if byte_at(data, start) <= b'"' {
                let (cell, stop) = match self.quoted_cell(start) {
                    Quoted::No => (Cell { start: 0, end: 0 }, 0),
                    Quoted::Cell(cell, stop) => (cell, stop),
                    Quoted::More => return self.unfinished(count(next), start),
                    Quoted::Unclosed(cell) => return self.unclosed(count(next), cell),
                };
                if stop > 0 {
                    // Safe: `next` is before `last`.
                    unsafe {
                        next.write(cell);
                        next = next.add(1);
                    }
                    if byte_at(data, stop) != delimiter {
                        break stop;
                    }
                    start = stop + 1;
                    block = start;
                    mask = line_mask(data, block, delimiter);
                    continue;
                }
            }
            // The data is followed by a line end, so there is always something to find.
            while mask == 0 {
                block += 16;
                mask = line_mask(data, block, delimiter);
            }
            let stop = block + mask.trailing_zeros() as usize;
            mask &= mask - 1;
            // Safe: `next` is before `last`.
            unsafe {
                next.write(Cell {
                    start: start as u32,
                    end: stop as u32,
                });
                next = next.add(1);
            }
            if byte_at(data, stop) != delimiter {
                break stop;
            }
            start = stop + 1;
        };
        if stop == self.end && !self.exhausted {
            return self.unfinished(count(next) - 1, start);
        }
        // Safe: so many cells were written.
        unsafe { self.cells.set_len(count(next)) };
        self.end_record(stop, byte_at(data, stop));
        Scan::Record
    }

    /// Keeps the cells found so far, and an empty one where the unfinished one begins, for the check of its length.
    #[cold]
    fn unfinished(&mut self, count: usize, start: usize) -> Scan {
        // Safe: so many cells were written.
        unsafe { self.cells.set_len(count) };
        self.cells.push(Cell {
            start: start as u32,
            end: start as u32,
        });
        Scan::More
    }

    #[cold]
    fn unclosed(&mut self, count: usize, cell: Cell) -> Scan {
        // Safe: so many cells were written.
        unsafe { self.cells.set_len(count) };
        self.cells.push(cell);
        self.unclosed = Some(self.count + 1);
        self.raw_cells = true;
        self.at = self.end;
        Scan::Record
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

    /// The cell that begins here, if it begins with a quote, perhaps after spaces.
    #[inline(never)]
    fn quoted_cell(&mut self, start: usize) -> Quoted {
        let data = &self.buffer[..self.end];
        let open = match data
            .get(start..)
            .and_then(|rest| rest.iter().position(|byte| *byte != b' '))
        {
            Some(spaces) if data[start + spaces] == b'"' => start + spaces,
            _ => return Quoted::No,
        };
        let mut at = open + 1;
        let mut doubled = false;
        let close = loop {
            match find_quote(&self.buffer, at, self.end) {
                Some(quote) if quote + 1 < self.end && self.buffer[quote + 1] == b'"' => {
                    doubled = true;
                    at = quote + 2;
                }
                Some(quote) if quote + 1 < self.end || self.exhausted => break quote,
                _ if self.exhausted => {
                    return Quoted::Unclosed(Cell {
                        start: open as u32 | QUOTED | RAW,
                        end: self.end as u32,
                    })
                }
                _ => return Quoted::More,
            }
        };
        let mut block = close + 1;
        let mut mask = line_mask(self.buffer.as_ptr(), block, self.delimiter);
        while mask == 0 {
            block += 16;
            mask = line_mask(self.buffer.as_ptr(), block, self.delimiter);
        }
        let stop = block + mask.trailing_zeros() as usize;
        let goes_on = self.buffer[close + 1..stop].iter().any(|byte| *byte != b' ');
        if doubled || goes_on {
            // Doubled quotes, or text that goes on after the closing quote: the cell has to be put together.
            self.raw_cells = true;
            let end = if goes_on { stop } else { close + 1 };
            return Quoted::Cell(
                Cell {
                    start: open as u32 | QUOTED | RAW,
                    end: end as u32,
                },
                stop,
            );
        }
        Quoted::Cell(
            Cell {
                start: (open + 1) as u32 | QUOTED,
                end: close as u32,
            },
            stop,
        )
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
