use std::time::SystemTime;

use super::*;
use crate::releases::access::{Exchange, Rights};
use crate::releases::new_token::NewToken;

fn job() -> NewToken {
    NewToken {
        team: "page-team".to_owned(),
        rights: Rights::Operator,
        note: None,
        lifetime: Duration::from_secs(900),
    }
}

#[test]
fn a_token_that_waited_for_the_journal_beyond_its_time_is_not_exchanged() {
    let place = Place::new();
    let now = SystemTime::now();
    let second = Duration::from_secs(1);
    let exchange = |until| Exchange {
        issuer: "hub".to_owned(),
        once: "a".to_owned(),
        until,
        known_until: now + 600 * second,
        most: 10,
    };
    let late = place.releases.exchange(job(), &exchange(now - second));
    assert!(matches!(late, Err(StoreError::ExchangedLate)), "{late:?}");
    let in_time = exchange(now + 60 * second);
    place.releases.exchange(job(), &in_time).unwrap();
    let again = place.releases.exchange(job(), &in_time);
    assert!(matches!(again, Err(StoreError::Exchanged)), "{again:?}");
    assert_eq!(place.releases.tokens().unwrap().len(), 1);
}

#[test]
fn an_exchange_is_known_until_no_settings_would_take_the_token() {
    let place = Place::new();
    let now = SystemTime::now();
    let second = Duration::from_secs(1);
    let exchange = |once: &str, until, known_until| Exchange {
        issuer: "hub".to_owned(),
        once: once.to_owned(),
        until,
        known_until,
        most: 10,
    };
    let first = exchange("a", now + 60 * second, now + 600 * second);
    place.releases.exchange(job(), &first).unwrap();
    let journal = Connection::open(place.path("journal.db")).unwrap();
    let known: i64 = journal
        .query_row("SELECT until FROM exchanged", [], |row| row.get(0))
        .unwrap();
    assert_eq!(known, crate::releases::place::to_millis(first.known_until));
}

#[test]
fn a_jobs_token_is_in_no_list_an_hour_after_its_end() {
    let place = Place::new();
    let now = SystemTime::now();
    let second = Duration::from_secs(1);
    let exchange = Exchange {
        issuer: "hub".to_owned(),
        once: "a".to_owned(),
        until: now + 60 * second,
        known_until: now + 600 * second,
        most: 10,
    };
    place.releases.exchange(job(), &exchange).unwrap();
    place.releases.create_token(job()).unwrap();
    let journal = Connection::open(place.path("journal.db")).unwrap();
    for (ago, listed) in [(3500, 2), (3700, 1)] {
        let ended = crate::releases::place::to_millis(now - ago * second);
        journal
            .execute("UPDATE token SET expires = ?1", [ended])
            .unwrap();
        assert_eq!(place.releases.tokens().unwrap().len(), listed, "{ago}");
    }
}
