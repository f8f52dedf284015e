use http::HeaderValue;

use super::*;

fn of(value: &'static str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    // Sun, 06 Nov 1994 08:49:37 GMT.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    retry_after(&headers, now)
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    assert_eq!(of("120"), Some(Duration::from_secs(120)));
    assert_eq!(of("0"), Some(Duration::ZERO));
    assert_eq!(
        of("99999999999999999999999"),
        Some(Duration::from_secs(u64::MAX))
    );
    assert_eq!(
        of("Sun, 06 Nov 1994 08:50:37 GMT"),
        Some(Duration::from_secs(60))
    );
    assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(
        of("Sunday, 06-Nov-94 08:49:47 GMT"),
        Some(Duration::from_secs(10))
    );
    for nonsense in ["", "-1", "+5", "1.5", "soon", "1 2"] {
        assert_eq!(of(nonsense), None, "{nonsense:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
}

#[test]
fn only_429_and_503_ask_for_a_rest() {
    let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("7"))]);
    for (status, asks) in [
        (429, true),
        (503, true),
        (500, false),
        (413, false),
        (301, false),
        (200, false),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let asked = asks.then_some(Duration::from_secs(7));
        assert_eq!(rest(status, &headers), asked, "{status}");
    }
}

#[test]
fn an_order_waits_whole_seconds_and_an_hour_at_most() {
    let of = |value: &str| {
        let value = HeaderValue::from_str(value).expect("a value");
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
        bounded_rest(StatusCode::TOO_MANY_REQUESTS, &headers).map(|it| it.as_secs())
    };
    for (value, seconds) in [
        ("0", Some(1)),
        ("7", Some(7)),
        ("3600", Some(3600)),
        ("3601", Some(3600)),
        ("18446744073709551615", Some(3600)),
        ("99999999999999999999999", Some(3600)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(1)),
        ("-1", None),
        ("soon", None),
    ] {
        assert_eq!(of(value), seconds, "{value}");
    }
    // A part of a second counts as one: who comes before its end is refused once more.
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
    assert!((29..=30).contains(&of(&soon).expect("a pause")), "{soon}");
    assert_eq!(
        bounded_rest(StatusCode::BAD_GATEWAY, &HeaderMap::new()),
        None
    );
}
