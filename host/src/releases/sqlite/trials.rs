//! The trials of releases, as they are read.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};

use crate::canary::Plan;
use crate::releases::place::from_millis;
use crate::releases::trial::Canary;

/// The trials, by BFF. One whose row cannot be read is none: what is live serves all.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Canary>> {
    let mut found = connection.prepare(
        "SELECT c.bff, c.release, r.digest, c.plan, c.step, c.salt, c.began, c.paused
         FROM canary c JOIN release r ON r.number = c.release",
    )?;
    let rows = found.query_map([], |row| Ok((row.get(0)?, canary(row)?)))?;
    let mut canaries = BTreeMap::new();
    for row in rows {
        if let (bff, Some(canary)) = row? {
            canaries.insert(bff, canary);
        }
    }
    Ok(canaries)
}

fn canary(row: &Row<'_>) -> rusqlite::Result<Option<Canary>> {
    let plan: String = row.get(3)?;
    let plan: Option<Plan> = serde_json::from_str(&plan).ok();
    let plan = plan.filter(|plan| plan.check().is_ok());
    let salt: Vec<u8> = row.get(5)?;
    let step: i64 = row.get(4)?;
    let (Some(plan), Ok(salt), Ok(step)) = (plan, salt.try_into(), usize::try_from(step)) else {
        return Ok(None);
    };
    Ok(Some(Canary {
        release: row.get(1)?,
        digest: row.get(2)?,
        plan,
        step,
        salt,
        began: from_millis(row.get(6)?),
        paused: row.get(7)?,
    }))
}

/// The release of a BFF that is on trial.
pub(super) fn of(change: &Transaction<'_>, bff: &str) -> rusqlite::Result<Option<i64>> {
    let found = change.query_row("SELECT release FROM canary WHERE bff = ?1", [bff], |row| {
        row.get(0)
    });
    found.optional()
}
