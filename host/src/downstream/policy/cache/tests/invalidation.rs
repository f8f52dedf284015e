//! Invalidation of stored answers.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue, Method};

use super::super::Invalidation;
use super::{CacheLookup, Host, answer, fields, key, uri};
use crate::downstream::response::ServiceResponse;

const HOUR: &str = "cache-control: max-age=3600";

impl Host {
    pub(super) fn put(&mut self, target: &str, request: &str, fields: &str) {
        let said = format!("cache-control: public, max-age=3600\n{fields}");
        self.call(target, request, &answer(200, &said, self.now, target));
    }

    fn post(&self, target: &str, status: u16, said: &str) {
        let answer = answer(status, said, self.now, "");
        self.write(Method::POST, target, Some(&answer), false);
    }

    pub(super) fn write(
        &self,
        method: Method,
        target: &str,
        answer: Option<&ServiceResponse>,
        repeated: bool,
    ) {
        let authority = HeaderValue::from_static("api.example:8080");
        let cache = &self.cache;
        cache.after_write(&method, &uri(target), &authority, answer, repeated);
    }

    pub(super) fn has(&self, target: &str, request: &str) -> bool {
        self.fresh(target, request).is_some()
    }
}

#[test]
fn a_change_voids_the_target_for_all() {
    // Section 4.4.
    let mut host = Host::new(None, (0, 0));
    host.put("/a", "", "");
    host.put("/a", "authorization: x", "");
    host.put("/a?b=1", "", "");
    host.put("/b", "", "");
    host.post("/a", 200, "");
    assert!(!host.has("/a", ""));
    assert!(!host.has("/a", "authorization: x"));
    assert!(!host.has("/a?b=1", ""));
    assert!(host.has("/b", ""));
    host.put("/a", "", "");
    assert!(host.has("/a", ""));
}

#[test]
fn a_change_voids_its_path_with_any_query() {
    for changed in ["/a", "/a?", "/a?b=1", "/a?c=2"] {
        let mut host = Host::new(None, (0, 0));
        for stored in ["/a", "/a?", "/a?b=1", "/ab", "/a/", "/a/b"] {
            host.put(stored, "", "");
        }
        host.post(changed, 200, "");
        for (stored, void) in [
            ("/a", true),
            ("/a?", true),
            ("/a?b=1", true),
            ("/ab", false),
            ("/a/", false),
            ("/a/b", false),
        ] {
            assert_eq!(host.has(stored, ""), !void, "{changed}: {stored}");
        }
    }
}

#[test]
fn a_call_without_an_answer_may_have_changed_something() {
    let mut host = Host::new(None, (0, 0));
    host.put("/a", "", "");
    host.write(Method::PUT, "/a", None, false);
    assert!(!host.has("/a", ""));
}

#[test]
fn an_earlier_attempt_may_have_changed_something_that_the_last_one_did_not() {
    for (repeated, void) in [(true, true), (false, false)] {
        let mut host = Host::new(None, (0, 0));
        host.put("/a", "", "");
        let answer = answer(404, "", host.now, "");
        host.write(Method::DELETE, "/a", Some(&answer), repeated);
        assert_eq!(host.has("/a", ""), !void);
    }
}

#[test]
fn what_was_not_refused_changes_something() {
    // Section 4.4 asks for that of 2xx and 3xx. After a 5xx, the outcome is unknown.
    let cases = [
        (200, true),
        (201, true),
        (204, true),
        (303, true),
        (400, false),
        (404, false),
        (500, true),
        (503, true),
    ];
    for (status, void) in cases {
        let mut host = Host::new(None, (0, 0));
        host.put("/a", "", "");
        host.post("/a", status, "");
        assert_eq!(host.has("/a", ""), !void, "{status}");
    }
}

#[test]
fn named_targets_are_void_too() {
    // Section 4.4, references by RFC 3986 section 4: reference, stored target, whether it is the
    // same.
    let cases = [
        ("/a", "/a", true),
        ("/a?b=1", "/a?b=1", true),
        ("/a#fragment", "/a", true),
        ("http://api.example:8080/a", "/a", true),
        ("HTTPS://API.example:8080/a", "/a", true),
        ("//api.example:8080/a", "/a", true),
        ("http://api.example:8080", "/", true),
        ("http://api.example:8080?x", "/?x", true),
        ("7", "/list/7", true),
        ("7/x?y", "/list/7/x?y", true),
        ("?page=2", "/list/posted?page=2", true),
        ("http://other.example/a", "/a", false),
        ("http://api.example/a", "/a", false),
        ("http://api.example:8080.evil.example/a", "/a", false),
        ("//other.example/a", "/a", false),
        ("mailto:a", "/list/mailto:a", false),
    ];
    for name in ["location", "content-location"] {
        for (reference, target, void) in cases {
            let mut host = Host::new(None, (0, 0));
            host.put(target, "", "");
            host.post("/list/posted", 201, &format!("{name}: {reference}"));
            assert_eq!(host.has(target, ""), !void, "{name}: {reference}");
        }
    }
}

