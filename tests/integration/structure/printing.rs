//! Commands print by `host/src/commands/output.rs` alone: `println!` panics when its reader has
//! gone, as `head` does, or when the disk is full.

use super::{below, read, shown};

/// Whether a line prints to standard output by a macro of the standard library.
fn prints(line: &str) -> bool {
    ["println!", "print!"].iter().any(|name| {
        line.match_indices(name).any(|(at, _)| {
            // `eprintln!` is of standard error.
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        })
    })
}

#[test]
fn no_command_prints_by_a_macro_that_panics() {
    assert!(prints("    println!(\"a\");") && prints("print!(\"a\")"));
    assert!(!prints("eprintln!(\"a\")"));
    let mut wrong = Vec::new();
    for path in below("host/src", &[".rs"]) {
        let name = shown(&path);
        if name.contains("tests") {
            continue;
        }
        let text = read(&path);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            if prints(line.split("//").next().unwrap_or_default()) {
                wrong.push(format!("{name}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "print with `commands::print` or `Output`:\n{}",
        wrong.join("\n")
    );
}
