//! Rules of the operator for some calls of a service.

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use futures_util::future::join_all;

use super::kept::{Numbered, expect};
use super::reloaded::change;
use super::*;
use crate::downstream::relay::failure;
use crate::wire::soon;

/// What `/bffs` says of the breaker of a service's first rule.
async fn rule_breaker(host: &TestHost) -> Value {
    state(host, "svc").await["rules"][0]["breaker"].clone()
}

#[tokio::test]
async fn a_slow_path_has_more_time_than_the_others() {
    let gate = Gate::new();
    let passed = gate.clone();
    let site = ScriptedService::start(move |request| match request.path() {
        "/report" => Response::text("report").after(passed.pass()),
        _ => Response::hang(),
    });
    let site = site.unwrap();
    let settings = "timeout = \"3s\"\nfirst-byte-timeout = \"200ms\"\n[retry]\nmax = 0\n\
                    [[rule]]\ncall = \"GET /report\"\ntimeout = \"5s\"\nfirst-byte-timeout = \"5s\"";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    let report = get(&host, "/r/svc/report");
    let other = async {
        soon(site.wait_for(1)).await;
        let reply = get(&host, "/r/svc/x").await;
        assert_eq!(failure(&reply), Some(("timeout", true)), "{reply:?}");
        assert!(
            reply.text().contains("its first-byte-timeout"),
            "{}",
            reply.text()
        );
        // By now, the report has had more time than other calls have.
        gate.open(1);
    };
    let (report, ()) = tokio::join!(report, other);
    assert_eq!(
        (report.status.as_u16(), report.text().as_str()),
        (200, "report")
    );
}

#[tokio::test]
async fn a_shorter_limit_of_a_rule_is_the_operators_and_judges() {
    let site = ScriptedService::start(|request| match request.path() {
        "/quick" => Response::hang(),
        _ => Response::text("ok"),
    });
    let site = site.unwrap();
    let settings = "[retry]\nmax = 0\n[[rule]]\ncall = \"GET /quick\"\ntimeout = \"50ms\"\n\
                    breaker = { min-calls = 3, open-for = \"1m\" }";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    for _ in 0..3 {
        let reply = get(&host, "/r/svc/quick").await;
        assert_eq!(failure(&reply), Some(("timeout", true)), "{reply:?}");
    }
    let reply = get(&host, "/r/svc/quick").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
}

/// A service of which one path fails.
fn poisoned() -> ScriptedService {
    let site = ScriptedService::start(|request| match request.path() {
        "/poison" => Response::new(500).body("no"),
        _ => Response::text("ok"),
    });
    site.unwrap()
}

const POISON: &str = "[breaker]\nmin-calls = 3\nopen-for = \"1m\"\n[retry]\nmax = 0\n\
                      [[rule]]\ncall = \"GET /poison\"\nbreaker = { min-calls = 4 }";

#[tokio::test]
async fn a_breaker_of_a_rule_opens_alone() {
    let site = poisoned();
    let host = Setup::new()
        .service("svc", &site.url(), POISON)
        .relay("r", "")
        .start()
        .await;
    // Nothing else is called: the service's own breaker would open at the third.
    for _ in 0..4 {
        assert_eq!(get(&host, "/r/svc/poison").await.status, 500);
    }
    let reply = get(&host, "/r/svc/poison").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    let rule = state(&host, "svc").await["rules"][0].clone();
    assert_eq!(rule["call"], "GET /poison");
    assert_eq!(rule["breaker"]["state"], "open");
    let labels = [("service", "svc"), ("rule", "GET /poison")];
    assert_eq!(
        metric(&host, "tailor_downstream_rule_breaker_state", &labels).await,
        Some(2.0)
    );
    assert_eq!(breaker(&host, "svc").await, "closed");
    assert_eq!(state(&host, "svc").await["breaker"]["calls"], 0);
    assert_eq!(get(&host, "/r/svc/x").await.text(), "ok");
    assert_eq!(site.count(), 5);
}

