//! The accepted counts: a file in the repository, read, compared with and written.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;
use tailor_harness::components::root;

/// By how much a count may differ from the accepted one, per cent.
pub const TOLERANCE: f64 = 3.0;

const FILE: &str = "tests/benches/instructions.toml";
const HEAD: &str = "\
# Instructions of each benchmark case, as accepted. Written by `cargo instructions -- --accept`;
# `tests/benches/README.md` says what the cases are. Another compiler or C library makes other
# counts, so these are noted, too.
";

/// The accepted counts, and what they were counted with.
#[derive(Deserialize)]
pub struct Accepted {
    tools: BTreeMap<String, String>,
    instructions: BTreeMap<String, u64>,
}

/// How a count compares with the accepted one.
pub enum Verdict {
    /// There is no accepted one.
    New(u64),
    /// It is equal within the tolerance.
    Same { accepted: u64, now: u64 },
    /// It is smaller by more than that.
    Better { accepted: u64, now: u64 },
    /// It is larger by more than that.
    Worse { accepted: u64, now: u64 },
}

impl Accepted {
    /// Reads the file. Without one, nothing is accepted yet.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn read() -> anyhow::Result<Self> {
        let path = path();
        if !path.exists() {
            return Ok(Self {
                tools: BTreeMap::new(),
                instructions: BTreeMap::new(),
            });
        }
        let text = std::fs::read_to_string(&path).context(FILE)?;
        toml::from_str(&text).context(FILE)
    }

    /// Compares a count with the accepted one.
    pub fn judge(&self, name: &str, now: u64) -> Verdict {
        let Some(&accepted) = self.instructions.get(name) else {
            return Verdict::New(now);
        };
        let change = change(accepted, now);
        if change > TOLERANCE {
            Verdict::Worse { accepted, now }
        } else if change < -TOLERANCE {
            Verdict::Better { accepted, now }
        } else {
            Verdict::Same { accepted, now }
        }
    }

    /// Accepts a count.
    pub fn take(&mut self, name: &str, now: u64) {
        self.instructions.insert(name.to_owned(), now);
    }

    /// Writes the file, in the order of `names`; counts of cases that are no more are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, names: &[&str]) -> anyhow::Result<()> {
        let mut text = format!("{HEAD}\n[tools]\n");
        for (name, version) in tools()? {
            writeln!(text, "{name} = {version:?}")?;
        }
        text.push_str("\n[instructions]\n");
        for name in names {
            if let Some(count) = self.instructions.get(*name) {
                writeln!(text, "{name} = {}", grouped(*count, '_'))?;
            }
        }
        std::fs::write(path(), text).context(FILE)
    }

    /// A sentence when the accepted counts were made with other tools than those of this machine.
    ///
    /// # Errors
    ///
    /// When a tool does not say its version.
    pub fn other_tools(&self) -> anyhow::Result<Option<String>> {
        let now = tools()?;
        Ok((now != self.tools).then(|| {
            format!(
                "The accepted counts were made with other tools, which may be all that has changed: {:?}, now {now:?}",
                self.tools
            )
        }))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, now, remark) = match *self {
            Self::New(now) => {
                return write!(
                    f,
                    "{:>12} {:>12} {:>9}  not accepted yet",
                    "",
                    grouped(now, ','),
                    ""
                );
            }
            Self::Same { accepted, now } => (accepted, now, ""),
            Self::Better { accepted, now } => {
                (accepted, now, "  better: cargo instructions -- --accept")
            }
            Self::Worse { accepted, now } => (accepted, now, "  WORSE"),
        };
        write!(
            f,
            "{:>12} {:>12} {:>+8.2}%{remark}",
            grouped(accepted, ','),
            grouped(now, ','),
            change(accepted, now)
        )
    }
}

/// By how much it changed, per cent.
fn change(accepted: u64, now: u64) -> f64 {
    (now as f64 / accepted as f64 - 1.0) * 100.0
}

/// The file as it is called in messages.
pub fn shown_path() -> &'static str {
    FILE
}

fn path() -> PathBuf {
    root().join(FILE)
}

/// The tools that affect the counts: the compiler, the C library and the counter.
fn tools() -> anyhow::Result<BTreeMap<String, String>> {
    let version = |program: &str, flag: &str| -> anyhow::Result<String> {
        let output = Command::new(program)
            .arg(flag)
            .output()
            .context(program.to_owned())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    Ok(BTreeMap::from([
        ("libc".to_owned(), version("ldd", "--version")?),
        ("rustc".to_owned(), version("rustc", "--version")?),
        ("valgrind".to_owned(), version("valgrind", "--version")?),
    ]))
}

/// A number in groups of three digits.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}
