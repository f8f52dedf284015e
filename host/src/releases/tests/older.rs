//! Journals of older hosts.

use std::time::SystemTime;

use super::*;
use crate::releases::place::to_millis;

/// The tables of the first journal, and what a host wrote into them.
const FIRST: &str = "
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
    INSERT INTO release (bff, digest, kind, message, key, request, at)
        VALUES ('page', 'DIGEST', 'deploy', 'the first', 'job-1', 'body', NOW);
    INSERT INTO event (release, state, at) VALUES (1, 'proving', NOW), (1, 'live', NOW);
    INSERT INTO live VALUES ('page', 1, 'DIGEST', NULL, NOW);
    PRAGMA user_version = 1;
";

#[test]
fn a_journal_of_an_older_host_goes_on() {
    let place = Place::new();
    let digest = place.store("one");
    let now = to_millis(SystemTime::now()).to_string();
    place.sql(&FIRST.replace("DIGEST", &digest).replace("NOW", &now));
    assert_eq!(place.live(), Some((digest.clone(), None)));
    let listed = place.releases.list("page", None, 10).unwrap();
    assert_eq!(listed[0].message.as_deref(), Some("the first"));
    assert_eq!((&listed[0].actor, &listed[0].difference), (&None, &None));
    assert_eq!(listed[0].signed, None);
    // What was live is known to have been.
    assert_eq!(place.releases.last_live("page", &digest).unwrap(), Some(1));
    // The key of an order is remembered.
    let again = NewRelease {
        key: Some(("job-1".to_owned(), "body".to_owned())),
        ..new(&digest)
    };
    assert_eq!(place.releases.append(&again).unwrap(), Appended::Known(1));
    let (two, _) = place.go_live("two");
    assert_eq!(two, 2);
}
