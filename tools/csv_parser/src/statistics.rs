//! `statistics`: numeric columns summed up, and how they go together.

use crate::correlation::{Pair, Pairs};
use crate::input;
use csv::{is_missing_figure, ColumnKind, Conditions, Held, Kind, Odd, Series, Table, VALUES_HELD_MAX};
use mcp::schema::{self, Schema};
use mcp::{object, short_number, Align, Answer, Arguments, Failure, Hints, Json, Outcome, TextTable, Tool};

/// Columns whose pairs are correlated.
const CORRELATED_MAX: usize = 20;
const PAIRS_SHOWN: usize = 20;

pub const TOOL: Tool = Tool {
    name: "statistics",
    title: "Statistics of a CSV file",
    description: "Gives for numeric columns of a CSV file count, mean, standard deviation, quartiles, sum and extremes, over all rows or those that fit conditions, and the Pearson correlation of every two of them.",
    input,
    output: Some(output),
    hints: Some(Hints::READ),
    run,
};

fn input() -> Schema {
    input::arguments(vec![
        schema::optional(
            "columns",
            schema::list("Numeric columns; all when absent.", schema::text("Column name."))
                .column_role("columns", "number"),
        ),
        schema::optional("where", input::conditions_schema()),
    ])
}

fn output() -> Schema {
    let number = |description| schema::any_of(description, &["number", "null"]);
    let column = schema::closed(vec![
        schema::required("column", schema::text("Column name.")),
        schema::required("count", schema::count("Numbers.")),
        schema::required("missing", schema::count("Rows without a value.")),
        schema::required("mean", number("Arithmetic mean.")),
        schema::required("stdev", number("Standard deviation of a sample (n - 1).")),
        schema::required("min", number("Smallest.")),
        schema::required("q1", number("First quartile, interpolated.")),
        schema::required("median", number("Median.")),
        schema::required("q3", number("Third quartile, interpolated.")),
        schema::required("max", number("Largest.")),
        schema::required("sum", number("Sum.")),
    ]);
    let pair = schema::closed(vec![
        schema::required("a", schema::text("Column name.")),
        schema::required("b", schema::text("Column name.")),
        schema::required(
            "r",
            number("Pearson correlation, -1 to 1; null when a column does not vary."),
        ),
        schema::required("n", schema::count("Rows with both values.")),
    ]);
    schema::closed(vec![
        schema::required("statistics", schema::list("One for each column.", column)),
        schema::required(
            "correlations",
            schema::list("One for every two columns, strongest first.", pair),
        ),
        schema::required("rows_read", schema::count("Rows of the file.")),
        schema::required("rows_matched", schema::count("Rows that fit the conditions.")),
        input::notes_schema(),
    ])
}

struct Column {
    index: usize,
    missing: u64,
    odd: Odd,
    numbers: u64,
    series: Series,
}

fn run(arguments: &Arguments) -> Outcome {
    let mut table = Table::open(&input::read(arguments)?)?;
    let named = arguments.texts("columns")?.filter(|names| !names.is_empty());
    let mut columns = columns(&table, named.as_deref())?;
    let mut conditions = Conditions::new(arguments.list("where")?, &table)?;
    let mut pairs = Pairs::new(columns.len().min(CORRELATED_MAX));
    let mut held = Held::default();
    let mut row = vec![f64::NAN; columns.len()];
    let mut matched = 0u64;
    while table.next()? {
        if !conditions.fit(&table) {
            continue;
        }
        matched += 1;
        for (column, place) in columns.iter_mut().zip(&mut row) {
            *place = column.add(&table, &mut held);
        }
        pairs.add(&row);
    }
    let mut notes = table.notes();
    notes.extend(conditions.notes(&table));
    check(&table, &columns, &mut notes)?;
    if held.exceeded {
        notes.push(format!(
            "there are more than {} numbers, so medians and quartiles are not computed",
            VALUES_HELD_MAX
        ));
    }
    if columns.len() > CORRELATED_MAX {
        notes.push(format!(
            "correlations are those of the first {} columns",
            CORRELATED_MAX
        ));
    }
    Ok(answer(&table, columns, &pairs.finish(), &mut held, (matched, notes)))
}

fn columns(table: &Table, named: Option<&[&str]>) -> Result<Vec<Column>, Failure> {
    let indexes: Vec<usize> = match named {
        Some(names) => names
            .iter()
            .map(|name| table.column_named(name))
            .collect::<Result<_, _>>()?,
        None => (0..table.columns.len())
            .filter(|index| matches!(table.columns[*index].kind, ColumnKind::Number(_)))
            .collect(),
    };
    if indexes.is_empty() {
        return Err(Failure(format!(
            "{} has no column of numbers; use group to count rows.",
            table.name()
        )));
    }
    let column = |index| Column {
        index,
        missing: 0,
        odd: Odd::default(),
        numbers: 0,
        series: Series::default(),
    };
    Ok(indexes.into_iter().map(column).collect())
}

