//! What Rust programs do through their standard library.
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() -> io::Result<()> {
    assert_eq!(std::env::args().nth(1).as_deref(), Some("argument"));
    assert_eq!(std::env::var("NAME").as_deref(), Ok("value"));

    fs::create_dir_all("tree/a/b")?;
    fs::create_dir_all("/tree/a/c")?;
    fs::write("tree/a/b/one.txt", "one")?;
    let mut log = OpenOptions::new().append(true).create(true).open("tree/log")?;
    for line in 0..100 {
        writeln!(log, "line {line}")?;
    }
    log.sync_all()?;
    let text = fs::read_to_string("/tree/log")?;
    assert_eq!(text.lines().count(), 100);
    assert_eq!(fs::metadata("tree/log")?.len(), text.len() as u64);

    let mut file = OpenOptions::new().read(true).write(true).open("tree/a/b/one.txt")?;
    file.seek(SeekFrom::End(2))?;
    file.write_all(b"x")?;
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    assert_eq!(bytes, b"one\0\0x");
    file.set_len(2)?;
    assert_eq!(file.metadata()?.len(), 2);
    let age = SystemTime::now().duration_since(file.metadata()?.modified()?).unwrap_or_default();
    assert!(age < Duration::from_secs(60));

    let mut names: Vec<_> = fs::read_dir("tree/a")?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    names.sort();
    assert_eq!(names, ["b", "c"]);
    assert!(fs::read_dir("tree")?.all(|entry| entry.map_or(false, |entry| entry.metadata().is_ok())));

    fs::hard_link("tree/log", "tree/a/log")?;
    assert_eq!(fs::copy("tree/a/log", "tree/copy")?, text.len() as u64);
    fs::rename("tree/copy", "tree/a/c/copy")?;
    assert_eq!(fs::rename("tree/a", "tree/a/c/in-itself").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(File::open("tree/none").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(File::create("/outside").err().map(|error| error.kind()), Some(ErrorKind::PermissionDenied));
    assert!(fs::remove_dir("tree").is_err());
    fs::remove_dir_all("tree/a")?;
    fs::remove_file("tree/log")?;
    // What was granted is not the guest's to remove.
    assert_eq!(fs::remove_dir("tree").unwrap_err().kind(), ErrorKind::PermissionDenied);

    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    assert!(begun.elapsed() >= Duration::from_millis(5));

    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    println!("{}", input.trim().to_uppercase());
    Ok(())
}
