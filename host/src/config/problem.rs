//! What is wrong with a file: [`Problem`] for one thing, [`ConfigError`] for all of them.
//!
//! Every problem says where it is, what is wrong and what to do. No message repeats
//! a URL with a password.

use std::fmt;
use std::path::PathBuf;

/// Why there is no [`Config`](super::Config).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a configuration that the host would run.
    #[error("{}", Listing { path, problems })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All problems, in the order of the file. Never empty.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key, as a path: `bff.watch.limits.memory`. Empty where the problem belongs to no key.
    pub key: String,
    /// What is wrong, with the offending value.
    pub fault: String,
    /// What to do about it.
    pub way_out: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.fault, self.way_out)
    }
}

/// The form of [`ConfigError::Invalid`]: a count, then a line for each problem that an editor can
/// jump to.
struct Listing<'a> {
    path: &'a PathBuf,
    problems: &'a [Problem],
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{path}: {count} {noun}")?;
        for problem in self.problems {
            write!(
                f,
                "\n  {path}:{}:{}: {problem}",
                problem.line, problem.column
            )?;
        }
        Ok(())
    }
}

/// What is wrong with a value and what to do, before its place is known.
#[derive(Debug)]
pub(super) struct Fault {
    what: String,
    way_out: String,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            way_out: way_out.into(),
        }
    }
}

/// A key and where it is in the file.
#[derive(Clone, Debug)]
pub(super) struct Location {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Location {
    /// The problem that `fault` is at this place.
    pub(super) fn problem(&self, fault: Fault) -> Problem {
        Problem {
            line: self.line,
            column: self.column,
            key: self.key.clone(),
            fault: fault.what,
            way_out: fault.way_out,
        }
    }
}
