//! Who is blamed: one caller, one path or one endpoint does not decide for all of a service.

use downstream_mock::scripted::{Response, ScriptedService};
use futures_util::future::join_all;

use super::*;
use crate::downstream::relay::{failure, relay};

/// A service that answers at once, but for the paths below `/slow`, which it never answers.
fn slow_in_places() -> ScriptedService {
    ScriptedService::start(|request| match request.path().starts_with("/slow") {
        true => Response::hang(),
        false => Response::text("ok"),
    })
    .unwrap()
}

#[tokio::test]
async fn a_caller_in_a_hurry_takes_the_service_from_nobody() {
    let site = slow_in_places();
    let host = Setup::new()
        .service("svc", &site.url(), "[breaker]\nmin-calls = 3")
        .relay_of("hurried", &relay("v1", Some(60)), "")
        .relay("patient", "")
        .start()
        .await;
    let paths: Vec<String> = (0..10)
        .map(|number| format!("/hurried/svc/slow/{number}"))
        .collect();
    for reply in join_all(paths.iter().map(|path| get(&host, path))).await {
        assert_eq!(failure(&reply), Some(("timeout", true)), "{reply:?}");
        assert!(reply.text().contains("all the time"), "{}", reply.text());
    }
    assert_eq!(breaker(&host, "svc").await, "closed");
    assert_eq!(get(&host, "/patient/svc/x").await.text(), "ok");
    assert_eq!(event(&host, "svc", "breaker-opened").await, 0.0);
}
