//! Who signed what was released, and what was live once.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::Failure;
use crate::signature::Signed;

/// Records the signature of a release. A journal that was moved away since has no such release.
pub(super) fn signed(
    connection: &mut Connection,
    release: i64,
    signed: &Signed,
) -> Result<(), Failure> {
    connection.execute(
        "UPDATE release SET signer = ?2, comment = ?3 WHERE number = ?1",
        params![release, signed.signer, signed.comment],
    )?;
    Ok(())
}

/// Records that a component is live. The rows stay when their releases go: else an old component
/// would be a new one as soon as there were enough releases after it.
pub(super) fn note_live(
    change: &Transaction<'_>,
    release: i64,
    bff: &str,
    digest: &str,
) -> rusqlite::Result<usize> {
    change.execute(
        "INSERT OR REPLACE INTO been_live (bff, digest, release) VALUES (?1, ?2, ?3)",
        params![bff, digest, release],
    )
}

/// The release with which a component was live last.
pub(super) fn last_live(
    connection: &mut Connection,
    bff: &str,
    digest: &str,
) -> Result<Option<i64>, Failure> {
    let found = connection.query_row(
        "SELECT release FROM been_live WHERE bff = ?1 AND digest = ?2",
        [bff, digest],
        |row| row.get(0),
    );
    Ok(found.optional()?)
}
