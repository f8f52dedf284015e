//! Tokens, teams' components and the audit.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, Transaction, params};

use super::{Failure, SqliteJournal, Wait};
use crate::releases::access::{Access, Act, Exchange, Rights, Scope, Token};
use crate::releases::error::StoreError;
use crate::releases::place::{from_millis, to_millis};

/// Tokens that may be valid at once.
const TOKENS: i64 = 1000;
/// How long a token stays in the list after its end.
const ENDED: Duration = Duration::from_secs(90 * 24 * 3600);
/// The same of a job's, of which there are many.
const JOB_ENDED: Duration = Duration::from_secs(3600);
/// Acts that are kept.
const ACTS: i64 = 10_000;
/// How exactly the last use of a token is recorded, milliseconds.
const USE: i64 = 3_600_000;
/// Between the entries of a list in one column. No name has it.
const COMMA: &str = ",";

impl Access for SqliteJournal {
    fn add(&self, token: &Token, hash: &str) -> Result<(), StoreError> {
        let (token, hash) = (token.clone(), hash.to_owned());
        self.run(Wait::USUAL, move |it| add(it, &token, &hash))
    }

    fn exchange(&self, token: &Token, hash: &str, by: &Exchange) -> Result<(), StoreError> {
        let (token, hash, by) = (token.clone(), hash.to_owned(), by.clone());
        self.run(Wait::USUAL, move |it| exchange(it, &token, &hash, &by))
    }

    fn tokens(&self, are_known: bool) -> Result<Vec<(Token, String)>, StoreError> {
        let wait = match are_known {
            true => Wait::SHORT,
            false => Wait::USUAL,
        };
        self.run(wait, tokens)
    }

    fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.run(Wait::USUAL, move |it| revoke(it, &id))
    }

    fn used(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.run(Wait::GLANCE, move |it| used(it, &id))
    }

    fn show(&self, team: &str, digest: &str) -> Result<(), StoreError> {
        let (team, digest) = (team.to_owned(), digest.to_owned());
        self.run(Wait::USUAL, move |it| show(it, &team, &digest))
    }

    fn sees(&self, team: &str, digest: &str) -> Result<bool, StoreError> {
        let (team, digest) = (team.to_owned(), digest.to_owned());
        self.run(Wait::USUAL, move |it| sees(it, &team, &digest))
    }

    fn unreleased(&self, team: &str) -> Result<Vec<String>, StoreError> {
        let team = team.to_owned();
        self.run(Wait::USUAL, move |it| unreleased(it, &team))
    }

    fn note(&self, act: &Act) -> Result<(), StoreError> {
        let act = act.clone();
        self.run(Wait::USUAL, move |it| note(it, &act))
    }

    fn acts(&self, before: Option<i64>, limit: usize) -> Result<Vec<Act>, StoreError> {
        self.run(Wait::USUAL, move |it| acts(it, before, limit))
    }
}

fn add(connection: &mut Connection, token: &Token, hash: &str) -> Result<(), Failure> {
    let now = SystemTime::now();
    let change = super::write::begin(connection)?;
    clean(&change, now)?;
    // Those of jobs have a bound of their own, so that no CI system keeps an operator out.
    let valid: i64 = change.query_row(
        "SELECT count(*) FROM token
         WHERE expires > ?1 AND revoked IS NULL AND issuer IS NULL",
        [to_millis(now)],
        |row| row.get(0),
    )?;
    if valid >= TOKENS {
        return Err(StoreError::TooManyTokens(TOKENS).into());
    }
    insert(&change, token, hash, None)?;
    Ok(change.commit()?)
}

