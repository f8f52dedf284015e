//! What a service sees of a call: the host's own fields, the address that the operator gave, and
//! nothing of the client's that the operator did not allow.

use std::time::Duration;

use bytes::Bytes;
use downstream_mock::scripted::{Request, Response, ScriptedService};
use http::Version;
use http_body_util::Full;
use tailor_harness::{Reply, TestHost};

use super::relay::relay;
use super::{host, host_with, ok, post};

async fn send(host: &TestHost, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = host.request("GET", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::<Bytes>::default());
    host.send(request.unwrap()).await.unwrap()
}

fn names(request: &Request) -> Vec<&str> {
    let mut names: Vec<&str> = request.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

/// What every call has, and all that a plain one has.
const OWN: [&str; 6] = [
    "accept-encoding",
    "host",
    "tailor-time-left-ms",
    "traceparent",
    "user-agent",
    "x-request-id",
];

/// What a browser or a proxy might send along.
const CLIENTS: [(&str, &str); 12] = [
    ("accept", "text/html"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de"),
    ("authorization", "Bearer secret"),
    ("cookie", "session=secret"),
    ("forwarded", "for=192.0.2.1"),
    ("if-none-match", "\"1\""),
    ("range", "bytes=0-1"),
    ("tailor-time-left-ms", "999999999"),
    ("user-agent", "browser/1.0"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-real-ip", "192.0.2.1"),
];

#[tokio::test]
async fn nothing_of_the_clients_is_passed_on_unless_the_operator_lists_it() {
    let raw = ok();
    let url = || raw.url();
    let host = host(&[
        ("plain", url(), ""),
        (
            "trusted",
            url(),
            "pass-headers = [\"authorization\", \"cookie\", \"accept-language\"]",
        ),
    ])
    .await;
    for path in ["/plain/x", "/trusted/x"] {
        assert_eq!(send(&host, path, &CLIENTS).await.status, 200);
    }
    // A field that the client did not send is not made up.
    assert_eq!(host.get("/trusted/x").await.unwrap().status, 200);

    let requests = raw.requests();
    let [plain, trusted, bare] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(names(plain), OWN);
    let mut expected = [&OWN[..], &["accept-language", "authorization", "cookie"]].concat();
    expected.sort_unstable();
    assert_eq!(names(trusted), expected);
    assert_eq!(trusted.header("authorization"), Some("Bearer secret"));
    assert_eq!(trusted.header("cookie"), Some("session=secret"));
    assert_eq!(names(bare), OWN);
    let agent = plain.header("user-agent").unwrap();
    assert!(agent.starts_with("tailor/"), "{agent}");
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_passed_on_twice() {
    let raw = ok();
    let settings = "pass-headers = [\"x-tag\"]";
    let host = host(&[("svc", raw.url(), settings)]).await;
    send(&host, "/svc/x", &[("x-tag", "one"), ("x-tag", "two")]).await;
    assert_eq!(raw.requests()[0].all("x-tag"), ["one", "two"]);
}

#[tokio::test]
async fn the_cookies_of_a_client_are_one_line() {
    let raw = ok();
    let host = host(&[("svc", raw.url(), "pass-headers = [\"cookie\"]")]).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        // Clients of HTTP/2 split them, so that each can be compressed.
        let request = host.request("GET", "/svc/x").version(version);
        let request = ["a=1", "b=2; c=3", "d=4"]
            .iter()
            .fold(request, |request, cookie| request.header("cookie", *cookie));
        let request = request.body(Full::<Bytes>::default());
        assert_eq!(host.send(request.unwrap()).await.unwrap().status, 200);
        let received = raw.requests().pop().unwrap();
        assert_eq!(
            received.all("cookie"),
            ["a=1; b=2; c=3; d=4"],
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn the_request_id_and_the_trace_go_along() {
    let raw = ok();
    let host = host(&[("svc", raw.url(), "")]).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let span = "b7ad6b7169203331";
    let given = [
        ("x-request-id", "order-66".to_owned()),
        ("traceparent", format!("00-{trace}-{span}-01")),
        ("tracestate", "vendor=value".to_owned()),
    ];
    let given: Vec<(&str, &str)> = given
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let reply = send(&host, "/svc/x", &given).await;
    assert_eq!(reply.header("x-request-id"), "order-66");
    let request = &raw.requests()[0];
    assert_eq!(request.header("x-request-id"), Some("order-66"));
    assert_eq!(request.header("tracestate"), Some("vendor=value"));
    let parent: Vec<&str> = request.header("traceparent").unwrap().split('-').collect();
    assert_eq!((parent[0], parent[1], parent[3]), ("00", trace, "01"));
    // The host is a hop of its own.
    assert_ne!(parent[2], span);
    assert_eq!(parent[2].len(), 16);

    // Without a trace that is one, each request begins a new one.
    let mut begun = Vec::new();
    for given in ["", "00-0-0-01", "nonsense"] {
        let reply = send(&host, "/svc/x", &[("traceparent", given)]).await;
        let request = raw.requests().pop().unwrap();
        assert_eq!(
            request.header("x-request-id"),
            Some(reply.header("x-request-id"))
        );
        let parent = request.header("traceparent").unwrap().to_owned();
        let id = parent.split('-').nth(1).unwrap().to_owned();
        assert!(id.len() == 32 && id != trace, "{parent}");
        assert_eq!(request.header("tracestate"), None);
        begun.push(id);
    }
    begun.dedup();
    assert_eq!(begun.len(), 3);
}

/// The time limits that the requests so far had in their fields, in milliseconds.
fn time_left(service: &ScriptedService) -> Vec<u64> {
    let requests = service.requests().into_iter();
    let left = requests.map(|request| request.header("tailor-time-left-ms").unwrap().parse());
    left.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_service_is_told_how_long_its_answer_is_waited_for() {
    // The deadline of the request is 40 s.
    let limits = [
        ("", None, 30_000),
        ("timeout = \"9s\"", None, 9_000),
        ("timeout = \"9s\"\nfirst-byte-timeout = \"3s\"", None, 3_000),
        ("", Some(2_000), 2_000),
    ];
    for (settings, timeout_ms, limit) in limits {
        let raw = ok();
        let component = relay("v1", timeout_ms);
        let host = host_with(&component, &[("svc", raw.url(), settings)]).await;
        host.get("/svc/x").await.unwrap();
        let left = time_left(&raw)[0];
        assert!(
            (1..=limit).contains(&left),
            "{settings} {timeout_ms:?}: {left}"
        );
    }
}

#[tokio::test]
async fn each_attempt_tells_its_own_time() {
    let raw = ScriptedService::start(|_| {
        let slow = tokio::time::sleep(Duration::from_millis(50));
        Response::new(503).after(slow)
    });
    let raw = raw.unwrap();
    let host = host(&[("svc", raw.url(), "max-calls = 1\nretry.max = 2")]).await;
    // The second call waits for the first.
    let (one, two) = tokio::join!(host.get("/svc/x"), host.get("/svc/x"));
    assert_eq!(one.unwrap().status, 503);
    assert_eq!(two.unwrap().status, 503);
    let left = time_left(&raw);
    assert_eq!(left.len(), 6);
    for pair in left[..3].windows(2).chain(left[3..].windows(2)) {
        assert!(pair[1] + 50 <= pair[0], "{left:?}");
    }
    assert!(left[3] + 50 <= 30_000, "{left:?}");
}

#[tokio::test]
async fn the_address_is_the_operators() {
    let raw = ok();
    let authority = format!("localhost:{}", raw.address().port());
    let host = host(&[
        ("whole", format!("http://{authority}"), ""),
        ("part", format!("http://{authority}/api/v1"), ""),
    ])
    .await;
    host.get("/whole/a/b%20c?x=1&y=%26").await.unwrap();
    host.get("/part/a").await.unwrap();
    host.get("/part").await.unwrap();
    let requests = raw.requests();
    let lines: Vec<String> = requests.iter().map(|request| request.line()).collect();
    assert_eq!(
        lines,
        [
            "GET /a/b%20c?x=1&y=%26 HTTP/1.1",
            "GET /api/v1/a HTTP/1.1",
            "GET /api/v1/ HTTP/1.1"
        ]
    );
    for request in &requests {
        assert_eq!(request.all("host"), [&*authority]);
    }
}

#[tokio::test]
async fn a_body_is_sent_whole_and_with_its_length() {
    let raw = ok();
    let host = host(&[("svc", raw.url(), "")]).await;
    let body = "{\"steps\":1}";
    assert_eq!(post(&host, "/svc/goals", body).await.status, 200);
    let request = &raw.requests()[0];
    assert_eq!(request.line(), "POST /goals HTTP/1.1");
    assert_eq!(request.text(), body);
    assert_eq!(request.all("content-length"), ["11"]);
    assert_eq!(request.header("transfer-encoding"), None);
}
