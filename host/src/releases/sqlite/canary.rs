//! Trials of releases in the journal.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::Failure;
use super::live::{go_live, replace};
use super::order_key::{known, remember};
use super::trials::{all, of};
use super::write::{Told, begin as transaction, event, json};
use crate::canary::Plan;
use crate::releases::error::StoreError;
use crate::releases::journal::Appended;
use crate::releases::place::to_millis;
use crate::releases::terms::{Kind, Terms};
use crate::releases::trial::{Canary, CanaryChange, NewCanary, Ordered};

/// Components of one BFF that are held at most: those of the last rollbacks.
const HELD: i64 = 100;
/// Why the share of a new trial stays as it is, where rules rolled two back in a short time.
const FLAPPING: &str = "two releases were rolled back in a short time, so that nothing is promoted by \
                        itself";

/// Refuses a component that a rule has rolled back.
pub(super) fn check_held(change: &Transaction<'_>, terms: &Terms) -> Result<(), Failure> {
    let Some(digest) = terms.digest.as_ref().filter(|_| !terms.again) else {
        return Ok(());
    };
    if terms.kind != Kind::Deploy {
        return Ok(());
    }
    let bff = &terms.bff;
    let held = change.query_row(
        "SELECT release, reason FROM held WHERE bff = ?1 AND digest = ?2",
        [bff, digest],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    match held.optional()? {
        Some((release, reason)) => Err(StoreError::Held {
            bff: bff.clone(),
            digest: digest.clone(),
            release,
            reason,
        }
        .into()),
        None => Ok(()),
    }
}

/// Refuses a release whose component a rule has rolled back since it was ordered.
pub(super) fn check_held_since(
    change: &Transaction<'_>,
    bff: &str,
    release: i64,
) -> Result<(), Failure> {
    let held = change.query_row(
        "SELECT held.digest, held.release, held.reason FROM held
         JOIN release r ON r.bff = held.bff AND r.digest = held.digest
         WHERE r.number = ?1 AND r.kind = 'deploy' AND held.at >= r.at",
        [release],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    );
    match held.optional()? {
        Some((digest, release, reason)) => Err(StoreError::Held {
            bff: bff.to_owned(),
            digest,
            release,
            reason,
        }
        .into()),
        None => Ok(()),
    }
}

/// Begins the trial of a release.
pub(super) fn begin(
    change: &Transaction<'_>,
    bff: &str,
    release: i64,
    canary: &NewCanary,
    now: i64,
) -> Result<(), Failure> {
    if let Some(later) = of(change, bff)?.filter(|later| *later > release) {
        let bff = bff.to_owned();
        let by = later;
        return Err(StoreError::Superseded { bff, release, by }.into());
    }
    replace(change, bff, release, now)?;
    let off: Option<Option<String>> = change
        .query_row("SELECT off FROM automation WHERE bff = ?1", [bff], |row| {
            row.get(0)
        })
        .optional()?;
    let paused = off.flatten();
    change.execute(
        "INSERT INTO canary (bff, release, plan, step, salt, began, paused)
         VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)",
        params![bff, release, json(&canary.plan), canary.salt, now, paused],
    )?;
    let told = Told {
        reason: paused.as_deref(),
        share: share(&canary.plan, 0),
        ..Told::default()
    };
    Ok(event(change, release, "canary", &told, now)?)
}

/// The trial of a BFF, of this release if one is named.
fn find(change: &Transaction<'_>, bff: &str, release: Option<i64>) -> Result<Canary, Failure> {
    let found = all(change)?.remove(bff);
    let what = match (&found, release) {
        // 0 is the number of none.
        (None, _) | (Some(_), Some(0)) => "no release is on trial".to_owned(),
        (Some(found), Some(release)) if found.release != release => {
            format!("release {} is on trial, not {release}", found.release)
        }
        _ => String::new(),
    };
    found.filter(|_| what.is_empty()).ok_or_else(|| {
        let bff = bff.to_owned();
        Failure::Refused(StoreError::NoCanary { bff, what })
    })
}

/// Switches the automation of a BFF on again that has no trial. Returns the release that is live,
/// if the automation was off.
fn automate(change: &Transaction<'_>, bff: &str) -> rusqlite::Result<Option<i64>> {
    if of(change, bff)?.is_some() {
        return Ok(None);
    }
    let live = change.query_row(
        "SELECT live.release FROM live JOIN automation USING (bff)
         WHERE bff = ?1 AND automation.off IS NOT NULL",
        [bff],
        |row| row.get(0),
    );
    let live = live.optional()?;
    if live.is_some() {
        change.execute("DELETE FROM automation WHERE bff = ?1", [bff])?;
    }
    Ok(live)
}

