//! Which answers are stored.

use http::HeaderMap;

use super::{Host, Key, answer, run, uri};

#[test]
fn directives() {
    run(r#"
        5.2.2.5 | no-store | cache-control: no-store | finds nothing
        5.2.2.5 | no-store with a lifetime | cache-control: no-store, max-age=60 & expires: {+60} | finds nothing
        5.2.2.5 | no-store after a lifetime | cache-control: max-age=60, no-store | finds nothing
        5.2.2.3 | must-understand does not undo no-store | cache-control: no-store, must-understand, max-age=60 | finds nothing
        5.2.2.7 | private | cache-control: private, max-age=60 | finds nothing
        5.2.2.7 | private with s-maxage | cache-control: private, s-maxage=60 | finds nothing
        5.2.2.7 | private with a field | cache-control: max-age=60, private="x-a" | finds nothing
        5.2.2.4 | no-cache | cache-control: no-cache & etag: "a" | finds nothing
        5.2.2.4 | no-cache with a lifetime | cache-control: no-cache, max-age=60 & etag: "a" | finds nothing
        5.2.2.4 | no-cache with s-maxage | cache-control: s-maxage=60, no-cache | finds nothing
        5.2.2.4 | no-cache with a field | cache-control: max-age=60, no-cache="x-a" | finds nothing
        5.2.2.2 | must-revalidate while fresh | cache-control: max-age=60, must-revalidate | after 59
        5.2.2.8 | proxy-revalidate while fresh | cache-control: max-age=60, proxy-revalidate | after 59
        5.4 | pragma of an answer means nothing | cache-control: max-age=60 & pragma: no-cache | after 59
        5.4 | pragma of an answer with expires means nothing | expires: {+60} & pragma: no-cache | after 59
        5.2.1.5 | no-store of the request | cache-control: max-age=60 | asked cache-control: no-store | finds nothing
        gRPC | a failure | cache-control: max-age=60 & grpc-status: 14 | finds nothing
        gRPC | no failure | cache-control: max-age=60 & grpc-status: 0 | after 59
        7.3 | set-cookie | cache-control: max-age=60 & set-cookie: a=b | finds nothing
        7.3 | set-cookie with public | cache-control: public, max-age=60 & set-cookie: a=b | finds nothing
        "#);
}

#[test]
fn credentials() {
    let cases = [
        ("3.5", "alone", "max-age=60", false),
        ("3.5", "public", "max-age=60, public", true),
        ("3.5", "s-maxage", "s-maxage=60", true),
        (
            "3.5",
            "must-revalidate",
            "max-age=60, must-revalidate",
            true,
        ),
        (
            "3.5",
            "proxy-revalidate is not enough",
            "max-age=60, proxy-revalidate",
            false,
        ),
    ];
    for (section, name, directives, expect) in cases {
        let mut host = Host::new(None, (0, 0));
        let fields = format!("cache-control: {directives}");
        host.call(
            "/",
            "authorization: a",
            &answer(200, &fields, host.now, "first"),
        );
        host.wait(59);
        let found = host.fresh("/", "authorization: a").is_some();
        assert_eq!(found, expect, "section {section}: {name}");
        assert_eq!(host.fresh("/", "authorization: b"), None, "{name}");
        assert_eq!(host.fresh("/", ""), None, "{name}");
    }
}

#[test]
fn cookies_are_stored_where_operator_and_service_want_it() {
    for (keeps, directives, expect) in [
        (true, "public, max-age=60", true),
        (true, "max-age=60", false),
        (true, "max-age=60, private", false),
        (false, "public, max-age=60", false),
    ] {
        let mut host = Host::with(|settings, _| settings.keep_set_cookie = keeps);
        let fields = format!("cache-control: {directives} & set-cookie: a=b");
        host.call("/", "", &answer(200, &fields, host.now, ""));
        let found = host.fresh("/", "").is_some();
        assert_eq!(found, expect, "{keeps} {directives}");
    }
}

#[test]
fn statuses() {
    let fresh = [
        200, 201, 203, 204, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 451, 501,
    ];
    for status in fresh {
        run(&format!(
            "3 | an explicit lifetime | cache-control: max-age=60 | after 59 | status {status}"
        ));
    }
    for status in [206, 304, 500, 502, 503, 504, 599] {
        run(&format!(
            "3 | not stored | cache-control: max-age=60 | status {status} | finds nothing"
        ));
    }
}

#[test]
fn no_key_for_what_the_cache_leaves_alone() {
    for field in ["range", "if-range", "if-match", "if-unmodified-since"] {
        let request = HeaderMap::from_iter([(field.parse().unwrap(), "x".parse().unwrap())]);
        assert_eq!(Key::new(&uri("/"), &request, None), None, "{field}");
    }
}

#[test]
fn large_bodies_are_not_stored() {
    let mut host = Host::new(Some(60), (0, 0));
    host.call("/fits", "", &answer(200, "", host.now, &"x".repeat(1024)));
    host.call("/not", "", &answer(200, "", host.now, &"x".repeat(1025)));
    assert!(host.fresh("/fits", "").is_some());
    assert!(host.fresh("/not", "").is_none());
}

#[test]
fn the_store_is_bounded() {
    let mut host = Host::new(Some(60), (0, 0));
    for number in 0..5000 {
        let target = format!("/{number}");
        host.call(&target, "", &answer(200, "", host.now, &"x".repeat(1000)));
    }
    let stats = host.cache.stats();
    assert!(stats.bytes <= 1 << 20, "{stats:?}");
    // Each is counted with more than its body.
    assert!(stats.entries > 100 && stats.entries < 1000, "{stats:?}");
}

#[test]
fn what_speaks_of_the_connection_is_not_stored() {
    let mut host = Host::new(None, (0, 0));
    let fields = "cache-control: max-age=60\nconnection: close, x-hop\nx-hop: 1\nkeep-alive: timeout=5\nte: x\n\
         transfer-encoding: chunked\nupgrade: x\ntrailer: x\nproxy-authenticate: x\nproxy-connection: x\n\
         age: 7\nx-a: 1\nx-a: 2\ncontent-type: text/plain";
    host.call("/", "", &answer(200, fields, host.now, ""));
    host.wait(10);
    let super::CacheLookup::Fresh(hit) = host.look("/", "") else {
        panic!("not stored");
    };
    let mut names: Vec<_> = hit
        .answer
        .headers
        .keys()
        .map(|name| name.as_str())
        .collect();
    names.sort_unstable();
    // Section 3.1; `date` by RFC 9110 section 6.6.1.
    assert_eq!(
        names,
        ["age", "cache-control", "content-type", "date", "x-a"]
    );
    // Section 5.1.
    assert_eq!(hit.answer.headers["age"], "17");
    assert_eq!(hit.age.as_secs(), 17);
    let values: Vec<_> = hit.answer.headers.get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
}

#[test]
fn a_lifetime_of_the_operator_is_not_shown() {
    let mut host = Host::new(Some(60), (0, 0));
    host.call("/", "", &answer(200, "", host.now, ""));
    let super::CacheLookup::Fresh(hit) = host.look("/", "") else {
        panic!("not stored");
    };
    assert!(!hit.answer.headers.contains_key("cache-control"));
}

#[test]
fn lookups_are_counted() {
    let mut host = Host::new(Some(60), (0, 0));
    host.call("/", "", &answer(200, "", host.now, ""));
    host.look("/", "");
    host.look("/", "");
    host.wait(60);
    host.look("/", "");
    let stats = host.cache.stats();
    assert_eq!((stats.misses, stats.hits, stats.stale), (1, 2, 1));
    assert_eq!(stats.entries, 1);
}