fn exchange(
    connection: &mut Connection,
    token: &Token,
    hash: &str,
    exchange: &Exchange,
) -> Result<(), Failure> {
    let change = super::write::begin(connection)?;
    // It may have waited here until nobody knows any more whether it was exchanged.
    let now = SystemTime::now();
    if exchange.until <= now {
        return Err(StoreError::ExchangedLate.into());
    }
    clean(&change, now)?;
    let is_new = change.execute(
        "INSERT INTO exchanged (once, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![exchange.once, to_millis(exchange.known_until)],
    )?;
    if is_new == 0 {
        return Err(StoreError::Exchanged.into());
    }
    let valid: i64 = change.query_row(
        "SELECT count(*) FROM token
         WHERE expires > ?1 AND revoked IS NULL AND issuer = ?2 AND team = ?3",
        params![to_millis(now), exchange.issuer, token.team],
        |row| row.get(0),
    )?;
    if usize::try_from(valid).is_ok_and(|valid| valid >= exchange.most) {
        return Err(StoreError::TooManyOfIssuer {
            issuer: exchange.issuer.clone(),
            team: token.team.clone(),
            most: exchange.most,
        }
        .into());
    }
    insert(&change, token, hash, Some(&exchange.issuer))?;
    Ok(change.commit()?)
}

/// Before when a token of an operator, and one of a job, ended long ago.
fn long_ago(now: SystemTime) -> [i64; 2] {
    [ENDED, JOB_ENDED].map(|time| to_millis(now.checked_sub(time).unwrap_or(now)))
}

/// Removes what ended long ago.
fn clean(change: &Transaction<'_>, now: SystemTime) -> rusqlite::Result<()> {
    change.execute(
        "DELETE FROM token WHERE min(expires, ifnull(revoked, expires))
         < iif(issuer IS NULL, ?1, ?2)",
        long_ago(now),
    )?;
    change.execute("DELETE FROM exchanged WHERE until < ?1", [to_millis(now)])?;
    Ok(())
}

fn insert(
    change: &Transaction<'_>,
    token: &Token,
    hash: &str,
    issuer: Option<&str>,
) -> rusqlite::Result<()> {
    let (bffs, scopes) = match &token.rights {
        Rights::Operator => (None, None),
        Rights::Team { bffs, scopes } => {
            let bffs: Vec<&str> = bffs.iter().map(String::as_str).collect();
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
            (Some(bffs.join(COMMA)), Some(scopes.join(COMMA)))
        }
    };
    change.execute(
        "INSERT INTO token (id, hash, team, bffs, scopes, note, made, expires, issuer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            token.id,
            hash,
            token.team,
            bffs,
            scopes,
            token.note,
            to_millis(token.made),
            to_millis(token.expires),
            issuer
        ],
    )?;
    Ok(())
}

fn tokens(connection: &mut Connection) -> Result<Vec<(Token, String)>, Failure> {
    let mut found = connection.prepare(
        "SELECT id, hash, team, bffs, scopes, note, made, expires, used, revoked
         FROM token
         WHERE min(expires, ifnull(revoked, expires)) >= iif(issuer IS NULL, ?1, ?2)
         ORDER BY made DESC, id",
    )?;
    let rows = found.query_map(long_ago(SystemTime::now()), token)?;
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

fn revoke(connection: &mut Connection, id: &str) -> Result<bool, Failure> {
    let revoked = connection.execute(
        "UPDATE token SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
        params![id, to_millis(SystemTime::now())],
    )?;
    Ok(revoked > 0)
}

fn used(connection: &mut Connection, id: &str) -> Result<(), Failure> {
    let now = to_millis(SystemTime::now());
    connection.execute(
        "UPDATE token SET used = ?2 WHERE id = ?1",
        params![id, now - now % USE],
    )?;
    Ok(())
}

fn show(connection: &mut Connection, team: &str, digest: &str) -> Result<(), Failure> {
    connection.execute(
        "INSERT INTO visible (team, digest, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (team, digest) DO UPDATE SET at = excluded.at",
        params![team, digest, to_millis(SystemTime::now())],
    )?;
    Ok(())
}

fn sees(connection: &mut Connection, team: &str, digest: &str) -> Result<bool, Failure> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM visible WHERE team = ?1 AND digest = ?2)",
        [team, digest],
        |row| row.get(0),
    )?)
}

fn unreleased(connection: &mut Connection, team: &str) -> Result<Vec<String>, Failure> {
    let mut found = connection.prepare(
        "SELECT digest FROM visible WHERE team = ?1
           AND digest NOT IN (SELECT digest FROM release UNION SELECT digest FROM live)",
    )?;
    let rows = found.query_map([team], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn note(connection: &mut Connection, act: &Act) -> Result<(), Failure> {
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

fn acts(
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
