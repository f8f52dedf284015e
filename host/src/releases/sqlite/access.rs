//! Tokens, teams' components and the audit.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, params};

use super::Failure;
use crate::releases::access::{Act, Rights, Scope, Token};
use crate::releases::error::StoreError;
use crate::releases::place::{from_millis, to_millis};

/// Tokens that may be valid at once.
const TOKENS: i64 = 1000;
/// How long a token stays in the list after its end.
const ENDED: Duration = Duration::from_secs(90 * 24 * 3600);
/// Acts that are kept.
const ACTS: i64 = 10_000;
/// How exactly the last use of a token is recorded, milliseconds.
const USE: i64 = 3_600_000;
/// Between the entries of a list in one column. No name has it.
const COMMA: &str = ",";

pub(super) fn add(connection: &mut Connection, token: &Token, hash: &str) -> Result<(), Failure> {
    let now = SystemTime::now();
    let change = super::write::begin(connection)?;
    let ended = now.checked_sub(ENDED).unwrap_or(now);
    change.execute(
        "DELETE FROM token WHERE min(expires, ifnull(revoked, expires)) < ?1",
        [to_millis(ended)],
    )?;
    let valid: i64 = change.query_row(
        "SELECT count(*) FROM token WHERE expires > ?1 AND revoked IS NULL",
        [to_millis(now)],
        |row| row.get(0),
    )?;
    if valid >= TOKENS {
        return Err(StoreError::TooManyTokens(TOKENS).into());
    }
    let (bffs, scopes) = match &token.rights {
        Rights::Operator => (None, None),
        Rights::Team { bffs, scopes } => {
            let bffs: Vec<&str> = bffs.iter().map(String::as_str).collect();
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
            (Some(bffs.join(COMMA)), Some(scopes.join(COMMA)))
        }
    };
    change.execute(
        "INSERT INTO token (id, hash, team, bffs, scopes, note, made, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            token.id,
            hash,
            token.team,
            bffs,
            scopes,
            token.note,
            to_millis(token.made),
            to_millis(token.expires)
        ],
    )?;
    Ok(change.commit()?)
}

pub(super) fn tokens(connection: &mut Connection) -> Result<Vec<(Token, String)>, Failure> {
    let mut found = connection.prepare(
        "SELECT id, hash, team, bffs, scopes, note, made, expires, used, revoked
         FROM token ORDER BY made DESC, id",
    )?;
    let rows = found.query_map([], token)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn token(row: &Row<'_>) -> rusqlite::Result<(Token, String)> {
    let list = |text: &str| -> BTreeSet<String> {
        let names = text.split(COMMA).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    let bffs: Option<String> = row.get(3)?;
    let scopes: Option<String> = row.get(4)?;
    let rights = match (bffs, scopes) {
        (None, None) => Rights::Operator,
        // A row that a host cannot have written allows less, not more.
        (bffs, scopes) => Rights::Team {
            bffs: list(&bffs.unwrap_or_default()),
            scopes: list(&scopes.unwrap_or_default())
                .iter()
                .filter_map(|name| Scope::of(name))
                .collect(),
        },
    };
    let token = Token {
        id: row.get(0)?,
        team: row.get(2)?,
        rights,
        note: row.get(5)?,
        made: from_millis(row.get(6)?),
        expires: from_millis(row.get(7)?),
        used: row.get::<_, Option<i64>>(8)?.map(from_millis),
        revoked: row.get::<_, Option<i64>>(9)?.map(from_millis),
    };
    Ok((token, row.get(1)?))
}

pub(super) fn revoke(connection: &mut Connection, id: &str) -> Result<bool, Failure> {
    let revoked = connection.execute(
        "UPDATE token SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
        params![id, to_millis(SystemTime::now())],
    )?;
    Ok(revoked > 0)
}

pub(super) fn used(connection: &mut Connection, id: &str) -> Result<(), Failure> {
    let now = to_millis(SystemTime::now());
    connection.execute(
        "UPDATE token SET used = ?2 WHERE id = ?1",
        params![id, now - now % USE],
    )?;
    Ok(())
}

pub(super) fn show(connection: &mut Connection, team: &str, digest: &str) -> Result<(), Failure> {
    connection.execute(
        "INSERT INTO visible (team, digest, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (team, digest) DO UPDATE SET at = excluded.at",
        params![team, digest, to_millis(SystemTime::now())],
    )?;
    Ok(())
}

pub(super) fn sees(connection: &mut Connection, team: &str, digest: &str) -> Result<bool, Failure> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM visible WHERE team = ?1 AND digest = ?2)",
        [team, digest],
        |row| row.get(0),
    )?)
}

pub(super) fn note(connection: &mut Connection, act: &Act) -> Result<(), Failure> {
    let change = super::write::begin(connection)?;
    change.execute(
        "INSERT INTO audit (at, actor, token, what, status, result, request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            to_millis(act.at),
            act.actor,
            act.token,
            act.what,
            act.status,
            act.result,
            act.request
        ],
    )?;
    let number = change.last_insert_rowid();
    change.execute("DELETE FROM audit WHERE number <= ?1", [number - ACTS])?;
    Ok(change.commit()?)
}

pub(super) fn acts(
    connection: &mut Connection,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Act>, Failure> {
    let mut found = connection.prepare(
        "SELECT number, at, actor, token, what, status, result, request FROM audit
         WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = found.query_map(params![before.unwrap_or(i64::MAX), limit], |row| {
        Ok(Act {
            number: row.get(0)?,
            at: from_millis(row.get(1)?),
            actor: row.get(2)?,
            token: row.get(3)?,
            what: row.get(4)?,
            status: row.get(5)?,
            result: row.get(6)?,
            request: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
