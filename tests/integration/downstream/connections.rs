//! HTTP/1.1 connections are kept, shared out one call at a time, replaced when the service has
//! closed them, and closed when they are no longer needed. A call is repeated only where that
//! cannot do anything twice, or where the operator says that it may.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use downstream_mock::scripted::{Response, ScriptedService};
use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use tailor_harness::TestHost;
use tokio::sync::Barrier;

use super::relay::failure;
use super::{host, post};
use crate::observe::{calls, eventually, metric};

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let services = Services::start().unwrap();
    let host = host(&[
        ("profile", services.url(Service::Profile), ""),
        ("heart", services.url(Service::Heart), ""),
    ])
    .await;
    for _ in 0..20 {
        let reply = host.get("/profile/users/ada").await.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["name"], "Ada Lovelace");
        host.get("/heart/users/ada/days/2026-01-15").await.unwrap();
    }
    for service in [Service::Profile, Service::Heart] {
        let requests = services.requests(service);
        assert_eq!(requests.len(), 20);
        assert!(requests.iter().all(|request| request.connection == 1));
        let labels = [("service", service.name())];
        let open = metric(&host, "tailor_downstream_connections", &labels).await;
        assert_eq!(open, Some(1.0));
    }
}

#[tokio::test]
async fn calls_side_by_side_have_a_connection_each_which_ends_with_a_call_that_is_given_up() {
    let services = Services::start().unwrap();
    let host = host(&[("profile", services.url(Service::Profile), "")]).await;
    services
        .set_fault(Service::Profile, Fault::hang())
        .await
        .unwrap();
    let calling = join_all((0..8).map(|_| host.get("/profile/users/ada")));
    tokio::select! {
        _ = calling => panic!("the service answers nothing"),
        requests = services.wait_for_requests(Service::Profile, 8) => {
            let mut connections: Vec<u64> =
                requests.iter().map(|request| request.connection).collect();
            connections.sort_unstable();
            assert_eq!(connections, (1..=8).collect::<Vec<_>>());
        }
    }
    // The clients have hung up, and so has the host: connections with a call under way cannot be
    // used again.
    services.wait_for_aborted(Service::Profile, 8).await;
    eventually("no connection is left", async || {
        (services.counts(Service::Profile).connections_open == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced_without_a_failure() {
    // One answer per connection, without `connection: close`.
    let raw = ScriptedService::start(|_| Response::text("ok").then_close()).unwrap();
    let host = host(&[("svc", raw.url(), "")]).await;
    for index in 1..=10 {
        let reply = match index % 2 {
            0 => post(&host, "/svc/x", "once").await,
            _ => host.get("/svc/x").await.unwrap(),
        };
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
        eventually("the service has closed", async || {
            (raw.open() == 0).then_some(())
        })
        .await;
        assert_eq!((raw.accepted(), raw.count()), (index, index));
    }
}

#[tokio::test]
async fn a_service_that_was_down_is_reached_again_over_a_new_connection() {
    let services = Services::start().unwrap();
    let host = host(&[("profile", services.url(Service::Profile), "")]).await;
    let get = async || host.get("/profile/users/ada").await.unwrap();
    assert_eq!(get().await.status, 200);
    services
        .set_fault(Service::Profile, Fault::refuse())
        .await
        .unwrap();
    let down = get().await;
    assert_eq!(failure(&down), Some(("unreachable", false)), "{down:?}");
    services.clear_fault(Service::Profile).await.unwrap();
    assert_eq!(get().await.status, 200);
    assert_eq!(calls(&host, "profile", "unreachable").await, 1.0);
}

/// What a service does with a request that it does not answer.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    Closes,
    Resets,
}

impl Breaks {
    fn response(self) -> Response {
        match self {
            Breaks::Closes => Response::close(),
            Breaks::Resets => Response::reset(),
        }
    }
}

/// Answers the first request of each connection.
fn breaking(how: Breaks) -> ScriptedService {
    ScriptedService::start(move |request| match request.turn {
        1 => Response::text("ok"),
        _ => how.response(),
    })
    .unwrap()
}

async fn retries(host: &TestHost) -> Option<f64> {
    let labels = [("service", "svc"), ("event", "retry")];
    metric(host, "tailor_downstream_events_total", &labels).await
}

#[tokio::test]
async fn what_a_kept_connection_breaks_under_after_it_was_sent_is_an_attempt_as_any() {
    for how in [Breaks::Closes, Breaks::Resets] {
        let raw = breaking(how);
        let host = host(&[("svc", raw.url(), "retry.max = 1")]).await;
        host.get("/svc/1").await.unwrap();
        let reply = host.get("/svc/2").await.unwrap();
        assert_eq!(reply.status, 200, "{how:?}: {reply:?}");
        assert_eq!(retries(&host).await, Some(1.0));
        let reply = post(&host, "/svc/3", "once").await;
        assert_eq!(failure(&reply), Some(("interrupted", true)), "{how:?}");
        let lines: Vec<String> = raw
            .requests()
            .into_iter()
            .map(|request| request.line())
            .collect();
        assert_eq!(
            lines,
            [
                "GET /1 HTTP/1.1",
                "GET /2 HTTP/1.1",
                "GET /2 HTTP/1.1",
                "POST /3 HTTP/1.1"
            ],
            "{how:?}"
        );
        assert_eq!(calls(&host, "svc", "2xx").await, 2.0);
        assert_eq!(calls(&host, "svc", "interrupted").await, 1.0);
    }
}

#[tokio::test]
async fn without_a_retry_or_a_budget_for_one_what_was_sent_is_not_repeated() {
    for settings in ["", "retry.max = 1\nretry.budget = 0"] {
        let raw = breaking(Breaks::Closes);
        let host = host(&[("svc", raw.url(), settings)]).await;
        host.get("/svc/1").await.unwrap();
        let reply = host.get("/svc/2").await.unwrap();
        assert_eq!(failure(&reply), Some(("interrupted", true)), "{settings}");
        assert_eq!((raw.count(), retries(&host).await), (2, Some(0.0)));
    }
}

#[tokio::test]
async fn what_was_sent_is_repeated_for_a_get_and_for_methods_that_the_operator_lists() {
    let cases: [(&str, &[&str]); 3] = [
        ("", &["GET"]),
        ("retry.methods = [\"PUT\", \"POST\"]", &["PUT", "POST"]),
        ("retry.methods = []", &[]),
    ];
    for (settings, repeated) in cases {
        let settings = format!("retry.max = 1\n{settings}");
        // Breaks under the first request of each path and method, or answers it 503.
        let seen = Mutex::new(HashSet::new());
        let raw = ScriptedService::start(move |request| {
            let is_first = seen.lock().unwrap().insert(request.line());
            match is_first {
                true if request.path() == "/broken" => Response::reset(),
                true => Response::new(503),
                false => Response::text("ok"),
            }
        })
        .unwrap();
        let host = host(&[("svc", raw.url(), &settings)]).await;
        for method in ["GET", "PUT", "DELETE", "POST"] {
            for path in ["/svc/broken", "/svc/busy"] {
                let before = raw.count();
                let request = host.request(method, path).body(Default::default());
                let reply = host.send(request.unwrap()).await.unwrap();
                let again = repeated.contains(&method);
                assert_eq!(reply.status == 200, again, "{method} {settings}: {reply:?}");
                let asked = raw.count() - before;
                assert_eq!(asked, 1 + usize::from(again), "{method} {settings}");
            }
        }
    }
}

#[tokio::test]
async fn a_get_goes_out_on_a_fresh_connection_when_all_kept_ones_are_dead() {
    let both = Arc::new(Barrier::new(2));
    // The first two answer together, so that both are open at once; what is kept breaks at its next
    // use.
    let raw = ScriptedService::start(move |request| {
        let ok = Response::text("ok");
        match request.number {
            1 | 2 => {
                let both = both.clone();
                ok.after(async move {
                    both.wait().await;
                })
            }
            3 => Response::reset(),
            _ => ok,
        }
    })
    .unwrap();
    let host = host(&[("svc", raw.url(), "retry.max = 1")]).await;
    for reply in join_all([host.get("/svc/1"), host.get("/svc/1")]).await {
        assert_eq!(reply.unwrap().status, 200);
    }
    let reply = host.get("/svc/2").await.unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!((raw.accepted(), raw.count()), (3, 4));
}

#[tokio::test]
async fn a_fresh_connection_that_breaks_is_not_tried_again() {
    for how in [Breaks::Closes, Breaks::Resets] {
        let raw = ScriptedService::start(move |_| how.response()).unwrap();
        let host = host(&[("svc", raw.url(), "")]).await;
        let reply = host.get("/svc/x").await.unwrap();
        assert_eq!(failure(&reply), Some(("interrupted", true)), "{reply:?}");
        assert_eq!((raw.accepted(), raw.count()), (1, 1), "{how:?}");
    }
}

#[tokio::test]
async fn unused_connections_are_closed() {
    let services = Services::start().unwrap();
    let url = || services.url(Service::Profile);
    let host = host(&[
        ("one", url(), "idle-timeout = \"1s\""),
        ("two", url(), "idle-timeout = \"1s\"\nprotocol = \"h2\""),
    ])
    .await;
    for path in ["/one/users/ada", "/two/users/ada"] {
        assert_eq!(host.get(path).await.unwrap().status, 200);
    }
    eventually("both connections are closed", async || {
        (services.counts(Service::Profile).connections_open == 0).then_some(())
    })
    .await;
    for path in ["/one/users/ada", "/two/users/ada"] {
        assert_eq!(host.get(path).await.unwrap().status, 200);
    }
    assert_eq!(services.counts(Service::Profile).connections_accepted, 4);
}
