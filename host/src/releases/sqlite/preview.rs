//! Previews in the journal: which names there are, and until when.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::Failure;
use super::write::{Told, begin, event};
use crate::releases::error::StoreError;
use crate::releases::place::{from_millis, to_millis};
use crate::releases::preview::{NewPreview, Preview, Previews};

/// Refuses one name more than a BFF may have.
pub(super) fn check_room(
    change: &Transaction<'_>,
    bff: &str,
    preview: &NewPreview,
    now: SystemTime,
) -> Result<(), Failure> {
    let others: i64 = change.query_row(
        "SELECT count(*) FROM preview WHERE bff = ?1 AND name != ?2 AND until > ?3",
        params![bff, preview.name, to_millis(now)],
        |row| row.get(0),
    )?;
    match usize::try_from(others).is_ok_and(|others| others < preview.most) {
        true => Ok(()),
        false => Err(StoreError::TooManyPreviews {
            bff: bff.to_owned(),
            most: preview.most,
        }
        .into()),
    }
}

/// Gives a release its name, which another one may have had. A later one keeps it.
pub(super) fn show(
    change: &Transaction<'_>,
    bff: &str,
    release: i64,
    preview: &NewPreview,
    now: SystemTime,
) -> Result<(), Failure> {
    let before: Option<i64> = change
        .query_row(
            "SELECT release FROM preview WHERE bff = ?1 AND name = ?2",
            [bff, &preview.name],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(by) = before.filter(|by| *by > release) {
        let bff = bff.to_owned();
        return Err(StoreError::Superseded { bff, release, by }.into());
    }
    check_room(change, bff, preview, now)?;
    let at = to_millis(now);
    if let Some(before) = before {
        aborted(
            change,
            before,
            &format!("release {release} took its name"),
            None,
            at,
        )?;
    }
    let until = now.checked_add(preview.lifetime).unwrap_or(now);
    change.execute(
        "INSERT OR REPLACE INTO preview (bff, name, release, until) VALUES (?1, ?2, ?3, ?4)",
        params![bff, preview.name, release, to_millis(until)],
    )?;
    let told = Told {
        reason: Some(&preview.name),
        ..Told::default()
    };
    event(change, release, "previewed", &told, at)?;
    Ok(())
}

/// Ends a preview by order. Returns its release.
pub(super) fn end(
    connection: &mut Connection,
    bff: &str,
    name: &str,
    actor: &str,
) -> Result<Option<i64>, Failure> {
    let change = begin(connection)?;
    expire(&change)?;
    let removed = change.query_row(
        "DELETE FROM preview WHERE bff = ?1 AND name = ?2 RETURNING release",
        [bff, name],
        |row| row.get(0),
    );
    let removed: Option<i64> = removed.optional()?;
    if let Some(release) = removed {
        let now = to_millis(SystemTime::now());
        aborted(&change, release, "its preview was ended", Some(actor), now)?;
    }
    change.commit()?;
    Ok(removed)
}

/// Ends the previews whose time is over. Returns whether there were any.
pub(super) fn expire(change: &Transaction<'_>) -> rusqlite::Result<bool> {
    let now = to_millis(SystemTime::now());
    let expired: Vec<i64> = {
        let mut found =
            change.prepare("DELETE FROM preview WHERE until <= ?1 RETURNING release")?;
        let rows = found.query_map([now], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for release in &expired {
        aborted(
            change,
            *release,
            "the time of its preview is over",
            None,
            now,
        )?;
    }
    Ok(!expired.is_empty())
}

/// The same in a transaction of its own, if there is something to end.
pub(super) fn expire_all(connection: &mut Connection) -> Result<bool, Failure> {
    let now = to_millis(SystemTime::now());
    let has_any: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM preview WHERE until <= ?1)",
        [now],
        |row| row.get(0),
    )?;
    if !has_any {
        return Ok(false);
    }
    let change = begin(connection)?;
    let expired = expire(&change)?;
    change.commit()?;
    Ok(expired)
}

fn aborted(
    change: &Transaction<'_>,
    release: i64,
    reason: &str,
    actor: Option<&str>,
    at: i64,
) -> rusqlite::Result<()> {
    let told = Told {
        reason: Some(reason),
        actor,
        ..Told::default()
    };
    event(change, release, "aborted", &told, at)
}

/// What can be shown of a BFF.
pub(super) fn all(connection: &mut Connection, bff: &str) -> Result<Previews, Failure> {
    let now = to_millis(SystemTime::now());
    let names = {
        let mut found = connection.prepare(
            "SELECT p.name, p.release, r.digest, p.until FROM preview p
             JOIN release r ON r.number = p.release
             WHERE p.bff = ?1 AND p.until > ?2 ORDER BY p.name",
        )?;
        let rows = found.query_map(params![bff, now], |row| {
            Ok(Preview {
                name: row.get(0)?,
                release: row.get(1)?,
                digest: row.get(2)?,
                until: from_millis(row.get(3)?),
            })
        })?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let mut found = connection.prepare(
        "SELECT DISTINCT r.digest FROM release r JOIN event e ON e.release = r.number
         WHERE r.bff = ?1 AND e.state IN ('live', 'canary', 'previewed')",
    )?;
    let rows = found.query_map([bff], |row| row.get(0))?;
    Ok(Previews {
        names,
        proven: rows.collect::<rusqlite::Result<_>>()?,
    })
}
