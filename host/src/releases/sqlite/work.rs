//! What is done with the journal, each in one transaction.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::{Failure, from_millis, to_millis};
use crate::releases::error::StoreError;
use crate::releases::files::is_digest;
use crate::releases::journal::{Appended, Live, LiveByBff, NewRelease, Outcome, Release, State};
use crate::releases::points::reach;

/// Releases of one BFF that may be under way: one is proven, the others wait.
const UNDER_WAY: usize = 8;
/// How long the key of an order is remembered.
const KEY: Duration = Duration::from_secs(24 * 3600);

/// The last event of a release, and whether that release is the live one.
const SELECT: &str = "
    SELECT r.number, r.bff, r.digest, r.kind, r.message, r.source, r.at,
           e.state, e.step, e.reason, e.at,
           EXISTS (SELECT 1 FROM live WHERE live.bff = r.bff AND live.release = r.number)
    FROM release r JOIN event e ON e.number =
        (SELECT max(number) FROM event WHERE event.release = r.number)";

/// Releases of a BFF whose last event is that they began.
const PROVING: &str = "
    SELECT r.number, r.at FROM release r WHERE r.bff = ?1 AND 'proving' =
        (SELECT state FROM event WHERE event.release = r.number ORDER BY number DESC LIMIT 1)
    ORDER BY r.number DESC";

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn event(
    change: &Transaction<'_>,
    release: i64,
    state: &str,
    why: Option<(&str, &str)>,
    at: i64,
) -> rusqlite::Result<usize> {
    let (step, reason) = why.unzip();
    change.execute(
        "INSERT INTO event (release, state, step, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![release, state, step, reason, at],
    )
}

/// Ends the releases that another process has not: it is gone.
pub(super) fn interrupt(connection: &mut Connection) -> Result<(), Failure> {
    let change = begin(connection)?;
    change.execute(
        "INSERT INTO event (release, state, at) SELECT release, 'interrupted', ?1 FROM event
         WHERE number IN (SELECT max(number) FROM event GROUP BY release) AND state = 'proving'",
        [to_millis(SystemTime::now())],
    )?;
    Ok(change.commit()?)
}

pub(super) fn append(
    connection: &mut Connection,
    release: &NewRelease,
) -> Result<Appended, Failure> {
    let now = SystemTime::now();
    let change = begin(connection)?;
    if let Some((key, request)) = &release.key {
        let since = now.checked_sub(KEY).unwrap_or(now);
        let before = change.query_row(
            "SELECT number, request FROM release WHERE key = ?1 AND at > ?2",
            params![key, to_millis(since)],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        );
        match before.optional()? {
            Some((number, before)) if before == *request => return Ok(Appended::Known(number)),
            Some(_) => return Err(StoreError::KeyReused.into()),
            None => {}
        }
    }
    let under_way: Vec<(i64, i64)> = {
        let mut found = change.prepare(PROVING)?;
        let rows = found.query_map([&release.bff], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    if under_way.len() >= UNDER_WAY {
        return Err(StoreError::Busy {
            bff: release.bff.clone(),
            waiting: under_way.len(),
        }
        .into());
    }
    if let Some(expected) = &release.expect_live {
        expect(&change, &release.bff, expected.as_deref())?;
        if let Some((number, since)) = under_way.first() {
            let since = humantime::format_rfc3339_seconds(from_millis(*since));
            let what = format!("release {number} is under way, since {since}");
            return Err(conflict(&change, &release.bff, what)?);
        }
    }
    let (key, request) = release.key.as_ref().map(|(k, r)| (k, r)).unzip();
    change.execute(
        "INSERT INTO release (bff, digest, kind, message, source, key, request, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            release.bff,
            release.digest,
            release.kind.name(),
            release.message,
            release.source,
            key,
            request,
            to_millis(now)
        ],
    )?;
    let number = change.last_insert_rowid();
    event(&change, number, "proving", None, to_millis(now))?;
    reach("release-appending");
    change.commit()?;
    Ok(Appended::New(number))
}

/// Refuses an order that expects something else to be live.
fn expect(change: &Transaction<'_>, bff: &str, expected: Option<&str>) -> Result<(), Failure> {
    let live = live_row(change, bff)?;
    match (&live, expected) {
        (Some((digest, ..)), Some(expected)) if digest == expected => Ok(()),
        (None, None) => Ok(()),
        (None, Some(_)) => Err(conflict(change, bff, "nothing is live".to_owned())?),
        (Some((digest, release, since)), _) => {
            let since = humantime::format_rfc3339_seconds(from_millis(*since));
            let what = format!("release {release} of {digest} is live, since {since}");
            Err(conflict(change, bff, what)?)
        }
    }
}

fn conflict(change: &Transaction<'_>, bff: &str, what: String) -> Result<Failure, Failure> {
    let live = live_row(change, bff)?.map_or_else(|| "none".to_owned(), |(digest, ..)| digest);
    let bff = bff.to_owned();
    Ok(StoreError::Conflict { bff, what, live }.into())
}

/// Digest, release and time of what is live.
fn live_row(change: &Transaction<'_>, bff: &str) -> rusqlite::Result<Option<(String, i64, i64)>> {
    change
        .query_row(
            "SELECT digest, release, since FROM live WHERE bff = ?1",
            [bff],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
}

pub(super) fn finish(
    connection: &mut Connection,
    release: i64,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let now = to_millis(SystemTime::now());
    let change = begin(connection)?;
    match outcome {
        Outcome::Refused { step, reason } => {
            event(&change, release, "refused", Some((step, reason)), now)?;
        }
        Outcome::Live { expect_live } => {
            let (bff, digest): (String, String) = change.query_row(
                "SELECT bff, digest FROM release WHERE number = ?1",
                [release],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if let Some(expected) = expect_live {
                expect(&change, &bff, expected.as_deref())?;
            }
            // The same component again leaves the one before it where it is.
            change.execute(
                "INSERT INTO live (bff, release, digest, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (bff) DO UPDATE SET
                     previous = iif(digest = excluded.digest, previous, digest),
                     release = excluded.release, digest = excluded.digest, since = excluded.since",
                params![bff, release, digest, now],
            )?;
            event(&change, release, "live", None, now)?;
            reach("going-live");
        }
    }
    Ok(change.commit()?)
}

/// Whether this release is the live one.
pub(super) fn is_live(connection: &mut Connection, release: i64) -> Result<bool, Failure> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM live WHERE release = ?1)",
        [release],
        |row| row.get(0),
    )?)
}

