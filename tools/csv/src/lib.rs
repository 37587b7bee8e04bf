//! Tables out of any CSV text: reading in one pass and bounded memory, and finding out by itself how a file is written.

mod amounts;
mod buckets;
mod bytes;
mod column;
mod conditions;
mod dates;
mod detect;
mod distinct;
mod evidence;
mod field;
mod formula;
mod header;
mod inflate;
mod json_table;
mod moments;
mod numbers;
mod odd;
mod quantiles;
mod records;
mod series;
mod source;
mod survey;
mod table;
mod xlsx;

pub use buckets::Bucket;
pub use column::{Column, ColumnKind};
pub use conditions::{Conditions, OPERATORS};
pub use dates::{iso_date, times_of, DateStyle, Moment};
pub use distinct::DISTINCT_MAX;
pub use evidence::{is_enough, kind_of};
pub use field::{Field, Value};
pub use moments::Moments;
pub use numbers::{is_missing, is_missing_figure, read, read_at_once, word_of, Affix, Kind, NumberStyle, Reading};
pub use odd::Odd;
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
