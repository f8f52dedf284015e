//! A service over HTTP/2, whose calls share connections: a failure of one affects no other call.

use downstream_mock::scripted::{Response, ScriptedService, frames};
use futures_util::future::join_all;

use super::*;
use crate::downstream::relay::failure;

/// A host with one worker, so that all calls could share one connection, and nothing that hides a
/// failure.
async fn host(service: &ScriptedService, settings: &str) -> TestHost {
    let plain = "coalesce = false\ncache.enabled = false";
    let settings = format!("{plain}\n{settings}");
    Setup::new()
        .service("svc", &service.url(), &settings)
        .relay("r", "")
        .builder()
        .workers(1)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_connection_that_fell_silent_fails_one_call() {
    let service = ScriptedService::start(|request| match request.number {
        3 => Response::silent(),
        _ => Response::text("ok"),
    })
    .unwrap();
    let settings =
        "protocol = \"h2\"\nretry.max = 0\nbreaker.enabled = false\nfirst-byte-timeout = \"3s\"";
    let host = host(&service, settings).await;
    for number in 1..=20 {
        let reply = get(&host, "/r/svc/x").await;
        match number {
            3 => assert_eq!(failure(&reply), Some(("timeout", true)), "{reply:?}"),
            _ => assert_eq!(reply.text(), "ok"),
        }
    }
    assert_eq!(service.accepted(), 2);
}

#[tokio::test]
async fn what_one_answer_breaks_is_made_again_for_the_others() {
    let service = ScriptedService::start(|request| match request.target.as_str() {
        // DATA of a stream that was not opened ends the connection.
        "/bad" => Response::raw(frames::frame(0, 0, 9999, b"x")),
        _ if request.connection == 1 => Response::hang(),
        _ => Response::text("ok"),
    })
    .unwrap();
    let settings =
        "protocol = \"h2\"\nretry.budget = 100\nretry.backoff = \"1ms\"\nbreaker.enabled = false";
    let host = host(&service, settings).await;
    let others = join_all((0..8).map(|_| get(&host, "/r/svc/x")));
    let bad = async {
        service.wait_for(8).await;
        get(&host, "/r/svc/bad").await
    };
    let (others, bad) = tokio::join!(others, bad);
    for other in others {
        assert_eq!(other.text(), "ok");
    }
    assert_eq!(failure(&bad), Some(("malformed", true)), "{bad:?}");
}

#[tokio::test]
async fn a_probe_has_a_connection_of_its_own() {
    for protocol in ["http/1.1", "h2"] {
        let service = ScriptedService::start(|request| match request.number {
            1..=6 => Response::new(500),
            _ => Response::text("ok"),
        })
        .unwrap();
        let settings = format!(
            "protocol = {protocol:?}\nretry.max = 0\n[breaker]\nmin-calls = 6\nopen-for = \"50ms\""
        );
        let host = host(&service, &settings).await;
        for path in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(get(&host, &format!("/r/svc/{path}")).await.status, 500);
        }
        assert_ne!(breaker(&host, "svc").await, "closed");
        eventually("an answer", async || {
            let reply = get(&host, "/r/svc/x").await;
            (reply.text() == "ok").then_some(())
        })
        .await;
        let connections: Vec<_> = service
            .requests()
            .iter()
            .map(|asked| asked.connection)
            .collect();
        assert_eq!(connections, [1, 1, 1, 1, 1, 1, 2], "{protocol}");
    }
}
