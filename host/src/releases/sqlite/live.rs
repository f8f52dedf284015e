//! The live pointer of a BFF.

use rusqlite::{Transaction, params};

use super::signed::note_live;
use super::trials::of;
use super::write::{Told, event};

/// Moves the live pointer. A trial beside what was live ends with that.
pub(super) fn go_live(
    change: &Transaction<'_>,
    release: i64,
    bff: &str,
    digest: &str,
    now: i64,
) -> rusqlite::Result<()> {
    replace(change, bff, release, now)?;
    // The same component again leaves the one before it where it is.
    change.execute(
        "INSERT INTO live (bff, release, digest, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (bff) DO UPDATE SET
             previous = iif(digest = excluded.digest, previous, digest),
             release = excluded.release, digest = excluded.digest, since = excluded.since",
        params![bff, release, digest, now],
    )?;
    event(change, release, "live", &Told::default(), now)?;
    note_live(change, release, bff, digest)?;
    // What is live is held no more.
    change.execute(
        "DELETE FROM held WHERE bff = ?1 AND digest = ?2",
        [bff, digest],
    )?;
    Ok(())
}

/// Ends the trial of another release, because this one takes its place.
pub(super) fn replace(
    change: &Transaction<'_>,
    bff: &str,
    by: i64,
    now: i64,
) -> rusqlite::Result<()> {
    if let Some(before) = of(change, bff)?.filter(|before| *before != by) {
        let reason = format!("release {by} took its place");
        let told = Told {
            reason: Some(&reason),
            ..Told::default()
        };
        event(change, before, "aborted", &told, now)?;
    }
    change.execute("DELETE FROM canary WHERE bff = ?1", [bff])?;
    Ok(())
}
