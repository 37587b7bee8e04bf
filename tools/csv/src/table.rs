//! A table as it is read: how it is written was found out from its first rows, then its rows come one by one.

use crate::column::{folded, Column, ColumnKind};
use crate::dates::{self, Moment};
use crate::detect;
use crate::evidence::Evidence;
use crate::header::{column_names, FirstRecord};
use crate::json_table;
use crate::numbers::{is_missing, is_missing_figure, read, Affix, NumberStyle, Reading};
use crate::records::Records;
use crate::source::{decode, Source};
use crate::survey::{survey, Survey};
use crate::xlsx;
use mcp::{nearest, Failure, Json};

const CELL_CHARS_SHOWN: usize = 2_000;
/// Bytes that tell what kind of file it is.
const SNIFFED_BYTES: usize = 4 << 10;
const NAMES_LISTED: usize = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Auto,
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    Auto,
    Mark(u8),
}

/// What to read and what is known of it beforehand.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub path: Option<&'a str>,
    pub text: Option<&'a str>,
    pub delimiter: Option<u8>,
    pub header: Choice,
    pub decimal: Decimal,
    /// The sheet of a spreadsheet; the first one when none.
    pub sheet: Option<&'a str>,
}

pub struct Table {
    records: Records,
    pub columns: Vec<Column>,
    pub delimiter: u8,
    pub decimal: u8,
    pub has_header: bool,
    /// Data rows given so far.
    pub rows: u64,
    notes: Vec<String>,
    short_rows: u64,
    long_rows: u64,
    /// The delimiter ends every row too, so that each has an empty cell too many.
    ignore_last_empty: bool,
    /// "csv", "json", "json lines", "xlsx".
    pub format: &'static str,
    /// Bytes of the file whose table was converted.
    converted_bytes: Option<u64>,
}

