//! POST that is a read because the operator says so, as GraphQL and searches are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use futures_util::future::join_all;

use super::*;

const READ: &str = "read = [\"POST /graphql\"]\n";

async fn post(host: &TestHost, path: &str, body: &str) -> Reply {
    let request = host.request("POST", path);
    let request = request.body(body.to_owned().into_bytes().into()).unwrap();
    host.send(request).await.unwrap()
}

/// Sends a request, and expects this body of a live or a fresh answer.
async fn expect(host: &TestHost, path: &str, body: &str, answer: &str) {
    let reply = post(host, path, body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, answer),
        "{path} {body}"
    );
    assert_eq!(degraded(&reply), "");
}

/// A service that says which request it answers.
fn numbered() -> ScriptedService {
    ScriptedService::start(|request| Response::text(request.number.to_string())).unwrap()
}

async fn host(site: &ScriptedService, settings: &str) -> TestHost {
    let settings = format!("{READ}{settings}");
    let setup = Setup::new().service("svc", &site.url(), &settings);
    setup.relay("r", "").start().await
}

#[tokio::test]
async fn equal_bodies_at_once_are_one_call() {
    let gate = Gate::new();
    let passed = gate.clone();
    let site =
        ScriptedService::start(move |request| Response::text(request.text()).after(passed.pass()));
    let site = site.unwrap();
    let host = host(&site, "").await;
    let bodies = ["{a}", "{b}", "{a}", "{a}", "{b}"];
    let reads = join_all(bodies.map(|body| post(&host, "/r/svc/graphql", body)));
    let writes = join_all(["{a}", "{a}"].map(|body| post(&host, "/r/svc/other", body)));
    let release = async {
        eventually("calls that are under way", async || {
            let state = host.admin("/bffs").await.unwrap().json();
            (state["calls_in_flight"] == 7).then_some(())
        })
        .await;
        gate.open(4);
    };
    let (reads, writes, ()) = tokio::join!(reads, writes, release);
    for (reply, body) in reads.iter().zip(bodies) {
        assert_eq!(reply.text(), body);
    }
    assert!(writes.iter().all(|reply| reply.status == 200));
    // Two reads, and each of the writes.
    assert_eq!(site.count(), 4);
}

#[tokio::test]
async fn an_answer_is_kept_for_its_body_until_something_is_written() {
    let site = numbered();
    let host = host(&site, "[cache]\nttl = \"10m\"").await;
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    expect(&host, "/r/svc/graphql", "{b}", "2").await;
    // A read invalidates nothing: neither its own path nor another body's.
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    expect(&host, "/r/svc/graphql", "{b}", "2").await;
    // The GET of the same path is another call, and is kept beside it.
    let read = get(&host, "/r/svc/graphql").await;
    assert_eq!(read.text(), "3");
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    assert_eq!(get(&host, "/r/svc/graphql").await.text(), "3");
    // An unlisted POST is a write, and not stored.
    expect(&host, "/r/svc/other", "{a}", "4").await;
    expect(&host, "/r/svc/other", "{a}", "5").await;
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    let order = "/downstreams/svc/invalidate?path=/graphql";
    let reply = host.steer(order, &[]).await.unwrap();
    assert_eq!(reply.json()["dropped"], 3, "{}", reply.text());
    expect(&host, "/r/svc/graphql", "{a}", "6").await;
}

#[tokio::test]
async fn a_write_voids_the_reads_that_the_operator_names() {
    let site = numbered();
    let voids = "[cache]\nttl = \"10m\"\n[[write]]\ncall = \"POST /mutate\"\nvoids = \"/graphql\"";
    let host = host(&site, voids).await;
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    expect(&host, "/r/svc/mutate", "x", "2").await;
    expect(&host, "/r/svc/graphql", "{a}", "3").await;
    expect(&host, "/r/svc/graphql", "{a}", "3").await;
}

#[tokio::test]
async fn a_mutation_of_graphql_is_a_write_on_the_path_of_the_queries() {
    let site = numbered();
    let host = host(&site, "[cache]\nttl = \"10m\"").await;
    let query = r#"{"query":"query { a }"}"#;
    let mutation = r#"{"query":"mutation { b }"}"#;
    expect(&host, "/r/svc/graphql", query, "1").await;
    expect(&host, "/r/svc/graphql", query, "1").await;
    expect(&host, "/r/svc/graphql", mutation, "2").await;
    expect(&host, "/r/svc/graphql", mutation, "3").await;
    expect(&host, "/r/svc/graphql", query, "4").await;
}

