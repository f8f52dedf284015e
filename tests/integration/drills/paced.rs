//! A service with a rate limit, of the operator or its own, is not called faster, by any caller.

use downstream_mock::scripted::{Request, Response, ScriptedService};
use futures_util::future::join_all;

use super::*;
use crate::downstream::relay::failure;
use crate::drills::reloaded::change;

/// A service whose first answer requests with this status a pause of this number of seconds.
fn asks_for_rest(status: u16, seconds: &'static str) -> ScriptedService {
    let answer = move |request: Request| match request.number {
        1 => Response::new(status).header("retry-after", seconds),
        _ => Response::text("ok"),
    };
    ScriptedService::start(answer).unwrap()
}

#[tokio::test]
async fn a_429_holds_back_the_calls_of_all() {
    let site = asks_for_rest(429, "2");
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("first", "")
        .relay("other", "")
        .relay_of("hasty", &relay("v1", Some(200)), "")
        .start()
        .await;
    assert_eq!(get(&host, "/first/svc/x").await.status, 429);
    // A call without enough time fails at once, with the reason.
    let reply = get(&host, "/hasty/svc/y").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    assert_eq!(degraded(&reply), "svc;failed=rejected");
    let waiting = join_all((0..3).map(async |number| {
        let reply = get(&host, &format!("/other/svc/{number}")).await;
        (reply.status.as_u16(), reply.text())
    }));
    let look = async {
        eventually("calls that wait", async || {
            (state(&host, "svc").await["waiting"] == 3).then_some(())
        })
        .await;
        assert!(state(&host, "svc").await["held_for_ms"].as_u64() > Some(0));
        assert_eq!(site.count(), 1);
    };
    let (replies, ()) = tokio::join!(waiting, look);
    assert_eq!(replies, vec![(200, "ok".to_owned()); 3]);
    assert_eq!(site.count(), 4);
    assert_eq!(event(&host, "svc", "hold").await, 1.0);
    assert_eq!(event(&host, "svc", "held").await, 1.0);
    assert_eq!(event(&host, "svc", "rate-delayed").await, 3.0);
    assert!(state(&host, "svc").await["held_for_ms"].is_null());
}

#[tokio::test]
async fn a_stale_or_declared_answer_serves_while_a_service_is_left_alone() {
    let site = ScriptedService::start(|request| match request.path() {
        "/kept" => Response::text("kept").header("cache-control", "max-age=0, stale-if-error=600"),
        _ => Response::new(429).header("retry-after", "9"),
    });
    let site = site.unwrap();
    let declared = "[[default]]\ncall = \"GET /declared\"\nbody = '\"declared\"'";
    let host = Setup::new()
        .service("svc", &site.url(), declared)
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/kept").await.text(), "kept");
    assert_eq!(get(&host, "/r/svc/x").await.status, 429);
    // It lasts longer than a call has time.
    let reply = get(&host, "/r/svc/kept").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, "kept")
    );
    assert!(
        degraded(&reply).starts_with("svc;stale"),
        "{}",
        degraded(&reply)
    );
    assert_eq!(get(&host, "/r/svc/declared").await.text(), "\"declared\"");
    let reply = get(&host, "/r/svc/neither").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    assert_eq!(site.count(), 2);
}

#[tokio::test]
async fn a_503_of_the_only_endpoint_holds_back_all_calls_its_own_retry_too() {
    let site = asks_for_rest(503, "9");
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .start()
        .await;
    // There is no time for another attempt: the answer is final.
    assert_eq!(get(&host, "/r/svc/x").await.status, 503);
    let reply = get(&host, "/r/svc/y").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    assert_eq!(site.count(), 1);
}

#[tokio::test]
async fn a_503_of_one_endpoint_of_several_holds_nothing_back() {
    let bad = ScriptedService::start(|_| Response::new(503).header("retry-after", "9")).unwrap();
    let good = ScriptedService::start(|request| match request.path() {
        "/last" => Response::new(503).header("retry-after", "9"),
        _ => Response::text("ok"),
    });
    let good = good.unwrap();
    let host = Setup::new()
        .service_at("svc", &[bad.url(), good.url()], "")
        .relay("r", "")
        .start()
        .await;
    for number in 0..40 {
        let reply = get(&host, &format!("/r/svc/{number}")).await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
        assert!(state(&host, "svc").await["held_for_ms"].is_null());
    }
    assert!(bad.count() > 0);
    assert_eq!(event(&host, "svc", "hold").await, 0.0);
    // Now all of them request a pause.
    assert_eq!(get(&host, "/r/svc/last").await.status, 503);
    assert_eq!(event(&host, "svc", "hold").await, 1.0);
    let reply = get(&host, "/r/svc/x").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
}

