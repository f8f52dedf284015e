//! Clients of the admin listener that hold connections and do nothing: health answers all the same.

use std::net::SocketAddr;

use tailor_harness::TestHost;

use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, get, until};

async fn host(settings: &str) -> (TestHost, SocketAddr) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config(settings).config(ECHO);
    let host = builder.start().await.unwrap();
    let address = host.host().admin_address().unwrap();
    (host, address)
}

/// Times that no test waits for.
const PATIENT: &str = "admin.header-timeout = \"1h\"\nadmin.write-timeout = \"1h\"\n";

#[tokio::test]
async fn idle_connections_and_half_heads_give_way() {
    let (_host, address) = host(PATIENT).await;
    let mut held = Vec::new();
    for index in 0..64 {
        let mut wire = Wire::connect(address).await;
        match index % 3 {
            0 => {}
            1 => wire.send("GET /livez HTTP/1.1\r\nhost:").await,
            _ => {
                wire.send(&get("/livez", "")).await;
                assert_eq!(wire.answer().await.status, 200);
            }
        }
        held.push(wire);
    }
    for path in ["/livez", "/readyz", "/metrics", "/bffs"] {
        assert_eq!(
            Wire::ask(address, &get(path, "")).await.status,
            200,
            "{path}"
        );
    }
    // The longest idle one is closed.
    assert_eq!(held.remove(0).rest().await, "");
    let mut last = held.pop().unwrap();
    last.send(&get("/livez", "")).await;
    assert_eq!(last.answer().await.status, 200);
}

/// Connections whose answers are not read, until the host reads no more of them, because it waits
/// to write, or has cut them.
async fn unread(address: SocketAddr, count: usize) -> Vec<Wire> {
    // Large, so that few of them fill what the kernel keeps of them.
    let request = get("/metrics", &format!("x: {}\r\n", "x".repeat(4000)));
    let mut held = Vec::new();
    for _ in 0..count {
        let mut wire = Wire::connect(address).await;
        let wait = std::time::Duration::from_secs(2);
        while let Ok(true) = tokio::time::timeout(wait, wire.takes(&request)).await {}
        held.push(wire);
    }
    held
}

#[tokio::test]
async fn unread_answers_leave_a_place_for_health() {
    let few = "admin.max-connections = 2\nadmin.health-connections = 2";
    let (_host, address) = host(&format!("{PATIENT}{few}")).await;
    let held = unread(address, 2).await;
    for path in ["/livez", "/readyz"] {
        let answer = Wire::ask(address, &get(path, "")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("connection"), "close");
    }
    let answer = Wire::ask(address, &get("/metrics", "")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("/livez"), "{}", answer.body);
    // Connections for health are closed for others, too.
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(Wire::connect(address).await);
    }
    assert_eq!(Wire::ask(address, &get("/livez", "")).await.status, 200);
    drop(held);
    until(async || {
        let answer = Wire::ask(address, &get("/metrics", "")).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_unread_answer_ends_its_connection() {
    let times = "admin.write-timeout = \"300ms\"\nadmin.header-timeout = \"1h\"\n\
                 admin.max-connections = 1\nadmin.health-connections = 1";
    let (_host, address) = host(times).await;
    let held = unread(address, 1).await;
    // Its place is free again, although the client is still there.
    until(async || {
        let answer = Wire::ask(address, &get("/metrics", "")).await;
        (answer.status == 200).then_some(())
    })
    .await;
    drop(held);
}

#[tokio::test]
async fn a_connection_for_health_has_a_time() {
    let times = "admin.health-timeout = \"300ms\"\nadmin.max-connections = 1";
    let (_host, address) = host(&format!("{PATIENT}{times}")).await;
    let held = unread(address, 1).await;
    let mut silent = Wire::connect(address).await;
    assert_eq!(silent.rest().await, "");
    drop(held);
}
