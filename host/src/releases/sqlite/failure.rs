//! Why something was not done with the journal.

use rusqlite::ErrorCode;

use crate::releases::error::StoreError;

/// Why work failed.
pub(in crate::releases) enum Failure {
    /// The journal is well.
    Refused(StoreError),
    /// It may not be.
    Sqlite(rusqlite::Error),
}

impl Failure {
    /// Whether another program holds a lock.
    pub(super) fn is_of_lock(&self) -> bool {
        let code = match self {
            Self::Refused(_) => None,
            Self::Sqlite(error) => error.sqlite_error_code(),
        };
        code == Some(ErrorCode::DatabaseBusy)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}
