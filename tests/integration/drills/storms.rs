//! More calls than there is room for: one BFF's storm affects no other, and optional calls are
//! refused first.

use std::sync::atomic::{AtomicU64, Ordering};

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;

use super::*;
use crate::downstream::relay::{failure, relay_with_profile};
use crate::wire::soon;

#[tokio::test]
async fn a_storm_of_one_bff_leaves_another_as_it_was() {
    storm("max-calls = 4\nmax-queued = 8").await;
}

#[tokio::test]
async fn a_storm_that_may_take_all_calls_leaves_another_its_turn() {
    storm("max-calls = 4\nmax-queued = 8\nbff-share = 100").await;
}

/// One BFF makes more calls than the heart service with these settings accepts, while another works
/// on.
async fn storm(heart: &'static str) {
    const AT_ONCE: u64 = 24;
    let services = Services::start().unwrap();
    let settings = |service| if service == Service::Heart { heart } else { "" };
    let host = Setup::new()
        .mock(&services, settings)
        .relay("partner", "")
        .example("watch", &["activity", "heart", "sleep"])
        .start()
        .await;
    let slow = Fault::delay(Duration::from_millis(10));
    services.set_fault(Service::Heart, slow).await.unwrap();
    let (answered, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    // Every call of the storm is another one, so that none is spared.
    let next = AtomicU64::new(0);
    let blow = async || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let path = format!("/partner/heart/users/ada/days/2026-01-15?call={number}");
            let reply = get(&host, &path).await;
            match failure(&reply) {
                None => answered.fetch_add(1, Ordering::Relaxed),
                Some(("overloaded", false)) => refused.fetch_add(1, Ordering::Relaxed),
                other => panic!("{other:?}: {reply:?}"),
            };
        }
    };
    let storm = join_all((0..AT_ONCE).map(|_| blow()));
    let calm = async {
        eventually("a storm that is refused", async || {
            (event(&host, "heart", "queue-full").await >= 10.0).then_some(())
        })
        .await;
        for day in 1..=28 {
            let reply = get(&host, &format!("/watch/grace?date=2026-01-{day:02}")).await;
            assert_eq!(
                (reply.status.as_u16(), degraded(&reply)),
                (200, ""),
                "{reply:?}"
            );
        }
    };
    tokio::select! {
        _ = storm => unreachable!("a storm has no end"),
        () = calm => {}
    }
    assert!(answered.into_inner() > 0);
    assert!(refused.into_inner() > 0);
    let waited = metric(
        &host,
        "tailor_downstream_queue_seconds_count",
        &[("service", "heart")],
    );
    assert!(waited.await > Some(0.0));
}

#[tokio::test]
async fn when_the_host_has_too_many_calls_the_optional_ones_go_first() {
    let gate = Gate::new();
    let passed = gate.clone();
    let answer = move |_| Response::text("ok").after(passed.pass());
    let site = ScriptedService::start(answer).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("plain", "")
        .relay_of("extra", &relay_with_profile("extra"), "")
        .config("[profile.extra]\noptional = true\n[calls]\nmax-in-flight = 4\noptional-share = 50")
        .start()
        .await;
    let first_two =
        join_all((0..2).map(async |number| get(&host, &format!("/plain/svc/{number}")).await));
    let next_two = async {
        soon(site.wait_for(2)).await;
        let reply = get(&host, "/extra/svc/dropped").await;
        assert_eq!(failure(&reply), Some(("overloaded", false)), "{reply:?}");
        assert_eq!(degraded(&reply), "svc;failed=overloaded");
        assert_eq!(event(&host, "svc", "shed-optional").await, 1.0);
        join_all((2..4).map(async |number| get(&host, &format!("/plain/svc/{number}")).await)).await
    };
    let fifth = async {
        soon(site.wait_for(4)).await;
        let reply = get(&host, "/plain/svc/shed").await;
        assert_eq!(failure(&reply), Some(("overloaded", false)), "{reply:?}");
        assert_eq!(event(&host, "svc", "shed").await, 1.0);
        gate.open(10);
    };
    let (first_two, next_two, ()) = tokio::join!(first_two, next_two, fifth);
    for reply in first_two.into_iter().chain(next_two) {
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
    }
    assert_eq!(site.count(), 4);
    assert_eq!(get(&host, "/extra/svc/later").await.text(), "ok");
}

#[tokio::test]
async fn a_bff_whose_calls_fail_leaves_another_its_retries() {
    let once = AtomicU64::new(0);
    let site = ScriptedService::start(move |request| {
        let good = request.path() == "/once" && once.fetch_add(1, Ordering::SeqCst) > 0;
        Response::new(if good { 200 } else { 503 })
    });
    let site = site.unwrap();
    let settings = "[breaker]\nenabled = false\n[retry]\nmin-per-second = 0";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("storm", "")
        .relay("calm", "")
        .start()
        .await;
    for number in 0..40 {
        let reply = get(&host, &format!("/storm/svc/{number}")).await;
        assert_eq!(reply.status, 503);
    }
    // Five to begin with, and a tenth of the calls: by now there is none left.
    assert_eq!(site.count(), 40 + 5 + 4);
    assert_eq!(get(&host, "/storm/svc/drained").await.status, 503);
    assert_eq!(site.count(), 50);
    assert_eq!(get(&host, "/calm/svc/once").await.status, 200);
    assert_eq!(site.count(), 52);
}
