//! The settings of a service change while the host runs: they take effect, and the state of the
//! service stays.

use downstream_mock::scripted::{Gate, Response, ScriptedService};

use super::*;
use crate::downstream::relay::failure;
use crate::wire::soon;

/// Puts `new` in the place of `old` in the configuration, and has the host read it.
pub async fn change(host: &TestHost, old: &str, new: &str) -> Result<(), String> {
    let path = host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{old:?} is not in {text}");
    let text = text.replace(old, new);
    host.replace("tailor.toml", text.as_bytes()).unwrap();
    let changed = host.host().reload().await;
    changed.map(drop).map_err(|error| error.to_string())
}

/// A service whose answers may be stored, and say which request they answer.
fn numbered() -> ScriptedService {
    ScriptedService::start(|request| {
        let answer = Response::text(request.number.to_string());
        answer.header("cache-control", "max-age=600")
    })
    .unwrap()
}

#[tokio::test]
async fn stored_answers_and_connections_stay() {
    let site = numbered();
    let settings = "max-response-size = \"1MiB\"\n[cache]\nmax-size = \"1MiB\"\n[retry]\nmax = 1";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "1");
    for (old, new) in [
        ("timeout = \"5s\"", "timeout = \"4s\""),
        (
            "max-response-size = \"1MiB\"",
            "max-response-size = \"2MiB\"",
        ),
        ("max = 1", "max = 2"),
        ("max-size = \"1MiB\"", "max-size = \"2MiB\"\nttl = \"1s\""),
        ("[downstream.svc]", "[downstream.svc]\nmax-calls = 3"),
        ("[downstream.svc]", "[downstream.svc]\ncoalesce = false"),
    ] {
        change(&host, old, new).await.unwrap();
        assert_eq!(get(&host, "/r/svc/x").await.text(), "1", "{new}");
        let state = state(&host, "svc").await;
        assert_eq!(state["connections"], 1, "{new}");
    }
    // A write voids what was stored under other settings, too.
    let posted = host
        .request("POST", "/r/svc/x")
        .body(Default::default())
        .unwrap();
    host.send(posted).await.unwrap();
    assert_eq!(get(&host, "/r/svc/x").await.text(), "3");
}

#[tokio::test]
async fn answers_to_other_credentials_or_of_another_place_do_not_stay() {
    let (site, other) = (numbered(), numbered());
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .file("token", "secret\n")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "1");
    let credentials = "[downstream.svc.credentials]\nbearer-file = \"token\"\n[bff.r]";
    change(&host, "[bff.r]", credentials).await.unwrap();
    assert_eq!(get(&host, "/r/svc/x").await.text(), "2");
    change(&host, &site.url(), &other.url()).await.unwrap();
    assert_eq!(get(&host, "/r/svc/x").await.text(), "1");
    assert_eq!(other.count(), 1);
}

#[tokio::test]
async fn a_breaker_stays_as_it_is() {
    let site = numbered();
    let host = Setup::new()
        .service("svc", &site.url(), "[breaker]\nmin-calls = 20")
        .relay("r", "")
        .start()
        .await;
    let order = "/downstreams/svc/breaker?state=open";
    assert_eq!(host.steer(order, &[]).await.unwrap().status, 200);
    for (old, new) in [
        ("timeout = \"5s\"", "timeout = \"4s\""),
        ("min-calls = 20", "min-calls = 30"),
    ] {
        change(&host, old, new).await.unwrap();
        let reply = get(&host, "/r/svc/x").await;
        assert_eq!(failure(&reply), Some(("rejected", false)), "{new}");
    }
    assert_eq!(site.count(), 0);
}

#[tokio::test]
async fn calls_under_way_count_towards_the_new_limit() {
    let gate = Gate::new();
    let passed = gate.clone();
    let site = ScriptedService::start(move |request| {
        let ok = Response::text("ok");
        match request.path() {
            "/slow" => ok.after(passed.pass()),
            _ => ok,
        }
    })
    .unwrap();
    let settings = "max-calls = 8\nmax-queued = 8\nqueue-timeout = \"5s\"";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    let slow = get(&host, "/r/svc/slow");
    let rest = async {
        soon(site.wait_for(1)).await;
        // A reload that is refused leaves the limit that was in force.
        let refused = "max-calls = 1\nmax-queued = 0\n[downstream.svc.nonsense]";
        let before = "max-calls = 8\nmax-queued = 8\n";
        assert!(change(&host, before, refused).await.is_err());
        assert_eq!(get(&host, "/r/svc/y").await.text(), "ok");
        change(&host, refused, "max-calls = 1\nmax-queued = 0\n")
            .await
            .unwrap();
        assert_eq!(state(&host, "svc").await["in_flight"], 1);
        let reply = get(&host, "/r/svc/z").await;
        assert_eq!(failure(&reply), Some(("overloaded", false)), "{reply:?}");
        gate.open(1);
    };
    let (slow, ()) = tokio::join!(slow, rest);
    assert_eq!(slow.text(), "ok");
    assert_eq!(get(&host, "/r/svc/z").await.text(), "ok");
}
