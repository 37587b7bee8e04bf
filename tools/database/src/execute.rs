//! `execute`.

use crate::open;
use crate::sqlite::{Database, Problem, Rights};
use crate::values;
use mcp::schema::{self, Schema};
use mcp::{object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};

const STATEMENTS_MAX: usize = 200;

pub const TOOL: Tool = Tool {
    name: "execute",
    title: "Change a database",
    description: "Runs one or more statements that change an SQLite database (INSERT, UPDATE, DELETE, CREATE …), all in one transaction: either all of them count or none. Needs a directory that is granted for writing.",
    input,
    output: Some(output),
    hints: Some(Hints {
        read_only: false,
        idempotent: false,
        destructive: true,
        ..Hints::READ
    }),
    run,
};

fn input() -> Schema {
    schema::closed(vec![
        open::path_property(),
        schema::required(
            "sql",
            schema::text("Statements in SQLite's SQL, separated by semicolons; without BEGIN and COMMIT."),
        ),
        open::parameters_property(),
        schema::optional(
            "create",
            schema::boolean("Make the database when it is not there.").default(false),
        ),
    ])
}

fn output() -> Schema {
    schema::closed(vec![
        schema::required("statements", schema::count("Statements that were run.")),
        schema::required("changed_rows", schema::count("Rows inserted, updated or deleted.")),
        schema::required(
            "last_row_id",
            schema::any_of("Row id of the last row inserted; null when none was.", &["integer", "null"]),
        ),
    ])
}

struct Done {
    statements: usize,
    changed: i64,
}

fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    let sql = arguments.required_text("sql")?;
    let create = arguments.boolean("create")?.unwrap_or(false);
    let database = open::for_changing(path, create)?;
    let ours = |sql: &str| {
        database
            .as_ours(Rights::Change, |database| database.run(sql))
            .map_err(|problem| changing(path, sql, &problem))
    };
    ours("PRAGMA foreign_keys=ON")?;
    ours("BEGIN IMMEDIATE")?;
    let last = database.last_row();
    match statements(&database, path, sql, arguments) {
        Ok(done) => {
            ours("COMMIT")?;
            let row = database.last_row();
            let row = if row == last { Json::Null } else { Json::Integer(row) };
            let text = format!("{} statements, {} rows changed in '{}'.", done.statements, done.changed, path);
            Ok(Answer::new(
                text,
                object([
                    ("statements", done.statements.into()),
                    ("changed_rows", done.changed.into()),
                    ("last_row_id", row),
                ]),
            ))
        }
        Err(failure) => {
            // Fails when SQLite has taken the transaction back by itself, which is as well.
            let _ = database.as_ours(Rights::Change, |database| database.run("ROLLBACK"));
            Err(Failure(format!("{} Nothing was changed.", failure)))
        }
    }
}

fn statements(database: &Database, path: &str, sql: &str, arguments: &Arguments) -> Result<Done, Failure> {
    let mut done = Done {
        statements: 0,
        changed: 0,
    };
    let mut rest = sql;
    loop {
        let explain = |problem: Problem| changing(path, rest, &problem);
        let (statement, end) = match database.prepare(rest).map_err(explain)? {
            Some(next) => next,
            None => break,
        };
        if done.statements == STATEMENTS_MAX {
            return Err(Failure(format!("there are more than {} statements; call once for each part.", STATEMENTS_MAX)));
        }
        if !statement.parameters().is_empty() {
            values::bind(&statement, arguments)?;
        }
        while statement.step().map_err(explain)? {}
        if !statement.is_read_only() {
            done.changed += database.changes();
        }
        done.statements += 1;
        rest = &rest[end..];
    }
    if done.statements == 0 {
        return Err("the SQL holds no statement.".into());
    }
    Ok(done)
}

fn changing(path: &str, sql: &str, problem: &Problem) -> Failure {
    if problem.code & 0xff == crate::sqlite::READ_ONLY {
        return Failure(format!(
            "'{}' may be read but not changed by this tool; grant its directory for writing.",
            path
        ));
    }
    open::explain(path, sql, problem)
}
