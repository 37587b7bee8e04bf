//! Compiles SQLite, whose source `npm run build:tools` puts into `tools/target/sqlite`, and the file system it sits on.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is left out of SQLite cannot be reached: no extensions, no threads, no shared caches, no temporary files.
const OPTIONS: [&str; 15] = [
    "SQLITE_OS_OTHER=1",
    "SQLITE_THREADSAFE=0",
    "SQLITE_OMIT_LOAD_EXTENSION",
    "SQLITE_OMIT_SHARED_CACHE",
    "SQLITE_OMIT_DEPRECATED",
    "SQLITE_OMIT_PROGRESS_CALLBACK",
    "SQLITE_OMIT_TRACE",
    "SQLITE_OMIT_LOCALTIME",
    "SQLITE_DEFAULT_MEMSTATUS=0",
    "SQLITE_DQS=0",
    "SQLITE_TEMP_STORE=3",
    "SQLITE_DEFAULT_CACHE_SIZE=-4096",
    "SQLITE_MAX_ATTACHED=0",
    "SQLITE_ENABLE_MATH_FUNCTIONS",
    "SQLITE_ENABLE_FTS5",
];

fn main() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sqlite");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    compile(&sources, &sources.join("sqlite3.c"), &out.join("sqlite3.o"), &["-mbulk-memory"]);
    // With bulk memory this compiler takes errno for a thread's own, which the C library here does not.
    compile(&sources, Path::new("native/files.c"), &out.join("files.o"), &[]);
    println!("cargo:rerun-if-changed=native/files.c");
}

fn compile(include: &Path, source: &Path, object: &Path, features: &[&str]) {
    let status = Command::new("clang")
        .args(["--target=wasm32-wasi", "-Os", "-mnontrapping-fptoint", "-fno-ident", "-c"])
        .args(features)
        .args(OPTIONS.iter().map(|option| format!("-D{option}")))
        .arg("-I")
        .arg(include)
        .arg(source)
        .arg("-o")
        .arg(object)
        .status()
        .expect("clang is installed: npm run build:tools does it");
    assert!(status.success(), "{} does not compile", source.display());
    println!("cargo:rustc-link-arg={}", object.display());
}
