//! What a client developer sees with `curl`: each route, over HTTP/1.1 and HTTP/2, and the answers
//! to wrong requests.

use std::fmt::Write as _;

use bytes::Bytes;
use downstream_mock::Services;
use http::{Request, Version};
use http_body_util::Full;
use tailor_harness::{Reply, TestHost};

use crate::golden;
use crate::modules::{self, Part};
use crate::wire::{Wire, get};

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

const WATCH: &str = "/watch/ada?date=2026-01-15";
const DASHBOARD: &str = "/dashboard/ada?date=2026-01-15&range=7d";
const PARTNER: &str = "/partner/v1/users/ada/summaries?from=2026-01-14&to=2026-01-15";

async fn ask(
    host: &TestHost,
    version: Version,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let mut request = host.request(method, target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let mut request: Request<Full<Bytes>> = request.body(Full::default()).unwrap();
    *request.version_mut() = version;
    let reply = host.send(request).await.unwrap();
    assert_eq!(reply.version, version, "{method} {target}");
    reply
}

#[tokio::test]
async fn each_route_answers_over_both_protocols() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    for version in VERSIONS {
        for (target, file) in [
            (WATCH, "watch.json"),
            (DASHBOARD, "dashboard.json"),
            (PARTNER, "partner.json"),
        ] {
            let reply = ask(&host, version, "GET", target, &[]).await;
            assert_eq!(reply.status, 200, "{target}: {}", reply.text());
            assert_eq!(reply.header("content-type"), "application/json", "{target}");
            assert_eq!(
                reply.header("content-length"),
                reply.body.len().to_string(),
                "{target}"
            );
            assert_eq!(reply.header("x-request-id").len(), 32, "{target}");
            assert_eq!(reply.header("tailor-error"), "", "{target}");
            golden::check(file, &reply.text());
        }
        let accept = [("accept", "text/plain")];
        let small = ask(&host, version, "GET", WATCH, &accept).await;
        assert_eq!(small.text(), "10213 51 411");
        let described = ask(&host, version, "GET", "/partner/v1/openapi.json", &[]).await;
        assert!(described.json()["openapi"].is_string());
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    for version in VERSIONS {
        for target in [WATCH, DASHBOARD, PARTNER, "/watch/nobody", "/nowhere"] {
            // The same id, so that answers which quote it are equally long.
            let id = [("x-request-id", "one")];
            let get = ask(&host, version, "GET", target, &id).await;
            let head = ask(&host, version, "HEAD", target, &id).await;
            assert!(!get.body.is_empty() && head.body.is_empty(), "{target}");
            assert_eq!(get.status, head.status, "{target}");
            let fields = |reply: &Reply| {
                let mut all: Vec<String> = reply
                    .headers
                    .iter()
                    .filter(|(name, _)| *name != "date")
                    .map(|(name, value)| format!("{name}: {value:?}"))
                    .collect();
                all.sort();
                all
            };
            assert_eq!(fields(&get), fields(&head), "{target} over {version:?}");
            assert_eq!(
                head.header("content-length"),
                get.body.len().to_string(),
                "{target}"
            );
        }
    }
}

#[tokio::test]
async fn the_host_answers_options() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    for version in VERSIONS {
        let reply = ask(&host, version, "OPTIONS", WATCH, &[]).await;
        assert_eq!(reply.status, 204);
        assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS");
        assert!(reply.body.is_empty() && !reply.header("x-request-id").is_empty());
    }
    let request = "OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let answer = Wire::ask(host.address(), request).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (204, "GET, HEAD, OPTIONS")
    );
}

/// Wrong requests of all kinds; their answers are the golden file.
const WRONG: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/watches/ada"),
    ("GET", "/watch"),
    ("GET", "/watch//ada"),
    ("GET", "/watch/../ada"),
    ("GET", "/watch/%2e%2E/ada"),
    ("GET", "/watch/..;x/ada"),
    ("GET", "/watch%2fada"),
    ("GET", "/watch/a%5Cb"),
    ("GET", "/watch/%zz"),
    ("GET", "/watch/%00"),
    ("GET", "/watch/ada?date=%ff"),
    ("GET", "/watch/ada?date=2026-02-30"),
    ("GET", "/watch/ada?day=2026-01-15"),
    ("GET", "/watch/nobody?date=2026-01-15"),
    ("GET", "/dashboard/ada?range=5d"),
    ("GET", "/dashboard/ada?fields=steps"),
    ("GET", "/dashboard/nobody?date=2026-01-15"),
    (
        "GET",
        "/partner/v1/users/ada/summaries?from=2026-01-15&to=2026-01-14",
    ),
    (
        "GET",
        "/partner/v1/users/ada/summaries?from=2026-01-14&to=2026-01-15&limit=0",
    ),
    (
        "GET",
        "/partner/v1/users/nobody/summaries?from=2026-01-14&to=2026-01-15",
    ),
    ("GET", "/partner/v2"),
    ("POST", WATCH),
    ("DELETE", DASHBOARD),
    ("TRACE", WATCH),
    ("BREW", WATCH),
];

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    for version in VERSIONS {
        let mut all = String::new();
        for (method, target) in WRONG {
            let id = [("x-request-id", "golden")];
            let reply = ask(&host, version, method, target, &id).await;
            let mut text = reply.text();
            // A version is a digest: another one after each change of a BFF.
            if let Some(version) = reply.json()["version"].as_str() {
                text = text.replace(version, "VERSION");
            }
            writeln!(all, "{method} {target}\n{}", reply.status.as_u16()).unwrap();
            for name in ["content-type", "cache-control", "allow", "tailor-error"] {
                if !reply.header(name).is_empty() {
                    writeln!(all, "{name}: {}", reply.header(name)).unwrap();
                }
            }
            writeln!(all, "{text}\n").unwrap();
            assert_eq!(reply.header("x-request-id"), "golden");
        }
        golden::check("problems.txt", &all);
    }
}

