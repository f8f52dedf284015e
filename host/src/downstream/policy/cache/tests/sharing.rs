//! Which answers serve several callers whose calls were one (RFC 9111 section 4).

use std::time::{Duration, UNIX_EPOCH};

use super::super::{may_join, serves_others};
use super::{answer, fields};

#[test]
fn an_answer_serves_others_that_might_be_stored_for_them() {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let cases = [
        ("", true),
        ("content-type: text/plain & etag: \"a\"", true),
        ("cache-control: max-age=60", true),
        ("cache-control: public", true),
        ("cache-control: must-revalidate", true),
        ("expires: {+60}", true),
        ("cache-control: max-age=60 & pragma: no-cache", true),
        ("vary: accept, authorization, cookie", true),
        ("grpc-status: 0", true),
        ("grpc-status: 14", false),
        ("grpc-status: 0 & grpc-status: 14", false),
        ("cache-control: max-age=60 & grpc-status: 00", false),
        ("set-cookie: a=b", false),
        ("cache-control: max-age=60 & set-cookie: a=b", false),
        ("cache-control: public, max-age=60 & set-cookie: a=b", false),
        ("cache-control: no-store", false),
        ("cache-control: No-Store", false),
        ("cache-control: max-age=60 & cache-control: no-store", false),
        ("cache-control: private", false),
        ("cache-control: max-age=60, private=\"x-a\"", false),
        ("cache-control: no-cache", false),
        ("cache-control: max-age=60, foo=\"bar", false),
        ("pragma: no-cache", false),
        ("cache-control: max-age=0", false),
        ("cache-control: s-maxage=0, max-age=60", false),
        ("cache-control: max-age=60 & age: 60", false),
        ("expires: 0", false),
        ("expires: {-1}", false),
        ("vary: *", false),
        ("vary: accept & vary: x-a, *", false),
        ("vary: Traceparent", false),
        ("vary: accept, x-request-id", false),
        ("vary: tailor-time-left-ms", false),
    ];
    for (said, expect) in cases {
        for status in [200, 404, 503] {
            let answer = answer(status, said, now, "");
            assert_eq!(
                serves_others(&answer, false, now),
                expect,
                "{status} {said}"
            );
        }
    }
}

#[test]
fn cookies_serve_others_where_operator_and_service_want_it() {
    let serves = |said| serves_others(&answer(200, said, UNIX_EPOCH, ""), true, UNIX_EPOCH);
    assert!(serves("cache-control: public & set-cookie: a=b"));
    assert!(!serves("set-cookie: a=b"));
    assert!(!serves("cache-control: public, no-store & set-cookie: a=b"));
}

#[test]
fn a_call_that_asks_for_an_answer_of_its_own_joins_none() {
    let cases = [
        ("", true),
        ("accept: text/plain", true),
        ("cache-control: max-age=60", true),
        ("cache-control: max-stale", true),
        ("cache-control: no-store", false),
        ("cache-control: no-cache", false),
        ("cache-control: max-age=0", false),
        ("pragma: no-cache", false),
        ("pragma: no-cache & cache-control: max-age=60", true),
    ];
    for (said, expect) in cases {
        assert_eq!(may_join(&fields(said, UNIX_EPOCH)), expect, "{said}");
    }
}
