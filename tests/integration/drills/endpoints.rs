//! A service that is bad now and then, and one that is bad in one place of three: a few further
//! attempts hide that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use downstream_mock::scripted::{Response, ScriptedService};
use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use serde_json::Value;

use super::*;

#[tokio::test]
async fn a_hedge_heals_what_is_slow_now_and_then() {
    let services = Services::start().unwrap();
    // A busy machine is not slow enough for a hedge.
    let heart = "[hedge]\nenabled = true\nmin-delay = \"100ms\"\n[cache]\nenabled = false\n\
                 [retry]\nmin-per-second = 0";
    let host = Setup::new()
        .service("heart", &services.url(Service::Heart), heart)
        .relay("r", "")
        .start()
        .await;
    let path = "/r/heart/users/ada/days/2026-01-15";
    // Without latency samples nothing is hedged, and these calls pay for the first hedges.
    for _ in 0..100 {
        assert_eq!(get(&host, path).await.status, 200);
    }
    // Calls that follow each other: a hedge is the service's next request, and with this seed no
    // two slow ones are neighbours.
    let tail = Fault::heavy_tail(Duration::from_secs(60), 5.0, 2);
    services.set_fault(Service::Heart, tail).await.unwrap();
    for _ in 0..150 {
        let reply = get(&host, path).await;
        assert_eq!((reply.status.as_u16(), degraded(&reply)), (200, ""));
    }
    assert!(event(&host, "heart", "hedge").await >= 1.0);
    assert_eq!(event(&host, "heart", "retry").await, 0.0);
    not_amplified(250, services.counts(Service::Heart).requests);
    // The slow call was cancelled.
    services.wait_for_aborted(Service::Heart, 1).await;
}

/// An endpoint that resets every connection while it is set to fail.
fn place(bad: Arc<AtomicBool>) -> ScriptedService {
    let answer = move |_| match bad.load(Ordering::SeqCst) {
        true => Response::reset(),
        false => Response::text("ok"),
    };
    ScriptedService::start(answer).unwrap()
}

async fn endpoint(host: &TestHost, at: &ScriptedService) -> Value {
    let state = state(host, "svc").await;
    let all = state["endpoints"].as_array().unwrap();
    let at = at.address().to_string();
    all.iter()
        .find(|one| one["authority"] == *at)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn one_bad_endpoint_of_three_is_left_out_and_taken_back() {
    let bad = Arc::new(AtomicBool::new(true));
    let good = Arc::new(AtomicBool::new(false));
    let places = [place(bad.clone()), place(good.clone()), place(good)];
    let urls: Vec<String> = places.iter().map(|at| at.url()).collect();
    let host = Setup::new()
        .service_at(
            "svc",
            &urls,
            "[ejection]\nfailures = 2\ntime = \"300ms\"\n[retry]\nmin-per-second = 0",
        )
        .relay("r", "")
        .start()
        .await;
    let asked = || places.iter().map(|at| at.count() as u64).sum::<u64>();
    let calls = AtomicU64::new(0);
    let call = async || {
        let number = calls.fetch_add(1, Ordering::SeqCst);
        get(&host, &format!("/r/svc/{number}")).await.status == 200
    };
    // Side by side, so that the first ones go everywhere.
    let burst = async || join_all((0..10).map(|_| call())).await;
    let mut failed = 0;
    for _ in 0..10 {
        failed += burst().await.into_iter().filter(|good| !good).count();
    }
    assert!(failed <= 3, "{failed} of 100 calls failed");
    not_amplified(100, asked());
    let out = eventually("the bad endpoint to be left out", async || {
        burst().await;
        let state = endpoint(&host, &places[0]).await;
        (state["state"] == "ejected").then_some(state)
    })
    .await;
    assert!(
        out["why"].as_str().unwrap().contains("failed too often"),
        "{out}"
    );
    for at in &places[1..] {
        assert_eq!(endpoint(&host, at).await["state"], "good");
    }

    bad.store(false, Ordering::SeqCst);
    let before = places[0].count();
    eventually("the endpoint to be asked again", async || {
        assert!(call().await);
        (places[0].count() > before).then_some(())
    })
    .await;
    assert_eq!(endpoint(&host, &places[0]).await["state"], "good");
    let labels = [("service", "svc")];
    let all_good = metric(&host, "tailor_downstream_endpoints_good", &labels).await;
    assert_eq!(all_good, Some(3.0));
}

#[tokio::test]
async fn a_server_that_listens_on_one_family_of_localhost_fails_no_call() {
    // On many machines `localhost` is ::1 as well, without a listener.
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let url = format!("http://localhost:{}", site.address().port());
    let host = Setup::new()
        .service("svc", &url, "[retry]\nmax = 0")
        .relay("r", "")
        .start()
        .await;
    for number in 0..50 {
        assert_eq!(get(&host, &format!("/r/svc/{number}")).await.text(), "ok");
    }
    let state = state(&host, "svc").await;
    let all = state["endpoints"].as_array().unwrap();
    let mut served = all
        .iter()
        .filter(|one| one["address"] == site.address().to_string());
    assert_eq!(served.next().unwrap()["state"], "good");
    assert!(
        all.iter()
            .all(|one| format!("http://{}", one["authority"].as_str().unwrap()) == url)
    );
}

#[tokio::test]
async fn a_hedge_goes_to_another_endpoint() {
    // The first endpoint is much faster, except for the call that hangs there.
    let fast = ScriptedService::start(|request| match request.path() {
        "/slow" => Response::hang(),
        _ => Response::text("fast"),
    });
    let fast = fast.unwrap();
    let slow = ScriptedService::start(|_| {
        let slow = tokio::time::sleep(Duration::from_millis(100));
        Response::text("slow").after(slow)
    });
    let slow = slow.unwrap();
    let settings = "[hedge]\nenabled = true\nmin-delay = \"200ms\"";
    let host = Setup::new()
        .service_at("svc", &[fast.url(), slow.url()], settings)
        .relay("r", "")
        .start()
        .await;
    for number in 0..100 {
        let reply = get(&host, &format!("/r/svc/{number}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let reply = get(&host, "/r/svc/slow").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, "slow")
    );
    let hung = fast.requests().into_iter();
    let hung = hung.filter(|request| request.path() == "/slow").count();
    assert_eq!(hung, 1);
    assert_eq!(event(&host, "svc", "hedge").await, 1.0);
}

#[tokio::test]
async fn a_hedge_that_finds_no_permit_is_none() {
    let site = ScriptedService::start(|request| {
        let answer = Response::text(request.number.to_string());
        match request.path() {
            "/slow" => answer.after(tokio::time::sleep(Duration::from_millis(300))),
            _ => answer,
        }
    });
    let site = site.unwrap();
    let settings = "max-calls = 1\n[hedge]\nenabled = true";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    for number in 0..100 {
        get(&host, &format!("/r/svc/{number}")).await;
    }
    assert_eq!(get(&host, "/r/svc/slow").await.text(), "101");
    assert_eq!(event(&host, "svc", "hedge").await, 0.0);
    assert_eq!(event(&host, "svc", "retry").await, 0.0);
}
