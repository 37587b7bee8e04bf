//! Files by WASI preview 1 calls. The C library under `std::fs` takes `data/x.csv` and `/data/x.csv` for the same path;
//! here a relative path goes to the directory that the host opened as "." and an absolute one to the one it opened as "/".

use std::cell::RefCell;

/// An error number of WASI.
pub type Errno = u16;
type Fd = u32;

pub mod errno {
    use super::Errno;
    pub const ACCESS: Errno = 2;
    pub const BAD_DESCRIPTOR: Errno = 8;
    pub const EXISTS: Errno = 20;
    pub const FILE_TOO_LARGE: Errno = 22;
    pub const INVALID: Errno = 28;
    pub const IO: Errno = 29;
    pub const IS_DIRECTORY: Errno = 31;
    pub const TOO_MANY_LINKS: Errno = 32;
    pub const TOO_MANY_OPEN: Errno = 33;
    pub const NAME_TOO_LONG: Errno = 37;
    pub const NO_ENTRY: Errno = 44;
    pub const NO_SPACE: Errno = 51;
    pub const NOT_DIRECTORY: Errno = 54;
    pub const NOT_EMPTY: Errno = 55;
    pub const NOT_SUPPORTED: Errno = 58;
    pub const NOT_PERMITTED: Errno = 63;
    pub const READ_ONLY: Errno = 69;
    pub const NOT_CAPABLE: Errno = 76;
}

#[repr(C)]
struct Vector {
    bytes: *const u8,
    length: usize,
}

#[repr(C)]
#[derive(Default)]
struct FileStat {
    device: u64,
    inode: u64,
    kind: u8,
    links: u64,
    size: u64,
    accessed: u64,
    modified: u64,
    changed: u64,
}

#[repr(C)]
#[derive(Default)]
struct Prestat {
    kind: u32,
    name_length: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn fd_prestat_get(fd: Fd, out: *mut Prestat) -> Errno;
    fn fd_prestat_dir_name(fd: Fd, name: *mut u8, length: usize) -> Errno;
    fn fd_read(fd: Fd, vectors: *const Vector, count: usize, read: *mut usize) -> Errno;
    fn fd_write(fd: Fd, vectors: *const Vector, count: usize, written: *mut usize) -> Errno;
    fn fd_seek(fd: Fd, offset: i64, whence: u8, position: *mut u64) -> Errno;
    fn fd_close(fd: Fd) -> Errno;
    fn fd_filestat_get(fd: Fd, out: *mut FileStat) -> Errno;
    fn fd_readdir(fd: Fd, buffer: *mut u8, length: usize, cookie: u64, used: *mut usize) -> Errno;
    fn path_filestat_get(fd: Fd, follow: u32, path: *const u8, length: usize, out: *mut FileStat) -> Errno;
    #[rustfmt::skip]
    fn path_open(
        fd: Fd,
        follow: u32,
        path: *const u8,
        length: usize,
        open: u16,
        base: u64,
        inheriting: u64,
        flags: u16,
        out: *mut Fd,
    ) -> Errno;
    fn path_create_directory(fd: Fd, path: *const u8, length: usize) -> Errno;
    fn path_remove_directory(fd: Fd, path: *const u8, length: usize) -> Errno;
    fn path_unlink_file(fd: Fd, path: *const u8, length: usize) -> Errno;
    fn path_rename(fd: Fd, from: *const u8, from_length: usize, to_fd: Fd, to: *const u8, to_length: usize) -> Errno;
}

const FIRST_PREOPEN: Fd = 3;
const PREOPENS_MAX: Fd = 64;
const FOLLOW_LINKS: u32 = 1;

const RIGHT_READ: u64 = 1 << 1;
const RIGHT_SEEK: u64 = 1 << 2;
const RIGHT_TELL: u64 = 1 << 5;
const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_READ_DIRECTORY: u64 = 1 << 14;
const RIGHT_FILE_STAT: u64 = 1 << 21;

const OPEN_CREATE: u16 = 1;
const OPEN_DIRECTORY: u16 = 2;
const OPEN_EXCLUSIVE: u16 = 4;
const OPEN_TRUNCATE: u16 = 8;
const FLAG_APPEND: u16 = 1;

const KIND_DIRECTORY: u8 = 3;
const KIND_FILE: u8 = 4;

fn check(errno: Errno) -> Result<(), Errno> {
    if errno == 0 {
        Ok(())
    } else {
        Err(errno)
    }
}

