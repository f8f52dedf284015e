//! One service fails in several ways: the rest of the answer comes in time, and all of it when the
//! service is back.

use downstream_mock::scripted::{Response, ScriptedService};
use downstream_mock::{Fault, Garbling, Service, Services};
use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::downstream::answering;
use crate::downstream::relay::failure;
use crate::observe::calls;

/// A day of January, so that calls differ.
fn watch(day: usize) -> String {
    format!("/watch/ada?date=2026-01-{day:02}")
}

fn dashboard(day: usize) -> String {
    format!("/dashboard/grace?date=2026-01-{day:02}")
}

/// Both BFFs, and a heart service with these settings.
async fn with_heart(services: &Services, heart: &'static str) -> TestHost {
    let settings = |service| match service {
        Service::Heart => heart,
        _ => "",
    };
    Setup::new()
        .mock(services, settings)
        .examples()
        .start()
        .await
}

fn without_heart(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store", "{reply:?}");
    let body = reply.json();
    assert!(body["heart"].is_null(), "{body}");
    assert!(!body["sleep"].is_null(), "{body}");
}

/// Sends requests until the breaker has rejected a call, and then a hundred more: none of these
/// reaches the service.
async fn rejects(host: &TestHost, services: &Services) {
    eventually("a call that is rejected", async || {
        let before = services.counts(Service::Heart).requests;
        let reply = get(host, &watch(30)).await;
        without_heart(&reply);
        let rejected = degraded(&reply) == "heart;failed=rejected";
        if rejected {
            assert_eq!(services.counts(Service::Heart).requests, before);
        }
        rejected.then_some(())
    })
    .await;
    assert_ne!(breaker(host, "heart").await, "closed");
    let labels = [("service", "heart")];
    let shown = metric(host, "tailor_downstream_breaker_state", &labels).await;
    assert!(shown >= Some(1.0), "{shown:?}");
    assert!(event(host, "heart", "breaker-opened").await >= 1.0);
    assert!(event(host, "heart", "breaker-open").await >= 1.0);
    let many = (0..100)
        .map(|turn| watch(1 + turn % 28))
        .collect::<Vec<_>>();
    for replies in many.chunks(10) {
        for reply in join_all(replies.iter().map(|path| get(host, path))).await {
            without_heart(&reply);
        }
    }
}

async fn closes(host: &TestHost) {
    for path in [watch(15), dashboard(15)] {
        let reply = recovered(host, &path).await;
        assert!(!reply.json()["heart"].is_null(), "{}", reply.text());
        assert!(reply.header("cache-control").contains("max-age"));
    }
    assert_eq!(breaker(host, "heart").await, "closed");
    assert!(event(host, "heart", "breaker-closed").await >= 1.0);
}

#[tokio::test]
async fn a_service_that_hangs_is_soon_left_alone_and_comes_back() {
    let services = Services::start().unwrap();
    let heart = "timeout = \"600ms\"\nfirst-byte-timeout = \"300ms\"\n\
                 [breaker]\nmin-calls = 8\nopen-for = \"300ms\"\n[retry]\nmin-per-second = 0";
    let host = with_heart(&services, heart).await;
    services
        .set_fault(Service::Heart, Fault::hang())
        .await
        .unwrap();
    let paths: Vec<String> = (1..=8)
        .flat_map(|day| [watch(day), dashboard(day)])
        .collect();
    for reply in join_all(paths.iter().map(|path| get(&host, path))).await {
        without_heart(&reply);
        let said = degraded(&reply);
        assert!(said.starts_with("heart;failed="), "{said}");
    }
    assert!(calls(&host, "heart", "timeout").await >= 8.0);
    rejects(&host, &services).await;
    not_amplified(116, services.counts(Service::Heart).requests);
    services.clear_fault(Service::Heart).await.unwrap();
    closes(&host).await;
}

#[tokio::test]
async fn a_service_that_is_down_is_soon_left_alone_and_comes_back() {
    let services = Services::start().unwrap();
    let host = with_heart(&services, "[breaker]\nmin-calls = 5\nopen-for = \"200ms\"").await;
    recovered(&host, &watch(29)).await;
    services
        .set_fault(Service::Heart, Fault::refuse())
        .await
        .unwrap();
    let before = services.counts(Service::Heart).requests;
    let first = get(&host, &watch(1)).await;
    without_heart(&first);
    assert_eq!(degraded(&first), "heart;failed=unreachable");
    rejects(&host, &services).await;
    assert_eq!(services.counts(Service::Heart).requests, before);
    services.clear_fault(Service::Heart).await.unwrap();
    closes(&host).await;
}

/// A relay to the heart service whose breaker is off, so that every call is made.
async fn relay_to_heart(services: &Services) -> TestHost {
    Setup::new()
        .service(
            "heart",
            &services.url(Service::Heart),
            "[breaker]\nenabled = false\n[retry]\nmin-per-second = 0",
        )
        .relay("r", "")
        .start()
        .await
}

fn day(number: usize) -> String {
    format!(
        "/r/heart/users/ada/days/2025-{:02}-{:02}",
        1 + number / 28,
        1 + number % 28
    )
}

