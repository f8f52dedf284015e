//! What a BFF may call, and under which limits.

use downstream_mock::scripted::{Gate, Response, ScriptedService};

use super::*;
use crate::downstream::relay::{failure, relay_with_profile};
use crate::wire::soon;

#[tokio::test]
async fn a_call_that_is_not_granted_is_not_made() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
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
        made += usize::from(granted);
        assert_eq!(site.count(), made, "{method} {path}");
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
    let gate = Gate::new();
    let passed = gate.clone();
    let answer = move |_| Response::text("ok").after(passed.pass());
    let site = ScriptedService::start(answer).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "[retry]\nmax = 0")
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
    assert_eq!(site.count(), 0);

    // The same call, under way twice: one of the two callers has a short time limit.
    let plain = get(&host, "/plain/svc/x");
    let hasty = async {
        soon(site.wait_for(1)).await;
        let reply = get(&host, "/hasty/svc/x").await;
        assert_eq!(
            failure(&reply).map(|(kind, _)| kind),
            Some("timeout"),
            "{reply:?}"
        );
        assert_eq!(degraded(&reply), "svc;failed=timeout");
        gate.open(9);
    };
    let (plain, ()) = tokio::join!(plain, hasty);
    assert_eq!((plain.status.as_u16(), plain.text().as_str()), (200, "ok"));
}
