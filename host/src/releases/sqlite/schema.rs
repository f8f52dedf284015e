//! The tables of the journal, and their versions.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::Failure;
use crate::releases::error::StoreError;

/// What makes a journal of each version of the version before, the first one of an empty file.
const MIGRATIONS: [&str; 7] = [
    "
    CREATE TABLE release (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        bff TEXT NOT NULL,
        digest TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT,
        source TEXT,
        key TEXT,
        request TEXT,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX release_of_bff ON release (bff, number);
    CREATE INDEX release_of_key ON release (key) WHERE key IS NOT NULL;
    CREATE TABLE event (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        release INTEGER NOT NULL REFERENCES release (number) ON DELETE CASCADE,
        state TEXT NOT NULL,
        step TEXT,
        reason TEXT,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX event_of_release ON event (release, number);
    CREATE TABLE live (
        bff TEXT PRIMARY KEY,
        release INTEGER NOT NULL REFERENCES release (number),
        digest TEXT NOT NULL,
        previous TEXT,
        since INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE order_key (
        key TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        release INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    INSERT OR REPLACE INTO order_key (key, request, release, at)
        SELECT key, request, number, at FROM release WHERE key IS NOT NULL ORDER BY number;
    DROP INDEX release_of_key;
    ALTER TABLE release DROP COLUMN key;
    ALTER TABLE release DROP COLUMN request;
    ALTER TABLE release ADD COLUMN actor TEXT;
    ALTER TABLE release ADD COLUMN token TEXT;
    ALTER TABLE release ADD COLUMN host TEXT;
    CREATE TABLE token (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL,
        team TEXT NOT NULL,
        bffs TEXT,
        scopes TEXT,
        note TEXT,
        made INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        used INTEGER,
        revoked INTEGER
    ) STRICT;
    CREATE TABLE visible (
        team TEXT NOT NULL,
        digest TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (team, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        token TEXT,
        what TEXT NOT NULL,
        status INTEGER NOT NULL,
        result TEXT,
        request TEXT NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE release ADD COLUMN consent TEXT;
    ALTER TABLE release ADD COLUMN reach TEXT;
    ALTER TABLE release ADD COLUMN difference TEXT;
",
    "
    CREATE TABLE canary (
        bff TEXT PRIMARY KEY,
        release INTEGER NOT NULL REFERENCES release (number),
        plan TEXT NOT NULL,
        step INTEGER NOT NULL,
        salt BLOB NOT NULL,
        began INTEGER NOT NULL,
        paused TEXT
    ) STRICT;
    CREATE TABLE held (
        bff TEXT NOT NULL,
        digest TEXT NOT NULL,
        release INTEGER NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (bff, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE automation (
        bff TEXT PRIMARY KEY,
        back INTEGER NOT NULL,
        off TEXT
    ) STRICT;
    ALTER TABLE event ADD COLUMN share INTEGER;
    ALTER TABLE event ADD COLUMN actor TEXT;
    ALTER TABLE event ADD COLUMN evidence TEXT;
",
    "
    ALTER TABLE release ADD COLUMN signer TEXT;
    ALTER TABLE release ADD COLUMN comment TEXT;
    CREATE TABLE been_live (
        bff TEXT NOT NULL,
        digest TEXT NOT NULL,
        release INTEGER NOT NULL,
        PRIMARY KEY (bff, digest)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO been_live (bff, digest, release)
        SELECT r.bff, r.digest, max(r.number) FROM release r JOIN event e ON e.release = r.number
        WHERE e.state = 'live' GROUP BY r.bff, r.digest;
",
    "
    CREATE TABLE preview (
        bff TEXT NOT NULL,
        name TEXT NOT NULL,
        release INTEGER NOT NULL REFERENCES release (number),
        until INTEGER NOT NULL,
        PRIMARY KEY (bff, name)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE token ADD COLUMN issuer TEXT;
    CREATE TABLE exchanged (
        once TEXT PRIMARY KEY,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// Sets a connection up, and brings an older journal to this version.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Failure> {
    let version = |it: &Connection| it.query_row("PRAGMA user_version", [], |row| row.get(0));
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = version(connection)?;
    if found > known {
        let place = path.display().to_string();
        return Err(StoreError::Newer {
            place,
            found,
            known,
        }
        .into());
    }
    // It answers with the mode.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    if found == known {
        // A lock of another program keeps nobody from reading.
        return Ok(());
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another host may have done it meanwhile.
    let found: i64 = version(&change)?;
    let done = usize::try_from(found).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        change.execute_batch(migration)?;
    }
    if found < known {
        change.pragma_update(None, "user_version", known)?;
    }
    change.commit()?;
    Ok(())
}