#[tokio::test]
async fn a_connection_that_is_reset_once_is_no_news_for_the_client() {
    let services = Services::start().unwrap();
    let host = relay_to_heart(&services).await;
    let once = Fault::reset().times(1);
    services.set_fault(Service::Heart, once).await.unwrap();
    let reply = get(&host, &day(0)).await;
    assert_eq!((reply.status.as_u16(), degraded(&reply)), (200, ""));
    assert_eq!(event(&host, "heart", "retry").await, 1.0);
    assert_eq!(services.counts(Service::Heart).requests, 2);
}

#[tokio::test]
async fn a_service_that_resets_every_connection_is_not_asked_much_more_often() {
    let services = Services::start().unwrap();
    let host = relay_to_heart(&services).await;
    services
        .set_fault(Service::Heart, Fault::reset())
        .await
        .unwrap();
    for numbers in (0..120).collect::<Vec<_>>().chunks(8) {
        for reply in join_all(
            numbers
                .iter()
                .map(async |number| get(&host, &day(*number)).await),
        )
        .await
        {
            assert_eq!(failure(&reply), Some(("interrupted", true)), "{reply:?}");
            assert_eq!(degraded(&reply), "heart;failed=interrupted");
        }
    }
    not_amplified(120, services.counts(Service::Heart).requests);
    assert!(event(&host, "heart", "retry").await >= 5.0);
    services.clear_fault(Service::Heart).await.unwrap();
    recovered(&host, &day(0)).await;
}

#[tokio::test]
async fn what_is_not_http_is_told_as_such_and_not_asked_for_again() {
    let services = Services::start().unwrap();
    let garbage = answering("SSH-2.0-OpenSSH_9.7\r\n\r\n");
    let host = Setup::new()
        .mock(&services, |_| "")
        .service("garbage", &garbage.url(), "")
        .relay("r", "")
        .start()
        .await;
    for turn in 1..=3 {
        let reply = get(&host, "/r/garbage/x").await;
        assert_eq!(failure(&reply), Some(("malformed", true)), "{reply:?}");
        assert!(reply.text().contains("not HTTP"), "{}", reply.text());
        assert_eq!(degraded(&reply), "garbage;failed=malformed");
        assert_eq!(garbage.count(), turn);
    }
    recovered(&host, "/r/profile/users/ada").await;
}

#[tokio::test]
async fn json_that_is_cut_off_costs_its_part_alone() {
    let services = Services::start().unwrap();
    let host = with_heart(&services, "").await;
    for garbling in [Garbling::Truncated, Garbling::Garbage] {
        let fault = Fault::invalid_json(garbling);
        services.set_fault(Service::Heart, fault).await.unwrap();
        for path in [watch(1), dashboard(1)] {
            let reply = get(&host, &path).await;
            without_heart(&reply);
            assert_eq!(degraded(&reply), "heart;failed=malformed");
        }
        services.clear_fault(Service::Heart).await.unwrap();
        recovered(&host, &watch(1)).await;
    }
    assert_eq!(calls(&host, "heart", "malformed").await, 4.0);
}

#[tokio::test]
async fn an_unknown_name_costs_its_part_alone() {
    let services = Services::start().unwrap();
    let heart = "connect-timeout = \"2s\"\n[retry]\nmax = 0";
    let mut setup = Setup::new();
    for service in Service::ALL {
        setup = match service {
            Service::Heart => setup.service("heart", "http://heart.invalid", heart),
            _ => setup.service(service.name(), &services.url(service), ""),
        };
    }
    let host = setup.examples().relay("r", "").start().await;
    for path in [watch(1), dashboard(1)] {
        let reply = get(&host, &path).await;
        without_heart(&reply);
        // A resolver that answers with an error, and one that never answers.
        let said = ["heart;failed=unreachable", "heart;failed=timeout"];
        assert!(said.contains(&degraded(&reply)), "{}", degraded(&reply));
    }
    let (_, sent) = failure(&get(&host, "/r/heart/x").await).unwrap();
    assert!(!sent);
    assert_eq!(get(&host, "/r/profile/users/ada").await.status, 200);
    assert_eq!(
        state(&host, "profile").await["endpoints"][0]["state"],
        json!("good")
    );
}

#[tokio::test]
async fn a_service_that_answers_without_end_does_not_hold_the_answer_up() {
    let services = Services::start().unwrap();
    let pause = Duration::from_millis(5);
    let answer = move |_| Response::new(200).repeat("x", pause);
    let endless = ScriptedService::start(answer).unwrap();
    let mut setup = Setup::new();
    for service in Service::ALL {
        let url = match service {
            Service::Heart => endless.url(),
            _ => services.url(service),
        };
        let settings = if service == Service::Heart {
            "timeout = \"300ms\""
        } else {
            ""
        };
        setup = setup.service(service.name(), &url, settings);
    }
    let host = setup.examples().start().await;
    let reply = get(&host, &watch(1)).await;
    without_heart(&reply);
    assert_eq!(degraded(&reply), "heart;failed=timeout");
    eventually("the host hangs up", async || {
        (endless.open() == 0).then_some(())
    })
    .await;
}
