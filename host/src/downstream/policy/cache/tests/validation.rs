//! Validation of stored answers.

use http::{HeaderMap, StatusCode};

use super::{CacheLookup, Host, answer, fields};

const STORED: &str = "cache-control: max-age=60\netag: \"a\"\nlast-modified: {-1000}\nx-a: old\n\
    content-type: text/plain\ncontent-length: 4\ncontent-encoding: identity";

/// A host with a stale answer.
fn host(stored: &str) -> Host {
    let mut host = Host::new(None, (0, 0));
    host.call("/", "", &answer(200, stored, host.now, "body"));
    host.wait(61);
    host
}

#[test]
fn conditions_are_made_of_validators() {
    // Section 4.3.1: stored validators, and the sent condition.
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    let cases = [
        ("", None, None),
        ("etag: \"a\"", Some("\"a\""), None),
        ("etag: W/\"a\"", Some("W/\"a\""), None),
        (
            "last-modified: Thu, 01 Jan 2026 00:00:00 GMT",
            None,
            Some(date),
        ),
        (
            "etag: \"a\"\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT",
            Some("\"a\""),
            Some(date),
        ),
    ];
    for (validators, tag, since) in cases {
        let host = host(&format!("cache-control: max-age=60\n{validators}"));
        // The caller's own conditions are not about what is stored.
        let mut request = fields("if-none-match: \"mine\"\nif-modified-since: {-1}", host.now);
        host.stale("/", "").add_conditions(&mut request);
        let sent = |name| request.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(sent("if-none-match"), tag, "{validators}");
        assert_eq!(sent("if-modified-since"), since, "{validators}");
    }
}

#[test]
fn a_304_makes_it_fresh_again() {
    // Section 4.3.4.
    let host = host(STORED);
    let given = host.confirmed("/", "", "etag: \"a\"\nx-a: new\nx-b: added");
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(given.body, "body");
    assert_eq!(given.headers["x-a"], "new");
    assert_eq!(given.headers["x-b"], "added");
    assert_eq!(given.headers["age"], "0");
    let CacheLookup::Fresh(hit) = host.look("/", "") else {
        panic!("not fresh");
    };
    assert_eq!(hit.answer.body, "body");
    assert_eq!(hit.answer.headers["x-a"], "new");
    assert_eq!(hit.answer.headers["x-b"], "added");
}

#[test]
fn a_304_lives_as_long_as_it_says() {
    let cases = [
        (
            "4.3.4: a longer life",
            "cache-control: max-age=600",
            599,
            true,
        ),
        (
            "4.3.4: a longer life, over",
            "cache-control: max-age=600",
            600,
            false,
        ),
        (
            "4.3.4: a shorter life",
            "cache-control: max-age=10",
            10,
            false,
        ),
        ("4.3.4: none said, as before", "", 59, true),
        ("4.3.4: none said, as before, over", "", 60, false),
        ("4.2.3: its age counts", "age: 30", 30, false),
        ("4.2.3: its date counts", "date: {-30}", 30, false),
        (
            "5.2.2.5: no longer to be stored",
            "cache-control: no-store",
            0,
            false,
        ),
        (
            "5.2.2.4: no longer to be used",
            "cache-control: no-cache",
            0,
            false,
        ),
    ];
    for (name, said, after, fresh) in cases {
        let mut host = host(STORED);
        assert_eq!(host.confirmed("/", "", said).body, "body", "{name}");
        host.wait(after);
        assert_eq!(host.fresh("/", "").is_some(), fresh, "{name}");
    }
}

#[test]
fn a_304_does_not_change_what_describes_the_body() {
    // Section 3.2, and fields of the connection (section 3.1).
    let host = host(STORED);
    let said = "content-length: 0\ncontent-encoding: gzip\ncontent-range: x\nconnection: x-a\nx-a: new\n\
         transfer-encoding: chunked\ncontent-type: text/html";
    let given = host.confirmed("/", "", said);
    assert_eq!(given.headers["content-length"], "4");
    assert_eq!(given.headers["content-encoding"], "identity");
    assert_eq!(given.headers["x-a"], "old");
    assert_eq!(given.headers["content-type"], "text/html");
    assert!(!given.headers.contains_key("content-range"));
    assert!(!given.headers.contains_key("transfer-encoding"));
    assert!(!given.headers.contains_key("connection"));
}

