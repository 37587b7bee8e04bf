//! The little of SQLite that is used here, made safe: a connection and its statements.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr;

/// What SQLite said, and where in the SQL when it knows.
#[derive(Debug)]
pub struct Problem {
    pub code: i32,
    pub message: String,
    /// Byte in the SQL.
    pub offset: Option<usize>,
}

pub const CANNOT_OPEN: i32 = 14;
pub const READ_ONLY: i32 = 8;
pub const CORRUPT: i32 = 11;
pub const NOT_A_DATABASE: i32 = 26;
pub const FULL: i32 = 13;
pub const IO: i32 = 10;
pub const NOT_AUTHORISED: i32 = 23;
/// Extended: a journal that somebody left or is writing.
pub const READ_ONLY_ROLLBACK: i32 = 776;

/// One value, as SQLite keeps it. Texts that are not UTF-8 come as blobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// What a statement may do.
#[derive(Clone, Copy, PartialEq)]
pub enum Rights {
    Read,
    Change,
}

enum Connection {}
enum Prepared {}

type Authoriser =
    extern "C" fn(*mut c_void, c_int, *const c_char, *const c_char, *const c_char, *const c_char) -> c_int;

extern "C" {
    fn sqlite3_initialize() -> c_int;
    fn sqlite3_open_v2(name: *const c_char, db: *mut *mut Connection, flags: c_int, vfs: *const c_char) -> c_int;
    fn sqlite3_close(db: *mut Connection) -> c_int;
    fn sqlite3_errmsg(db: *mut Connection) -> *const c_char;
    fn sqlite3_extended_errcode(db: *mut Connection) -> c_int;
    fn sqlite3_error_offset(db: *mut Connection) -> c_int;
    fn sqlite3_limit(db: *mut Connection, id: c_int, value: c_int) -> c_int;
    fn sqlite3_set_authorizer(db: *mut Connection, authoriser: Option<Authoriser>, given: *mut c_void) -> c_int;
    fn sqlite3_changes64(db: *mut Connection) -> i64;
    fn sqlite3_last_insert_rowid(db: *mut Connection) -> i64;
    fn sqlite3_prepare_v2(
        db: *mut Connection,
        sql: *const c_char,
        bytes: c_int,
        statement: *mut *mut Prepared,
        tail: *mut *const c_char,
    ) -> c_int;
    fn sqlite3_finalize(statement: *mut Prepared) -> c_int;
    fn sqlite3_step(statement: *mut Prepared) -> c_int;
    fn sqlite3_stmt_readonly(statement: *mut Prepared) -> c_int;
    fn sqlite3_bind_parameter_count(statement: *mut Prepared) -> c_int;
    fn sqlite3_bind_parameter_name(statement: *mut Prepared, index: c_int) -> *const c_char;
    fn sqlite3_bind_null(statement: *mut Prepared, index: c_int) -> c_int;
    fn sqlite3_bind_int64(statement: *mut Prepared, index: c_int, value: i64) -> c_int;
    fn sqlite3_bind_double(statement: *mut Prepared, index: c_int, value: f64) -> c_int;
    fn sqlite3_bind_text(
        statement: *mut Prepared,
        index: c_int,
        text: *const c_char,
        bytes: c_int,
        free: isize,
    ) -> c_int;
    fn sqlite3_column_count(statement: *mut Prepared) -> c_int;
    fn sqlite3_column_name(statement: *mut Prepared, index: c_int) -> *const c_char;
    fn sqlite3_column_type(statement: *mut Prepared, index: c_int) -> c_int;
    fn sqlite3_column_int64(statement: *mut Prepared, index: c_int) -> i64;
    fn sqlite3_column_double(statement: *mut Prepared, index: c_int) -> f64;
    fn sqlite3_column_blob(statement: *mut Prepared, index: c_int) -> *const c_void;
    fn sqlite3_column_text(statement: *mut Prepared, index: c_int) -> *const c_void;
    fn sqlite3_column_bytes(statement: *mut Prepared, index: c_int) -> c_int;
}

const OK: c_int = 0;
const ROW: c_int = 100;
const DONE: c_int = 101;
const OPEN_READ_ONLY: c_int = 1;
const OPEN_READ_WRITE: c_int = 2;
const OPEN_CREATE: c_int = 4;
const OPEN_EXTENDED_CODES: c_int = 0x0200_0000;
/// SQLite copies what is bound.
const TRANSIENT: isize = -1;