pub(super) fn live(connection: &mut Connection) -> Result<LiveByBff, Failure> {
    let mut found = connection.prepare("SELECT bff, release, digest, previous, since FROM live")?;
    let rows = found.query_map([], |row| {
        let bff: String = row.get(0)?;
        let live = Live {
            release: row.get(1)?,
            digest: row.get(2)?,
            previous: row.get(3)?,
            since: from_millis(row.get(4)?),
        };
        Ok((bff, live))
    })?;
    let rows = rows.map(|row| {
        let (bff, live) = row?;
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
    let state: String = row.get(7)?;
    let is_live: bool = row.get(11)?;
    Ok(Release {
        number: row.get(0)?,
        bff: row.get(1)?,
        digest: row.get(2)?,
        kind: row.get(3)?,
        message: row.get(4)?,
        source: row.get(5)?,
        begun: from_millis(row.get(6)?),
        state: match &*state {
            _ if is_live => State::Live,
            "live" => State::Replaced,
            "refused" => State::Refused {
                step: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
                reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            },
            "interrupted" => State::Interrupted,
            _ => State::Proving,
        },
        since: from_millis(row.get(10)?),
    })
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

/// The releases under way stay, and so does what brought the live component and the one before it.
pub(super) fn collect(
    connection: &mut Connection,
    keep: usize,
) -> Result<BTreeSet<String>, Failure> {
    let change = begin(connection)?;
    change.execute(
        "DELETE FROM release WHERE number IN (
             SELECT number FROM (
                 SELECT number, bff, digest,
                        row_number() OVER (PARTITION BY bff ORDER BY number DESC) AS nth
                 FROM release) r
             WHERE nth > ?1
               AND 'proving' != (SELECT state FROM event WHERE event.release = r.number
                                 ORDER BY event.number DESC LIMIT 1)
               AND NOT EXISTS (SELECT 1 FROM live WHERE live.bff = r.bff
                               AND (live.release = r.number OR live.previous = r.digest)))",
        [i64::try_from(keep).unwrap_or(i64::MAX)],
    )?;
    let digests = {
        let mut found = change.prepare(
            "SELECT digest FROM release UNION SELECT digest FROM live
             UNION SELECT previous FROM live WHERE previous IS NOT NULL",
        )?;
        let rows = found.query_map([], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    change.commit()?;
    Ok(digests)
}
