use std::path::Path;

use super::super::tests::{Log, bearer, credentials, sent};
use super::*;

/// Replaces a secret atomically, by a rename.
fn replace(path: &Path, text: &str) {
    let other = path.with_extension("new");
    std::fs::write(&other, text).unwrap();
    std::fs::rename(other, path).unwrap();
}

fn held(path: &Path) -> Arc<LiveSecret> {
    let secret = Secret::File(path.to_owned());
    Arc::new(LiveSecret::new("activity", &secret, "", |_| None).unwrap())
}

fn text(held: &LiveSecret) -> String {
    held.current().header.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_read_without_the_line_break_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    for (written, expected) in [("a", "a"), ("a b\n", "a b"), ("a\r\n", "a")] {
        replace(&path, written);
        assert_eq!(text(&held(&path)), expected, "{written:?}");
    }
}

#[tokio::test]
async fn a_secret_of_the_same_length_and_time_in_the_same_file_is_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, "first").unwrap();
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let held = held(&path);
    std::fs::write(&path, "other").unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    held.look_now();
    let current = held.current();
    assert_eq!((text(&held), current.version), ("other".to_owned(), 1));
    // Equal content is no change, whatever its time.
    file.set_modified(std::time::SystemTime::now()).unwrap();
    held.look_now();
    assert_eq!(held.current().version, 1);
}

#[tokio::test(start_paused = true)]
async fn one_call_a_second_looks_at_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    replace(&path, "a");
    let held = held(&path);
    let start = Instant::now();
    let due = |ms: u64| held.is_due(start + Duration::from_millis(ms));
    assert!(!due(0) && !due(999));
    assert!(due(1_000) && !due(1_000) && !due(1_999));
    assert!(due(5_500) && !due(6_499) && due(6_500));
    let variable = Secret::Env("A".to_owned());
    let fixed = LiveSecret::new("activity", &variable, "", |_| Some("a".to_owned())).unwrap();
    assert!(!fixed.is_due(start + Duration::from_secs(99)));
}

#[tokio::test]
async fn a_file_that_vanishes_or_turns_bad_leaves_the_old_value_and_is_logged_once() {
    let log = Log::default();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    replace(&path, "first");
    let held = held(&path);
    let look = || {
        let _guard = log.begin();
        held.look_now();
    };
    let warnings = || log.text().matches("the old ones stay in use").count();

    look();
    assert_eq!(
        (text(&held), held.current().version),
        ("first".to_owned(), 0)
    );
    // It comes back unchanged, then vanishes again, which is logged again.
    let aside = dir.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    look();
    look();
    assert_eq!(warnings(), 1);
    std::fs::rename(&aside, &path).unwrap();
    look();
    std::fs::remove_file(&path).unwrap();
    look();
    look();
    replace(&path, "");
    look();
    replace(&path, "\u{e9}");
    look();
    assert_eq!((text(&held), warnings()), ("first".to_owned(), 2));
    replace(&path, "second one");
    look();
    assert_eq!(
        (text(&held), held.current().version),
        ("second one".to_owned(), 1)
    );
    replace(&path, "");
    look();
    assert_eq!((text(&held), warnings()), ("second one".to_owned(), 3));
    assert!(!log.text().contains("second one"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn calls_go_on_with_the_old_value_until_a_new_one_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    replace(&path, "old");
    let settings = bearer(Secret::File(path.clone()));
    let credentials = credentials(&settings, Arc::new(|_| Box::pin(std::future::pending())));
    replace(&path, "renewed");
    // Within a second there is no look.
    assert_eq!(sent(&credentials).await.unwrap().0, "Bearer old");
    let mut tries = 0;
    while sent(&credentials).await.unwrap().0 == "Bearer old" {
        tokio::time::advance(Duration::from_secs(1)).await;
        tries += 1;
        assert!(tries < 1_000_000, "the file is not read again");
    }
    assert_eq!(sent(&credentials).await.unwrap().0, "Bearer renewed");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_looks_at_the_file_and_says_whether_it_helped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    replace(&path, "old");
    let settings = bearer(Secret::File(path.clone()));
    let credentials = credentials(&settings, Arc::new(|_| Box::pin(std::future::pending())));
    let (_, used) = sent(&credentials).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!credentials.refused(used).await);
    replace(&path, "renewed");
    // The last look was just now.
    assert!(!credentials.refused(used).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(credentials.refused(used).await);
    // Another call that was refused with the old one as well need not look.
    assert!(credentials.refused(used).await);
    let (value, used) = sent(&credentials).await.unwrap();
    assert_eq!(value, "Bearer renewed");
    assert!(!credentials.refused(used).await);
}
