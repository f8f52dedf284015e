//! Invalidation by writes, by the operator's rules.

use http::Method;

use super::{Host, answer};
use crate::config::{self, CallPattern, Segment};

#[test]
fn a_change_voids_what_the_operator_says() {
    let path = |text: &str| -> Vec<Segment> {
        let segments = text.split('/').skip(1);
        let segment = |segment: &str| match segment {
            "*" => Segment::One,
            "**" => Segment::Rest,
            text => Segment::Text(text.to_owned()),
        };
        segments.map(segment).collect()
    };
    let rule = |method, call, voids: &[&str]| config::Write {
        pattern: CallPattern {
            method,
            segments: path(call),
        },
        voids: voids.iter().map(|text| path(text)).collect(),
    };
    let stored = [
        "/api/users/ada",
        "/api/users/ada?full=1",
        "/api/users/ada/days/1",
        "/api/users/ada/days/1/parts?x",
        "/api/users/adam",
        "/api/users/grace",
        "/api/users/grace/days/1",
        "/api/users",
        "/api/top",
        "/api/",
        "/api",
        "/api/days",
        "/other/api",
    ];
    let everything_of_ada = &stored[..4];
    let cases = [
        (Method::POST, "/api/log/ada/7", 200, &stored[..2]),
        (Method::PUT, "/api/log/ada/7", 200, everything_of_ada),
        (Method::PUT, "/api/log/ada", 200, &[]),
        (Method::PUT, "/api/log/ada/7", 404, &[]),
        (Method::PUT, "/api/log/ada/7", 502, everything_of_ada),
        (
            Method::DELETE,
            "/api/log/7",
            200,
            &["/api/users", "/api/top"],
        ),
        (Method::DELETE, "/api/all", 200, &stored[..12]),
        (Method::DELETE, "/log/7", 200, &["/api/users", "/api/top"]),
    ];
    for (method, target, status, void) in cases {
        let mut host = Host::with(|settings, _| {
            settings.writes = vec![
                rule(Some(Method::POST), "/log/*/*", &["/users/*"]),
                rule(Some(Method::PUT), "/log/*/*", &["/users/*/**"]),
                rule(Some(Method::DELETE), "/log/*", &["/users", "/top"]),
                rule(None, "/all", &["/**"]),
            ];
        });
        for stored in stored {
            host.put(stored, "", "");
        }
        let answer = answer(status, "", host.now, "");
        host.write(method.clone(), target, Some(&answer), false);
        for stored in stored {
            assert_eq!(
                host.has(stored, ""),
                !void.contains(&stored),
                "{method} {target} {status}: {stored}"
            );
        }
    }
}

#[test]
fn new_settings_keep_what_they_would_have_stored() {
    let rule = || config::Write {
        pattern: CallPattern {
            method: None,
            segments: vec![Segment::Rest],
        },
        voids: vec![vec![Segment::Rest]],
    };
    type Change = fn(&mut config::Cache);
    let cases: [(Change, bool, bool); 4] = [
        (|settings| settings.max_size = 1 << 19, false, true),
        (|settings| settings.keep_set_cookie = true, false, true),
        (|settings| settings.keep_set_cookie = false, true, false),
        (|settings| settings.writes.clear(), false, false),
    ];
    for (number, (change, cookies, kept)) in cases.into_iter().enumerate() {
        let mut settings = None;
        let mut host = Host::with(|new, _| {
            new.keep_set_cookie = cookies;
            new.writes = vec![rule()];
            settings = Some(new.clone());
        });
        host.put("/api/a", "", "");
        let mut settings = settings.unwrap();
        change(&mut settings);
        host.cache = host.cache.with_settings(&settings, "/api");
        assert_eq!(host.has("/api/a", ""), kept, "{number}");
    }
}
