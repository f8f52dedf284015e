mod canary;
mod events;
mod exchanges;
mod locked;
mod older;
mod previews;
mod signing;

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::digest::hex;

struct Place {
    dir: TempDir,
    releases: Releases,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let releases = Releases::new(dir.path());
        Self { dir, releases }
    }

    /// The same folder, as another process finds it.
    fn again(self) -> Self {
        let log = self.path("journal.db-wal");
        drop(self.releases);
        // Its thread closes the file, which takes this away.
        while log.exists() {
            std::thread::yield_now();
        }
        let releases = Releases::new(self.dir.path());
        Self {
            dir: self.dir,
            releases,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("releases").join(name)
    }

    fn store(&self, text: &str) -> String {
        let digest = hex(text.as_bytes());
        self.put(&digest, text.as_bytes()).unwrap();
        digest
    }

    fn put(&self, digest: &str, bytes: &[u8]) -> Result<Stored, StoreError> {
        let parts = bytes.chunks(2).map(|it| Part::Bytes(it.to_vec().into()));
        self.releases.store(digest, parts.chain([Part::End]))
    }

    fn begin(&self, digest: &str) -> i64 {
        match self.releases.append(&new(digest)).unwrap() {
            Appended::New(number) => number,
            Appended::Known(number) => panic!("{number} is known"),
        }
    }

    fn go_live(&self, text: &str) -> (i64, String) {
        let digest = self.store(text);
        let number = self.begin(&digest);
        self.releases.finish(number, &live()).unwrap();
        (number, digest)
    }

    fn live(&self) -> Option<(String, Option<String>)> {
        let live = self.releases.live().unwrap().remove("page")?.unwrap();
        Some((live.digest, live.previous))
    }

    fn states(&self) -> Vec<(i64, State)> {
        let all = self.releases.list("page", None, 100).unwrap();
        all.into_iter().map(|it| (it.number, it.state)).collect()
    }

    fn sql(&self, text: &str) {
        let journal = Connection::open(self.path("journal.db")).unwrap();
        journal.execute_batch(text).unwrap();
    }
}

fn new(digest: &str) -> NewRelease {
    NewRelease {
        bff: "page".to_owned(),
        digest: digest.to_owned(),
        kind: Kind::Deploy,
        message: Some("a better page".to_owned()),
        source: None,
        expect_live: None,
        key: None,
        actor: "local".to_owned(),
        token: None,
        consent: None,
        canary: None,
        again: false,
        signing: Signing::default(),
        preview: None,
    }
}

fn live() -> Outcome {
    Outcome::Live {
        expect_live: None,
        reach: Reach::default(),
    }
}

fn refused() -> State {
    State::Refused {
        step: "smoke".to_owned(),
        reason: "it was answered 500".to_owned(),
    }
}

#[test]
fn what_was_live_is_live_in_the_next_process_and_what_was_half_done_is_not() {
    let place = Place::new();
    assert_eq!(place.live(), None);
    let (first, one) = place.go_live("one");
    let (second, two) = place.go_live("two");
    assert_eq!(place.live(), Some((two.clone(), Some(one.clone()))));
    let third = place.begin(&one);
    let outcome = Outcome::Refused {
        step: "smoke".to_owned(),
        reason: "it was answered 500".to_owned(),
        growth: None,
    };
    place.releases.finish(third, &outcome).unwrap();
    let fourth = place.begin(&one);
    assert_eq!(place.states()[0], (fourth, State::Proving));
    let place = place.again();
    assert_eq!(place.live(), Some((two.clone(), Some(one.clone()))));
    let states = [
        (fourth, State::Interrupted),
        (third, refused()),
        (second, State::Live),
        (first, State::Replaced),
    ];
    assert_eq!(place.states(), states);
    assert_eq!(
        place.releases.list("page", Some(third), 1).unwrap()[0].number,
        second
    );
    assert!(place.releases.was_live("page", &one).unwrap());
    assert!(!place.releases.was_live("other", &one).unwrap());
    // The same component once more has the same one before it.
    place.go_live("two");
    assert_eq!(place.live(), Some((two.clone(), Some(one.clone()))));
    place.go_live("one");
    assert_eq!(place.live(), Some((one, Some(two))));
}

