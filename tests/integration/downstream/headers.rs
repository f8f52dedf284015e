//! What a service sees of a call: the host's own fields, the address that the operator gave, and nothing of the client's
//! that the operator did not allow.

use bytes::Bytes;
use downstream_mock::scripted::Request;
use http::Version;
use http_body_util::Full;
use tailor_harness::{Reply, TestHost};

use super::{host, ok, post};

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
const OWN: [&str; 5] = [
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
        // Clients of HTTP/2 part them, so that each can be compressed.
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
    // The host is a station of its own on the way.
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

#[tokio::test]
async fn a_service_is_told_how_long_somebody_waits() {
    let raw = ok();
    let host = host(&[("svc", raw.url(), "")]).await;
    host.get("/svc/x").await.unwrap();
    let left = raw.requests()[0]
        .header("tailor-time-left-ms")
        .unwrap()
        .to_owned();
    let left: u64 = left.parse().unwrap();
    // The deadline is 40 s, of which the BFF keeps some for itself.
    assert!((1..40_000).contains(&left), "{left}");
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
