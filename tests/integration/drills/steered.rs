//! What an operator can do and see while the host runs.

use downstream_mock::scripted::{Response, ScriptedService};

use super::*;
use crate::downstream::relay::failure;

#[tokio::test]
async fn an_operator_takes_a_service_out_and_puts_it_back() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "ok");
    let order = "/downstreams/svc/breaker?state=";
    let refused = host
        .steer(&format!("{order}open"), &[("origin", "https://evil.test")])
        .await;
    assert_eq!(refused.unwrap().status, 403);
    assert_eq!(get(&host, "/r/svc/x").await.text(), "ok");

    let done = host.steer(&format!("{order}open"), &[]).await.unwrap();
    assert_eq!(done.status, 200, "{}", done.text());
    let reply = get(&host, "/r/svc/x").await;
    assert_eq!(failure(&reply), Some(("rejected", false)), "{reply:?}");
    assert!(
        reply.text().contains("opened by the operator"),
        "{}",
        reply.text()
    );
    assert_eq!(degraded(&reply), "svc;failed=rejected");
    let shown = state(&host, "svc").await["breaker"].clone();
    assert_eq!(
        (&shown["state"], &shown["forced"]),
        (&"open".into(), &true.into())
    );
    let labels = [("service", "svc")];
    assert_eq!(
        metric(&host, "tailor_downstream_breaker_state", &labels).await,
        Some(2.0)
    );
    assert_eq!(site.count(), 2);

    host.steer(&format!("{order}auto"), &[]).await.unwrap();
    assert_eq!(get(&host, "/r/svc/x").await.text(), "ok");
    let shown = state(&host, "svc").await["breaker"].clone();
    assert_eq!(
        (&shown["state"], &shown["forced"]),
        (&"closed".into(), &false.into())
    );
}

#[tokio::test]
async fn a_breaker_that_is_held_closed_lets_everything_through() {
    let site = ScriptedService::start(|_| Response::new(500).body("no")).unwrap();
    let settings = "[breaker]\nmin-calls = 3\nopen-for = \"1m\"";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    host.steer("/downstreams/svc/breaker?state=closed", &[])
        .await
        .unwrap();
    for number in 1..=10 {
        let reply = get(&host, "/r/svc/x").await;
        assert_eq!(
            (reply.status.as_u16(), degraded(&reply)),
            (500, "svc;failed=status-500")
        );
        assert_eq!(site.count(), number);
    }
    host.steer("/downstreams/svc/breaker?state=auto", &[])
        .await
        .unwrap();
    for _ in 0..3 {
        assert_eq!(get(&host, "/r/svc/x").await.status, 500);
    }
    assert_eq!(
        failure(&get(&host, "/r/svc/x").await),
        Some(("rejected", false))
    );
    assert_eq!(site.count(), 13);
}

#[tokio::test]
async fn where_the_time_went_is_told_to_those_who_may_know() {
    let answer = |_| Response::text("ok").header("cache-control", "max-age=60");
    let site = ScriptedService::start(answer).unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("told", "server-timing = true")
        .relay("plain", "")
        .start()
        .await;
    let reply = get(&host, "/told/svc/x").await;
    let timing = reply.header("server-timing");
    for part in [
        "desc=\"svc live\";dur=",
        "-first-byte;dur=",
        "guest-cpu;dur=",
        "total;dur=",
    ] {
        assert!(timing.contains(part), "{part}: {timing}");
    }
    let reply = get(&host, "/told/svc/x").await;
    let timing = reply.header("server-timing");
    assert!(timing.contains("desc=\"svc cached\""), "{timing}");
    assert_eq!(get(&host, "/plain/svc/x").await.header("server-timing"), "");
}