#[tokio::test]
async fn a_large_body_is_a_read_that_is_not_kept() {
    let site = numbered();
    let host = host(&site, "[cache]\nttl = \"10m\"").await;
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    let large = "x".repeat((64 << 10) + 1);
    expect(&host, "/r/svc/graphql", &large, "2").await;
    expect(&host, "/r/svc/graphql", &large, "3").await;
    expect(&host, "/r/svc/graphql", &large[1..], "4").await;
    expect(&host, "/r/svc/graphql", &large[1..], "4").await;
    // It invalidates nothing either.
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
}

/// A service whose answers are stale at once, and which fails on demand.
fn failing() -> (ScriptedService, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(false));
    let failing = fails.clone();
    let site = ScriptedService::start(move |request| match failing.load(Ordering::SeqCst) {
        true => Response::new(503),
        false => Response::text(request.number.to_string())
            .header("cache-control", "max-age=0, stale-if-error=600")
            .header("etag", "\"1\""),
    });
    (site.unwrap(), fails)
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_write_is_not() {
    let (site, fails) = failing();
    fails.store(true, Ordering::SeqCst);
    let host = host(&site, "[breaker]\nenabled = false").await;
    assert_eq!(post(&host, "/r/svc/other", "{a}").await.status, 503);
    assert_eq!(site.count(), 1);
    assert_eq!(post(&host, "/r/svc/graphql", "{a}").await.status, 503);
    assert_eq!(site.count(), 3);
}

#[tokio::test]
async fn a_stale_answer_or_a_declared_one_stands_in_and_no_condition_is_sent() {
    let (site, fails) = failing();
    let settings = "[breaker]\nenabled = false\n[retry]\nmax = 0\n\
                    [[default]]\ncall = \"* /**\"\nbody = \"[]\"";
    let host = host(&site, settings).await;
    expect(&host, "/r/svc/graphql", "{a}", "1").await;
    // It is asked for again as a whole: a POST with a condition that is not met would be refused.
    expect(&host, "/r/svc/graphql", "{a}", "2").await;
    let asked = site.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.header("if-none-match").is_none())
    );
    fails.store(true, Ordering::SeqCst);
    let stale = post(&host, "/r/svc/graphql", "{a}").await;
    assert_eq!((stale.status.as_u16(), stale.text().as_str()), (200, "2"));
    assert!(degraded(&stale).starts_with("svc;stale"), "{stale:?}");
    let declared = post(&host, "/r/svc/graphql", "{b}").await;
    assert_eq!(
        (declared.status.as_u16(), declared.text().as_str()),
        (200, "[]")
    );
    assert_eq!(degraded(&declared), "svc;fallback");
    // That for any method is not for a write.
    assert_eq!(post(&host, "/r/svc/other", "{a}").await.status, 503);
}

#[tokio::test]
async fn a_slow_read_is_hedged_and_a_slow_write_is_not() {
    let gate = Gate::new();
    let (passed, slow) = (gate.clone(), AtomicBool::new(false));
    let site = ScriptedService::start(move |request| match request.text().as_str() {
        "{slow}" if !slow.swap(true, Ordering::SeqCst) => Response::hang(),
        "write" => Response::text("late").after(passed.pass()),
        body => Response::text(body.to_owned()),
    });
    let site = site.unwrap();
    let host = host(&site, "[hedge]\nenabled = true\nmin-delay = \"200ms\"").await;
    for number in 1..=40 {
        let body = number.to_string();
        expect(&host, "/r/svc/graphql", &body, &body).await;
    }
    expect(&host, "/r/svc/graphql", "{slow}", "{slow}").await;
    assert!(event(&host, "svc", "hedge").await >= 1.0);
    let writes = || {
        let asked = site.requests().into_iter();
        asked.filter(|request| request.path() == "/other").count()
    };
    let write = post(&host, "/r/svc/other", "write");
    let release = async {
        eventually("the write", async || (writes() == 1).then_some(())).await;
        // A hedge would have been sent by then.
        tokio::time::sleep(Duration::from_millis(400)).await;
        gate.open(2);
    };
    let (write, ()) = tokio::join!(write, release);
    assert_eq!((write.text().as_str(), writes()), ("late", 1));
}