#[test]
fn an_answer_under_way_is_not_stored_after_a_change() {
    let mut host = Host::new(None, (0, 0));
    let request = HeaderMap::new();
    let (a, b) = (key("/a", &request).unwrap(), key("/b", &request).unwrap());
    let tickets = [&a, &b].map(|key| match host.cache.lookup(key, &request, host.now) {
        CacheLookup::Miss(ticket) => ticket,
        found => panic!("{found:?}"),
    });
    host.post("/a", 200, "");
    let late = answer(200, HOUR, host.now, "late");
    assert!(!host.cache.store(
        host.asked(&a, &request),
        &late,
        || true,
        tickets[0],
        host.now
    ));
    assert!(host.cache.store(
        host.asked(&b, &request),
        &late,
        || true,
        tickets[1],
        host.now
    ));
    assert!(!host.has("/a", ""));
    assert!(host.has("/b", ""));
    host.put("/a", "", "");
    assert!(host.has("/a", ""));
}

#[test]
fn an_answer_under_way_is_not_stored_after_the_operator_cleared() {
    for which in [
        Invalidation::All,
        Invalidation::Path("/a".to_owned()),
        Invalidation::Tag("t".to_owned()),
    ] {
        let host = Host::new(None, (0, 0));
        let request = HeaderMap::new();
        let key = key("/a", &request).unwrap();
        let CacheLookup::Miss(ticket) = host.cache.lookup(&key, &request, host.now) else {
            panic!("stored");
        };
        assert_eq!(host.cache.invalidate(&which), 0);
        let late = answer(
            200,
            "cache-control: max-age=60\ncache-tags: t",
            host.now,
            "late",
        );
        assert!(
            !host
                .cache
                .store(host.asked(&key, &request), &late, || true, ticket, host.now)
        );
        assert!(!host.has("/a", ""), "{which:?}");
    }
}

#[test]
fn a_confirmation_under_way_is_not_stored_after_the_operator_cleared() {
    let mut host = Host::new(None, (0, 0));
    host.put("/a", "", "etag: \"a\"");
    host.wait(3601);
    let stale = host.stale("/a", "");
    assert_eq!(host.cache.invalidate(&Invalidation::All), 1);
    let request = fields("", host.now);
    let key = key("/a", &request).unwrap();
    let not_modified = answer(304, "", host.now, "");
    let cache = &host.cache;
    let given = cache.revalidated(host.asked(&key, &request), &stale, &not_modified, host.now);
    assert_eq!(given.body, "/a");
    assert!(!host.has("/a", ""));
}

#[test]
fn the_operator_clears_by_path_and_tag() {
    let stored = [
        ("/users", "people"),
        ("/users?page=2", "people, list"),
        ("/users/7", "people user-7"),
        ("/users/71", "people user-71"),
        ("/other", ""),
    ];
    let path = |path: &str| Invalidation::Path(path.to_owned());
    let tag = |tag: &str| Invalidation::Tag(tag.to_owned());
    let cases = [
        (
            Invalidation::All,
            &["/users", "/users?page=2", "/users/7", "/users/71", "/other"][..],
        ),
        (path("/users"), &["/users", "/users?page=2"]),
        (path("/users/7"), &["/users/7"]),
        (path("/users/7*"), &["/users/7", "/users/71"]),
        (
            path("/users*"),
            &["/users", "/users?page=2", "/users/7", "/users/71"],
        ),
        (path("/users?page=2"), &[]),
        (path("/nothing"), &[]),
        (tag("list"), &["/users?page=2"]),
        (tag("user-7"), &["/users/7"]),
        (
            tag("people"),
            &["/users", "/users?page=2", "/users/7", "/users/71"],
        ),
        (tag("nothing"), &[]),
    ];
    for (which, void) in cases {
        let mut host = Host::new(None, (0, 0));
        for (target, tags) in stored {
            host.put(target, "", &format!("cache-tags: {tags}"));
        }
        assert_eq!(host.cache.invalidate(&which), void.len(), "{which:?}");
        for (target, _) in stored {
            assert_eq!(
                host.has(target, ""),
                !void.contains(&target),
                "{which:?}: {target}"
            );
        }
    }
}

/// On real threads: whatever was read before a change is never found after it.
#[test]
fn no_answer_from_before_a_change_is_found_after_it() {
    let host = Host::new(None, (0, 0));
    let state = AtomicU64::new(0);
    let request = HeaderMap::new();
    let key = key("/a", &request).unwrap();
    let read = || {
        let (ticket, seen) = match host.cache.lookup(&key, &request, host.now) {
            CacheLookup::Fresh(hit) => {
                return std::str::from_utf8(&hit.answer.body)
                    .unwrap()
                    .parse()
                    .unwrap();
            }
            CacheLookup::Miss(ticket) => (ticket, state.load(Ordering::SeqCst)),
            found => panic!("{found:?}"),
        };
        let answer = answer(200, HOUR, host.now, &seen.to_string());
        std::thread::yield_now();
        host.cache.store(
            host.asked(&key, &request),
            &answer,
            || true,
            ticket,
            host.now,
        );
        seen
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while state.load(Ordering::SeqCst) < 2000 {
                    read();
                }
            });
        }
        // Readers end with the last change, or with the first that was not seen.
        let _last = Last(&state);
        for change in 1..2000 {
            state.store(change, Ordering::SeqCst);
            if change % 2 == 0 {
                host.post("/a", 200, "");
            } else {
                host.cache.invalidate(&Invalidation::Path("/a".to_owned()));
            }
            let seen: u64 = read();
            assert_eq!(seen, change);
        }
    });
}

struct Last<'a>(&'a AtomicU64);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.0.store(u64::MAX, Ordering::SeqCst);
    }
}
