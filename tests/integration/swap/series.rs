//! The series of `/metrics` follow the configuration: they go with the BFF or service that a reload
//! removes, begin anew when the name comes back, and go on through every other change.

use futures_util::future::select;
use tailor_harness::TestHost;

use super::page::page;
use super::running::{holding, host};
use super::{PAGE, edit, live, swaps};
use crate::observe::{metric, samples};

async fn reload(host: &TestHost) {
    host.host().reload().await.unwrap();
}

/// Puts the page in the place of the relay and of its service, and returns the text of the
/// configuration before.
async fn remove_relay(host: &TestHost) -> Vec<u8> {
    let before = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    host.replace("page.wasm", &page("w1")).unwrap();
    edit(host, |text| {
        let (start, _) = text.split_once("[bff.relay]").unwrap();
        format!("{start}{PAGE}")
    });
    reload(host).await;
    before
}

/// The lines of `/metrics` about the relay and its service.
async fn of_relay(host: &TestHost) -> Vec<String> {
    let text = host.admin("/metrics").await.unwrap().text();
    let named = |line: &str| line.contains("bff=\"relay\"") || line.contains("service=\"svc\"");
    text.lines()
        .filter(|line| named(line))
        .map(str::to_owned)
        .collect()
}

/// Names of series, without those that exist only once something has happened.
fn names(lines: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| *name != "tailor_swaps_total")
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What is counted, rather than read: all of it must be zero for a BFF and a service that are new.
async fn counted(host: &TestHost) -> Vec<(&'static str, Option<f64>)> {
    let text = host.admin("/metrics").await.unwrap().text();
    let of = |name, label, value| (name, samples(&text, name, &[(label, value)]));
    vec![
        of("tailor_requests_total", "bff", "relay"),
        of("tailor_request_duration_seconds_count", "bff", "relay"),
        of("tailor_guest_cpu_seconds_count", "bff", "relay"),
        of("tailor_guest_memory_bytes_count", "bff", "relay"),
        of("tailor_downstream_calls_total", "service", "svc"),
        of("tailor_downstream_duration_seconds_count", "service", "svc"),
        of("tailor_downstream_queue_seconds_count", "service", "svc"),
        of("tailor_downstream_events_total", "service", "svc"),
    ]
}

fn all_zero(counted: &[(&'static str, Option<f64>)]) {
    for (name, value) in counted {
        assert_eq!(*value, Some(0.0), "{name}");
    }
}

#[tokio::test]
async fn series_go_with_what_a_reload_removes_and_begin_anew_when_it_comes_back() {
    let (service, _gate) = holding();
    let host = host(&service).await;
    assert_eq!(host.get("/x").await.unwrap().status, 200);
    let before = of_relay(&host).await;
    assert!(names(&before).len() > 15, "{before:?}");

    let with_relay = remove_relay(&host).await;
    assert_eq!(of_relay(&host).await.first(), None);
    let running = metric(&host, "tailor_bff_running", &[("bff", "page")]).await;
    assert_eq!(running, Some(0.0));

    host.replace("tailor.toml", &with_relay).unwrap();
    reload(&host).await;
    assert_eq!(names(&of_relay(&host).await), names(&before));
    all_zero(&counted(&host).await);
    assert_eq!(swaps(&host, "relay", "published").await, 1.0);
    assert_eq!(host.get("/x").await.unwrap().status, 200);
    let counted = counted(&host).await;
    assert_eq!(counted[0], ("tailor_requests_total", Some(1.0)));
    assert_eq!(counted[4], ("tailor_downstream_calls_total", Some(1.0)));
}

#[tokio::test]
async fn requests_on_what_was_removed_count_for_nothing_that_came_back() {
    let (service, gate) = holding();
    let host = host(&service).await;
    // Each answer is too large, so that its outcome is one that has a series only once it has
    // happened.
    edit(&host, |text| {
        text + "[bff.relay.limits]\nresponse-size = \"1B\"\n"
    });
    reload(&host).await;
    let mut held = select(Box::pin(host.get("/held/a")), Box::pin(host.get("/held/b")));
    tokio::select! {
        ended = &mut held => {
            let (reply, _) = ended.factor_first();
            panic!("no request is let go yet: {reply:?}")
        }
        _ = service.wait_for(2) => {}
    }
    let with_relay = remove_relay(&host).await;
    // One of them ends while the name is gone,
    gate.open(1);
    let (first, other) = held.await.factor_first();
    assert_eq!(of_relay(&host).await.first(), None);
    host.replace("tailor.toml", &with_relay).unwrap();
    reload(&host).await;
    // the other one when it is there again.
    gate.open(1);
    for reply in [first, other.await] {
        let reply = reply.unwrap();
        assert_eq!(reply.header("tailor-error"), "bff-response-too-large");
    }
    all_zero(&counted(&host).await);
    let version = live(&host, "relay").await;
    let labels = [("version", version.as_str()), ("outcome", "2xx")];
    let answered = metric(&host, "tailor_requests_total", &labels).await;
    assert_eq!(answered, Some(0.0));
    assert_eq!(host.get("/x").await.unwrap().status, 502);
    let labels = [("bff", "relay"), ("outcome", "bff-response-too-large")];
    let failed = metric(&host, "tailor_requests_total", &labels).await;
    assert_eq!(failed, Some(1.0));
}

#[tokio::test]
async fn counts_go_on_when_settings_change() {
    let (service, _gate) = holding();
    let host = host(&service).await;
    assert_eq!(host.get("/x").await.unwrap().status, 200);
    edit(&host, |text| {
        text.replace("deadline = \"60s\"", "deadline = \"59s\"")
            .replace("timeout = \"50s\"", "timeout = \"49s\"")
    });
    reload(&host).await;
    assert_eq!(host.get("/x").await.unwrap().status, 200);
    let counted = counted(&host).await;
    assert_eq!(counted[0], ("tailor_requests_total", Some(2.0)));
    let duration = "tailor_request_duration_seconds_count";
    assert_eq!(counted[1], (duration, Some(2.0)));
    assert_eq!(counted[4], ("tailor_downstream_calls_total", Some(2.0)));
}

#[tokio::test]
async fn a_bff_that_was_refused_and_given_up_has_no_series() {
    let (service, _gate) = holding();
    let host = host(&service).await;
    let before = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    host.replace("bad.wasm", b"nonsense").unwrap();
    edit(&host, |text| {
        text + "[bff.bad]\ncomponent = \"bad.wasm\"\n[[route]]\nbff = \"bad\"\npath = \"/bad\"\n"
    });
    assert!(host.host().reload().await.is_err());
    assert_eq!(swaps(&host, "bad", "refused").await, 1.0);
    host.replace("tailor.toml", &before).unwrap();
    reload(&host).await;
    let refused = metric(&host, "tailor_swaps_total", &[("bff", "bad")]).await;
    assert_eq!(refused, None);
}
