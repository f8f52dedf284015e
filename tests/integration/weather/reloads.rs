//! A thousand signals to reload, while clients ask.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tailor_harness::Process;

use super::{admin, ends_well, replace, write};
use crate::wire::{Wire, beside, get, until};

const SIGNALS: u32 = 1000;
const CLIENTS: usize = 4;

fn count(process: &Process, what: &str) -> usize {
    let entries = std::fs::read_dir(format!("/proc/{}/{what}", process.id()));
    entries.unwrap().count()
}

async fn reloads(process: &Process, result: &str) -> u64 {
    let metrics = admin(process, "/metrics").await;
    let name = format!("tailor_reloads_total{{result=\"{result}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |value| value.parse().unwrap())
}

async fn deadline(process: &Process) -> u64 {
    let bffs: serde_json::Value = serde_json::from_str(&admin(process, "/bffs").await).unwrap();
    bffs["bffs"]["page"]["deadline_ms"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_signals_to_reload_are_seen_by_no_client() {
    let (path, _files) = write("log.level = \"warn,tailor=info\"");
    let mut process = Process::serve(&path).unwrap();
    let (stop, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (stop, asked, address) = (stop.clone(), asked.clone(), process.address().unwrap());
            beside(async move {
                let mut wire = Wire::connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    wire.send(&get("/page/x", "")).await;
                    assert_eq!(wire.answer().await.status, 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    process.signal("HUP").unwrap();
    until(async || (reloads(&process, "done").await >= 1).then_some(())).await;
    let (threads, files) = (count(&process, "task"), count(&process, "fd"));

    let text = std::fs::read_to_string(&path).unwrap();
    let with = |seconds: u64| {
        let page = format!("[bff.page]\ndeadline = \"{seconds}s\"");
        replace(&path, text.replace("[bff.page]", &page).as_bytes());
    };
    let script = "for i in $(seq $1); do kill -HUP $0; done";
    for part in 1..=10 {
        with(10 + part);
        let (id, some) = (process.id().to_string(), (SIGNALS / 10).to_string());
        let sent = Command::new("sh").args(["-c", script, &id, &some]).status();
        assert!(sent.unwrap().success());
        let before = asked.load(Ordering::Relaxed);
        until(async || (asked.load(Ordering::Relaxed) > before).then_some(())).await;
    }
    // The last configuration is the one that stays, though signals that come together are one.
    until(async || (deadline(&process).await == 20_000).then_some(())).await;
    let done = reloads(&process, "done").await;
    assert!((2..=1001).contains(&done), "{done} reloads");
    for result in ["partial", "failed"] {
        assert_eq!(reloads(&process, result).await, 0, "{result}");
    }
    // File looks and answers to this test allocate and free.
    until(async || {
        let now = (count(&process, "task"), count(&process, "fd"));
        (now.0 <= threads + 3 && now.1 <= files + 3).then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    ends_well(&mut process);
}