#[test]
fn a_304_for_another_answer_updates_nothing() {
    // Section 4.3.4.
    for said in ["etag: \"b\"\nx-a: new", "last-modified: {-5}\nx-a: new"] {
        let host = host(STORED);
        let given = host.confirmed("/", "", said);
        assert_eq!(given.body, "body");
        assert_eq!(given.headers["x-a"], "old");
        assert!(matches!(host.look("/", ""), CacheLookup::Miss(_)), "{said}");
    }
}

#[test]
fn a_304_with_the_same_weak_tag_is_about_the_same() {
    let host = host("cache-control: max-age=60\netag: W/\"a\"");
    host.confirmed("/", "", "etag: W/\"a\"");
    assert_eq!(host.fresh("/", "").unwrap(), "body");
}

#[test]
fn a_whole_answer_takes_the_place_of_a_stale_one() {
    // Section 4.3.3.
    let mut host = host(STORED);
    host.call(
        "/",
        "",
        &answer(200, "cache-control: max-age=60", host.now, "new"),
    );
    assert_eq!(host.fresh("/", "").unwrap(), "new");
}

#[test]
fn conditions_of_a_caller_are_met_from_the_store() {
    // Section 4.3.2, RFC 9110 section 13.1.
    let stored = "cache-control: max-age=600\netag: W/\"a,b\"\nlast-modified: {-1000}\ncontent-type: text/plain";
    let cases = [
        ("if-none-match: W/\"a,b\"", true),
        ("if-none-match: \"a,b\"", true),
        ("if-none-match: \"x\", \"a,b\"", true),
        ("if-none-match: \"x\"\nif-none-match: \"a,b\"", true),
        ("if-none-match: *", true),
        ("if-none-match: \"a\"", false),
        ("if-none-match: a,b", false),
        ("if-modified-since: {-1000}", true),
        ("if-modified-since: {-1}", true),
        ("if-modified-since: {-1001}", false),
        ("if-modified-since: today", false),
        // The tag goes first (RFC 9110 section 13.2.2).
        ("if-none-match: \"x\"\nif-modified-since: {-1}", false),
    ];
    for (condition, not_modified) in cases {
        let mut host = Host::new(None, (0, 0));
        host.call("/", "", &answer(200, stored, host.now, "body"));
        let CacheLookup::Fresh(hit) = host.look("/", condition) else {
            panic!("not stored");
        };
        let answer = hit.answer;
        assert_eq!(answer.status == 304, not_modified, "{condition}");
        assert_eq!(answer.body.is_empty(), not_modified, "{condition}");
        let described = answer.headers.contains_key("content-type");
        assert_eq!(described, !not_modified, "{condition}");
        assert_eq!(answer.headers["etag"], "W/\"a,b\"");
        assert_eq!(answer.headers["age"], "0");
    }
}

#[test]
fn a_caller_that_has_the_confirmed_answer_gets_a_304() {
    let host = host(STORED);
    let given = host.confirmed("/", "if-none-match: \"a\"", "");
    assert_eq!(given.status, StatusCode::NOT_MODIFIED);
    assert!(given.body.is_empty());
    assert_eq!(host.fresh("/", "").unwrap(), "body");
}

#[test]
fn an_answer_without_window_is_kept_for_its_validator() {
    let host = host("cache-control: no-cache\netag: \"a\"");
    let mut request = HeaderMap::new();
    host.stale("/", "").add_conditions(&mut request);
    assert_eq!(request["if-none-match"], "\"a\"");
}

#[test]
fn the_date_of_an_answer_stands_for_when_it_was_last_modified() {
    // Section 4.3.2. Without a date, that is when the answer came.
    let cases = [
        ("date: {-50}", "{-50}", true),
        ("date: {-50}", "{+0}", true),
        ("date: {-50}", "{-51}", false),
        ("", "{+0}", true),
        ("", "{-1}", false),
        ("date: {-50} & last-modified: {-1000}", "{-60}", true),
        ("date: {-50} & last-modified: {-40}", "{-45}", false),
    ];
    for (stored, since, not_modified) in cases {
        let mut host = Host::new(None, (0, 0));
        let said = format!("cache-control: max-age=600 & {stored}");
        host.call("/", "", &answer(200, &said, host.now, "body"));
        let CacheLookup::Fresh(hit) = host.look("/", &format!("if-modified-since: {since}")) else {
            panic!("not stored");
        };
        assert_eq!(hit.answer.status == 304, not_modified, "{stored}: {since}");
    }
}
