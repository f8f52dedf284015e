//! What is written to the journal, each in one transaction.

use std::collections::BTreeSet;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::live::go_live;
use super::order_key::{known, remember};
use super::read::newest_event;
use super::trials::of;
use super::write::{Told, begin, event, json};
use super::{Failure, canary, preview};
use crate::releases::error::StoreError;
use crate::releases::files::UNRELEASED;
use crate::releases::journal::{Appended, LiveByBff, NewRelease, Outcome};
use crate::releases::place::{from_millis, to_millis};
use crate::releases::points;
use crate::releases::reach::Reach;
use crate::releases::terms::{Kind, Terms};

/// Releases of one BFF that may be under way, and previews besides: one is proven, the others wait.
const UNDER_WAY: usize = 8;

/// Releases of a BFF whose last event is that they began: its previews, or the others.
const PROVING: &str = "
    SELECT r.number, r.at FROM release r WHERE r.bff = ?1 AND (r.kind = 'preview') = ?2 AND 'proving' =
        (SELECT state FROM event WHERE event.release = r.number ORDER BY number DESC LIMIT 1)
    ORDER BY r.number DESC";

/// Ends the releases that other processes have not: they are gone.
pub(super) fn interrupt(connection: &mut Connection, host: &str) -> Result<(), Failure> {
    let change = begin(connection)?;
    change.execute(
        "INSERT INTO event (release, state, at) SELECT e.release, 'interrupted', ?1
         FROM event e JOIN release r ON r.number = e.release
         WHERE e.number IN (SELECT max(number) FROM event GROUP BY release)
           AND e.state = 'proving' AND r.host IS NOT ?2",
        params![to_millis(SystemTime::now()), host],
    )?;
    Ok(change.commit()?)
}

/// Refuses a release that may not begin. Returns the one that the same order has begun before.
pub(super) fn may_begin(
    connection: &mut Connection,
    terms: &Terms,
) -> Result<Option<i64>, Failure> {
    // As to write, so that a disk that takes no writes refuses it, too. It is not committed.
    let change = begin(connection)?;
    check(&change, terms, SystemTime::now())
}

/// What of an order that needs no proof is known before it is recorded: the release that the same
/// order has begun before, and whether what it expects is live. Nothing is locked.
pub(super) fn glance(connection: &mut Connection, terms: &Terms) -> Result<Option<i64>, Failure> {
    let reading = connection.transaction()?;
    if let Some(number) = known(&reading, terms.key.as_ref(), SystemTime::now())? {
        return Ok(Some(number));
    }
    if let Some(expected) = &terms.expect_live {
        expect(&reading, &terms.bff, expected.as_deref())?;
    }
    Ok(None)
}

/// The same, for what is written next.
fn check(change: &Transaction<'_>, terms: &Terms, now: SystemTime) -> Result<Option<i64>, Failure> {
    if let Some(number) = known(change, terms.key.as_ref(), now)? {
        return Ok(Some(number));
    }
    canary::check_held(change, terms)?;
    let under_way: Vec<(i64, i64)> = {
        let mut found = change.prepare(PROVING)?;
        let is_preview = terms.kind == Kind::Preview;
        let rows = found.query_map(params![terms.bff, is_preview], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    if under_way.len() >= UNDER_WAY {
        return Err(StoreError::Busy {
            bff: terms.bff.clone(),
            waiting: under_way.len(),
        }
        .into());
    }
    if let Some(expected) = &terms.expect_live {
        expect(change, &terms.bff, expected.as_deref())?;
        if let Some((number, since)) = under_way.first() {
            let since = humantime::format_rfc3339_seconds(from_millis(*since));
            let what = format!("release {number} is under way, since {since}");
            return Err(before(&terms.bff, what, "wait for its end"));
        }
        if let Some(number) = of(change, &terms.bff)? {
            let what = format!("release {number} is on trial");
            return Err(before(&terms.bff, what, "promote it or abort it first"));
        }
    }
    if let Some(new) = &terms.preview {
        preview::check_room(change, &terms.bff, new, now)?;
    }
    Ok(None)
}

pub(super) fn append(
    connection: &mut Connection,
    release: &NewRelease,
    host: &str,
) -> Result<Appended, Failure> {
    let now = SystemTime::now();
    let change = begin(connection)?;
    if let Some(number) = check(&change, &Terms::from(release), now)? {
        return Ok(Appended::Known(number));
    }
    let number = insert(&change, release, host, now)?;
    event(&change, number, "proving", &Told::default(), to_millis(now))?;
    points::reach("release-appending");
    change.commit()?;
    Ok(Appended::New(number))
}

fn insert(
    change: &Transaction<'_>,
    release: &NewRelease,
    host: &str,
    now: SystemTime,
) -> rusqlite::Result<i64> {
    change.execute(
        "INSERT INTO release (bff, digest, kind, message, source, at, actor, token, host, consent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            release.bff,
            release.digest,
            release.kind.name(),
            release.message,
            release.source,
            to_millis(now),
            release.actor,
            release.token,
            host,
            release.consent
        ],
    )?;
    let number = change.last_insert_rowid();
    // A rollback makes no proof that tells it, and the row of the last one may go meanwhile.
    change.execute(
        "UPDATE release SET reach = (
             SELECT reach FROM release r WHERE r.bff = ?2 AND r.digest = ?3
               AND r.reach IS NOT NULL ORDER BY r.number DESC LIMIT 1)
         WHERE number = ?1",
        params![number, release.bff, release.digest],
    )?;
    remember(change, release.key.as_ref(), number, now)?;
    Ok(number)
}

