//! Calls that would reach another target, or be more than one message on the wire. None of them
//! leaves the host.

use downstream_mock::Service;
use serde_json::{Value, json};

use super::arena::{Arena, HostileBff};

/// The outcome of a call, as the guest sees it.
async fn outcome(arena: &Arena, call: Value) -> Value {
    let reply = arena.order("forger", "/call", &call).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn requests(arena: &Arena) -> u64 {
    Service::ALL
        .into_iter()
        .filter(|service| matches!(service, Service::Goals | Service::Profile))
        .map(|service| arena.services.counts(service).requests)
        .sum()
}

#[tokio::test]
async fn a_service_that_is_not_granted_is_out_of_reach() {
    let arena = Arena::start(&[HostileBff::guest("forger", "")]).await;
    let call = json!({ "service": "profile", "path": "/users/ada" });
    let failure = arena.beside_neighbour(outcome(&arena, call)).await;
    assert_eq!(
        (&failure["kind"], &failure["sent"]),
        (&json!("denied"), &json!(false))
    );
    for name in [
        "",
        "Goals",
        "goals ",
        "goals/../profile",
        "127.0.0.1",
        "http://profile",
        "\0",
    ] {
        let call = json!({ "service": name, "path": "/users/ada" });
        let failure = outcome(&arena, call).await;
        assert_eq!(failure["kind"], "denied", "{name:?}");
    }
    assert_eq!(requests(&arena), 0);
    // It is denied to this BFF, not broken.
    let path = "/users/ada/goals";
    let granted = json!({ "service": "goals", "path": path, "query": [["date", "2026-01-15"]] });
    assert_eq!(outcome(&arena, granted).await["status"], 200);
}

#[tokio::test]
async fn forged_headers_are_not_sent() {
    let arena = Arena::start(&[HostileBff::guest("forger", "")]).await;
    let forged = [
        ("x-a", "b\r\nx-injected: 1"),
        ("x-a", "b\nx-injected: 1"),
        ("x-a", "b\r\n\r\nGET /users/ada HTTP/1.1\r\n\r\n"),
        ("x-a\r\nx-injected", "1"),
        ("x-a: b\r\nx-injected", "1"),
        ("x-a", "\0"),
        ("x-a", "\u{7f}"),
        ("", "1"),
        ("x a", "1"),
        (":path", "/users/grace"),
        (":authority", "evil"),
        ("host", "evil"),
        ("Host", "evil"),
        ("content-length", "0"),
        ("Content-Length", "100000"),
        ("transfer-encoding", "chunked"),
        ("Transfer-Encoding", "identity"),
        ("te", "trailers"),
        ("trailer", "x-a"),
        ("connection", "close, x-a"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("expect", "100-continue"),
        ("authorization", "Bearer stolen"),
        ("Cookie", "session=stolen"),
        ("proxy-authorization", "Basic eA=="),
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-request-id", "another"),
        ("traceparent", "00-0-0-00"),
        ("tailor-time-left-ms", "999999"),
        // In the form that CGI and its like read as the same.
        ("transfer_encoding", "chunked"),
        ("x_forwarded_for", "1.2.3.4"),
        ("X_Tenant", "another"),
        // Fields that services trust.
        ("x-original-url", "/admin"),
        ("X-Rewrite-Url", "/admin"),
        ("x-http-method-override", "DELETE"),
        ("x-envoy-retry-on", "5xx"),
        ("l5d-dst-override", "profile"),
        ("true-client-ip", "127.0.0.1"),
        ("x-amzn-oidc-identity", "admin"),
        ("b3", "0"),
        ("baggage", "user=admin"),
    ];
    arena
        .beside_neighbour(async {
            for (name, value) in forged {
                for post in [false, true] {
                    let failure = outcome(
                        &arena,
                        json!({
                            "service": "goals", "path": "/users/ada/goals", "post": post,
                            "headers": [["x-before", "1"], [name, value], ["x-after", "1"]],
                        }),
                    )
                    .await;
                    let said = (&failure["kind"], &failure["sent"]);
                    assert_eq!(
                        said,
                        (&json!("invalid"), &json!(false)),
                        "{name:?}: {value:?}"
                    );
                }
            }
        })
        .await;
    assert_eq!(requests(&arena), 0);
    let labels = [("service", "goals"), ("outcome", "invalid")];
    assert_eq!(
        arena.metric("tailor_downstream_calls_total", &labels).await,
        2 * forged.len() as u64
    );
}

#[tokio::test]
async fn a_path_does_not_leave_the_service() {
    let arena = Arena::start(&[HostileBff::guest("forger", "")]).await;
    let long = format!("/{}", "a".repeat(9000));
    let forged = [
        "",
        "users",
        "http://127.0.0.1:1/",
        "https://evil/",
        "//evil",
        "//evil/users/ada",
        "/\\evil",
        "\\\\evil",
        "/..",
        "/../users/ada",
        "/users/./ada",
        "/users/../../ada",
        "/%2e%2e/users",
        "/users/%2E%2e/ada",
        "/users/.%2e",
        "/users%2fada",
        "/users%5cada",
        "/users/ada HTTP/1.1\r\nx-injected: 1\r\n\r\n",
        "/users\r\n",
        "/users%0d%0ax-injected:%201",
        "/users%00",
        "/users%",
        "/users%zz",
        "/users//ada",
        "/users/..;/ada",
        "/users/;%2f..%2fada",
        "/users/%c0%ae%c0%ae/ada",
        "/users?admin=1",
        "/users#here",
        "/users ada",
        "/zoë",
        "*",
        "evil:80",
        &long,
    ];
    arena
        .beside_neighbour(async {
            for path in forged {
                let failure = outcome(&arena, json!({ "service": "goals", "path": path })).await;
                let said = (&failure["kind"], &failure["sent"]);
                assert_eq!(said, (&json!("invalid"), &json!(false)), "{path:?}");
            }
        })
        .await;
    assert_eq!(requests(&arena), 0);
}

#[tokio::test]
async fn what_is_not_a_call_is_not_sent() {
    let arena = Arena::start(&[HostileBff::guest("forger", "")]).await;
    let path = "/users/ada/goals";
    for call in [
        json!({ "service": "goals", "path": path, "body": "a GET has none" }),
        json!({ "service": "goals", "path": path, "select": ["no-slash"] }),
        json!({ "service": "goals", "path": path, "select": vec!["/a"; 65] }),
        json!({ "service": "goals", "path": path, "headers": vec![["x-a", "a".repeat(1000).as_str()]; 40] }),
        json!({ "service": "goals", "path": path, "query": [["q", "a".repeat(9000)]] }),
    ] {
        let failure = outcome(&arena, call).await;
        assert_eq!(failure["kind"], "invalid", "{failure}");
    }
    assert_eq!(requests(&arena), 0);
    // A query can hold anything, and stays a query.
    let sly = json!({ "service": "goals", "path": path, "query": [["date", "2026-01-15"], ["a\r\nx: y", "&b=c#d?e/../f"]] });
    outcome(&arena, sly).await;
    let received = arena.services.requests(Service::Goals);
    assert_eq!(
        received[0].path_and_query(),
        "/users/ada/goals?date=2026-01-15&a%0D%0Ax%3A%20y=%26b%3Dc%23d%3Fe%2F..%2Ff"
    );
    assert_eq!(received[0].header("x"), None);
}
