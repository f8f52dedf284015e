mod target;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Version};

use super::{Head, Rejection};

/// A GET over HTTP/1.1 with these fields and no others.
fn bare(target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn parts(target: &str) -> Parts {
    bare(target, &[("host", "h")])
}

fn http2(target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut parts = bare(target, headers);
    parts.version = Version::HTTP_2;
    parts
}

/// Authority as text and as host, or the refusal.
fn authority(mut parts: Parts) -> Result<(String, String), String> {
    match Head::read(&mut parts) {
        Ok(head) => Ok((
            head.authority.text.to_owned(),
            head.authority.host.into_owned(),
        )),
        Err(Rejection::Host(why)) => Err(why.to_owned()),
        Err(other) => panic!("{other}"),
    }
}

fn of(text: &str, host: &str) -> Result<(String, String), String> {
    Ok((text.to_owned(), host.to_owned()))
}

#[test]
fn http1_takes_the_authority_of_the_target_and_demands_one_host_field() {
    let host = |value| [("host", value)];
    assert_eq!(
        authority(bare("/", &host("A.example:8080"))),
        of("A.example:8080", "a.example")
    );
    assert_eq!(
        authority(bare("http://T.example/", &host("h"))),
        of("T.example", "t.example")
    );
    assert_eq!(authority(bare("https://t:1/", &host("h"))), of("t:1", "t"));
    for bad in [
        bare("/", &[]),
        bare("http://t/", &[]),
        bare("/", &[("host", "a"), ("host", "a")]),
        bare("http://t/", &[("host", "a"), ("host", "b")]),
        bare("http://t/", &[("host", "a b")]),
        bare("/", &[("host", "h"), ("connection", "host")]),
    ] {
        let shown = format!("{bad:?}");
        assert!(authority(bad).is_err(), "{shown}");
    }
    let mut old = bare("/", &[]);
    old.version = Version::HTTP_10;
    assert_eq!(authority(old), of("", ""));
    let mut old = bare("/", &[("host", "a")]);
    old.version = Version::HTTP_10;
    assert_eq!(authority(old), of("a", "a"));
}

#[test]
fn a_body_that_is_coded_beyond_its_framing_is_refused() {
    let read = |method: Method, lines: &[&str]| {
        let mut fields = vec![("host", "h")];
        fields.extend(lines.iter().map(|line| ("transfer-encoding", *line)));
        let mut parts = bare("/", &fields);
        parts.method = method;
        Head::read(&mut parts).err().map(|rejection| {
            assert!(rejection.ends_connection());
            rejection.code().status().as_u16()
        })
    };
    assert_eq!(read(Method::POST, &["chunked"]), None);
    assert_eq!(read(Method::POST, &["gzip, chunked"]), Some(501));
    assert_eq!(read(Method::GET, &["identity, chunked"]), Some(501));
    assert_eq!(read(Method::POST, &["chunked", "chunked"]), Some(400));
}

#[test]
fn http2_takes_the_authority_and_a_host_field_that_agrees() {
    assert_eq!(authority(http2("http://A:81/", &[])), of("A:81", "a"));
    assert_eq!(authority(http2("/", &[("host", "b")])), of("b", "b"));
    assert_eq!(
        authority(http2("http://A:81/", &[("host", "a:81")])),
        of("A:81", "a")
    );
    let same = http2("http://[::1]/", &[("host", "[0:0::1]")]);
    assert_eq!(authority(same), of("[::1]", "[::1]"));
    assert!(authority(http2("http://a/", &[("host", "b")])).is_err());
    assert!(authority(http2("http://a/", &[("host", "a:81")])).is_err());
    assert!(authority(http2("http://[::1]/", &[("host", "[::1]:81")])).is_err());
    assert!(authority(http2("/", &[])).is_err());
}

#[test]
fn a_host_is_a_name_or_an_address() {
    for (sent, text, host) in [
        ("example.com.", "example.com.", "example.com"),
        ("example.com:", "example.com", "example.com"),
        ("my_service-1:65535", "my_service-1:65535", "my_service-1"),
        ("127.0.0.1:80", "127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "[::1]", "[::1]"),
        ("[0:0::0:1]:8080", "[0:0::0:1]:8080", "[::1]"),
        ("[FE80::A]", "[FE80::A]", "[fe80::a]"),
    ] {
        assert_eq!(
            authority(bare("/", &[("host", sent)])),
            of(text, host),
            "{sent}"
        );
    }
    let long = format!("{}.com", "a".repeat(250));
    for bad in [
        "",
        ":80",
        ".",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "user@a",
        "a:b",
        "a:80:81",
        "a:65536",
        "a:+80",
        "a:-1",
        "::1",
        "[::1",
        "[::1]x",
        "[::1]:x",
        "[fe80::1%25eth0]",
        "[v1.x]",
        "[]",
        "a%41",
        "a,b",
        "é",
        "a\\b",
        "a?b",
        "a#b",
        &long,
    ] {
        let parts = Request::builder()
            .header("host", bad.as_bytes())
            .body(())
            .unwrap()
            .into_parts()
            .0;
        assert!(authority(parts).is_err(), "{bad:?} was let through");
    }
}

#[test]
fn several_cookies_go_on_as_one_line() {
    let sent = [("cookie", "a=1"), ("accept", "x"), ("cookie", "b=2")];
    let mut parts = http2("http://h/", &sent);
    let head = Head::read(&mut parts).unwrap();
    let lines: Vec<_> = head.headers.get_all("cookie").iter().collect();
    assert_eq!(lines, ["a=1; b=2"]);
}

#[test]
fn methods_are_served_refused_or_not_known() {
    for (method, status) in [
        ("GET", None),
        ("HEAD", None),
        ("POST", None),
        ("PUT", None),
        ("PATCH", None),
        ("DELETE", None),
        ("OPTIONS", None),
        ("CONNECT", Some(405)),
        ("TRACE", None),
        ("get", Some(501)),
        ("PROPFIND", Some(501)),
    ] {
        let mut parts = parts("/");
        parts.method = method.parse().unwrap();
        let rejection = Head::read(&mut parts).err();
        let answered = rejection
            .as_ref()
            .map(|rejection| rejection.code().status().as_u16());
        assert_eq!(answered, status, "{method}");
        let allow = rejection.and_then(|rejection| rejection.allow());
        assert_eq!(allow.is_some(), status == Some(405), "{method}");
    }
    // The target of CONNECT has a form of its own, which must not hide that the method is the
    // fault.
    let mut connect = parts("h:80");
    connect.method = Method::CONNECT;
    assert_eq!(Head::read(&mut connect).unwrap_err(), Rejection::Connect);
}

#[test]
fn a_guest_sees_no_hop_by_hop_no_forged_and_no_secret_fields() {
    let mut parts = bare(
        "/",
        &[
            ("Host", "h"),
            ("Connection", "keep-alive, X-Hop , ,"),
            ("Connection", "x-also"),
            ("X-Hop", "1"),
            ("X-Also", "1"),
            ("Keep-Alive", "5"),
            ("Proxy-Connection", "close"),
            ("TE", "trailers"),
            ("Trailer", "x"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "x"),
            ("Proxy-Authenticate", "x"),
            ("Proxy-Authorization", "x"),
            ("Content-Length", "5"),
            ("Expect", "100-continue"),
            ("X-Request-Id", "x"),
            ("Traceparent", "x"),
            ("Tracestate", "x"),
            ("Forwarded", "for=1.2.3.4"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("X-Forwarded-Anything", "x"),
            ("X-Real-IP", "1.2.3.4"),
            ("Tailor-Error", "x"),
            ("Authorization", "Bearer x"),
            ("Cookie", "a=b"),
            ("Accept", "a/b"),
            ("Accept", "c/d"),
            ("X-Client", "watch"),
            ("Content-Type", "application/json"),
        ],
    );
    parts
        .headers
        .insert("x-latin", HeaderValue::from_bytes(b"\xe9").unwrap());
    parts
        .headers
        .insert("x-utf8", HeaderValue::from_bytes("é".as_bytes()).unwrap());
    let head = Head::read(&mut parts).unwrap();
    let guest = head.guest_headers();
    let guest: Vec<_> = guest
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        guest,
        [
            ("accept", "a/b"),
            ("accept", "c/d"),
            ("x-client", "watch"),
            ("content-type", "application/json"),
            ("x-utf8", "é"),
        ]
    );
    // What the host may pass to services keeps credentials, but nothing of the connection.
    assert!(head.headers.contains_key("authorization") && head.headers.contains_key("cookie"));
    for name in [
        "connection",
        "x-hop",
        "x-also",
        "te",
        "upgrade",
        "proxy-authorization",
    ] {
        assert!(!head.headers.contains_key(name), "{name}");
    }
}