pub(super) fn record(
    connection: &mut Connection,
    release: &NewRelease,
    host: &str,
    at: SystemTime,
) -> Result<Appended, Failure> {
    let change = begin(connection)?;
    if let Some(number) = known(&change, release.key.as_ref(), SystemTime::now())? {
        return Ok(Appended::Known(number));
    }
    if let Some(expected) = &release.expect_live {
        expect(&change, &release.bff, expected.as_deref())?;
    }
    let number = insert(&change, release, host, at)?;
    go_live(
        &change,
        number,
        &release.bff,
        &release.digest,
        to_millis(at),
    )?;
    change.commit()?;
    Ok(Appended::New(number))
}

/// Refuses an order that expects something else to be live.
fn expect(change: &Transaction<'_>, bff: &str, expected: Option<&str>) -> Result<(), Failure> {
    let live = live_row(change, bff)?;
    match (&live, expected) {
        (Some((digest, ..)), Some(expected)) if digest == expected => Ok(()),
        (None, None) => Ok(()),
        (None, Some(_)) => {
            let what = "nothing is live".to_owned();
            Err(StoreError::other_is_live(bff, what, None).into())
        }
        (Some((digest, release, since)), _) => {
            let since = humantime::format_rfc3339_seconds(from_millis(*since));
            let what = format!("release {release} of {digest} is live, since {since}");
            Err(StoreError::other_is_live(bff, what, Some(digest)).into())
        }
    }
}