impl Table {
    pub fn open(input: &Input) -> Result<Table, Failure> {
        let source = match (input.path, input.text) {
            (Some(path), None) => Source::file(path)?,
            (None, Some(text)) => Source::text(text.as_bytes())?,
            _ => return Err("give exactly one of 'path' (a CSV file) and 'text' (CSV itself).".into()),
        };
        let mut records = Records::new(source, b',');
        let (start, _) = records.peek()?;
        let mut input = *input;
        let mut format = "csv";
        let mut converted_bytes = None;
        let mut sheet_note = None;
        let is_sheet = xlsx::may_be(start);
        if is_sheet || json_table::may_be(&start[..start.len().min(SNIFFED_BYTES)]) {
            let name = records.source.name.clone();
            let (bytes_max, what) = if is_sheet {
                (xlsx::XLSX_BYTES_MAX, "a spreadsheet")
            } else {
                (json_table::JSON_BYTES_MAX, "a JSON table")
            };
            let bytes = records.take_all(bytes_max, what)?;
            converted_bytes = Some(records.source.bytes_read);
            let converted = if is_sheet {
                let (converted, note) = xlsx::convert(&bytes, input.sheet, &name)?;
                sheet_note = note;
                Some(converted)
            } else {
                json_table::convert(&decode(&bytes), &name).transpose()?
            };
            let bytes = match converted {
                Some(converted) => {
                    format = converted.format;
                    input.delimiter = Some(b',');
                    if converted.has_header {
                        input.header = Choice::Yes;
                    }
                    converted.csv
                }
                None => bytes,
            };
            records = Records::new(Source::held(bytes, &name), b',');
        }
        let (bytes, complete) = records.peek()?;
        let (said, skip) = separator_line(bytes);
        let sample = detect::whole_lines(&bytes[skip..], complete);
        if sample.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure(format!(
                "{} is empty: it has no header and no rows.",
                records.source.name
            )));
        }
        let delimiter = match input.delimiter.or(said) {
            Some(delimiter) => delimiter,
            None => detect::delimiter(sample)?,
        };
        let survey = survey(sample, delimiter, complete)?;
        records.begin(delimiter, skip);
        let mut table = Table {
            records,
            columns: Vec::new(),
            delimiter,
            decimal: b'.',
            has_header: false,
            rows: 0,
            notes: sheet_note.into_iter().collect(),
            short_rows: 0,
            long_rows: 0,
            ignore_last_empty: false,
            format,
            converted_bytes,
        };
        table.settle(&input, &survey)?;
        Ok(table)
    }

    /// Decides header, names and kinds of the columns, and steps over what stands above the first row.
    fn settle(&mut self, input: &Input, survey: &Survey) -> Result<(), Failure> {
        let chosen = match input.decimal {
            Decimal::Mark(mark) => Some(mark),
            Decimal::Auto => None,
        };
        self.decimal = chosen.unwrap_or_else(|| self.usual_decimal(survey));
        let kinds: Vec<ColumnKind> = survey
            .evidence
            .iter()
            .map(|evidence| evidence.kind(self.decimal, chosen.is_some()))
            .collect();
        let first = FirstRecord {
            cells: &survey.first,
            kinds: &kinds,
            repeated: &survey.repeated,
            is_only: survey.has_no_rows(),
        };
        self.has_header = match input.header {
            Choice::Auto => first.is_header(),
            Choice::Yes => true,
            Choice::No => false,
        };
        for _ in 0..survey.preamble {
            self.records.next()?;
        }
        if survey.preamble > 0 {
            self.notes
                .push(format!("{} lines above the table were skipped", survey.preamble));
        }
        let mut evidence = survey.evidence.clone();
        let mut given = Vec::new();
        if self.has_header {
            self.records.next()?;
            given = (0..self.records.len())
                .map(|index| decode(self.records.cell(index)).into_owned())
                .collect();
            self.fit_header(survey, &mut given);
            if survey.has_no_rows() {
                let names = column_names(&given, given.len()).join(", ");
                return Err(Failure(format!(
                    "{} has a header and no rows (columns: {}).",
                    self.name(),
                    names
                )));
            }
        } else {
            for (evidence, cell) in evidence.iter_mut().zip(&survey.first) {
                evidence.add(cell);
            }
        }
        let count = if self.has_header {
            given.len()
        } else {
            survey.usual.max(survey.first.len())
        };
        evidence.resize(count.max(evidence.len()), Evidence::default());
        let names = column_names(&given, count);
        self.columns = names
            .into_iter()
            .zip(&evidence)
            .map(|(name, evidence)| Column {
                name,
                kind: evidence.kind(self.decimal, chosen.is_some()),
                unit: evidence.signs.join(" "),
                thousands: evidence.group_mark,
            })
            .collect();
        self.note_styles(&evidence, chosen.is_some());
        Ok(())
    }

    /// Rows longer than the header: row names without a header, or a delimiter at the end of each row.
    fn fit_header(&mut self, survey: &Survey, given: &mut Vec<String>) {
        if survey.usual == given.len() + 1 {
            if survey.last_always_empty {
                self.ignore_last_empty = true;
            } else {
                given.insert(0, String::new());
                self.notes
                    .push("rows have one cell more than the header: the first column has no name".to_owned());
            }
        }
    }

    fn usual_decimal(&self, survey: &Survey) -> u8 {
        let (mut points, mut commas, mut doubtful) = (0, 0, 0);
        for evidence in &survey.evidence {
            let (clear_points, clear_commas) = evidence.clear_fractions();
            points += clear_points;
            commas += clear_commas;
            doubtful += evidence.doubtful_commas();
        }
        let comma = points == 0 && (commas > 0 || (doubtful > 0 && self.delimiter == b';'));
        if comma {
            b','
        } else {
            b'.'
        }
    }

    fn note_styles(&mut self, evidence: &[Evidence], chosen: bool) {
        for (column, evidence) in self.columns.iter_mut().zip(evidence) {
            let name = &column.name;
            match column.kind {
                ColumnKind::Number(style) => {
                    match style.affix {
                        Affix::Percent => self.notes.push(format!("'{}' is in percent: 5% is read as 5", name)),
                        Affix::Currency if evidence.signs.len() > 1 => self.notes.push(format!(
                            "'{}' has amounts in several currencies ({}); they are added up as they are",
                            name,
                            evidence.signs.join(", ")
                        )),
                        Affix::Currency => self.notes.push(format!("the currency sign in '{}' is left out", name)),
                        Affix::None => {}
                    }
                    if !chosen && evidence.doubtful_commas() > 0 && evidence.clear_fractions() == (0, 0) {
                        let (meaning, other) = if style.decimal == b',' {
                            ("decimal comma", '.')
                        } else {
                            ("thousands separator", ',')
                        };
                        self.notes.push(format!(
                            "the comma in '{}' is read as {}; if it is not, set decimal to \"{}\"",
                            name, meaning, other
                        ));
                    }
                }
                ColumnKind::Date(_) if evidence.is_ambiguous_date() => {
                    // Where commas are delimiters, dates with slashes are mostly American.
                    let month_first = self.delimiter == b',';
                    column.kind = ColumnKind::Date(if month_first {
                        dates::DateStyle::MonthFirst
                    } else {
                        dates::DateStyle::DayFirst
                    });
                    let order = if month_first { "month first" } else { "day first" };
                    self.notes.push(format!(
                        "dates in '{}' are read with the {}; no value of the sample tells",
                        name, order
                    ));
                }
                _ => {}
            }
        }
    }

    /// Goes to the next data row; false at the end.
    #[inline]
    pub fn next(&mut self) -> Result<bool, Failure> {
        loop {
            if !self.records.next()? {
                return Ok(false);
            }
            let length = self.records.len();
            if length != self.columns.len() {
                // A line of nothing but spaces is no row.
                if length == 1 && self.records.cell(0).is_empty() {
                    continue;
                }
                self.count_ragged(length);
            }
            self.rows += 1;
            return Ok(true);
        }
    }

    #[cold]
    fn count_ragged(&mut self, length: usize) {
        let columns = self.columns.len();
        if length < columns {
            self.short_rows += 1;
        } else if !(self.ignore_last_empty && length == columns + 1 && self.records.cell(columns).is_empty()) {
            self.long_rows += 1;
        }
    }

    #[inline]
    pub fn cell(&self, column: usize) -> &[u8] {
        self.records.cell(column)
    }

    /// The cell with the spaces around it: enough to see whether it is a number, which has none.
    #[inline(always)]
    pub fn untrimmed(&self, column: usize) -> &[u8] {
        self.records.untrimmed(column)
    }

    /// The cell as a number, in the style of its column.
    #[inline]
    pub fn number(&self, column: usize) -> Reading {
        read(self.records.cell(column), self.number_style(column))
    }

    #[inline]
    pub fn number_style(&self, column: usize) -> NumberStyle {
        self.columns[column].number_style(self.decimal)
    }

    /// Whether the cell holds no value. `none` is one among texts, and none among numbers and dates.
    #[inline]
    pub fn is_missing(&self, column: usize) -> bool {
        let cell = self.cell(column);
        match self.columns[column].kind {
            ColumnKind::Number(_) | ColumnKind::Date(_) => is_missing_figure(cell),
            ColumnKind::Text | ColumnKind::Empty => is_missing(cell),
        }
    }

    pub fn moment(&self, column: usize) -> Option<Moment> {
        match self.columns[column].kind {
            ColumnKind::Date(style) => dates::read(self.cell(column), style),
            _ => None,
        }
    }

    /// The cell for a result: a number in a column of numbers, null where it is missing, text otherwise.
    pub fn value(&self, column: usize) -> Json {
        if self.is_missing(column) {
            return Json::Null;
        }
        let cell = self.cell(column);
        if let ColumnKind::Number(style) = self.columns[column].kind {
            let reading = read(cell, style);
            if reading.is_number() {
                return Json::Number(reading.value);
            }
        }
        shown(cell).into()
    }

    pub fn find_column(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        let wanted = folded(name);
        exact.or_else(|| self.columns.iter().position(|column| folded(&column.name) == wanted))
    }

    /// The column of that name, whatever its case, spaces and underscores.
    pub fn column_named(&self, name: &str) -> Result<usize, Failure> {
        if let Some(found) = self.find_column(name) {
            return Ok(found);
        }
        let meant = nearest(name, self.columns.iter().map(|column| column.name.as_str()));
        let hint = meant.map_or(String::new(), |meant| format!(" Did you mean '{}'?", meant));
        Err(Failure(format!(
            "{} has no column '{}'.{} Its columns: {}.",
            self.name(),
            name,
            hint,
            self.names_listed()
        )))
    }

    fn names_listed(&self) -> String {
        let names: Vec<&str> = self
            .columns
            .iter()
            .take(NAMES_LISTED)
            .map(|column| column.name.as_str())
            .collect();
        let more = self.columns.len() - names.len();
        let rest = if more > 0 {
            format!(" … and {} more", more)
        } else {
            String::new()
        };
        format!("{}{}", names.join(", "), rest)
    }

    pub fn name(&self) -> &str {
        &self.records.source.name
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.converted_bytes.unwrap_or(self.records.source.bytes_read)
    }

    pub fn encoding(&self) -> &'static str {
        self.records.source.encoding_name()
    }

    /// What a reader of the result should know about how the table was read. Complete after the last row.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if self.short_rows > 0 {
            notes.push(format!(
                "{} rows have fewer cells than there are columns; the cells they lack count as missing",
                self.short_rows
            ));
        }
        if self.long_rows > 0 {
            notes.push(format!(
                "{} rows have more cells than there are columns; the extra cells are ignored",
                self.long_rows
            ));
        }
        if let Some(record) = self.records.unclosed {
            notes.push(format!(
                "a quote opened in record {} is never closed; the rest of the file was taken for one cell",
                record
            ));
        }
        if let Some(at) = self.records.source.invalid_at {
            notes.push(format!(
                "byte {} is not UTF-8; text that is not was read as Windows-1252",
                at
            ));
        }
        notes
    }
}

/// A cell as text for a result, cut when it is very long.
pub fn shown(cell: &[u8]) -> String {
    let text = decode(cell);
    match text.char_indices().nth(CELL_CHARS_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// The line `sep=;` that spreadsheets write, and how many bytes it has.
fn separator_line(bytes: &[u8]) -> (Option<u8>, usize) {
    match bytes {
        [b's', b'e', b'p', b'=', delimiter, b'\r', b'\n', ..] => (Some(*delimiter), 7),
        [b's', b'e', b'p', b'=', delimiter, b'\n', ..] => (Some(*delimiter), 6),
        _ => (None, 0),
    }
}
