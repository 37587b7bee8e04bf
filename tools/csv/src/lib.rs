//! Tables out of any CSV text: reading in one pass and bounded memory, and finding out by itself how a file is written.

mod amounts;
mod bytes;
mod column;
mod conditions;
mod dates;
mod detect;
mod distinct;
mod evidence;
mod header;
mod moments;
mod numbers;
mod quantiles;
mod records;
mod series;
mod source;
mod survey;
mod table;

pub use column::{Column, ColumnKind};
pub use conditions::{Conditions, OPERATORS};
pub use dates::{iso_date, DateStyle, Moment};
pub use distinct::DISTINCT_MAX;
pub use evidence::{is_enough, is_mostly, kind_of};
pub use moments::Moments;
pub use numbers::{is_missing, read, read_at_once, word_of, Kind, NumberStyle, Reading};
pub use series::{Held, Series, VALUES_HELD_MAX};
pub use source::decode;
pub use table::{shown, Choice, Decimal, Input, Table};

/// Bytes of one file or text.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Bytes of one cell.
pub const CELL_BYTES_MAX: usize = 1 << 20;
pub const COLUMNS_MAX: usize = 2_000;
/// Bytes of one record with all its cells.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
