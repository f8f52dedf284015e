//! The journal while another program holds a lock on it.

use super::*;

#[test]
fn what_is_read_does_not_wait_behind_what_waits_for_a_lock() {
    let place = Place::new();
    let (number, one) = place.go_live("one");
    let journal = Connection::open(place.path("journal.db")).unwrap();
    journal.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let releases = &place.releases;
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| releases.append(&new(&one)));
        for _ in 0..20 {
            assert!(releases.get(number).unwrap().is_some());
        }
        assert!(!waiting.is_finished(), "what is read waits for the lock");
        journal.execute_batch("ROLLBACK").unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Appended::New(number + 1));
    });
}

#[test]
fn a_journal_that_is_locked_is_opened_to_be_read() {
    let place = Place::new();
    let (_, one) = place.go_live("one");
    let other = Releases::new(place.dir.path());
    let journal = Connection::open(place.path("journal.db")).unwrap();
    journal.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(
        other
            .recorded()
            .unwrap()
            .remove("page")
            .unwrap()
            .unwrap()
            .digest,
        one
    );
}

#[test]
fn what_a_host_left_that_has_ended_is_read_and_ended_once_the_lock_is_gone() {
    let place = Place::new();
    let (_, one) = place.go_live("one");
    let number = place.begin(&one);
    let place = place.again();
    let journal = Connection::open(place.path("journal.db")).unwrap();
    journal.execute_batch("BEGIN IMMEDIATE").unwrap();
    let live = place.releases.recorded().unwrap().remove("page").unwrap();
    assert_eq!(live.unwrap().digest, one);
    journal.execute_batch("ROLLBACK").unwrap();
    let state = || place.releases.get(number).unwrap().unwrap().state;
    assert_eq!(state(), State::Interrupted);
}
