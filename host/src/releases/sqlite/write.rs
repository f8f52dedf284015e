//! What all that is written has in common: a transaction, columns that are JSON, events.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde_json::Value;

pub(super) fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// A column that is JSON.
pub(super) fn json(document: &impl Serialize) -> Option<String> {
    serde_json::to_string(document).ok()
}

/// What is written of an event, besides its release and state.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) step: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) share: Option<u8>,
    pub(super) actor: Option<&'a str>,
    pub(super) evidence: Option<&'a Value>,
}

pub(super) fn event(
    change: &Transaction<'_>,
    release: i64,
    state: &str,
    told: &Told<'_>,
    at: i64,
) -> rusqlite::Result<()> {
    change.execute(
        "INSERT INTO event (release, state, step, reason, at, share, actor, evidence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            release,
            state,
            told.step,
            told.reason,
            at,
            told.share,
            told.actor,
            told.evidence.and_then(|it| json(&it))
        ],
    )?;
    Ok(())
}