/// What V8's stack and the memory of one instance bear.
const LIMITS: [(c_int, c_int); 5] = [
    // Bytes of a value, of an SQL text; depth of an expression; terms of a compound; arguments.
    (0, 16 << 20),
    (1, 256 << 10),
    (3, 200),
    (4, 100),
    (6, 64),
];

pub struct Database {
    connection: *mut Connection,
}

impl Database {
    /// Opens a file; with `Rights::Read` nothing can change it.
    pub fn open(path: &str, rights: Rights, create: bool) -> Result<Database, Problem> {
        let path = CString::new(path).map_err(|_| problem_of("the path holds a NUL character"))?;
        let access = match (rights, create) {
            (Rights::Read, _) => OPEN_READ_ONLY,
            (Rights::Change, false) => OPEN_READ_WRITE,
            (Rights::Change, true) => OPEN_READ_WRITE | OPEN_CREATE,
        };
        let mut connection = ptr::null_mut();
        unsafe {
            sqlite3_initialize();
            let flags = access | OPEN_EXTENDED_CODES;
            let code = sqlite3_open_v2(path.as_ptr(), &mut connection, flags, ptr::null());
            let database = Database { connection };
            database.check(code)?;
            for (id, value) in LIMITS {
                sqlite3_limit(connection, id, value);
            }
            // Without locks between processes a database in WAL mode can be read only by one that has it to itself.
            database.run("PRAGMA locking_mode=EXCLUSIVE")?;
            let given = usize::from(rights == Rights::Change) as *mut c_void;
            sqlite3_set_authorizer(connection, Some(authorise), given);
            Ok(database)
        }
    }

    /// Prepares the first statement of a text and says where the rest begins; none when only blanks and comments are left.
    pub fn prepare<'d>(&'d self, sql: &str) -> Result<Option<(Statement<'d>, usize)>, Problem> {
        let mut handle = ptr::null_mut();
        let mut tail = ptr::null();
        let start = sql.as_ptr() as *const c_char;
        let code = unsafe { sqlite3_prepare_v2(self.connection, start, sql.len() as c_int, &mut handle, &mut tail) };
        self.check(code)?;
        if handle.is_null() {
            return Ok(None);
        }
        let statement = Statement {
            database: self,
            handle,
            life: PhantomData,
        };
        Ok(Some((statement, tail as usize - start as usize)))
    }

    /// Runs one statement of our own.
    pub fn run(&self, sql: &str) -> Result<(), Problem> {
        if let Some((statement, _)) = self.prepare(sql)? {
            while statement.step()? {}
        }
        Ok(())
    }

    /// Rows the last statement changed.
    pub fn changes(&self) -> i64 {
        unsafe { sqlite3_changes64(self.connection) }
    }

    pub fn last_row(&self) -> i64 {
        unsafe { sqlite3_last_insert_rowid(self.connection) }
    }

    fn check(&self, code: c_int) -> Result<(), Problem> {
        if code == OK {
            return Ok(());
        }
        unsafe {
            let offset = sqlite3_error_offset(self.connection);
            Err(Problem {
                code: sqlite3_extended_errcode(self.connection),
                message: text_at(sqlite3_errmsg(self.connection)),
                offset: usize::try_from(offset).ok(),
            })
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        unsafe { sqlite3_close(self.connection) };
    }
}

pub struct Statement<'d> {
    database: &'d Database,
    handle: *mut Prepared,
    life: PhantomData<&'d Database>,
}

