//! The keys of orders: one that is sent twice within a day is executed once.

use std::time::{Duration, SystemTime};

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::Failure;
use crate::releases::error::StoreError;
use crate::releases::place::to_millis;

/// How long the key of an order is remembered.
const KEY: Duration = Duration::from_secs(24 * 3600);

/// The release that an order with the same key has begun.
pub(super) fn known(
    change: &Transaction<'_>,
    key: Option<&(String, String)>,
    now: SystemTime,
) -> Result<Option<i64>, Failure> {
    let Some((key, request)) = key else {
        return Ok(None);
    };
    let since = now.checked_sub(KEY).unwrap_or(now);
    let before = change.query_row(
        "SELECT release, request FROM order_key WHERE key = ?1 AND at > ?2",
        params![key, to_millis(since)],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    );
    match before.optional()? {
        Some((_, before)) if before != *request => Err(StoreError::KeyReused.into()),
        before => Ok(before.map(|(number, _)| number)),
    }
}

/// Remembers the key of an order.
pub(super) fn remember(
    change: &Transaction<'_>,
    key: Option<&(String, String)>,
    number: i64,
    now: SystemTime,
) -> rusqlite::Result<()> {
    if let Some((key, request)) = key {
        // It is remembered for its day, also when the release is not kept for as long.
        let ended = to_millis(now.checked_sub(KEY).unwrap_or(now));
        change.execute("DELETE FROM order_key WHERE at <= ?1", [ended])?;
        change.execute(
            "INSERT INTO order_key (key, request, release, at) VALUES (?1, ?2, ?3, ?4)",
            params![key, request, number, to_millis(now)],
        )?;
    }
    Ok(())
}
