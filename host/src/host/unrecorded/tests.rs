use super::*;
use crate::digest::hex;
use crate::releases::{Kind, Outcome, Reach, Signing};

fn release(kind: Kind, text: &str, key: Option<&str>) -> NewRelease {
    NewRelease {
        bff: "page".to_owned(),
        digest: hex(text.as_bytes()),
        kind,
        message: None,
        source: None,
        expect_live: None,
        key: key.map(|it| (it.to_owned(), "request".to_owned())),
        actor: "local".to_owned(),
        token: None,
        consent: None,
        signing: Signing::default(),
        canary: None,
        again: false,
        preview: None,
    }
}

/// A journal in which a component is live.
fn deploy(releases: &Releases, text: &str) {
    let Appended::New(number) = releases
        .append(&release(Kind::Deploy, text, None))
        .expect("it begins")
    else {
        panic!("it has no key");
    };
    let live = Outcome::Live {
        expect_live: None,
        reach: Reach::default(),
    };
    releases.finish(number, &live).expect("it is live");
}

fn live(releases: &Releases) -> String {
    let live = releases.recorded().expect("it is read").remove("page");
    live.expect("one is live").expect("its row is well").digest
}

#[test]
fn a_rollback_with_the_key_of_an_older_order_is_recorded() {
    let dir = tempfile::tempdir().expect("a folder");
    let releases = Releases::new(dir.path());
    let unrecorded = Unrecorded::default();
    let since = SystemTime::now();
    for (text, key, request) in [("one", "job", "request"), ("three", "job", "other")] {
        deploy(&releases, text);
        deploy(&releases, "two");
        if text == "one" {
            let older = release(Kind::Rollback, text, Some(key));
            releases
                .record(&older, SystemTime::now())
                .expect("it is recorded");
            deploy(&releases, "two");
        }
        // What the key was used for could not be read.
        let mut back = release(Kind::Rollback, text, Some(key));
        back.key = Some((key.to_owned(), request.to_owned()));
        drop(unrecorded.put(back, since + Duration::from_secs(60)));
        unrecorded.record(&releases, "page").expect("it is written");
        assert_eq!(live(&releases), hex(text.as_bytes()));
        assert!(!unrecorded.has_rollback("page"));
    }
}

#[test]
fn a_rollback_whose_answer_was_lost_undoes_nothing_that_came_after_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let releases = Releases::new(dir.path());
    let unrecorded = Unrecorded::default();
    deploy(&releases, "one");
    deploy(&releases, "two");
    let since = SystemTime::now();
    let back = release(Kind::Rollback, "one", Some("job"));
    releases
        .record(&back, SystemTime::now())
        .expect("it is recorded");
    drop(unrecorded.put(back, since));
    deploy(&releases, "three");
    unrecorded.record(&releases, "page").expect("it is known");
    assert_eq!(live(&releases), hex(b"three"));
    assert!(!unrecorded.has_rollback("page"));
}

#[test]
fn each_rollback_has_its_row_in_order_and_is_recorded_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let releases = Releases::new(dir.path());
    let unrecorded = Unrecorded::default();
    deploy(&releases, "one");
    deploy(&releases, "two");
    let mut numbers = Vec::new();
    for text in ["one", "two", "one"] {
        let back = release(Kind::Rollback, text, None);
        numbers.push(unrecorded.put(back, SystemTime::now()));
    }
    assert!(unrecorded.reasons().is_empty(), "none has failed yet");
    unrecorded.failed("page", &StoreError::Queue);
    assert!(unrecorded.reasons().contains_key("page"));
    unrecorded.record(&releases, "page").expect("it is written");
    unrecorded
        .record(&releases, "page")
        .expect("nothing is left");
    let numbers: Vec<_> = numbers.iter_mut().map(|it| it.try_recv()).collect();
    assert_eq!(numbers, [Ok(3), Ok(4), Ok(5)]);
    let all = releases.list("page", None, 10).expect("it is read");
    let all: Vec<_> = all
        .iter()
        .map(|it| (it.number, it.digest.clone()))
        .collect();
    let of = |number: i64, text: &str| (number, hex(text.as_bytes()));
    let backs = [of(5, "one"), of(4, "two"), of(3, "one")];
    assert_eq!(all[..3], backs);
    assert_eq!(all.len(), 5);
    assert!(unrecorded.reasons().is_empty());
}
