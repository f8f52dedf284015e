//! Files are read by `host/src/file.rs` alone, which bounds their kind, size and time.

use super::{below, read, shown};

/// Code that reads files: functions of `fs`, and calls with these names.
const READS: [&str; 14] = [
    "fs::canonicalize",
    "fs::metadata",
    "fs::read",
    "fs::symlink_metadata",
    "fs::write",
    "File::create",
    "File::open",
    "OpenOptions",
    "NamedTempFile",
    "read_to_string(",
    ".canonicalize()",
    ".is_file()",
    "pem_file",
    "load_native_certs",
];

/// The exceptions, and why.
const ALLOWED: [(&str, &str); 17] = [
    ("host/src/file.rs", "the one place"),
    ("host/src/file/", "and the data directory"),
    ("host/src/build", "a command of its own"),
    (
        "host/src/commands/demo.rs",
        "looks for a clone, before there is a host",
    ),
    ("host/src/commands/inspect.rs", "a command of its own"),
    ("host/src/commands/dev", "a command of its own"),
    ("host/src/commands/man.rs", "writes what it was asked for"),
    ("host/src/commands/record.rs", "writes what it was given"),
    ("host/src/commands/sign.rs", "writes what it was asked for"),
    ("host/src/commands/test", "a command of its own"),
    ("host/src/suite", "what that command runs"),
    ("host/src/template", "commands of their own"),
    (
        "host/src/downstream/transport/tls.rs",
        "the authorities of the system, inside of what file.rs bounds",
    ),
    (
        "host/src/bff/compiler/confine.rs",
        "a compiler tells the system of itself, then closes itself off",
    ),
    (
        "host/src/host/watch.rs",
        "on a thread that may block, one look for each file",
    ),
    ("host/src/page.rs", "only in tests"),
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
