//! What is read from the journal.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use serde::de::DeserializeOwned;

use super::{Failure, trials};
use crate::digest::is_digest;
use crate::releases::error::StoreError;
use crate::releases::journal::{Event, Live, LiveByBff, Release, State};
use crate::releases::place::from_millis;
use crate::releases::reach::Reach;
use crate::signature::Signed;

/// The last event of a release, and whether that release is the live one.
const SELECT: &str = "
    SELECT r.number, r.bff, r.digest, r.kind, r.message, r.source, r.at,
           e.state, e.step, e.reason, e.at,
           EXISTS (SELECT 1 FROM live WHERE live.bff = r.bff AND live.release = r.number),
           r.actor, r.difference, e.share, e.evidence, r.signer, r.comment
    FROM release r JOIN event e ON e.number =
        (SELECT max(number) FROM event WHERE event.release = r.number)";

/// Whether this release is the live one.
pub(super) fn is_live(connection: &mut Connection, release: i64) -> Result<bool, Failure> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM live WHERE release = ?1)",
        [release],
        |row| row.get(0),
    )?)
}

pub(super) fn live(connection: &mut Connection) -> Result<LiveByBff, Failure> {
    let mut canaries = trials::all(connection)?;
    let mut found = connection.prepare(
        "SELECT live.bff, release, digest, previous, since, automation.off
         FROM live LEFT JOIN automation USING (bff)",
    )?;
    let rows = found.query_map([], |row| {
        let bff: String = row.get(0)?;
        let live = Live {
            release: row.get(1)?,
            digest: row.get(2)?,
            previous: row.get(3)?,
            since: from_millis(row.get(4)?),
            canary: None,
            automation_off: row.get(5)?,
        };
        Ok((bff, live))
    })?;
    let rows = rows.map(|row| {
        let (bff, mut live) = row?;
        live.canary = canaries.remove(&bff);
        let live = match is_digest(&live.digest) {
            true => Ok(live),
            false => Err(StoreError::DamagedRow {
                bff: bff.clone(),
                why: format!("{:?} is no digest", live.digest),
            }),
        };
        Ok((bff, live))
    });
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn release(row: &Row<'_>) -> rusqlite::Result<Release> {
    let is_live: bool = row.get(11)?;
    Ok(Release {
        number: row.get(0)?,
        bff: row.get(1)?,
        digest: row.get(2)?,
        kind: row.get(3)?,
        message: row.get(4)?,
        source: row.get(5)?,
        begun: from_millis(row.get(6)?),
        state: match state(row, 14)? {
            _ if is_live => State::Live,
            State::Live => State::Replaced,
            state => state,
        },
        since: from_millis(row.get(10)?),
        actor: row.get(12)?,
        difference: document(row.get(13)?),
        evidence: document(row.get(15)?),
        signed: signed(row.get(16)?, row.get(17)?),
    })
}

fn signed(signer: Option<String>, comment: Option<String>) -> Option<Signed> {
    let (signer, comment) = signer.zip(comment)?;
    Some(Signed { signer, comment })
}

/// The state of an event, in the columns 7 to 9, and that of the share.
fn state(row: &Row<'_>, share: usize) -> rusqlite::Result<State> {
    let state: String = row.get(7)?;
    let reason =
        || -> rusqlite::Result<String> { Ok(row.get::<_, Option<String>>(9)?.unwrap_or_default()) };
    Ok(match &*state {
        "live" => State::Live,
        "canary" => State::Canary {
            percent: row.get::<_, Option<u8>>(share)?.unwrap_or_default(),
            paused: row.get(9)?,
        },
        "previewed" => State::Previewed { name: reason()? },
        "rolled-back" => State::RolledBack { reason: reason()? },
        "aborted" => State::Aborted { reason: reason()? },
        "refused" => State::Refused {
            step: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            reason: reason()?,
        },
        "interrupted" => State::Interrupted,
        _ => State::Proving,
    })
}

pub(super) fn events(
    connection: &mut Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<Event>, Failure> {
    let mut found = connection.prepare(
        "SELECT e.number, e.release, r.bff, r.digest, r.kind, e.at, NULL, e.state, e.step, e.reason,
                e.share, e.actor, e.evidence
         FROM event e JOIN release r ON r.number = e.release
         WHERE e.number > ?1 ORDER BY e.number LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = found.query_map(params![after, limit], |row| {
        Ok(Event {
            number: row.get(0)?,
            release: row.get(1)?,
            bff: row.get(2)?,
            digest: row.get(3)?,
            kind: row.get(4)?,
            at: from_millis(row.get(5)?),
            state: state(row, 10)?,
            actor: row.get(11)?,
            evidence: document(row.get(12)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Also of events whose releases are removed.
pub(super) fn newest_event(connection: &mut Connection) -> Result<i64, Failure> {
    let newest = connection.query_row(
        "SELECT seq FROM sqlite_sequence WHERE name = 'event'",
        [],
        |row| row.get(0),
    );
    Ok(newest.optional()?.unwrap_or(0))
}

pub(super) fn list(
    connection: &mut Connection,
    bff: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Release>, Failure> {
    let text =
        format!("{SELECT} WHERE r.bff = ?1 AND r.number < ?2 ORDER BY r.number DESC LIMIT ?3");
    let mut found = connection.prepare(&text)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = found.query_map(params![bff, before.unwrap_or(i64::MAX), limit], release)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn get(connection: &mut Connection, number: i64) -> Result<Option<Release>, Failure> {
    let text = format!("{SELECT} WHERE r.number = ?1");
    Ok(connection.query_row(&text, [number], release).optional()?)
}

/// Whether a component was live as this BFF, as far as the journal goes back.
pub(super) fn was_live(
    connection: &mut Connection,
    bff: &str,
    digest: &str,
) -> Result<bool, Failure> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM release r JOIN event e ON e.release = r.number
         WHERE r.bff = ?1 AND r.digest = ?2 AND e.state = 'live')",
        [bff, digest],
        |row| row.get(0),
    )?)
}

/// What a column has as JSON. What is not readable is as if it were not there.
fn document<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    serde_json::from_str(&text?).ok()
}

pub(super) fn reach(
    connection: &mut Connection,
    bff: &str,
    digest: &str,
) -> Result<Option<Reach>, Failure> {
    let found = connection.query_row(
        "SELECT reach FROM release WHERE bff = ?1 AND digest = ?2 AND reach IS NOT NULL
         ORDER BY number DESC LIMIT 1",
        [bff, digest],
        |row| row.get(0),
    );
    Ok(document(found.optional()?))
}

pub(super) fn find(
    connection: &mut Connection,
    bff: &str,
    start: &str,
) -> Result<Vec<String>, Failure> {
    let mut found = connection.prepare(
        "SELECT digest FROM release WHERE bff = ?1 AND substr(digest, 1, ?2) = ?3
         GROUP BY digest ORDER BY max(number) DESC",
    )?;
    let length = i64::try_from(start.len()).unwrap_or(i64::MAX);
    let rows = found.query_map(params![bff, length, start], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
