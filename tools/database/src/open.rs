//! Databases by their paths, and SQLite's words as ours.

use crate::sqlite::{self, Database, Problem, Rights};
use mcp::files;
use mcp::schema::{self, Property, Schema};
use mcp::Failure;

/// The argument that names the database.
pub fn path_property() -> Property {
    schema::required(
        "path",
        schema::text("SQLite database file; an uploaded file is 'uploads/<name>'.").role("file-path"),
    )
}

pub fn parameters_property() -> Property {
    schema::optional(
        "parameters",
        parameters().described("Values for the parameters of the SQL: a list for ?, an object for :name."),
    )
}

fn parameters() -> Schema {
    schema::any_of("", &["array", "object"])
}

pub fn for_reading(path: &str) -> Result<Database, Failure> {
    // Says what is wrong with the path in the words of every other tool.
    files::open(path)?;
    Database::open(path, Rights::Read, false).map_err(|problem| explain(path, "", &problem))
}

/// Opens a database to change it; with `create` one that is not there is made.
pub fn for_changing(path: &str, create: bool) -> Result<Database, Failure> {
    match files::open(path) {
        Ok(_) => {}
        Err(_) if create => files::check_path(path)?,
        Err(failure) => return Err(failure),
    }
    Database::open(path, Rights::Change, create).map_err(|problem| {
        if problem.code & 0xff == sqlite::CANNOT_OPEN {
            Failure(format!(
                "'{}' may not be changed by this tool; grant its directory for writing in the server's tool.toml or in caxton.toml, or write to a directory that is granted for it.",
                path
            ))
        } else {
            explain(path, "", &problem)
        }
    })
}

/// What SQLite said, where, and what to do.
pub fn explain(path: &str, sql: &str, problem: &Problem) -> Failure {
    let message = &problem.message;
    Failure(match problem.code & 0xff {
        sqlite::NOT_A_DATABASE => format!("'{}' is not an SQLite database.", path),
        sqlite::CORRUPT => format!("the database '{}' is damaged: {}.", path, message),
        _ if problem.code == sqlite::READ_ONLY_ROLLBACK => format!(
            "'{}' is being changed by another program, or was left half changed by one that ended; try again, or open it once with a program that may write.",
            path
        ),
        sqlite::READ_ONLY => format!("'{}' may be read but not changed here; use 'execute' where that is granted.", path),
        sqlite::FULL => format!("there is no space left to change '{}', or it would be larger than the server allows.", path),
        sqlite::CANNOT_OPEN | sqlite::IO => format!("'{}' could not be used: {}.", path, message),
        sqlite::NOT_AUTHORISED => format!(
            "{}: ATTACH, transactions and settings are not for SQL here; 'execute' makes one transaction of all its statements by itself.",
            message
        ),
        _ => match problem.offset.filter(|offset| *offset <= sql.len()) {
            Some(offset) => format!("{}, at character {}: {}", message, place(sql, offset), near(sql, offset)),
            None => format!("{}.", message),
        },
    })
}

fn place(sql: &str, offset: usize) -> usize {
    sql.char_indices().take_while(|(at, _)| *at < offset).count() + 1
}

/// The SQL around a place, with the place marked.
fn near(sql: &str, offset: usize) -> String {
    const AROUND: usize = 24;
    let before: String = sql[..floor(sql, offset)].chars().rev().take(AROUND).collect();
    let before: String = before.chars().rev().collect();
    let after: String = sql[floor(sql, offset)..].chars().take(AROUND).collect();
    format!("{}»{}", before, after).replace('\n', " ")
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
