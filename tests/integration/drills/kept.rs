//! Stored answers: what a client gets of them, when they are revalidated, and their use when the
//! service is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use downstream_mock::scripted::{Response, ScriptedService};

use super::*;

/// A service whose answers have these fields and say which request they answer; faulty on demand.
pub struct Numbered {
    pub site: ScriptedService,
    faulty: Arc<AtomicBool>,
}

impl Numbered {
    pub fn start(fields: &'static [(&'static str, &'static str)]) -> Self {
        let faulty = Arc::new(AtomicBool::new(false));
        let fails = faulty.clone();
        let site = ScriptedService::start(move |request| match fails.load(Ordering::SeqCst) {
            true => Response::new(503).body("not today"),
            false => Response::text(request.number.to_string()).headers(fields),
        });
        let site = site.unwrap();
        Self { site, faulty }
    }

    pub fn fail(&self, fails: bool) {
        self.faulty.store(fails, Ordering::SeqCst);
    }

    pub async fn host(&self, settings: &str) -> TestHost {
        let setup = Setup::new().service("svc", &self.site.url(), settings);
        setup.relay("r", "").start().await
    }
}

/// Sends a request, and expects this body of a live or a fresh answer.
pub async fn expect(host: &TestHost, path: &str, body: &str) {
    let reply = get(host, path).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, body),
        "{path}"
    );
    assert_eq!(degraded(&reply), "");
}

/// Whether the answer is marked as stale, and nothing else.
fn is_stale(reply: &Reply) -> bool {
    let age = degraded(reply).strip_prefix("svc;stale;age=");
    age.is_some_and(|age| age.parse::<u64>().is_ok())
}

#[tokio::test]
async fn an_answer_is_kept_for_as_long_as_it_says() {
    let svc = Numbered::start(&[("cache-control", "max-age=600")]);
    let host = svc.host("").await;
    for _ in 0..3 {
        expect(&host, "/r/svc/a", "1").await;
    }
    expect(&host, "/r/svc/b", "2").await;
    assert_eq!(svc.site.count(), 2);
    assert_eq!(event(&host, "svc", "cache-hit").await, 2.0);
    let shown = state(&host, "svc").await["cache"].clone();
    assert_eq!((&shown["entries"], &shown["hits"]), (&2.into(), &2.into()));
    let bytes = metric(
        &host,
        "tailor_downstream_cache_bytes",
        &[("service", "svc")],
    )
    .await;
    assert!(bytes > Some(0.0));
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_kept_where_the_operator_wants_it() {
    let svc = Numbered::start(&[]);
    let host = svc.host("").await;
    expect(&host, "/r/svc/a", "1").await;
    expect(&host, "/r/svc/a", "2").await;
    let host = svc.host("[cache]\nttl = \"10m\"").await;
    expect(&host, "/r/svc/a", "3").await;
    expect(&host, "/r/svc/a", "3").await;
    let never = Numbered::start(&[("cache-control", "no-store")]);
    let host = never.host("[cache]\nttl = \"10m\"").await;
    expect(&host, "/r/svc/a", "1").await;
    expect(&host, "/r/svc/a", "2").await;
}

#[tokio::test]
async fn an_answer_to_one_user_never_serves_another() {
    let svc = Numbered::start(&[("cache-control", "public, max-age=600")]);
    let host = svc.host("pass-headers = [\"authorization\"]").await;
    for (user, body) in [
        ("ada", "1"),
        ("ada", "1"),
        ("grace", "2"),
        ("ada", "1"),
        ("grace", "2"),
    ] {
        let reply = get_as(&host, "/r/svc/me", &[("authorization", user)]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (200, body),
            "{user}"
        );
    }
    expect(&host, "/r/svc/me", "3").await;
}

#[tokio::test]
async fn a_stale_answer_stands_in_for_a_service_that_fails() {
    let svc = Numbered::start(&[("cache-control", "max-age=0, stale-if-error=600")]);
    let host = svc
        .host("[retry]\nmax = 0\n[breaker]\nenabled = false")
        .await;
    expect(&host, "/r/svc/a", "1").await;
    svc.fail(true);
    let reply = get(&host, "/r/svc/a").await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "1"));
    assert!(is_stale(&reply), "{}", degraded(&reply));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(event(&host, "svc", "stale").await, 1.0);
    // A path without a request is not stored.
    let reply = get(&host, "/r/svc/b").await;
    assert_eq!(
        (reply.status.as_u16(), degraded(&reply)),
        (503, "svc;failed=status-503")
    );
    svc.fail(false);
    expect(&host, "/r/svc/a", "4").await;
}