#[test]
fn an_order_that_expects_another_live_component_is_refused_at_both_ends() {
    let place = Place::new();
    let (first, one) = place.go_live("one");
    let two = place.store("two");
    let expecting = |expected: Option<&str>| NewRelease {
        expect_live: Some(expected.map(str::to_owned)),
        ..new(&two)
    };
    for expected in [None, Some(&*two)] {
        let error = place.releases.append(&expecting(expected)).unwrap_err();
        let text = error.to_string();
        let told = format!("bff.page: release {first} of {one} is live, since 2");
        assert!(text.starts_with(&told), "{text}");
        assert!(
            text.ends_with(&format!("expect_live \"{one}\" or \"any\"")),
            "{text}"
        );
    }
    // Two that expect the same: the second learns of the first.
    let begun = place.releases.append(&expecting(Some(&one))).unwrap();
    let Appended::New(begun) = begun else {
        panic!("{begun:?}")
    };
    let error = place.releases.append(&expecting(Some(&one))).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("release {begun} is under way")),
        "{error}"
    );
    // What it expects is live: it says nothing of that.
    let way = "Z; wait for its end, or release with expect_live \"any\"";
    assert!(error.to_string().ends_with(way), "{error}");
    // One that says nothing may overtake it, and it is refused when it is proven.
    let (_, three) = place.go_live("three");
    let outcome = Outcome::Live {
        expect_live: Some(Some(one)),
        reach: Reach::default(),
    };
    let error = place.releases.finish(begun, &outcome).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert_eq!(place.live().unwrap().0, three);
}

#[test]
fn the_same_key_begins_one_release_and_another_order_with_it_none() {
    let place = Place::new();
    let digest = place.store("one");
    let order = |request: &str| NewRelease {
        key: Some(("job-1".to_owned(), request.to_owned())),
        ..new(&digest)
    };
    let first = place.releases.append(&order("a")).unwrap();
    let Appended::New(number) = first else {
        panic!("{first:?}")
    };
    assert_eq!(
        place.releases.append(&order("a")).unwrap(),
        Appended::Known(number)
    );
    let error = place.releases.append(&order("b")).unwrap_err();
    assert!(matches!(error, StoreError::KeyReused), "{error}");
    // A day later it is another key.
    place.sql("UPDATE order_key SET at = at - 24 * 3600 * 1000 - 1");
    assert!(matches!(
        place.releases.append(&order("b")).unwrap(),
        Appended::New(_)
    ));
}

#[test]
fn releases_that_are_under_way_have_a_bound() {
    let place = Place::new();
    let digest = place.store("one");
    let all: Vec<i64> = (0..8).map(|_| place.begin(&digest)).collect();
    let error = place.releases.append(&new(&digest)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bff.page: 8 releases are under way; wait until one has ended"
    );
    place.releases.finish(all[0], &live()).unwrap();
    place.begin(&digest);
}

#[test]
fn old_releases_go_and_what_is_live_was_live_or_is_young_stays() {
    let place = Place::new();
    let (_, zero) = place.go_live("zero");
    let (_, one) = place.go_live("one");
    let (_, two) = place.go_live("two");
    let waiting = place.store("uploaded a moment ago");
    let outcome = Outcome::Refused {
        step: "form".to_owned(),
        reason: "no component".to_owned(),
        growth: None,
    };
    let last: Vec<i64> = (0..3)
        .map(|number| {
            let number = place.begin(&place.store(&format!("bad {number}")));
            place.releases.finish(number, &outcome).unwrap();
            number
        })
        .collect();
    let age = |text: &str| {
        let old = std::time::SystemTime::now() - Duration::from_secs(3700);
        let path = place.path(&format!("{text}.wasm"));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    };
    for digest in [&zero, &one, &two, &hex(b"bad 0"), &hex(b"bad 1")] {
        age(digest);
    }
    std::fs::write(place.path("notes.txt"), "an operator's").unwrap();
    place.releases.tidy(2);
    let left: Vec<i64> = place.states().into_iter().map(|it| it.0).collect();
    assert_eq!(left, [last[2], last[1], 3, 2]);
    let is_there = |digest: &str| place.path(&format!("{digest}.wasm")).exists();
    assert!(!is_there(&zero) && !is_there(&hex(b"bad 0")));
    assert!(is_there(&one) && is_there(&two) && is_there(&hex(b"bad 1")));
    assert!(is_there(&waiting) && place.path("notes.txt").exists());
    assert_eq!(place.live(), Some((two, Some(one))));
}

