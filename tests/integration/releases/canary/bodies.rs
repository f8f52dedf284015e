//! What the time of a request is taken of.

use std::time::Duration;

use serde_json::json;

use super::{asked, builder, canary, division, on_trial, until};
use crate::releases::api::Api;
use crate::swap::page::page;
use crate::wire::Wire;

#[tokio::test]
async fn how_long_a_client_takes_to_send_a_body_says_nothing_of_the_version() {
    let plan = "steps = [50]\nbake-time = \"1ms\"\nmin-requests = 5000";
    let methods = "methods = [\"GET\", \"POST\"]";
    let host = builder(plan).config(methods).start().await.unwrap();
    let api = Api::of(&host);
    on_trial(&api, &page("v2"), json!({})).await;
    let slow_from = until(async || {
        division(host.address()).await;
        canary(&api).await["evidence"]["slow_from"].as_u64()
    })
    .await;
    let slow = async || {
        let counted = &canary(&api).await["evidence"]["candidate"];
        counted["latency"].as_u64().unwrap()
    };
    let mut devices = Vec::new();
    for number in 0..40 {
        let device = format!("b{number}");
        if asked(host.address(), &device).await.as_deref() == Some("v2") && devices.len() < 6 {
            devices.push(device);
        }
    }
    let before = slow().await;
    let mut wires = Vec::new();
    for device in &devices {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&format!(
            "POST /page/x HTTP/1.1\r\nhost: localhost\r\nx-device: {device}\r\n\
             content-length: 4\r\n\r\nab"
        ))
        .await;
        wires.push(wire);
    }
    // Their clients are as slow as no version is.
    tokio::time::sleep(Duration::from_micros(3 * slow_from) + Duration::from_millis(50)).await;
    for wire in &mut wires {
        wire.send("cd").await;
        assert_eq!(wire.answer().await.status, 200);
    }
    // A busy machine may make one or two of them slow.
    let more = slow().await - before;
    assert!(devices.len() == 6 && more < 4, "{more} of {devices:?}");
    host.stop().await;
}