/// Changes a trial. Without one, to let its share grow switches the automation of the BFF on again.
pub(super) fn change(
    connection: &mut Connection,
    bff: &str,
    release: Option<i64>,
    what: &CanaryChange,
    happened: SystemTime,
) -> Result<Appended, Failure> {
    let at = SystemTime::now();
    let change = transaction(connection)?;
    let key = what.order().and_then(|order| order.key.as_ref());
    if let Some(before) = known(&change, key, at)? {
        return Ok(Appended::Known(before));
    }
    if let CanaryChange::Pause { reason: None, .. } = what
        && release.is_none_or(|it| it == 0)
        && let Some(live) = automate(&change, bff)?
    {
        remember(&change, key, live, at)?;
        change.commit()?;
        return Ok(Appended::New(live));
    }
    let canary = find(&change, bff, release)?;
    remember(&change, key, canary.release, at)?;
    // What goes on does so from now on. A trial that has ended did so before it could be recorded.
    let since = if what.is_end() { happened } else { at };
    make(&change, bff, &canary, what, to_millis(since))?;
    change.commit()?;
    Ok(Appended::New(canary.release))
}

fn make(
    change: &Transaction<'_>,
    bff: &str,
    canary: &Canary,
    what: &CanaryChange,
    now: i64,
) -> Result<(), Failure> {
    let release = canary.release;
    let actor = |order: &Option<Ordered>| order.as_ref().map(|it| it.actor.clone());
    match what {
        CanaryChange::Advance { .. } | CanaryChange::Promote { order: None, .. }
            if canary.paused.is_some() =>
        {
            let what = "its share is held".to_owned();
            let bff = bff.to_owned();
            return Err(StoreError::NoCanary { bff, what }.into());
        }
        CanaryChange::Advance { from, evidence } => {
            // Another host may have done it.
            if canary.step == *from {
                let told = Told {
                    share: share(&canary.plan, from + 1),
                    evidence: Some(evidence),
                    ..Told::default()
                };
                event(change, release, "canary", &told, now)?;
                change.execute("UPDATE canary SET step = step + 1 WHERE bff = ?1", [bff])?;
            }
        }
        CanaryChange::Pause { reason, order } => {
            let told = Told {
                reason: reason.as_deref(),
                share: share(&canary.plan, canary.step),
                actor: Some(&order.actor),
                ..Told::default()
            };
            event(change, release, "canary", &told, now)?;
            change.execute(
                "UPDATE canary SET paused = ?2 WHERE bff = ?1",
                params![bff, reason],
            )?;
            if reason.is_none() {
                // The time for which it was held does not count.
                change.execute(
                    "UPDATE canary SET began = ?2 WHERE bff = ?1",
                    params![bff, now],
                )?;
                change.execute("DELETE FROM automation WHERE bff = ?1", [bff])?;
            }
        }
        CanaryChange::Promote {
            reason,
            evidence,
            order,
        } => {
            go_live(change, release, bff, &canary.digest, now)?;
            let actor = actor(order);
            change.execute(
                "UPDATE event SET reason = ?2, actor = ?3, evidence = ?4
                 WHERE number = (SELECT max(number) FROM event WHERE release = ?1)",
                params![release, reason, actor, json(evidence)],
            )?;
        }
        CanaryChange::Back {
            reason,
            evidence,
            holds,
            flapping,
        } => {
            let told = Told {
                reason: Some(reason),
                evidence: Some(evidence),
                share: share(&canary.plan, canary.step),
                ..Told::default()
            };
            event(change, release, "rolled-back", &told, now)?;
            change.execute("DELETE FROM canary WHERE bff = ?1", [bff])?;
            if *holds {
                hold(change, bff, canary, reason, now)?;
                flap(change, bff, *flapping, now)?;
            }
        }
        CanaryChange::Abort { reason, order } => {
            let actor = actor(order);
            let told = Told {
                reason: Some(reason),
                actor: actor.as_deref(),
                ..Told::default()
            };
            event(change, release, "aborted", &told, now)?;
            change.execute("DELETE FROM canary WHERE bff = ?1", [bff])?;
        }
    }
    Ok(())
}

/// Holds the component of a trial.
fn hold(
    change: &Transaction<'_>,
    bff: &str,
    canary: &Canary,
    reason: &str,
    now: i64,
) -> rusqlite::Result<()> {
    change.execute(
        "INSERT OR REPLACE INTO held (bff, digest, release, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![bff, canary.digest, canary.release, reason, now],
    )?;
    change.execute(
        "DELETE FROM held WHERE bff = ?1 AND digest NOT IN (
             SELECT digest FROM held WHERE bff = ?1 ORDER BY at DESC LIMIT ?2)",
        params![bff, HELD],
    )?;
    Ok(())
}

/// Notes a rollback by rule. The second one in a short time ends the automation.
fn flap(change: &Transaction<'_>, bff: &str, within: i64, now: i64) -> rusqlite::Result<()> {
    change.execute(
        "INSERT INTO automation (bff, back, off) VALUES (?1, ?2, NULL)
         ON CONFLICT (bff) DO UPDATE SET
             off = iif(off IS NULL AND back >= ?2 - ?3, ?4, off), back = ?2",
        params![bff, now, within, FLAPPING],
    )?;
    Ok(())
}

fn share(plan: &Plan, step: usize) -> Option<u8> {
    plan.steps.get(step).map(|step| step.percent)
}
