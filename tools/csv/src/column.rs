//! What is known of a column before its cells are read.

use crate::dates::DateStyle;
use crate::numbers::NumberStyle;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    Number(NumberStyle),
    Date(DateStyle),
    Text,
    /// No value in the sample.
    Empty,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    /// Taken from the first rows; later ones may disagree.
    pub kind: ColumnKind,
    /// Signs of currency that the first rows have: "$", or "$ €" when there are several.
    pub unit: String,
    /// What stands between groups of three digits in the first rows.
    pub thousands: Option<char>,
}

impl Column {
    /// The style in which to read numbers, whatever the kind.
    pub fn number_style(&self, decimal: u8) -> NumberStyle {
        match self.kind {
            ColumnKind::Number(style) => style,
            _ => NumberStyle::plain(decimal),
        }
    }
}

/// Two names that differ in case, spaces, underscores or hyphens only mean the same column.
pub fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}