thread_local! {
    /// Directories that the host opened, with their names; found at the first use of a file.
    static PREOPENS: RefCell<Option<Vec<(Fd, String)>>> = RefCell::new(None);
}

fn preopens() -> Vec<(Fd, String)> {
    let mut found = Vec::new();
    for fd in FIRST_PREOPEN..FIRST_PREOPEN + PREOPENS_MAX {
        let mut prestat = Prestat::default();
        // Safe: the host writes one Prestat, then `name_length` bytes at most.
        if check(unsafe { fd_prestat_get(fd, &mut prestat) }).is_err() {
            break;
        }
        let mut name = vec![0; prestat.name_length];
        if check(unsafe { fd_prestat_dir_name(fd, name.as_mut_ptr(), name.len()) }).is_ok() {
            found.push((fd, String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned()));
        }
    }
    found
}

/// The opened directory a path lies in, and the rest of the path.
fn locate(path: &str) -> Result<(Fd, &str), Errno> {
    PREOPENS.with(|cell| {
        let mut known = cell.borrow_mut();
        let known = known.get_or_insert_with(preopens);
        let inside = |(fd, name): &(Fd, String)| {
            let name = name.trim_end_matches('/');
            let rest = if name == "." {
                Some(path).filter(|path| !path.starts_with('/'))
            } else {
                path.strip_prefix(name)
            };
            let rest = rest.filter(|rest| name == "." || rest.is_empty() || rest.starts_with('/'))?;
            let rest = rest.trim_start_matches('/');
            Some((name.len(), *fd, if rest.is_empty() { "." } else { rest }))
        };
        let best = known.iter().filter_map(inside).max_by_key(|(length, _, _)| *length);
        best.map(|(_, fd, rest)| (fd, rest)).ok_or(errno::NOT_CAPABLE)
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    File,
    Directory,
    Other,
}

fn entry_kind(kind: u8) -> EntryKind {
    match kind {
        KIND_FILE => EntryKind::File,
        KIND_DIRECTORY => EntryKind::Directory,
        _ => EntryKind::Other,
    }
}

pub struct Info {
    pub kind: EntryKind,
    pub bytes: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
}

impl FileStat {
    fn info(&self) -> Info {
        Info {
            kind: entry_kind(self.kind),
            bytes: self.size,
            modified: self.modified,
        }
    }
}

/// How to open a file for writing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Create,
    Overwrite,
    Append,
}

/// An open file or directory; closed when dropped.
pub struct Handle(Fd);

impl Drop for Handle {
    fn drop(&mut self) {
        // Nothing can be done about a failed close.
        let _ = unsafe { fd_close(self.0) };
    }
}

fn open(path: &str, how: u16, rights: u64, flags: u16) -> Result<Handle, Errno> {
    let (fd, rest) = locate(path)?;
    let mut opened = 0;
    // Safe: `rest` lives through the call and `opened` is written once.
    check(unsafe {
        path_open(
            fd,
            FOLLOW_LINKS,
            rest.as_ptr(),
            rest.len(),
            how,
            rights,
            0,
            flags,
            &mut opened,
        )
    })?;
    Ok(Handle(opened))
}

pub fn open_read(path: &str) -> Result<Handle, Errno> {
    open(path, 0, RIGHT_READ | RIGHT_SEEK | RIGHT_TELL | RIGHT_FILE_STAT, 0)
}

pub fn open_write(path: &str, how: Write) -> Result<Handle, Errno> {
    let (how, flags) = match how {
        Write::Create => (OPEN_CREATE | OPEN_EXCLUSIVE, 0),
        Write::Overwrite => (OPEN_CREATE | OPEN_TRUNCATE, 0),
        Write::Append => (OPEN_CREATE, FLAG_APPEND),
    };
    open(
        path,
        how,
        RIGHT_WRITE | RIGHT_SEEK | RIGHT_TELL | RIGHT_FILE_STAT,
        flags,
    )
}

pub fn info(path: &str) -> Result<Info, Errno> {
    let (fd, rest) = locate(path)?;
    let mut stat = FileStat::default();
    check(unsafe { path_filestat_get(fd, FOLLOW_LINKS, rest.as_ptr(), rest.len(), &mut stat) })?;
    Ok(stat.info())
}

pub fn create_directory(path: &str) -> Result<(), Errno> {
    let (fd, rest) = locate(path)?;
    check(unsafe { path_create_directory(fd, rest.as_ptr(), rest.len()) })
}

pub fn remove_directory(path: &str) -> Result<(), Errno> {
    let (fd, rest) = locate(path)?;
    check(unsafe { path_remove_directory(fd, rest.as_ptr(), rest.len()) })
}

pub fn remove_file(path: &str) -> Result<(), Errno> {
    let (fd, rest) = locate(path)?;
    check(unsafe { path_unlink_file(fd, rest.as_ptr(), rest.len()) })
}

pub fn rename(from: &str, to: &str) -> Result<(), Errno> {
    let (from_fd, from_rest) = locate(from)?;
    let (to_fd, to_rest) = locate(to)?;
    check(unsafe {
        path_rename(
            from_fd,
            from_rest.as_ptr(),
            from_rest.len(),
            to_fd,
            to_rest.as_ptr(),
            to_rest.len(),
        )
    })
}

impl Handle {
    pub fn info(&self) -> Result<Info, Errno> {
        let mut stat = FileStat::default();
        check(unsafe { fd_filestat_get(self.0, &mut stat) })?;
        Ok(stat.info())
    }

    /// Reads some bytes; none at the end of the file.
    pub fn read(&self, into: &mut [u8]) -> Result<usize, Errno> {
        let vector = Vector {
            bytes: into.as_mut_ptr(),
            length: into.len(),
        };
        let mut count = 0;
        // Safe: the host writes at most `into.len()` bytes.
        check(unsafe { fd_read(self.0, &vector, 1, &mut count) })?;
        Ok(count.min(into.len()))
    }

    pub fn seek(&self, offset: u64) -> Result<(), Errno> {
        let mut position = 0;
        check(unsafe { fd_seek(self.0, offset as i64, 0, &mut position) })
    }

    pub fn write_all(&self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            let vector = Vector {
                bytes: bytes.as_ptr(),
                length: bytes.len(),
            };
            let mut count = 0;
            check(unsafe { fd_write(self.0, &vector, 1, &mut count) })?;
            if count == 0 {
                return Err(errno::IO);
            }
            bytes = &bytes[count.min(bytes.len())..];
        }
        Ok(())
    }
}