#[test]
fn a_damaged_component_is_named_and_an_upload_mends_it() {
    let place = Place::new();
    let digest = place.store("one");
    std::fs::write(place.path(&format!("{digest}.wasm")), "oen").unwrap();
    let error = place.releases.read(&digest, 100).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    // So that who asks first whether to upload it does.
    assert!(!place.releases.has(&digest).unwrap());
    assert!(!place.put(&digest, b"one").unwrap().is_new);
    assert!(place.releases.has(&digest).unwrap());
    assert_eq!(place.releases.read(&digest, 100).unwrap(), b"one");
    assert!(place.releases.read(&digest, 2).is_err());
    let absent = hex(b"absent");
    let error = place.releases.read(&absent, 100).unwrap_err();
    assert!(matches!(error, StoreError::NoComponent(_)), "{error}");
    assert!(!place.releases.has(&absent).unwrap());
}

#[test]
fn a_damaged_row_concerns_its_bff_alone() {
    let place = Place::new();
    let (_, one) = place.go_live("one");
    place.sql("INSERT INTO live (bff, release, digest, since) VALUES ('other', 1, '../../etc', 1)");
    let place = place.again();
    let mut live = place.releases.live().unwrap();
    assert_eq!(live.remove("page").unwrap().unwrap().digest, one);
    let error = live.remove("other").unwrap().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("the live release of other is damaged"),
        "{text}"
    );
}

#[test]
fn a_journal_that_cannot_be_read_leaves_its_copy_and_is_not_written_over() {
    for (content, told) in [
        (
            "no journal at all, but long enough to be read",
            "not a database",
        ),
        ("", ""),
    ] {
        let place = Place::new();
        let (_, one) = place.go_live("one");
        place.releases.tidy(20);
        let place = place.again();
        for name in ["journal.db-wal", "journal.db-shm"] {
            let _ = std::fs::remove_file(place.path(name));
        }
        std::fs::write(place.path("journal.db"), content).unwrap();
        if content.is_empty() {
            // An empty file is a new journal, which begins with what the copy says.
            assert_eq!(place.live(), Some((one.clone(), None)));
            assert!(place.releases.was_live("page", &one).unwrap());
            continue;
        }
        assert_eq!(place.live().unwrap().0, one);
        let error = place.releases.append(&new(&one)).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        let left = std::fs::read_to_string(place.path("journal.db")).unwrap();
        assert_eq!(left, content);
        std::fs::write(place.path("live.json"), "{\"format\":1,").unwrap();
        let error = place.releases.live().unwrap_err();
        assert!(
            error.to_string().contains("its copy cannot be used"),
            "{error}"
        );
    }
}

#[test]
fn a_journal_of_a_newer_host_is_left_alone() {
    let place = Place::new();
    place.go_live("one");
    place.sql("PRAGMA user_version = 99");
    let place = place.again();
    let error = place.releases.append(&new(&hex(b"one"))).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 7,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_folder_of_others_is_refused_and_one_that_is_mended_is_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let (_, one) = place.go_live("one");
    let place = place.again();
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.path(""), mode).unwrap();
    };
    mode(0o777);
    let error = place.releases.append(&new(&one)).unwrap_err();
    assert!(
        error.to_string().contains("others can write to it"),
        "{error}"
    );
    assert!(place.put(&one, b"one").is_err());
    mode(0o700);
    assert_eq!(place.live().unwrap().0, one);
    place.begin(&one);
}
