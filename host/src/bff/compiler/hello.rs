//! The first line of a compiler, before it reads anything: the engine of its code, and the
//! restrictions that this kernel lacks. Also the meaning of its exit codes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use wasmtime::Engine;

/// The longest line that can be one, bytes.
pub(super) const LONGEST: usize = 256;

/// The component is not one that compiles; standard error says why.
pub(super) const REFUSED: u8 = 3;
/// There was not enough memory.
pub(super) const NO_MEMORY: u8 = 4;
/// The process could not restrict itself, or its pipes are gone.
pub(super) const UNFIT: u8 = 5;

/// The line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// Of the engine, see [`compatibility`].
    pub(super) engine: String,
    /// The restrictions that are missing, by name.
    pub(super) missing: String,
}

impl Hello {
    pub(super) fn new(engine: &Engine, missing: &[&str]) -> Self {
        Self {
            engine: format!("{:016x}", compatibility(engine)),
            missing: missing.join(","),
        }
    }

    pub(super) fn line(&self) -> String {
        format!("tailor-compiler {} {}\n", self.engine, self.missing)
    }

    /// Reads a line without its end.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (engine, missing) = line.strip_prefix("tailor-compiler ")?.split_once(' ')?;
        Some(Self {
            engine: engine.to_owned(),
            missing: missing.to_owned(),
        })
    }
}

/// A number that changes with the engine's version, its settings and the processor's features.
pub fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let hello = Hello {
            engine: "0123456789abcdef".to_owned(),
            missing: "landlock,seccomp".to_owned(),
        };
        let line = hello.line();
        assert!(line.len() < LONGEST);
        assert_eq!(
            Hello::read(line.trim_end_matches('\n').as_bytes()),
            Some(hello)
        );
        assert_eq!(Hello::read(b"tailor-compiler x"), None);
        assert_eq!(Hello::read(b"error: unrecognized subcommand"), None);
        assert_eq!(Hello::read(b"tailor-compiler \xff "), None);
    }
}
