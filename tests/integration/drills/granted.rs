//! What a BFF may call, and under which limits it may ask for it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::site::{Site, answer};
use super::*;
use crate::downstream::relay::{failure, relay_with_profile};

#[tokio::test]
async fn a_call_that_is_not_granted_is_not_made() {
    let site = Site::start(async |_, _| answer(200, &[], "ok")).await;
    let host = Setup::new()
        .service(
            "svc",
            &site.url(),
            "allow = [\"GET /users/**\", \"POST /users/*\"]",
        )
        .relay("wide", "")
        .relay("narrow", "allow = { svc = [\"GET /users/*\"] }")
        .start()
        .await;
    let mut made = 0;
    for (method, path, granted) in [
        ("GET", "/wide/svc/users/ada/days", true),
        ("POST", "/wide/svc/users/ada", true),
        ("POST", "/wide/svc/users/ada/days", false),
        ("GET", "/wide/svc/admin", false),
        ("GET", "/narrow/svc/users/ada", true),
        ("GET", "/narrow/svc/users/ada/days", false),
        ("POST", "/narrow/svc/users/ada", false),
    ] {
        let request = host.request(method, path).body(Default::default()).unwrap();
        let reply = host.send(request).await.unwrap();
        made += u64::from(granted);
        assert_eq!(site.requests(), made, "{method} {path}");
        if granted {
            assert_eq!((reply.status.as_u16(), degraded(&reply)), (200, ""));
        } else {
            assert_eq!(
                failure(&reply),
                Some(("denied", false)),
                "{method} {path}: {reply:?}"
            );
            assert_eq!(degraded(&reply), "svc;failed=denied");
        }
    }
}

#[tokio::test]
async fn a_profile_sets_other_limits() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let site = Site::start(move |_, _| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            answer(200, &[], "ok")
        }
    })
    .await;
    let host = Setup::new()
        .service("svc", &site.url(), "[.retry]\nmax = 0")
        .relay("plain", "")
        .relay_of("hasty", &relay_with_profile("fast"), "")
        .relay_of("wrong", &relay_with_profile("fats"), "")
        .config("[profile.fast]\ntimeout = \"150ms\"\n[profile.patient]\nretries = 2")
        .start()
        .await;
    let reply = get(&host, "/wrong/svc/x").await;
    assert_eq!(failure(&reply), Some(("invalid", false)), "{reply:?}");
    assert!(
        reply.text().contains("defined are: fast, patient"),
        "{}",
        reply.text()
    );
    assert_eq!(site.requests(), 0);

    // The same call, under way twice: one of the two callers has no patience.
    let plain = get(&host, "/plain/svc/x");
    let hasty = async {
        eventually("the call to arrive", async || {
            (site.requests() == 1).then_some(())
        })
        .await;
        let reply = get(&host, "/hasty/svc/x").await;
        assert_eq!(
            failure(&reply).map(|(kind, _)| kind),
            Some("timeout"),
            "{reply:?}"
        );
        assert_eq!(degraded(&reply), "svc;failed=timeout");
        opened.add_permits(9);
    };
    let (plain, ()) = tokio::join!(plain, hasty);
    assert_eq!((plain.status.as_u16(), plain.text().as_str()), (200, "ok"));
}