#[tokio::test]
async fn a_stale_answer_serves_while_a_new_one_is_fetched() {
    let svc = Numbered::start(&[("cache-control", "max-age=0, stale-while-revalidate=600")]);
    let host = svc.host("").await;
    expect(&host, "/r/svc/a", "1").await;
    let reply = get(&host, "/r/svc/a").await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "1"));
    assert!(is_stale(&reply), "{}", degraded(&reply));
    eventually("the newer answer", async || {
        let reply = get(&host, "/r/svc/a").await;
        assert!(is_stale(&reply), "{}", degraded(&reply));
        (reply.text() != "1").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_open_breaker_leaves_what_is_kept() {
    let svc = Numbered::start(&[("cache-control", "max-age=0, stale-if-error=600")]);
    let host = svc.host("").await;
    expect(&host, "/r/svc/a", "1").await;
    let reply = host
        .steer("/downstreams/svc/breaker?state=open", &[])
        .await
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = get(&host, "/r/svc/a").await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "1"));
    assert!(is_stale(&reply), "{}", degraded(&reply));
    assert_eq!(
        degraded(&get(&host, "/r/svc/b").await),
        "svc;failed=rejected"
    );
    assert_eq!(svc.site.count(), 1);
}

#[tokio::test]
async fn what_the_operator_declared_is_the_last_resort() {
    let svc = Numbered::start(&[("cache-control", "max-age=0, stale-if-error=600")]);
    let declared = "[retry]\nmax = 0\n[breaker]\nenabled = false\n\
                    [[default]]\ncall = \"GET /lists/*\"\nbody = \"[]\"\n\
                    [[default]]\ncall = \"GET /gone/**\"\nstatus = 404\nbody = \"{}\"";
    let host = svc.host(declared).await;
    expect(&host, "/r/svc/lists/kept", "1").await;
    svc.fail(true);
    for (path, status, body) in [("lists/a", 200, "[]"), ("gone/a/b", 404, "{}")] {
        let reply = get(&host, &format!("/r/svc/{path}")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (status, body)
        );
        assert_eq!(degraded(&reply), "svc;fallback");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert_eq!(event(&host, "svc", "fallback").await, 2.0);
    // A stale answer is better, and for other calls there is none.
    assert!(is_stale(&get(&host, "/r/svc/lists/kept").await));
    assert_eq!(
        degraded(&get(&host, "/r/svc/other").await),
        "svc;failed=status-503"
    );
    svc.fail(false);
    recovered(&host, "/r/svc/lists/a").await;
}

#[tokio::test]
async fn the_operator_makes_answers_void() {
    let svc = Numbered::start(&[
        ("cache-control", "max-age=600"),
        ("cache-tag", "all-users, ada"),
    ]);
    let host = svc.host("").await;
    let paths = ["users/ada", "users/grace", "goals"];
    let mut asked = 0;
    for (order, dropped, void) in [
        ("path=/users/ada", 1, &paths[..1]),
        ("path=/users/*", 2, &paths[..2]),
        ("tag=ada", 3, &paths[..]),
        ("tag=grace", 0, &[]),
        ("all", 3, &paths[..]),
    ] {
        for path in paths {
            get(&host, &format!("/r/svc/{path}")).await;
        }
        asked = asked.max(paths.len());
        assert_eq!(svc.site.count(), asked, "before {order}");
        let order = format!("/downstreams/svc/invalidate?{order}");
        // A page in an operator's browser must not be able to do that.
        let refused = host
            .steer(&order, &[("origin", "https://evil.test")])
            .await
            .unwrap();
        assert_eq!(refused.status, 403, "{}", refused.text());
        let reply = host.steer(&order, &[]).await.unwrap();
        assert_eq!(
            reply.json()["dropped"],
            dropped,
            "{order}: {}",
            reply.text()
        );
        asked += void.len();
        for path in paths {
            get(&host, &format!("/r/svc/{path}")).await;
        }
        assert_eq!(svc.site.count(), asked, "after {order}");
    }
}