const ENTRY_BYTES: usize = 24;
const LISTING_BYTES: usize = 16 << 10;
/// The longest name of a file system, and its entry's head.
const ENTRY_BYTES_MAX: usize = ENTRY_BYTES + 4_096;

/// Names and kinds of a directory's entries, without `.` and `..`; at most `most` of them, in the host's order.
pub fn list(path: &str, most: usize) -> Result<Vec<(String, EntryKind)>, Errno> {
    let directory = open(path, OPEN_DIRECTORY, RIGHT_READ_DIRECTORY | RIGHT_FILE_STAT, 0)?;
    let mut entries = Vec::new();
    let mut cookie = 0;
    let mut buffer = vec![0; LISTING_BYTES.max(ENTRY_BYTES_MAX)];
    loop {
        let mut used = 0;
        check(unsafe { fd_readdir(directory.0, buffer.as_mut_ptr(), buffer.len(), cookie, &mut used) })?;
        let used = used.min(buffer.len());
        let mut at = 0;
        let mut progress = false;
        while at + ENTRY_BYTES <= used {
            let next = u64::from_le_bytes(fixed(&buffer[at..]));
            let length = u32::from_le_bytes(fixed(&buffer[at + 16..])) as usize;
            let kind = entry_kind(buffer[at + 20]);
            let name_at = at + ENTRY_BYTES;
            if name_at + length > used {
                break;
            }
            let name = String::from_utf8_lossy(&buffer[name_at..name_at + length]).into_owned();
            cookie = next;
            progress = true;
            at = name_at + length;
            if name == "." || name == ".." {
                continue;
            }
            entries.push((name, kind));
            if entries.len() >= most {
                return Ok(entries);
            }
        }
        // A buffer that is not full holds the last entries.
        if used < buffer.len() || !progress {
            return Ok(entries);
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn clock_time_get(clock: u32, precision: u64, out: *mut u64) -> Errno;
}

/// Nanoseconds since 1970. A server without the grant of the clock is given one that stands still.
pub fn now() -> Result<u64, Errno> {
    let mut nanos = 0;
    // Safe: the host writes one number. Clock 0 is that of the day.
    check(unsafe { clock_time_get(0, 1_000_000, &mut nanos) })?;
    Ok(nanos)
}
