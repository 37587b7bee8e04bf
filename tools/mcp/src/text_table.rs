//! Small tables that people and models read well: Markdown, padded so that they line up as plain text too.

use std::fmt::Write;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Rows of cells under a header. Long cells are cut; rows past `chars_max` are counted instead of shown.
pub struct TextTable {
    header: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    chars: usize,
    hidden: usize,
}

const CELL_CHARS_MAX: usize = 60;
/// Text of one table; what a language model reads of a result is limited too.
const TABLE_CHARS_MAX: usize = 20_000;

impl TextTable {
    pub fn new(header: Vec<(String, Align)>) -> TextTable {
        let header = header.into_iter().map(|(name, align)| (tidy(&name), align)).collect();
        TextTable {
            header,
            rows: Vec::new(),
            chars: 0,
            hidden: 0,
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        let cells: Vec<String> = cells.iter().map(|cell| tidy(cell)).collect();
        self.chars += cells.iter().map(|cell| cell.len() + 3).sum::<usize>();
        if self.chars > TABLE_CHARS_MAX && !self.rows.is_empty() {
            self.hidden += 1;
        } else {
            self.rows.push(cells);
        }
    }

    pub fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = self
                    .rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count());
                cells
                    .max()
                    .unwrap_or(0)
                    .max(self.header[column].0.chars().count())
                    .max(3)
            })
            .collect();
        let mut out = String::new();
        let names: Vec<&str> = self.header.iter().map(|(name, _)| name.as_str()).collect();
        self.line(&mut out, &names, &widths);
        for ((_, align), width) in self.header.iter().zip(&widths) {
            let dashes = "-".repeat(width - 1);
            let _ = if *align == Align::Right {
                write!(out, "| {}: ", dashes)
            } else {
                write!(out, "| {}- ", dashes)
            };
        }
        out.push_str("|\n");
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.line(&mut out, &cells, &widths);
        }
        if self.hidden > 0 {
            let _ = writeln!(out, "… {} more rows, in the structured result", self.hidden);
        }
        out
    }

    fn line(&self, out: &mut String, cells: &[&str], widths: &[usize]) {
        for (column, width) in widths.iter().enumerate() {
            let cell = cells.get(column).copied().unwrap_or("");
            let gap = " ".repeat(width - cell.chars().count().min(*width));
            let _ = match self.header[column].1 {
                Align::Left => write!(out, "| {}{} ", cell, gap),
                Align::Right => write!(out, "| {}{} ", gap, cell),
            };
        }
        out.push_str("|\n");
    }
}

/// One line without what would break a table.
fn tidy(cell: &str) -> String {
    let mut out = String::new();
    for (index, c) in cell.chars().enumerate() {
        if index == CELL_CHARS_MAX {
            out.push('…');
            break;
        }
        match c {
            '|' => out.push('¦'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A number as people write it: whole ones whole, others with about six significant digits.
pub fn short_number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{:.4e}", value);
    }
    let decimals = if value.fract() == 0.0 {
        0
    } else if size >= 1000.0 {
        2
    } else if size >= 1.0 {
        4
    } else {
        6
    };
    let text = format!("{:.*}", decimals, value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
