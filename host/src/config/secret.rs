//! References to secrets: a file or a variable.

use std::path::PathBuf;

/// The source of a secret. It is read when needed, and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a file, without the line break at its end; read again when the file changes.
    File(PathBuf),
    /// In a variable of the environment.
    Env(String),
}