impl Column {
    /// Takes the cell of the current row; gives its number, or NaN.
    fn add(&mut self, table: &Table, held: &mut Held) -> f64 {
        let style = table.number_style(self.index);
        let mut reading = csv::read_at_once(table.untrimmed(self.index), style);
        let cell = table.cell(self.index);
        if reading.kind == Kind::NotNumber {
            if is_missing_figure(cell) {
                self.missing += 1;
                return f64::NAN;
            }
            reading = csv::read(cell, style);
        }
        if reading.is_number() || reading.kind == Kind::Big {
            self.numbers += 1;
            self.series.push(reading.value, held);
            return reading.value;
        }
        self.odd.add(table.rows, cell);
        f64::NAN
    }
}

fn check(table: &Table, columns: &[Column], notes: &mut Vec<String>) -> Result<(), Failure> {
    for column in columns {
        let (row, value) = match column.odd.shown.first() {
            Some(odd) => odd,
            None => continue,
        };
        let name = &table.columns[column.index].name;
        let is_number = matches!(table.columns[column.index].kind, ColumnKind::Number(_));
        if !is_number && !column.odd.leaves(column.numbers) {
            return Err(Failure(format!(
                "'{}' is not a column of numbers: {} of {} values are none, such as '{}' in row {}.",
                name,
                column.odd.count,
                column.numbers + column.odd.count,
                value,
                row
            )));
        }
        notes.push(format!(
            "{} values of '{}' are not numbers and were left out, such as '{}' in row {}",
            column.odd.count, name, value, row
        ));
    }
    Ok(())
}

fn answer(
    table: &Table,
    columns: Vec<Column>,
    pairs: &[Pair],
    held: &mut Held,
    (matched, notes): (u64, Vec<String>),
) -> Answer {
    const SHOWN: [&str; 10] = [
        "count", "missing", "mean", "stdev", "min", "q1", "median", "q3", "max", "sum",
    ];
    let mut header = vec![("column".to_owned(), Align::Left)];
    header.extend(SHOWN.iter().map(|name| ((*name).to_owned(), Align::Right)));
    let mut shown = TextTable::new(header);
    let names: Vec<String> = columns
        .iter()
        .map(|column| table.columns[column.index].name.clone())
        .collect();
    let mut statistics = Vec::new();
    for (mut column, name) in columns.into_iter().zip(&names) {
        let moments = column.series.moments(held);
        let quartiles = column.series.quantiles(&[0.25, 0.5, 0.75], held);
        let quartile = |index: usize| quartiles.as_ref().map(|found| found[index]);
        let figures = [
            moments.mean(),
            moments.stdev(),
            moments.min(),
            quartile(0),
            quartile(1),
            quartile(2),
            moments.max(),
            moments.sum(),
        ];
        let mut row = object([
            ("column", name.clone().into()),
            ("count", moments.count().into()),
            ("missing", column.missing.into()),
        ]);
        let mut cells = vec![name.clone(), moments.count().to_string(), column.missing.to_string()];
        for (name, figure) in SHOWN[2..].iter().zip(figures) {
            row.push(*name, figure);
            cells.push(figure.map_or(String::new(), short_number));
        }
        shown.row(cells);
        statistics.push(row);
    }
    let correlations = correlations(&names, pairs);
    let of = if matched == table.rows {
        String::new()
    } else {
        format!(" of {}", table.rows)
    };
    let text = format!(
        "{}{} in {}:\n\n{}{}{}",
        input::counted(matched, "row"),
        of,
        table.name(),
        shown.render(),
        correlations_text(&correlations),
        input::notes_text(&notes)
    );
    let pairs: Vec<Json> = correlations
        .into_iter()
        .map(|(a, b, pair)| {
            object([
                ("a", a.into()),
                ("b", b.into()),
                ("r", pair.correlation().into()),
                ("n", pair.count().into()),
            ])
        })
        .collect();
    let structured = object([
        ("statistics", statistics.into()),
        ("correlations", pairs.into()),
        ("rows_read", table.rows.into()),
        ("rows_matched", matched.into()),
        ("notes", input::texts_json(&notes)),
    ]);
    Answer::new(text, structured)
}

/// Every two columns with what they have in common, strongest first.
fn correlations(names: &[String], pairs: &[Pair]) -> Vec<(String, String, Pair)> {
    let correlated = names.len().min(CORRELATED_MAX);
    let mut all = Vec::with_capacity(pairs.len());
    let mut pair = pairs.iter();
    for (a, left) in names[..correlated].iter().enumerate() {
        for (right, pair) in names[a + 1..correlated].iter().zip(&mut pair) {
            all.push((left.clone(), right.clone(), *pair));
        }
    }
    let strength = |pair: &Pair| pair.correlation().map_or(-1.0, f64::abs);
    all.sort_by(|left, right| strength(&right.2).total_cmp(&strength(&left.2)));
    all
}

fn correlations_text(correlations: &[(String, String, Pair)]) -> String {
    let lines: Vec<String> = correlations
        .iter()
        .take(PAIRS_SHOWN)
        .filter_map(|(a, b, pair)| {
            pair.correlation()
                .map(|r| format!("\n- {} and {}: {:.3} ({} rows)", a, b, r, pair.count()))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("\nCorrelation (Pearson), strongest first:{}\n", lines.concat())
}
