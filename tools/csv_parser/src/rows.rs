//! Rows in results: which columns, how many cells, and how much text they may hold.

use csv::{ColumnKind, Table};
use mcp::{object, Align, Arguments, Failure, Json, TextTable};

/// Cells of one result.
const CELLS_MAX: usize = 50_000;
/// Bytes of the rows of one result, about; a result that is much larger helps nobody and is refused by the host.
const ROWS_BYTES_MAX: usize = 400 << 10;

/// The columns whose cells a result gives.
pub struct Selection {
    pub columns: Vec<usize>,
    /// Only some were asked for.
    pub chosen: bool,
}

impl Selection {
    pub fn read(arguments: &Arguments, table: &Table) -> Result<Selection, Failure> {
        match arguments.texts("columns")?.filter(|names| !names.is_empty()) {
            Some(names) => {
                let columns = names
                    .into_iter()
                    .map(|name| table.column_named(name))
                    .collect::<Result<_, _>>()?;
                Ok(Selection { columns, chosen: true })
            }
            None => Ok(Selection {
                columns: (0..table.columns.len()).collect(),
                chosen: false,
            }),
        }
    }

    /// Refuses more cells than a result may hold.
    pub fn check(&self, rows: usize) -> Result<(), Failure> {
        let cells = self.columns.len() * rows;
        if cells <= CELLS_MAX {
            return Ok(());
        }
        Err(Failure(format!(
            "{} rows of {} columns are {} cells; at most {} are given. Ask for fewer rows, or name the 'columns' you need.",
            rows,
            self.columns.len(),
            cells,
            CELLS_MAX
        )))
    }

    pub fn names(&self, table: &Table) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| table.columns[*column].name.clone())
            .collect()
    }

    /// The current row as an object.
    pub fn row(&self, table: &Table) -> Json {
        let mut row = object([]);
        for column in &self.columns {
            row.push(table.columns[*column].name.clone(), table.value(*column));
        }
        row
    }

    /// A table for people, still without rows.
    pub fn text_table(&self, table: &Table) -> TextTable {
        let align = |column: &usize| match table.columns[*column].kind {
            ColumnKind::Number(_) => Align::Right,
            _ => Align::Left,
        };
        TextTable::new(
            self.columns
                .iter()
                .map(|column| (table.columns[*column].name.clone(), align(column)))
                .collect(),
        )
    }
}

/// Rows up to the limit on their size; the rest is left out and told.
#[derive(Default)]
pub struct Given {
    pub rows: Vec<Json>,
    bytes: usize,
    pub left_out: usize,
}

impl Given {
    pub fn add(&mut self, row: Json) -> bool {
        self.bytes += size(&row);
        if self.left_out > 0 || (self.bytes > ROWS_BYTES_MAX && !self.rows.is_empty()) {
            self.left_out += 1;
            return false;
        }
        self.rows.push(row);
        true
    }

    pub fn note(&self) -> Option<String> {
        (self.left_out > 0).then(|| {
            format!(
                "{} rows are left out, since a result may hold {} KiB; ask for fewer columns",
                self.left_out,
                ROWS_BYTES_MAX >> 10
            )
        })
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::Text(text) => text.len() + 3,
        Json::List(items) => items.iter().map(size).sum::<usize>() + 2,
        Json::Object(members) => {
            members
                .iter()
                .map(|(name, value)| name.len() + 4 + size(value))
                .sum::<usize>()
                + 2
        }
        _ => 12,
    }
}

/// A cell as it is, not rounded: it may be looked for.
pub fn cell_text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Text(text) => text.to_string(),
        other => other.to_line(),
    }
}

pub fn row_cells(row: &Json) -> Vec<String> {
    match row {
        Json::Object(members) => members.iter().map(|(_, value)| cell_text(value)).collect(),
        _ => Vec::new(),
    }
}
