//! Files as the host gives them: every failure says what is wrong and how to grant or name the file.

use crate::answer::Failure;
use crate::wasi::{self, errno, EntryKind, Errno};

pub use crate::wasi::{
    create_directory, info, list, open_write, remove_directory, remove_file, rename, Handle, Info, Write,
};

/// Opens a file, not a directory, for reading.
pub fn open(path: &str) -> Result<(Handle, Info), Failure> {
    check_path(path)?;
    let file = wasi::open_read(path).map_err(|problem| explain(path, problem))?;
    let info = file.info().map_err(|problem| explain(path, problem))?;
    if info.kind == EntryKind::Directory {
        return Err(explain(path, errno::IS_DIRECTORY));
    }
    Ok((file, info))
}

/// A whole file of UTF-8 text, of at most so many bytes.
pub fn read_text(path: &str, bytes_max: u64) -> Result<String, Failure> {
    let (file, info) = open(path)?;
    if info.bytes > bytes_max {
        return Err(Failure(format!(
            "'{}' has {} bytes; at most {} are read.",
            path, info.bytes, bytes_max
        )));
    }
    let mut bytes = vec![0; info.bytes as usize];
    let mut count = 0;
    while count < bytes.len() {
        match file
            .read(&mut bytes[count..])
            .map_err(|problem| explain(path, problem))?
        {
            0 => break,
            read => count += read,
        }
    }
    bytes.truncate(count);
    String::from_utf8(bytes).map_err(|problem| {
        let at = problem.utf8_error().valid_up_to();
        Failure(format!("'{}' is not UTF-8 text (byte {}).", path, at))
    })
}

/// Refuses paths that cannot be meant.
pub fn check_path(path: &str) -> Result<(), Failure> {
    if path.is_empty() {
        return Err("the path is empty; name a file, such as 'data/sales.csv' or 'uploads/sales.csv'.".into());
    }
    if path.contains('\n') {
        return Err("the path holds several lines; a path is one line. To give the content of a file itself, use another argument or tool.".into());
    }
    if path.contains('\0') {
        return Err("the path holds a NUL character.".into());
    }
    Ok(())
}

/// What a failed file operation means to the one who asked for it.
pub fn explain(path: &str, problem: Errno) -> Failure {
    Failure(match problem {
        errno::NO_ENTRY => format!(
            "there is no file '{}'; paths are relative to the server's directory, an uploaded file is 'uploads/<name>'.",
            path
        ),
        errno::ACCESS | errno::NOT_CAPABLE | errno::NOT_PERMITTED => format!(
            "'{}' is not granted to this tool; upload it with --file, or grant its directory: [[tool_servers.<server>.grants.files]] in caxton.toml.",
            path
        ),
        errno::READ_ONLY => format!("'{}' may be read but not written by this tool; write to a directory granted for writing.", path),
        errno::FILE_TOO_LARGE => format!("'{}' is larger than the server allows.", path),
        errno::NO_SPACE => format!("there is no space left to write '{}'.", path),
        errno::IS_DIRECTORY => format!("'{}' is a directory; name a file in it.", path),
        errno::NOT_DIRECTORY => format!("a part of '{}' is a file, not a directory.", path),
        errno::NOT_EMPTY => format!("the directory '{}' is not empty.", path),
        errno::EXISTS => format!("'{}' exists already.", path),
        errno::NAME_TOO_LONG => format!("the path '{}…' is too long.", path.chars().take(60).collect::<String>()),
        errno::TOO_MANY_LINKS => format!("'{}' goes through too many links.", path),
        errno::TOO_MANY_OPEN => "too many files are open at once.".to_owned(),
        errno::IO | errno::BAD_DESCRIPTOR => format!("'{}' could not be used: the storage failed.", path),
        errno::INVALID => format!("'{}' is not a path.", path),
        errno::NOT_SUPPORTED => format!("this server cannot do that with '{}'.", path),
        other => format!("'{}' cannot be used (WASI error {}).", path, other),
    })
}
