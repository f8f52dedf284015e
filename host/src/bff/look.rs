//! The result of reading a component's file: which content it has, and the component in it or why
//! there is none.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::compiler::Job;
use super::compiler::error::CompileError;
use super::error::LoadError;
use super::load::{Loaded, Loader};
use super::mark::Mark;
use crate::digest::hex;

/// How often in a row a compile is given up for a newer content of its file. One more runs to its
/// end, so that a file which changes all the time is loaded now and then.
const GIVEN_UP: usize = 3;

/// The content of a file at one time.
#[derive(Clone, Debug)]
pub struct Look {
    /// The mark before the file was read; `None` when it was not there.
    pub mark: Option<Mark>,
    /// When.
    pub at: SystemTime,
    /// Its content; `None` when it could not be read.
    pub content: Option<Content>,
    /// Whether the content of the look before is the beginning of this one: the file is still being
    /// written.
    pub has_grown: bool,
}

/// A content, by its size in bytes and its digest in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    size: usize,
    digest: String,
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len(),
            digest: hex(bytes),
        }
    }

    /// Whether this is the beginning of other bytes, and not all of them.
    fn begins(&self, bytes: &[u8]) -> bool {
        self.size < bytes.len() && hex(&bytes[..self.size]) == self.digest
    }
}

impl Look {
    /// Whether the same file has these bytes now, which begin with those of the look before.
    fn grew(&self, before: &Self, bytes: &[u8]) -> bool {
        let marks = self.mark.zip(before.mark);
        let content = before.content.as_ref();
        marks.is_some_and(|(now, before)| now.is_same_file(&before))
            && content.is_some_and(|content| content.begins(bytes))
    }

    /// Whether the file may have changed since without a new mark.
    pub fn is_doubtful(&self) -> bool {
        self.mark.is_some_and(|mark| mark.is_doubtful(self.at))
    }
}

impl Loader {
    /// Looks at the file of a BFF and loads the component that it holds. `known` is reused if it is
    /// the same, `before` is the previous look. A content that is superseded while it compiles is
    /// given up for the new one. Blocks for as long as compiling takes.
    pub fn attempt(
        &self,
        bff: &str,
        path: &Path,
        known: Option<&Arc<Loaded>>,
        before: Option<&Look>,
    ) -> (Look, Result<Arc<Loaded>, LoadError>) {
        let mut given_up = 0;
        loop {
            let (mut look, bytes) = self.look(path);
            look.has_grown = match (before, &bytes) {
                (Some(before), Ok(bytes)) => look.grew(before, bytes),
                _ => false,
            };
            let mark = look.mark.filter(|_| given_up < GIVEN_UP);
            let job = Job::new(bff).of_file(path, mark);
            match bytes.and_then(|bytes| self.load_read(job, bytes, known)) {
                Err(LoadError::Compiler(CompileError::Superseded)) => given_up += 1,
                loaded => return (look, loaded),
            }
        }
    }

    /// Looks at a file and reads it. Blocks.
    pub fn look(&self, path: &Path) -> (Look, Result<Vec<u8>, LoadError>) {
        // The mark comes first: what is replaced in between is then seen to be another file.
        let (mark, at) = (Mark::of(path), SystemTime::now());
        let bytes = self.read(path);
        let look = Look {
            mark,
            at,
            content: bytes.as_deref().ok().map(Content::of),
            has_grown: false,
        };
        (look, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_begins_what_was_added_to_it() {
        let content = Content::of(b"abc");
        assert!(content.begins(b"abcd"));
        for other in [&b"abc"[..], b"abd", b"ab", b"abdc"] {
            assert!(!content.begins(other), "{other:?}");
        }
        assert!(Content::of(b"").begins(b"a"));
    }
}