/// Four routes to a BFF that answers with the name of the client that its route stands for.
const PLACES: &str = r#"
[bff.echo]
component = "echo.wasm"
[[route]]
bff = "echo"
client = "any"
host = "tailor.test"
[[route]]
bff = "echo"
client = "prefix"
host = "tailor.test"
path = "/a/b"
[[route]]
bff = "echo"
client = "header"
host = "tailor.test"
path = "/a/b"
headers = { x-client = "watch" }
[[route]]
bff = "echo"
client = "other"
host = "other.test"
path = "/only"
"#;

#[tokio::test]
async fn the_most_specific_route_wins() {
    let echo = modules::echo(Part::Client);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let host = builder.unwrap().config(PLACES).start().await.unwrap();
    for (name, target, more, status, client) in [
        ("tailor.test", "/", "", 200, "any"),
        ("tailor.test", "/a/bc", "", 200, "any"),
        ("TAILOR.test:8080", "/a/b", "", 200, "prefix"),
        ("tailor.test.", "/a/b/c", "", 200, "prefix"),
        ("tailor.test", "/a/b", "x-client: watch\r\n", 200, "header"),
        ("tailor.test", "/a/b", "x-client: tv\r\n", 200, "prefix"),
        ("tailor.test", "/a", "x-client: watch\r\n", 200, "any"),
        ("other.test", "/only/x", "", 200, "other"),
        ("other.test", "/", "", 404, "not-found"),
        ("third.test", "/", "", 421, "misdirected"),
        ("127.0.0.1", "/only", "", 421, "misdirected"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {name}\r\n{more}\r\n");
        let answer = Wire::ask(host.address(), &request).await;
        let said = match answer.code() {
            "" => &answer.body,
            code => code,
        };
        assert_eq!(
            (answer.status, said),
            (status, client),
            "{name} {target} {more}"
        );
    }
    // An absolute target counts more than the field beside it (RFC 9112 section 3.2.2).
    let request = "GET http://other.test/only HTTP/1.1\r\nhost: tailor.test\r\n\r\n";
    assert_eq!(Wire::ask(host.address(), request).await.body, "other");
}

#[tokio::test]
async fn a_request_names_one_host() {
    let echo = modules::echo(Part::Host);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(modules::ECHO);
    let host = builder.start().await.unwrap();
    for (version, hosts, status, said) in [
        ("1.1", "host: a.test:81\r\n", 200, "a.test:81"),
        ("1.1", "", 400, "host: there is no host field"),
        (
            "1.1",
            "host: a.test\r\nhost: a.test\r\n",
            400,
            "host: there is more than one host field",
        ),
        ("1.1", "host: a/b\r\n", 400, "host: "),
        ("1.1", "host: user@a.test\r\n", 400, "host: "),
        ("1.1", "host: \r\n", 400, "host: "),
        ("1.0", "", 200, ""),
    ] {
        let request = format!("GET /echo HTTP/{version}\r\n{hosts}\r\n");
        let answer = Wire::ask(host.address(), &request).await;
        assert_eq!(answer.status, status, "{hosts:?}: {}", answer.body);
        if status == 200 {
            assert_eq!(answer.body, said, "{hosts:?}");
        } else {
            assert_eq!(answer.code(), "bad-request", "{hosts:?}");
            assert!(answer.body.contains(said), "{hosts:?}: {}", answer.body);
            assert!(!answer.header("x-request-id").is_empty(), "{hosts:?}");
        }
    }
}

#[tokio::test]
async fn the_host_is_neither_tunnel_nor_proxy() {
    let echo = modules::echo(Part::Path);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(modules::ECHO);
    let host = builder.start().await.unwrap();
    let connect = "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n";
    let answer = Wire::ask(host.address(), connect).await;
    assert_eq!((answer.status, answer.code()), (405, "method-not-allowed"));
    // CONNECT gets an empty `allow`, and TRACE that of the route.
    assert!(
        answer
            .headers
            .contains(&("allow".to_owned(), String::new()))
    );
    let trace = "TRACE /echo/x HTTP/1.1\r\nhost: a.test\r\n\r\n";
    let answer = Wire::ask(host.address(), trace).await;
    assert_eq!((answer.status, answer.code()), (405, "method-not-allowed"));
    let post = "PATCH /echo/x HTTP/1.1\r\nhost: a.test\r\n\r\n";
    let patch = Wire::ask(host.address(), post).await;
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(
        (patch.status, patch.header("allow")),
        (405, answer.header("allow"))
    );
    for target in ["ftp://a.test/echo", "a.test:80", "*"] {
        let answer = Wire::ask(host.address(), &get(target, "")).await;
        assert_eq!(answer.status, 400, "{target}: {}", answer.body);
    }
    let answer = Wire::ask(host.address(), &get("/echo/x%20y?z", "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "/x%20y"));
}
