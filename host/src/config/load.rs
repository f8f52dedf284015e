//! Reads the file, and checks it.

use std::path::Path;

use super::check::{self, Part};
use super::{Config, ConfigError};
use crate::file;

/// Largest file that is taken for a configuration, bytes.
const MAX_SIZE: u64 = 16 << 20;

/// Reads and checks the file.
///
/// Relative paths in the file are taken from the file's own directory.
///
/// # Errors
///
/// All problems of the file at once, each with its key, line and way out; or that the file cannot
/// be read.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    parse(&read(path)?, path)
}

/// The same, but for the components: whether they can be used is found out when they are loaded, so
/// that a missing one affects its BFF alone.
///
/// # Errors
///
/// When the file cannot be read, or all problems of its text at once.
pub fn load_but_components(path: &Path) -> Result<Config, ConfigError> {
    check::check(&read(path)?, path, Part::Host)
}

/// The same for commands that run the BFFs of a file and no host: a place for the host's own files
/// is not needed.
///
/// # Errors
///
/// When the file cannot be read, or all problems of its text at once.
pub fn load_bffs(path: &Path) -> Result<Config, ConfigError> {
    check::check(&read(path)?, path, Part::Bffs)
}

/// The same for a look at what the file grants, which may be done on another machine than the
/// host's: no file and no variable that the text names has to be there.
///
/// # Errors
///
/// When the file cannot be read, or all problems of its text at once.
pub fn load_grants(path: &Path) -> Result<Config, ConfigError> {
    check::check(&read(path)?, path, Part::Grants)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    file::read_text(path, MAX_SIZE).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Checks the text of a file; `path` is its name in messages, and its folder the base of relative
/// paths.
///
/// Blocks for as long as it takes to open the files that the text names.
///
/// # Errors
///
/// All problems of the text at once.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    check::check(text, path, Part::All)
}

/// The same of what [`load_bffs`] looks at.
///
/// # Errors
///
/// All problems of the text at once.
pub fn parse_bffs(text: &str, path: &Path) -> Result<Config, ConfigError> {
    check::check(text, path, Part::Bffs)
}
