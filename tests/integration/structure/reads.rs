//! Files are read by `host/src/file.rs` alone, which bounds their kind, size and time.

use super::{below, read, shown};

/// What reads a file or asks for it, or blocks until it is there.
const READS: [&str; 9] = [
    "fs::read",
    "fs::metadata",
    "fs::canonicalize",
    "File::open",
    "OpenOptions",
    "read_to_string(",
    ".canonicalize()",
    "pem_file",
    ".is_file()",
];

/// Who may, and why.
const ALLOWED: [(&str, &str); 8] = [
    ("host/src/file.rs", "the one place"),
    ("host/src/build/", "a command of its own"),
    (
        "host/src/commands/demo.rs",
        "looks for a clone, before there is a host",
    ),
    ("host/src/commands/inspect.rs", "a command of its own"),
    (
        "host/src/bff/compiled.rs",
        "the data directory, before there is a host",
    ),
    (
        "host/src/bff/store.rs",
        "makes folders durable and empties them, in the data directory",
    ),
    (
        "host/src/host/watch.rs",
        "on a thread that may block, one look for each file",
    ),
    (
        "host/src/server/admin/accept.rs",
        "/dev/null, which no file system stands behind",
    ),
];

#[test]
fn files_are_read_in_one_place() {
    let mut wrong = Vec::new();
    for path in below("host/src", &[".rs"]) {
        let name = shown(&path);
        let allowed = ALLOWED.iter().any(|(allowed, _)| name.starts_with(allowed));
        if allowed || name.contains("tests") {
            continue;
        }
        let text = read(&path);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if READS.iter().any(|reads| line.contains(reads)) {
                wrong.push(format!("{name}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "read it with host/src/file.rs:\n{}",
        wrong.join("\n")
    );
}
