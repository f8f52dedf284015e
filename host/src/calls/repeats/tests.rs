use super::{MOST_PATTERNS, Repeated, Repeats};

/// The reports about calls of one service, with the number of the reporting call.
fn told(limit: u32, paths: &[&str]) -> Vec<(usize, String)> {
    let mut repeats = Repeats::new(limit);
    let mut told = Vec::new();
    for (number, path) in (1..).zip(paths) {
        if let Some(Repeated { pattern, times }) = repeats.note(0, path) {
            assert_eq!(times, limit);
            told.push((number, pattern));
        }
    }
    told
}

fn once(number: usize, pattern: &str) -> Vec<(usize, String)> {
    vec![(number, pattern.to_owned())]
}

#[test]
fn ids_are_one_pattern_and_it_is_told_once() {
    let paths = [
        "/users/1/days",
        "/users/22/days",
        "/users/3/days",
        "/users/4/days",
        "/users/5/days",
    ];
    assert_eq!(told(3, &paths), once(3, "/users/*/days"));
    let paths = [
        "/users/9b2c7a52-8c1f-4a55-9df3-1d2e3f4a5b6c",
        "/users/abcdefghijklmnopqrstuvwxyz",
        "/users/7?fields=name",
    ];
    assert_eq!(told(3, &paths), once(3, "/users/*"));
}

#[test]
fn names_are_one_pattern_too() {
    assert_eq!(
        told(3, &["/users/ada", "/users/bob", "/users/eve", "/users/joe"]),
        once(3, "/users/*")
    );
    assert_eq!(
        told(
            3,
            &["/teams/red/lead", "/teams/blue/lead", "/teams/green/lead"]
        ),
        once(3, "/teams/*/lead")
    );
    assert_eq!(
        told(
            3,
            &[
                "/teams/7/members/ada",
                "/teams/7/members/bob",
                "/teams/7/members/eve"
            ]
        ),
        once(3, "/teams/7/members/*")
    );
    assert_eq!(
        told(3, &["/users/ada", "/users/7", "/users/eve"]),
        once(3, "/users/*")
    );
}

#[test]
fn the_same_path_again_and_again_is_a_pattern() {
    assert_eq!(told(3, &["/feed/top"; 9]), once(3, "/feed/top"));
    assert_eq!(told(2, &["/"; 9]), once(2, "/"));
}

#[test]
fn different_things_are_not() {
    assert_eq!(told(3, &["/users", "/days", "/feed", "/teams"]), []);
    assert_eq!(told(3, &["/users/7", "/days/7", "/feed/7", "/teams/7"]), []);
    assert_eq!(told(3, &["/users/ada", "/days/bob", "/feed/eve"]), []);
    assert_eq!(
        told(
            3,
            &["/users/ada", "/users/ada/days", "/users/ada/days/today"]
        ),
        []
    );
    // Not the same set of segments in another order.
    assert_eq!(told(2, &["/a/b/c", "/a/c/b"]), []);
    assert_eq!(told(0, &["/users/1", "/users/2"]), []);
}

#[test]
fn services_are_counted_apart() {
    let mut repeats = Repeats::new(2);
    assert_eq!(repeats.note(0, "/users/1"), None);
    assert_eq!(repeats.note(1, "/users/1"), None);
    assert!(repeats.note(0, "/users/2").is_some());
    assert!(repeats.note(1, "/users/2").is_some());
}

#[test]
fn what_comes_after_the_table_is_full_is_not_counted() {
    let mut repeats = Repeats::new(2);
    assert_eq!(repeats.note(0, "/users/1"), None);
    for service in 1..1000 {
        assert_eq!(repeats.note(service, "/a/b/c/d"), None);
    }
    assert_eq!(repeats.known, MOST_PATTERNS);
    assert_eq!(repeats.note(999, "/a/b/c/d"), None);
    assert!(repeats.note(0, "/users/2").is_some());
    // More segments than are looked at.
    let long = "/x".repeat(5000);
    assert_eq!(repeats.note(0, &long), None);
}