/// The failure of an order that expects something to be live, while another release is about to be.
fn before(bff: &str, what: String, first: &str) -> Failure {
    let way = format!("{first}, or release with expect_live \"any\"");
    let bff = bff.to_owned();
    StoreError::Conflict { bff, what, way }.into()
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

/// Refuses a release that a later one has overtaken: a rollback does not wait for what is proven.
fn check_order(change: &Transaction<'_>, bff: &str, release: i64) -> Result<(), Failure> {
    match live_row(change, bff)?.filter(|(_, by, _)| *by > release) {
        Some((_, by, _)) => {
            let bff = bff.to_owned();
            Err(StoreError::Superseded { bff, release, by }.into())
        }
        None => Ok(()),
    }
}

pub(super) fn finish(
    connection: &mut Connection,
    release: i64,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let at = SystemTime::now();
    let now = to_millis(at);
    let change = begin(connection)?;
    match outcome {
        Outcome::Refused {
            step,
            reason,
            growth,
        } => {
            // The journal was moved away since the release began: the new one has nothing to end.
            let is_known: bool = change.query_row(
                "SELECT EXISTS (SELECT 1 FROM release WHERE number = ?1)",
                [release],
                |row| row.get(0),
            )?;
            if !is_known {
                return Ok(());
            }
            if let Some((reach, difference)) = growth.as_deref() {
                change.execute(
                    "UPDATE release SET reach = ?2, difference = ?3 WHERE number = ?1",
                    params![release, json(reach), json(difference)],
                )?;
            }
            let told = Told {
                step: Some(step),
                reason: Some(reason),
                ..Told::default()
            };
            event(&change, release, "refused", &told, now)?;
        }
        Outcome::Live { expect_live, reach } => {
            let (bff, digest) = bff_and_digest(&change, release)?;
            if let Some(expected) = expect_live {
                expect(&change, &bff, expected.as_deref())?;
            }
            check_order(&change, &bff, release)?;
            canary::check_held_since(&change, &bff, release)?;
            go_live(&change, release, &bff, &digest, now)?;
            set_reach(&change, release, reach)?;
            points::reach("going-live");
        }
        Outcome::Canary {
            expect_live,
            reach,
            canary,
        } => {
            let (bff, _) = bff_and_digest(&change, release)?;
            if let Some(expected) = expect_live {
                expect(&change, &bff, expected.as_deref())?;
            }
            check_order(&change, &bff, release)?;
            canary::check_held_since(&change, &bff, release)?;
            canary::begin(&change, &bff, release, canary, now)?;
            set_reach(&change, release, reach)?;
            points::reach("going-live");
        }
        Outcome::Preview {
            reach,
            preview: new,
        } => {
            let (bff, _) = bff_and_digest(&change, release)?;
            preview::show(&change, &bff, release, new, at)?;
            set_reach(&change, release, reach)?;
        }
    }
    Ok(change.commit()?)
}

fn bff_and_digest(change: &Transaction<'_>, release: i64) -> rusqlite::Result<(String, String)> {
    change.query_row(
        "SELECT bff, digest FROM release WHERE number = ?1",
        [release],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn set_reach(change: &Transaction<'_>, release: i64, reach: &Reach) -> rusqlite::Result<usize> {
    change.execute(
        "UPDATE release SET reach = ?2 WHERE number = ?1",
        params![release, json(reach)],
    )
}

/// The releases under way stay, and so does what brought the live component and the one before it.
pub(super) fn collect(
    connection: &mut Connection,
    keep: usize,
) -> Result<BTreeSet<String>, Failure> {
    let change = begin(connection)?;
    preview::expire(&change)?;
    change.execute(
        "DELETE FROM release WHERE number IN (
             SELECT number FROM (
                 SELECT number, bff, digest,
                        row_number() OVER (PARTITION BY bff, kind = 'preview'
                                          ORDER BY number DESC) AS nth
                 FROM release) r
             WHERE nth > ?1
               AND 'proving' != (SELECT state FROM event WHERE event.release = r.number
                                 ORDER BY event.number DESC LIMIT 1)
               AND NOT EXISTS (SELECT 1 FROM live WHERE live.bff = r.bff
                               AND (live.release = r.number OR live.previous = r.digest))
               AND NOT EXISTS (SELECT 1 FROM canary WHERE canary.release = r.number)
               AND NOT EXISTS (SELECT 1 FROM preview WHERE preview.release = r.number))",
        [i64::try_from(keep).unwrap_or(i64::MAX)],
    )?;
    // What a team uploaded is its own as long as the file is there.
    let uploaded = SystemTime::now().checked_sub(UNRELEASED);
    change.execute(
        "DELETE FROM visible WHERE at < ?1
           AND digest NOT IN (SELECT digest FROM release UNION SELECT digest FROM live)",
        [uploaded.map_or(0, to_millis)],
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
    // A copy of the file alone has all of it then. Another reader may be in the way.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(digests)
}

/// Takes over what was live, if nothing was ever released in this journal.
pub(super) fn adopt(connection: &mut Connection, live: &LiveByBff) -> Result<(), Failure> {
    let live = live
        .iter()
        .filter_map(|(bff, live)| Some((bff, live.as_ref().ok()?)));
    let live: Vec<_> = live.collect();
    if live.is_empty() || newest_event(connection)? > 0 {
        return Ok(());
    }
    let change = begin(connection)?;
    // Another host may have done it meanwhile.
    let is_new: bool = change.query_row("SELECT NOT EXISTS (SELECT 1 FROM event)", [], |row| {
        row.get(0)
    })?;
    for (bff, live) in live.into_iter().filter(|_| is_new) {
        let since = to_millis(live.since);
        for digest in live.previous.iter().chain([&live.digest]) {
            change.execute(
                "INSERT INTO release (bff, digest, kind, message, at)
                 VALUES (?1, ?2, 'deploy', 'taken over from the copy of another journal', ?3)",
                params![bff, digest, since],
            )?;
            let number = change.last_insert_rowid();
            go_live(&change, number, bff, digest, since)?;
        }
    }
    change.commit()?;
    if is_new {
        tracing::warn!("releases: the journal is new; what is live is taken over from its copy");
    }
    Ok(())
}
