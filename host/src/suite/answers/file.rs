//! The file of the shapes, beside the folder of fixtures.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Answers;
use crate::file;
use crate::fixture::laid_out_deep;
use crate::suite::update::{self, UpdateError, plain};

/// The name of the file in a BFF's folder.
pub const ANSWERS: &str = "answers.json";

/// Largest file, bytes.
const MAX_SIZE: u64 = 4 << 20;

/// The shapes cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has something else in it.
    #[error("{}: no shapes of answers: {source}; correct it, or remove it and keep them anew with --accept", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A fixture fails, so that its answer may not be the one that is meant.
    #[error("{}: not written: a fixture fails; correct it first, or write what it expects with --update", .0.display())]
    Failing(PathBuf),
    /// There is too much to keep.
    #[error("{}: {size} bytes of shapes, more than {MAX_SIZE}; answers whose members have ever new names are maps: name them by numbers, dates or UUIDs", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, bytes.
        size: usize,
    },
    /// The file cannot be replaced.
    #[error(transparent)]
    Replaced(#[from] UpdateError),
    /// The file cannot be made.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What is kept in a file, with its text.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The shapes.
    pub answers: Answers,
    text: String,
}

/// Reads what is kept; nothing where there is no such file.
///
/// # Errors
///
/// When the file cannot be read, or has something else in it.
pub fn read(path: &Path) -> Result<Option<Kept>, AnswersError> {
    let text = match file::read_text(path, MAX_SIZE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(AnswersError::Unreadable { path, source });
        }
    };
    // As fixtures may have it.
    let shapes = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match serde_json::from_str(shapes) {
        Ok(answers) => Ok(Some(Kept { answers, text })),
        Err(source) => {
            let path = path.to_owned();
            Err(AnswersError::Malformed { path, source })
        }
    }
}

/// Keeps shapes, in the place of what was read.
///
/// # Errors
///
/// When there is too much, when the file changed meanwhile, and when it cannot be written.
pub fn write(path: &Path, old: Option<&Kept>, answers: &Answers) -> Result<(), AnswersError> {
    let unwritable = |source| AnswersError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_string(answers).map_err(|error| unwritable(error.into()))?;
    let text = plain(&laid_out_deep(&text));
    if text.len() as u64 > MAX_SIZE {
        let (path, size) = (path.to_owned(), text.len());
        return Err(AnswersError::TooLarge { path, size });
    }
    if let Some(old) = old {
        return Ok(update::write(path, &old.text, &text)?);
    }
    let new = OpenOptions::new().write(true).create_new(true).open(path);
    let mut new = new.map_err(unwritable)?;
    let written = new.write_all(text.as_bytes()).and_then(|()| new.sync_all());
    written.map_err(|error| {
        // Half of it would be refused the next time.
        let _ = std::fs::remove_file(path);
        unwritable(error)
    })
}
