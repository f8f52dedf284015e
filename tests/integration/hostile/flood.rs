//! Too many of something: log lines, calls, handles.

use std::time::Duration;

use downstream_mock::{Fault, Outcome, Service, Services};
use serde_json::{Value, json};
use tailor_harness::{Offline, Process, components};

use super::arena::{Arena, HostileBff, TIMEOUT, builder, get};

/// Room for ten thousand of anything, but for what is limited.
const ROOM: &str = "deadline = \"30s\"\nlimits.cpu = \"20s\"";

#[tokio::test]
async fn a_log_flood_is_cut_off_and_counted() {
    let file = components::hostile().unwrap();
    let offline = Offline::from_file(&file)
        .unwrap()
        .settings(|bff| bff.limits.cpu = Duration::from_secs(1));
    let flood = offline.get("/log?lines=5000&bytes=10").await;
    assert_eq!(flood.result.unwrap().status, 200);
    assert_eq!((flood.log.len(), flood.log_dropped), (64, 5000 - 64));

    let line = offline.get("/log?lines=1&bytes=1000000").await;
    assert_eq!(line.result.unwrap().status, 200);
    assert_eq!(line.log[0].message.len(), 4096);
}

#[tokio::test]
async fn a_log_flood_leaves_the_host_s_log_readable() {
    let services = Services::start().unwrap();
    let (config, _dir) = builder(&services, &[HostileBff::guest("flood", ROOM)], "2s")
        .config("[log]\nformat = \"json\"")
        .write()
        .unwrap();
    let host = Process::serve(&config).unwrap();
    let address = host.address().unwrap();
    let (head, _) = get(address, "/flood/log?lines=5000&bytes=100000").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let access = host
        .wait_for(|line| line["target"] == "access" && line["bff"] == "flood")
        .unwrap();
    assert_eq!(access["log_lines_dropped"], 5000 - 64);
    let log = host.log();
    let lines: Vec<_> = log
        .iter()
        .filter(|line| line["target"] == "guest")
        .collect();
    assert_eq!(lines.len(), 64);
    for line in lines {
        assert_eq!(line["bff"], "flood");
        assert_eq!(line["request_id"], access["request_id"]);
        assert_eq!(line["message"].as_str().unwrap().len(), 4096);
    }
}

#[tokio::test]
async fn calls_past_the_budget_reach_no_service() {
    const BUDGET: u64 = 16;
    let arena = Arena::start(&[HostileBff::guest("calls", ROOM)]).await;
    let mut failed = 0;
    for path in ["/fetch-each", "/fetch-all"] {
        arena.services.clear_requests(Service::Goals);
        let target = format!("/calls{path}?count=10000");
        let reply = arena
            .beside_neighbour(arena.host.get(&target))
            .await
            .unwrap();
        let expected = json!({ "answered": BUDGET, "exhausted": 10_000 - BUDGET, "others": 0 });
        assert_eq!(reply.json(), expected, "{path}: {}", reply.text());
        let lacks = format!("goals;failed=exhausted;n={}", 10_000 - BUDGET);
        assert_eq!(reply.header("tailor-degraded"), lacks, "{path}");
        assert_eq!(arena.services.counts(Service::Goals).requests, BUDGET);
        failed += 10_000 - BUDGET;
        let labels = [("service", "goals"), ("outcome", "exhausted")];
        assert_eq!(
            arena.metric("tailor_downstream_calls_total", &labels).await,
            failed
        );
    }
    assert_eq!(arena.counted("calls", "2xx").await, 2);
}

#[tokio::test]
async fn handles_are_limited_and_their_calls_end_with_the_request() {
    // Nothing but the end of the request ends a call here.
    let foe = HostileBff::guest("handles", "deadline = \"1000s\"\nlimits.cpu = \"20s\"");
    let arena = Arena::with_patient_calls(&[foe], "1000s").await;
    arena
        .services
        .set_fault(Service::Goals, Fault::hang())
        .await
        .unwrap();
    arena
        .is_stopped("handles", "/start?count=5000", 502, "bff-host-limit")
        .await;
    // Calls under way are cancelled, and nothing more is sent.
    let quiet = async {
        loop {
            let requests = arena.services.requests(Service::Goals);
            let open = requests
                .iter()
                .filter(|request| request.outcome == Outcome::Open);
            if open.count() == 0 {
                break requests.len();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let sent = tokio::time::timeout(TIMEOUT, quiet)
        .await
        .expect("the calls end with the request");
    assert!(sent <= 16, "{sent} calls");

    // As many as are allowed do work.
    arena.services.clear_fault(Service::Goals).await.unwrap();
    let reply = arena.host.get("/handles/start?count=12").await.unwrap();
    assert_eq!(reply.json()["answered"], Value::from(12));
}
