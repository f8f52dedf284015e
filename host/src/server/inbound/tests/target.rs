use http::Method;

use super::parts;
use crate::server::inbound::{Head, Rejection};

#[test]
fn a_path_stays_as_sent_or_is_refused() {
    for good in [
        "/",
        "/a",
        "/a/",
        "/a/b.c/",
        "/...",
        "/a..b/..c/.d",
        "/a%20b/%C3%A9/%ff",
        "/a;x=1/b",
        "/a;..",
        "/a@b:c,d+e!$&'()*~",
        "/%2",
        "/a|b[1]",
    ] {
        let legal_percent = good != "/%2";
        let mut parts = parts(good);
        let read = Head::read(&mut parts).map(|head| head.path.to_owned());
        assert_eq!(read.ok(), legal_percent.then(|| good.to_owned()), "{good}");
    }
    for (bad, why) in [
        ("/..", "segment"),
        ("/a/../b", "segment"),
        ("/.", "segment"),
        ("/a/./b", "segment"),
        ("/a/%2e%2E/b", "segment"),
        ("/a/.%2e", "segment"),
        ("/a/..;x=1/b", "segment"),
        ("/a/%2e.%3bx/b", "segment"),
        ("/a/.;/b", "segment"),
        ("/;..", "begins with \";\""),
        ("/a;%2fb", "encoded slash"),
        ("/a/%c0%ae", "overlong"),
        ("//a", "empty segment"),
        ("/a//b", "empty segment"),
        ("/a//", "empty segment"),
        ("/a%2fb", "encoded slash"),
        ("/a%2Fb", "encoded slash"),
        ("/a%5cb", "backslash"),
        ("/a\\b", "backslash"),
        ("/a%00", "control"),
        ("/a%0d%0ax", "control"),
        ("/a%7F", "control"),
        ("/%", "hexadecimal"),
        ("/%a", "hexadecimal"),
        ("/%zz/", "hexadecimal"),
        ("/%+1", "hexadecimal"),
        ("/é", "percent-encoded"),
        ("*", "OPTIONS"),
        ("h:80", "only a host"),
        ("ftp://h/a", "scheme"),
    ] {
        match Head::read(&mut parts(bad)) {
            Err(Rejection::Path(said)) => assert!(said.contains(why), "{bad}: {said}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
    let mut absolute = parts("http://h");
    assert_eq!(Head::read(&mut absolute).unwrap().path, "/");
    let mut star = parts("*");
    star.method = Method::OPTIONS;
    assert_eq!(Head::read(&mut star).unwrap().path, "*");
}

#[test]
fn a_path_of_8_kib_is_the_longest() {
    let longest = format!("/{}", "a".repeat(8191));
    assert!(Head::read(&mut parts(&format!("{longest}?{longest}"))).is_ok());
    let rejection = Head::read(&mut parts(&format!("{longest}a"))).unwrap_err();
    assert_eq!(rejection.code().status(), 414);
}

#[test]
fn a_query_is_decoded_in_order() {
    let query = |text: &str| Head::read(&mut parts(&format!("/a{text}"))).map(|head| head.query);
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    for (text, expected) in [
        ("", &[][..]),
        ("?", &[]),
        ("?&&", &[]),
        ("?a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]),
        ("?a&=b&=", &[("a", ""), ("", "b"), ("", "")]),
        ("?a=b=c", &[("a", "b=c")]),
        ("?a+b=c+d%2Be", &[("a b", "c d+e")]),
        ("?n%C3%A9=%e6%bc%a2%26%3D%00", &[("né", "漢&=\0")]),
        ("?é=1", &[("é", "1")]),
        ("?a=/?:@;", &[("a", "/?:@;")]),
    ] {
        assert_eq!(query(text).unwrap(), pairs(expected), "{text}");
    }
    for (text, message) in [
        (
            "?ok=1&date=%",
            "query: parameter \"date\" holds a \"%\" without two hexadecimal digits",
        ),
        (
            "?date=%4",
            "query: parameter \"date\" holds a \"%\" without two hexadecimal digits",
        ),
        (
            "?date=%g1",
            "query: parameter \"date\" holds a \"%\" without two hexadecimal digits",
        ),
        (
            "?user=%ff",
            "query: parameter \"user\" is not UTF-8 when decoded",
        ),
        (
            "?%C3=1",
            "query: parameter \"%C3\" is not UTF-8 when decoded",
        ),
    ] {
        let rejection = query(text).unwrap_err();
        assert_eq!(rejection.to_string(), message);
        assert_eq!(rejection.code().status(), 400);
    }
    let long = query(&format!("?{}=%", "n".repeat(1000)))
        .unwrap_err()
        .to_string();
    assert!(long.len() < 150, "{long}");

    let many = |count: usize| query(&format!("?{}", vec!["a=1"; count].join("&")));
    assert_eq!(many(100).unwrap().len(), 100);
    assert_eq!(
        many(101).unwrap_err(),
        Rejection::TooManyParameters { limit: 100 }
    );
}