#[tokio::test]
async fn an_order_of_the_operator_is_for_all_breakers() {
    let site = poisoned();
    let host = Setup::new()
        .service("svc", &site.url(), POISON)
        .relay("r", "")
        .start()
        .await;
    let order = "/downstreams/svc/breaker?state=";
    host.steer(&format!("{order}open"), &[]).await.unwrap();
    for path in ["poison", "x"] {
        let reply = get(&host, &format!("/r/svc/{path}")).await;
        assert_eq!(failure(&reply), Some(("rejected", false)), "{path}");
    }
    // A breaker that comes with a reload, too.
    let other = "[[downstream.svc.rule]]\ncall = \"GET /new\"\nbreaker = {}\n[bff.r]";
    change(&host, "[bff.r]", other).await.unwrap();
    let reply = get(&host, "/r/svc/new").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    assert_eq!(site.count(), 0);
    host.steer(&format!("{order}auto"), &[]).await.unwrap();
    assert_eq!(get(&host, "/r/svc/new").await.text(), "ok");
    assert_eq!(get(&host, "/r/svc/x").await.text(), "ok");
    assert_eq!(get(&host, "/r/svc/poison").await.status, 500);
}

#[tokio::test]
async fn a_reload_keeps_what_is_known_of_a_rule() {
    let site = poisoned();
    let host = Setup::new()
        .service("svc", &site.url(), POISON)
        .relay("r", "")
        .start()
        .await;
    for _ in 0..4 {
        get(&host, "/r/svc/poison").await;
    }
    assert_eq!(rule_breaker(&host).await["state"], "open");
    for (old, new) in [
        ("timeout = \"5s\"", "timeout = \"4s\""),
        // Another rule before it, and other settings of its own.
        (
            "[[downstream.svc.rule]]",
            "[[downstream.svc.rule]]\ncall = \"GET /first\"\ncoalesce = false\n[[downstream.svc.rule]]",
        ),
        ("min-calls = 4", "min-calls = 5"),
    ] {
        change(&host, old, new).await.unwrap();
        let reply = get(&host, "/r/svc/poison").await;
        assert_eq!(failure(&reply), Some(("rejected", false)), "{new}");
    }
    // The same section for other calls is another rule.
    change(&host, "GET /poison", "* /poison").await.unwrap();
    assert_eq!(get(&host, "/r/svc/poison").await.status, 500);
}

#[tokio::test]
async fn a_path_is_kept_for_its_own_time_and_another_not_at_all() {
    let svc = Numbered::start(&[]);
    let rules = "[[rule]]\ncall = \"GET /lists/*\"\ncache = { enabled = true, ttl = \"10m\" }\n\
                 [[rule]]\ncall = \"GET /never\"\ncache = { enabled = false }\n\
                 [cache]\n";
    let host = svc.host(&format!("{rules}ttl = \"10m\"")).await;
    for (path, body) in [
        ("lists/a", "1"),
        ("lists/a", "1"),
        ("never", "2"),
        ("never", "3"),
        ("other", "4"),
        ("other", "4"),
    ] {
        expect(&host, &format!("/r/svc/{path}"), body).await;
    }
    // A rule may store what the service does not.
    let host = svc.host(&format!("{rules}enabled = false")).await;
    for (path, body) in [
        ("other", "5"),
        ("other", "6"),
        ("lists/a", "7"),
        ("lists/a", "7"),
    ] {
        expect(&host, &format!("/r/svc/{path}"), body).await;
    }
}

#[tokio::test]
async fn one_path_is_not_tried_again() {
    let site = ScriptedService::start(|_| Response::new(503)).unwrap();
    let settings =
        "[breaker]\nenabled = false\n[[rule]]\ncall = \"GET /once\"\nretry = { max = 0 }";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    get(&host, "/r/svc/once").await;
    assert_eq!(site.count(), 1);
    get(&host, "/r/svc/twice").await;
    assert_eq!(site.count(), 3);
}

#[tokio::test]
async fn calls_of_one_path_are_not_made_one() {
    let gate = Gate::new();
    let passed = gate.clone();
    let site = ScriptedService::start(move |_| Response::text("ok").after(passed.pass()));
    let site = site.unwrap();
    let settings = "[[rule]]\ncall = \"GET /own\"\ncoalesce = false";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    let reads = join_all(["own", "own", "shared", "shared"].map(|path| {
        let host = &host;
        async move { get(host, &format!("/r/svc/{path}")).await }
    }));
    let release = async {
        eventually("calls that are under way", async || {
            let state = host.admin("/bffs").await.unwrap().json();
            (state["calls_in_flight"] == 4).then_some(())
        })
        .await;
        soon(site.wait_for(3)).await;
        gate.open(3);
    };
    let (replies, ()) = tokio::join!(reads, release);
    assert!(replies.iter().all(|reply| reply.text() == "ok"));
    assert_eq!(site.count(), 3);
}
