//! A worker fails outside of a request: its connections are lost, and nothing else. The tasks that
//! live as long as the host fail: that is detected, too.

use tailor_harness::{Process, TestHost};

use crate::modules::{self, ECHO, Part};
use crate::swap::page::{body, page};
use crate::wire::{Wire, get, until};

async fn host(workers: usize, settings: &str) -> TestHost {
    let builder = TestHost::builder().unwrap().workers(workers);
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

async fn asked(host: &TestHost) -> u16 {
    Wire::ask(host.address(), &get("/echo/x", "")).await.status
}

async fn restarts(host: &TestHost, count: u64) {
    let line = format!("tailor_worker_restarts_total {count}\n");
    until(async || {
        let metrics = host.admin("/metrics").await.unwrap().text();
        metrics.contains(&line).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_is_started_anew_without_its_connections() {
    let host = host(1, "").await;
    let mut lost = Wire::connect(host.address()).await;
    lost.send(&get("/echo/x", "")).await;
    assert_eq!(lost.answer().await.status, 200);
    assert_eq!(host.get_http2("/echo/x").await.unwrap().status, 200);
    host.host().fail_worker(0);
    assert_eq!(lost.rest().await, "");
    restarts(&host, 1).await;
    assert_eq!(asked(&host).await, 200);
    let asked = until(async || host.get_http2("/echo/x").await.ok());
    assert_eq!(asked.await.status, 200);
    until(async || (host.admin("/readyz").await.unwrap().status == 200).then_some(())).await;
    // The connection that was lost is counted no more: the one that is open is that of HTTP/2.
    until(async || {
        let metrics = host.admin("/metrics").await.unwrap().text();
        metrics
            .contains("tailor_client_connections 1\n")
            .then_some(())
    })
    .await;
    assert_eq!(host.stop().await, 0);
}

#[tokio::test]
async fn the_others_go_on_and_calls_are_made_on_fresh_connections() {
    let services = downstream_mock::Services::start().unwrap();
    let builder = modules::examples(&services, "").workers(2);
    let host = builder.start().await.unwrap();
    let target = "/watch/ada?date=2026-01-15";
    let ask = async || Wire::ask(host.address(), &get(target, "")).await;
    let before = ask().await.body;
    for index in 0..2 {
        ask().await;
        host.host().fail_worker(index);
        restarts(&host, index as u64 + 1).await;
        for _ in 0..4 {
            let answer = ask().await;
            assert_eq!((answer.status, &answer.body), (200, &before));
            assert_eq!(answer.header("tailor-degraded"), "");
        }
    }
}

#[tokio::test]
async fn a_host_whose_workers_fail_too_often_cannot_go_on() {
    let host = host(2, "server.max-worker-restarts = 1").await;
    host.host().fail_worker(0);
    restarts(&host, 1).await;
    let over = tokio::time::timeout(std::time::Duration::from_millis(20), host.host().failed());
    assert!(over.await.is_err());
    host.host().fail_worker(1);
    crate::wire::soon(host.host().failed()).await;
    let ready = host.admin("/readyz").await.unwrap();
    assert_eq!(
        (ready.status.as_u16(), &*ready.text()),
        (503, "a worker has failed\n")
    );
    let metrics = host.admin("/metrics").await.unwrap().text();
    assert!(metrics.contains("tailor_workers_down 1\n"), "{metrics}");
    // The other one still serves.
    assert_eq!(asked(&host).await, 200);
}

#[tokio::test]
async fn a_task_that_fails_and_holds_a_listener_or_the_guests_ends_the_host() {
    for task in ["acceptor", "admin", "scheduler"] {
        let host = host(1, "").await;
        assert_eq!(asked(&host).await, 200);
        assert_eq!(host.admin("/readyz").await.unwrap().status, 200);
        host.host().fail_task(task);
        crate::wire::soon(host.host().failed()).await;
        if task != "admin" {
            let ready = host.admin("/readyz").await.unwrap();
            assert_eq!(
                (ready.status.as_u16(), &*ready.text()),
                (503, "the host has failed\n"),
                "{task}"
            );
        }
        host.stop().await;
    }
}

#[tokio::test]
async fn the_watcher_is_started_anew_but_not_for_ever() {
    let builder = TestHost::builder().unwrap().workers(1);
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let settings = "server.max-worker-restarts = 1";
    let builder = builder.config(settings).config(crate::swap::PAGE);
    let host = builder.start().await.unwrap();
    for version in ["v2", "v3"] {
        host.replace("page.wasm", &page(version)).unwrap();
        until(async || {
            let served = host.get("/page").await.unwrap().text() == body(version);
            served.then_some(())
        })
        .await;
        if version == "v2" {
            host.host().fail_task("watcher");
        }
    }
    host.host().fail_task("watcher");
    crate::wire::soon(host.host().failed()).await;
    let served = host.get("/page").await.unwrap();
    assert_eq!(served.text(), body("v3"), "requests need no watcher");
}

#[tokio::test]
async fn the_program_ends_with_70() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let settings = "log.format = \"json\"\nserver.max-worker-restarts = 1";
    let (path, _files) = builder
        .unwrap()
        .config(settings)
        .config(ECHO)
        .write()
        .unwrap();
    let mut process = Process::serve(&path).unwrap();
    let says = |text: &'static str| {
        move |line: &serde_json::Value| line["message"].as_str().is_some_and(|it| it.contains(text))
    };
    process.signal("USR2").unwrap();
    let line = process.wait_for(says("restarted")).unwrap();
    assert_eq!(
        (&line["level"], &line["worker"]),
        (&"ERROR".into(), &0.into())
    );
    process.signal("USR2").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(70));
    process.wait_for(says("cannot go on")).unwrap();
    process.wait_for(says("stopped")).unwrap();
}

#[tokio::test]
async fn a_program_whose_log_fails_ends_with_70_and_says_so() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let (path, _files) = builder.unwrap().config(ECHO).write().unwrap();
    let mut process = Process::serve(&path).unwrap();
    process.signal("USR1").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(70));
    let says = |line: &str| line.contains("cannot go on").then_some(());
    process.wait_for_line(says).unwrap();
}
