//! The process may open no more files: clients wait, operators do not, and what failed is tried
//! again.

use std::process::Command;

use tailor_harness::{Files, Process, TestHost};

use crate::modules::{self, ECHO, Part};
use crate::wire::{ClientResponse, Wire, get, until};

/// A configuration with a BFF that answers with its path.
fn write(more: &str) -> (std::path::PathBuf, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let config = format!("log.format = \"json\"\n{more}");
    builder
        .unwrap()
        .config(&config)
        .config(ECHO)
        .write()
        .unwrap()
}

async fn admin(process: &Process, path: &str) -> ClientResponse {
    Wire::ask(process.admin_address().unwrap(), &get(path, "")).await
}

fn says(text: &'static str) -> impl Fn(&serde_json::Value) -> bool {
    move |line| line["message"].as_str().is_some_and(|it| it.contains(text))
}

/// The numbers of the open files.
fn open_files(process: &Process) -> Vec<u64> {
    let folder = std::fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name());
    let mut numbers: Vec<u64> = names
        .map(|name| name.to_str().unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// The same, once nothing is opened or closed any more for several looks at the component file.
async fn settled_files(process: &Process) -> Vec<u64> {
    let mut before = Vec::new();
    let mut equal = 0;
    loop {
        let now = open_files(process);
        equal = if now == before { equal + 1 } else { 0 };
        if equal == 10 {
            return now;
        }
        before = now;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[test]
fn the_soft_limit_is_raised_to_the_hard_one() {
    let (path, _files) = write("server.max-connections = 20");
    let process = Process::serve_within(&path, 64, 512).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let numbers: Vec<&str> = line.unwrap().split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers, ["512", "512"]);
    // It fits: there is no warning.
    assert!(!process.log().iter().any(says("open files")));
}

#[test]
fn a_limit_that_is_too_small_is_told_at_start_and_in_check() {
    let (path, _files) = write("server.max-connections = 5000");
    let process = Process::serve_within(&path, 300, 300).unwrap();
    let line = process.wait_for(says("open files")).unwrap();
    assert_eq!(line["level"], "WARN");
    let check = Process::within(300, 300)
        .unwrap()
        .args(["check", "--config"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(check.status.success());
    let said = String::from_utf8(check.stdout).unwrap();
    for said in [line["message"].as_str().unwrap(), &said] {
        for part in [
            "server.max-connections (5000)",
            "the limit is 300",
            "ulimit -n 5",
            "LimitNOFILE=5",
            "connections of clients are taken",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[tokio::test]
async fn clients_leave_files_for_operators_and_components() {
    let (path, files) = write("");
    let process = Process::serve_within(&path, 220, 220).unwrap();
    let address = process.address().unwrap();
    let mut clients = Vec::new();
    for _ in 0..300 {
        clients.push(Wire::connect(address).await);
    }
    // The first ones are taken, and served.
    for client in &mut clients[..5] {
        client.send(&get("/echo/x", "")).await;
        assert_eq!(client.answer().await.body, "/x");
    }
    for path in ["/livez", "/readyz", "/metrics", "/bffs"] {
        assert_eq!(admin(&process, path).await.status, 200, "{path}");
    }
    let component = files.path().join("echo.wasm");
    std::fs::write(&component, modules::echo(Part::Host)).unwrap();
    process.wait_for(says("new version is live")).unwrap();
    assert!(!process.log().iter().any(says("not accepted")));
    // Waiting clients are accepted when others disconnect.
    let mut last = clients.pop().unwrap();
    drop(clients);
    last.send(&get("/echo/x?a=b", "")).await;
    assert_eq!(last.answer().await.status, 200);
}

/// Sets the soft limit of a running host, `None` to what it was; `false` where nothing can.
fn limit(process: &Process, files: u64) -> bool {
    Command::new("prlimit")
        .arg(format!("--pid={}", process.id()))
        .arg(format!("--nofile={files}:"))
        .status()
        .is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_version_that_no_file_was_left_for_is_tried_again_and_health_answers() {
    let (path, files) = write("");
    let process = Process::serve_within(&path, 512, 512).unwrap();
    let mut client = Wire::connect(process.address().unwrap()).await;
    client.send(&get("/echo/x", "")).await;
    assert_eq!(client.answer().await.body, "/x");
    let mut operator = Wire::connect(process.admin_address().unwrap()).await;
    operator.send(&get("/livez", "")).await;
    operator.answer().await;

    // From now on, there is no number for one more file.
    let open = settled_files(&process).await;
    let free = (0..).find(|number| !open.contains(number)).unwrap();
    if !limit(&process, free) {
        eprintln!("left out: there is no prlimit here");
        return;
    }
    for _ in 0..3 {
        assert_eq!(admin(&process, "/livez").await.body, "ok\n");
    }
    assert_eq!(admin(&process, "/readyz").await.body, "ready\n");
    // The closed spare file is open again.
    assert_eq!(settled_files(&process).await, open);

    let component = files.path().join("echo.wasm");
    std::fs::write(&component, modules::echo(Part::Host)).unwrap();
    let line = process.wait_for(says("tried again")).unwrap();
    assert_eq!(line["level"], "WARN");
    client.send(&get("/echo/x", "")).await;
    assert_eq!(client.answer().await.body, "/x");
    operator.send(&get("/bffs", "")).await;
    let state: serde_json::Value = serde_json::from_str(&operator.answer().await.body).unwrap();
    let reason = state["bffs"]["echo"]["refused"]["reason"].as_str().unwrap();
    assert!(reason.contains("Too many open files"), "{reason}");

    // The file is not touched.
    assert!(limit(&process, 512));
    process.wait_for(says("new version is live")).unwrap();
    let state = until(async || {
        let state = admin(&process, "/bffs").await;
        (state.status == 200).then_some(state.body)
    });
    let state: serde_json::Value = serde_json::from_str(&state.await).unwrap();
    assert!(state["bffs"]["echo"]["refused"].is_null(), "{state}");
    let metrics = admin(&process, "/metrics").await.body;
    let postponed = "tailor_swaps_total{bff=\"echo\",result=\"postponed\"}";
    assert!(metrics.contains(postponed), "{metrics}");
}
