//! An answer to one caller's identity never serves another.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::super::ExactKey;
use super::super::key::MAX_QUERY;
use super::{Host, Key, answer, fields, key, uri};

/// Fields that do not split calls.
const SHARED: [&str; 9] = [
    "x-request-id",
    "traceparent",
    "tracestate",
    "tailor-time-left-ms",
    "accept",
    "accept-language",
    "user-agent",
    "cache-control",
    "if-none-match",
];

/// Fields that split calls, some of them with names like those that do not.
const PARTING: [&str; 10] = [
    "authorization",
    "cookie",
    "x-user",
    "x-api-key",
    "x-request-id2",
    "x",
    "traceparents",
    "tailor",
    "accept-charset",
    "t",
];

fn list(names: &'static [&'static str]) -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let field = (proptest::sample::select(names), "[a-c:, \\n]{0,3}");
    let legal = field.prop_map(|(name, value)| (name, value.trim().replace('\n', ";")));
    proptest::collection::vec(legal, 0..5)
}

fn map(fields: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    headers
}

/// What must be the same: for each name its values in their order.
fn identity(fields: &[(&'static str, String)]) -> Vec<(&'static str, Vec<String>)> {
    let mut names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let values = |name| {
        let same = fields.iter().filter(move |(other, _)| *other == name);
        same.map(|(_, value)| value.clone()).collect()
    };
    names.into_iter().map(|name| (name, values(name))).collect()
}

proptest! {
    #[test]
    fn keys_are_equal_exactly_when_targets_and_identities_are(
        one in list(&PARTING), other in list(&PARTING),
        shared_one in list(&SHARED), shared_other in list(&SHARED),
        target_one in "/[a?]{0,2}", target_other in "/[a?]{0,2}",
    ) {
        let of = |fields: &[(&'static str, String)], shared: &[(&'static str, String)], target: &str| {
            let mut all = shared.to_vec();
            all.extend_from_slice(fields);
            key(target, &map(&all)).unwrap()
        };
        let same = identity(&one) == identity(&other) && target_one == target_other;
        let keys = (of(&one, &shared_one, &target_one), of(&other, &shared_other, &target_other));
        prop_assert_eq!(keys.0 == keys.1, same);
        prop_assert_eq!(HashSet::from([keys.0, keys.1]).len() == 1, same);
    }

    #[test]
    fn calls_of_different_identities_never_share(
        one in list(&PARTING), other in list(&PARTING), shared in list(&SHARED[..6]),
    ) {
        let host = Host::new(Some(60), (0, 0));
        let (mut first, mut second) = (shared.clone(), shared);
        first.extend_from_slice(&one);
        second.extend_from_slice(&other);
        let (first, second) = (map(&first), map(&second));
        let stored = key("/", &first).unwrap();
        if let super::CacheLookup::Miss(ticket) = host.cache.lookup(&stored, &first, host.now) {
            prop_assert!(host.cache.store(host.asked(&stored, &first), &answer(200, "", host.now, "first"), || true, ticket, host.now));
        }
        let found = host.cache.lookup(&key("/", &second).unwrap(), &second, host.now);
        let hit = matches!(found, super::CacheLookup::Fresh(_));
        prop_assert_eq!(hit, identity(&one) == identity(&other));
    }

    #[test]
    fn exact_keys_tell_negotiation_and_methods_apart(
        one in list(&SHARED[4..]), other in list(&SHARED[4..]), head in any::<bool>(),
    ) {
        let method = if head { Method::HEAD } else { Method::GET };
        let first = ExactKey::new(&Method::GET, &uri("/"), &map(&one), None, 0);
        let second = ExactKey::new(&method, &uri("/"), &map(&other), None, 0);
        prop_assert_eq!(first == second, !head && identity(&one) == identity(&other));
    }
}

#[test]
fn what_the_host_adds_afresh_parts_nothing() {
    let with = |id: &str| {
        let lines =
            format!("x-request-id: {id}\ntraceparent: {id}\ntracestate: {id}\ntailor-a: {id}");
        fields(&lines, std::time::UNIX_EPOCH)
    };
    let exact = |id| ExactKey::new(&Method::GET, &uri("/"), &with(id), None, 0);
    assert_eq!(exact("1"), exact("2"));
    assert_eq!(key("/", &with("1")), key("/", &with("2")));
}

#[test]
fn the_order_of_fields_parts_nothing_and_that_of_values_does() {
    let with = |lines| key("/", &fields(lines, std::time::UNIX_EPOCH)).unwrap();
    let one = with("x-a: 1 & x-b: 2 & x-b: 3 & cookie: c");
    assert_eq!(one, with("cookie: c & x-b: 2 & x-a: 1 & x-b: 3"));
    assert_ne!(one, with("x-a: 1 & x-b: 3 & x-b: 2 & cookie: c"));
    // Nor can a name and a value be read in two ways.
    assert_ne!(with("x: -user"), with("x-user:"));
}

#[test]
fn many_and_long_fields_all_count() {
    for (count, length) in [(15, 1), (16, 1), (17, 1), (40, 1), (3, 600), (40, 600)] {
        let with = |changed: usize| {
            let value = |n| if n == changed { "w" } else { "v" }.repeat(length);
            let lines: Vec<_> = (0..count)
                .map(|n| format!("x-{n:02}: {}", value(n)))
                .collect();
            key("/", &fields(&lines.join("\n"), std::time::UNIX_EPOCH)).unwrap()
        };
        let none = with(usize::MAX);
        assert_eq!(none, with(usize::MAX));
        for changed in 0..count {
            assert_ne!(
                none,
                with(changed),
                "{changed} of {count} fields of {length} bytes"
            );
        }
    }
}

#[test]
fn a_key_shows_no_identity() {
    let request = fields(
        "authorization: secret\ncookie: secret",
        std::time::UNIX_EPOCH,
    );
    let shown = format!(
        "{:?} {:?}",
        Key::new(&uri("/a"), &request, Some(b"secret")),
        ExactKey::new(&Method::GET, &uri("/a"), &request, None, 0)
    );
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn a_query_is_told_from_others_by_its_body_and_its_type() {
    let with = |lines, query: &'static [u8]| {
        let request = fields(lines, std::time::UNIX_EPOCH);
        (
            Key::new(&uri("/graphql"), &request, Some(query)),
            ExactKey::new(&Method::POST, &uri("/graphql"), &request, Some(query), 0),
        )
    };
    let json = "content-type: application/json";
    assert!(with(json, b"{a}") == with(json, b"{a}"));
    for (lines, query) in [
        (json, &b"{b}"[..]),
        (json, b""),
        ("content-type: application/graphql", b"{a}"),
        ("", b"content-type:application/json\n\n{a}"),
    ] {
        let (one, other) = (with(json, b"{a}"), with(lines, query));
        assert!(one.0 != other.0 && one.1 != other.1, "{lines} {query:?}");
    }
    // A POST read with an empty body is not equal to the GET of its path.
    assert!(with("", b"").0 != key("/graphql", &HeaderMap::new()));
    let target = with(json, b"/other\n").0.unwrap();
    assert_eq!(target.target(), "/graphql");
}

#[test]
fn a_query_that_is_too_large_or_has_a_condition_has_no_key() {
    let none = HeaderMap::new();
    let large = vec![b'x'; MAX_QUERY + 1];
    for (query, there) in [(&large[1..], true), (&large[..], false)] {
        assert_eq!(Key::new(&uri("/"), &none, Some(query)).is_some(), there);
        let exact = ExactKey::new(&Method::POST, &uri("/"), &none, Some(query), 0);
        assert_eq!(exact.is_some(), there);
    }
    for field in ["if-none-match: x", "if-modified-since: x", "if-match: x"] {
        let request = fields(field, std::time::UNIX_EPOCH);
        assert_eq!(Key::new(&uri("/"), &request, Some(b"")), None, "{field}");
    }
}
