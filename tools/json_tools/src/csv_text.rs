//! Comma-separated values (RFC 4180), written and read.

use mcp::Failure;

pub fn write_row(cells: &[String], delimiter: char, out: &mut String) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        let quoted = cell.contains([delimiter, '"', '\n', '\r'])
            || cell.starts_with(' ')
            || cell.ends_with(' ')
            || (cell.is_empty() && cells.len() == 1);
        if quoted {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}

/// One cell, and whether it stood in quotes.
pub type Cell = (String, bool);

/// All rows; empty lines are passed over.
pub fn read(text: &str, delimiter: char) -> Result<Vec<Vec<Cell>>, Failure> {
    let mut rows = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    let mut chars = text.chars().peekable();
    let mut cell = String::new();
    let mut quoted = false;
    loop {
        let c = chars.next();
        match c {
            Some('"') if cell.is_empty() && !quoted => {
                quoted = true;
                quote(&mut chars, &mut cell)
                    .ok_or_else(|| Failure(format!("row {} has a quote that is not closed.", rows.len() + 1)))?;
            }
            Some(c) if c != delimiter && c != '\n' && c != '\r' => cell.push(c),
            end => {
                row.push((std::mem::take(&mut cell), std::mem::replace(&mut quoted, false)));
                if end == Some(delimiter) {
                    continue;
                }
                if end == Some('\r') && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                let row = std::mem::take(&mut row);
                if row.len() > 1 || !row[0].0.is_empty() || row[0].1 {
                    rows.push(row);
                }
                if end.is_none() {
                    return Ok(rows);
                }
            }
        }
    }
}

fn quote(chars: &mut std::iter::Peekable<std::str::Chars>, cell: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => return Some(()),
            c => cell.push(c),
        }
    }
}