impl Statement<'_> {
    pub fn is_read_only(&self) -> bool {
        unsafe { sqlite3_stmt_readonly(self.handle) != 0 }
    }

    /// Parameters of the statement, `?` without a name.
    pub fn parameters(&self) -> Vec<Option<String>> {
        let count = unsafe { sqlite3_bind_parameter_count(self.handle) };
        (1..=count)
            .map(|index| unsafe {
                let name = sqlite3_bind_parameter_name(self.handle, index);
                if name.is_null() {
                    None
                } else {
                    Some(text_at(name))
                }
            })
            .collect()
    }

    /// Gives a parameter, counted from 1, its value.
    pub fn bind(&self, index: usize, value: &Value) -> Result<(), Problem> {
        let index = index as c_int;
        let code = unsafe {
            match value {
                Value::Null => sqlite3_bind_null(self.handle, index),
                Value::Integer(value) => sqlite3_bind_int64(self.handle, index, *value),
                Value::Real(value) => sqlite3_bind_double(self.handle, index, *value),
                Value::Text(text) => {
                    let start = text.as_ptr() as *const c_char;
                    sqlite3_bind_text(self.handle, index, start, text.len() as c_int, TRANSIENT)
                }
                Value::Blob(_) => unreachable!("arguments hold no blobs"),
            }
        };
        self.database.check(code)
    }

    /// Whether there is another row.
    pub fn step(&self) -> Result<bool, Problem> {
        match unsafe { sqlite3_step(self.handle) } {
            ROW => Ok(true),
            DONE => Ok(false),
            code => self.database.check(code).map(|()| false),
        }
    }

    pub fn columns(&self) -> Vec<String> {
        let count = unsafe { sqlite3_column_count(self.handle) };
        (0..count)
            .map(|index| unsafe { text_at(sqlite3_column_name(self.handle, index)) })
            .collect()
    }

    /// A value of the row at hand.
    pub fn value(&self, index: usize) -> Value {
        let index = index as c_int;
        unsafe {
            match sqlite3_column_type(self.handle, index) {
                1 => Value::Integer(sqlite3_column_int64(self.handle, index)),
                2 => Value::Real(sqlite3_column_double(self.handle, index)),
                3 => {
                    let start = sqlite3_column_text(self.handle, index);
                    let bytes = bytes_at(start, sqlite3_column_bytes(self.handle, index));
                    String::from_utf8(bytes).map_or_else(|wrong| Value::Blob(wrong.into_bytes()), Value::Text)
                }
                4 => {
                    let start = sqlite3_column_blob(self.handle, index);
                    Value::Blob(bytes_at(start, sqlite3_column_bytes(self.handle, index)))
                }
                _ => Value::Null,
            }
        }
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        unsafe { sqlite3_finalize(self.handle) };
    }
}

fn problem_of(message: &str) -> Problem {
    Problem {
        code: CANNOT_OPEN,
        message: message.to_owned(),
        offset: None,
    }
}

unsafe fn text_at(start: *const c_char) -> String {
    CStr::from_ptr(start).to_string_lossy().into_owned()
}

unsafe fn bytes_at(start: *const c_void, length: c_int) -> Vec<u8> {
    if start.is_null() {
        Vec::new()
    } else {
        std::slice::from_raw_parts(start as *const u8, length as usize).to_vec()
    }
}

const ALLOW: c_int = 0;
const DENY: c_int = 1;
const ACTION_PRAGMA: c_int = 19;
const ACTION_TRANSACTION: c_int = 22;
const ACTION_ATTACH: c_int = 24;
const ACTION_DETACH: c_int = 25;
const ACTION_SAVEPOINT: c_int = 32;
/// Pragmas that only tell something.
const PRAGMAS: [&str; 17] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
    "function_list",
    "collation_list",
    "compile_options",
    "database_list",
    "page_count",
    "page_size",
    "encoding",
];
/// Pragmas that may be set by one who may change the database; `data_version`, `user_version` and the like can be read by all.
const SETTABLE: [&str; 3] = ["user_version", "application_id", "foreign_keys"];

/// Called for each thing a statement would do. Other files cannot be reached and no setting changed that keeps a
/// database whole; transactions are the tool's, not the caller's.
extern "C" fn authorise(
    given: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _inside: *const c_char,
) -> c_int {
    match action {
        ACTION_ATTACH | ACTION_DETACH | ACTION_TRANSACTION | ACTION_SAVEPOINT if given != OURS => DENY,
        ACTION_PRAGMA => {
            let name = unsafe { text_at(first) }.to_lowercase();
            let tells = PRAGMAS.contains(&name.as_str()) || (SETTABLE.contains(&name.as_str()) && second.is_null());
            let sets = !given.is_null() && SETTABLE.contains(&name.as_str());
            if tells || sets {
                ALLOW
            } else {
                DENY
            }
        }
        _ => ALLOW,
    }
}

/// Stands for statements of this tool itself.
const OURS: *mut c_void = 2 as *mut c_void;

impl Database {
    /// Runs statements of this tool's own, to which the rules for callers do not apply.
    pub fn as_ours<T>(&self, rights: Rights, work: impl FnOnce(&Database) -> T) -> T {
        let set = |given| unsafe { sqlite3_set_authorizer(self.connection, Some(authorise), given) };
        set(OURS);
        let result = work(self);
        set(usize::from(rights == Rights::Change) as *mut c_void);
        result
    }
}