#[tokio::test]
async fn nothing_is_held_back_where_the_operator_says_so_or_the_time_makes_no_sense() {
    for (settings, asked) in [
        ("max-retry-after = \"0s\"", "9"),
        ("", "0"),
        ("", "-1"),
        ("", "soon"),
        ("", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        let site = asks_for_rest(429, asked);
        let host = Setup::new()
            .service("svc", &site.url(), settings)
            .relay("r", "")
            .start()
            .await;
        assert_eq!(get(&host, "/r/svc/x").await.status, 429);
        assert_eq!(get(&host, "/r/svc/y").await.text(), "ok", "{asked}");
        assert_eq!(event(&host, "svc", "rate-delayed").await, 0.0);
    }
}

#[tokio::test]
async fn a_service_is_called_no_faster_than_its_rate_by_all_together() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "rate = \"2/h\"\nburst = 4")
        .relay("one", "")
        .relay("two", "")
        .start()
        .await;
    let of = async |bff: &str| {
        join_all((0..4).map(async |number| {
            let reply = get(&host, &format!("/{bff}/svc/{bff}/{number}")).await;
            match failure(&reply) {
                None => true,
                Some(("overloaded", false)) => false,
                other => panic!("{other:?}"),
            }
        }))
        .await
    };
    let (one, two) = tokio::join!(of("one"), of("two"));
    let answered = one.into_iter().chain(two).filter(|answered| *answered);
    assert_eq!(answered.count(), 4);
    assert_eq!(site.count(), 4);
    assert_eq!(event(&host, "svc", "rate-exceeded").await, 4.0);
    let rate = &state(&host, "svc").await["rate"];
    assert_eq!(
        (&rate["limit"], &rate["burst"], &rate["tokens"]),
        (&"2/h".into(), &4.into(), &0.into())
    );
}

#[tokio::test]
async fn a_reload_raises_the_rate_and_lifts_it_for_those_who_wait() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "rate = \"2/h\"")
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/1").await.text(), "ok");
    let reply = get(&host, "/r/svc/2").await;
    assert_eq!(failure(&reply), Some(("overloaded", false)), "{reply:?}");
    // One call in 4 s, of the 5 s that it has.
    change(&host, "rate = \"2/h\"", "rate = \"15/m\"")
        .await
        .unwrap();
    let waits = async { get(&host, "/r/svc/3").await.text() };
    let lifts = async {
        eventually("a call that waits", async || {
            (state(&host, "svc").await["waiting"] == 1).then_some(())
        })
        .await;
        change(&host, "rate = \"15/m\"\n", "").await.unwrap();
        let all = join_all(
            (0..20).map(async |number| get(&host, &format!("/r/svc/more/{number}")).await),
        );
        assert!(all.await.iter().all(|reply| reply.text() == "ok"));
    };
    let (reply, ()) = tokio::join!(waits, lifts);
    assert_eq!(reply, "ok");
    assert!(state(&host, "svc").await["rate"].is_null());
}

#[tokio::test]
async fn a_rule_has_a_rate_of_its_own_within_that_of_the_service() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let rule = "[[rule]]\ncall = \"GET /dear/**\"\nrate = \"2/h\"\nburst = 2";
    let host = Setup::new()
        .service(
            "svc",
            &site.url(),
            &format!("rate = \"2/h\"\nburst = 5\n{rule}"),
        )
        .relay("r", "")
        .start()
        .await;
    let answered = async |paths: [&str; 4]| {
        let replies = join_all(paths.map(|path| get(&host, path))).await;
        let answered = replies.iter().filter(|reply| match failure(reply) {
            None => true,
            Some(("overloaded", false)) => false,
            other => panic!("{other:?}"),
        });
        answered.count()
    };
    // Two of the rule, which also cost tokens of the service; that has three left.
    let dear = [
        "/r/svc/dear/1",
        "/r/svc/dear/2",
        "/r/svc/dear/3",
        "/r/svc/dear/4",
    ];
    assert_eq!(answered(dear).await, 2);
    let service = state(&host, "svc").await;
    assert_eq!(service["rules"][0]["call"], "GET /dear/**");
    assert_eq!(service["rules"][0]["rate"]["tokens"], 0);
    assert_eq!(service["rate"]["tokens"], 3);
    assert_eq!(
        answered(["/r/svc/1", "/r/svc/2", "/r/svc/3", "/r/svc/4"]).await,
        3
    );
    assert_eq!(site.count(), 5);
}

#[tokio::test]
async fn a_retry_costs_a_token_of_the_rule_and_a_reload_lets_those_go_who_wait_for_it() {
    let site = ScriptedService::start(|request| match request.number {
        1 => Response::new(503),
        _ => Response::text("ok"),
    });
    let site = site.unwrap();
    let rule = "[[rule]]\ncall = \"GET /dear/**\"\nrate = \"2/h\"\nburst = 1";
    let host = Setup::new()
        .service("svc", &site.url(), rule)
        .relay("r", "")
        .start()
        .await;
    // The rule has no token for a further attempt.
    assert_eq!(get(&host, "/r/svc/dear/1").await.status, 503);
    assert_eq!(site.count(), 1);
    change(&host, "rate = \"2/h\"", "rate = \"15/m\"")
        .await
        .unwrap();
    let waits = async { get(&host, "/r/svc/dear/2").await.text() };
    let lifts = async {
        eventually("a call that waits", async || {
            (state(&host, "svc").await["waiting"] == 1).then_some(())
        })
        .await;
        assert_eq!(get(&host, "/r/svc/other").await.text(), "ok");
        change(&host, "rate = \"15/m\"", "rate = \"1000/s\"")
            .await
            .unwrap();
    };
    let (reply, ()) = tokio::join!(waits, lifts);
    assert_eq!(reply, "ok");
    assert_eq!(site.count(), 3);
}
