//! Changes of several BFFs beside each other: none waits for another one's, and what one has
//! published is not undone by another that began before it.

use std::time::Duration;

use downstream_mock::scripted::{Gate, ScriptedService};
use serde_json::json;
use tailor_harness::TestHost;
use tokio::time::timeout;

use super::page::page;
use super::running::holding;
use super::{edit, live, served, swaps};
use crate::downstream::relay::relay;
use crate::observe::{bff, swapped};
use crate::wire::soon;

/// A host with the page, and with a relay whose smoke requests are held until they are let go.
async fn host(service: &ScriptedService, gate: &Gate) -> TestHost {
    gate.open(1);
    let host = TestHost::builder()
        .unwrap()
        .bff("page", &page("v1"), "")
        .route("bff = \"page\"\npath = \"/page\"")
        .service_at("smoke", &[service.url()])
        .settings("smoke", "timeout = \"50s\"\nfirst-byte-timeout = \"50s\"")
        .bff(
            "relay",
            &relay("v1", None),
            "deadline = \"60s\"\n[smoke]\npath = \"/held\"",
        )
        .route("bff = \"relay\"\nclient = \"smoke\"\npath = \"/relay\"");
    let host = host.start().await.unwrap();
    assert_eq!(service.count(), 1);
    host
}

/// A further relay in the configuration, and another deadline of all others.
fn with_late(text: &str) -> String {
    let late = "[bff.late]\ncomponent = \"late.wasm\"\ndownstreams = [\"smoke\"]\n\
                deadline = \"60s\"\n[bff.late.smoke]\npath = \"/held/late\"\n\
                [[route]]\nbff = \"late\"\nclient = \"smoke\"\npath = \"/late\"\n";
    let text = text.replace("[bff.page]", "[bff.page]\ndeadline = \"7s\"");
    text.replace("deadline = \"60s\"", "deadline = \"59s\"") + late
}

#[tokio::test]
async fn a_swap_and_a_rollback_do_not_wait_for_another_bff() {
    let (service, gate) = holding();
    let host = host(&service, &gate).await;
    let first = live(&host, "relay").await;
    host.replace("relay.wasm", &relay("v2", None)).unwrap();
    soon(service.wait_for(2)).await;
    for (swaps, version) in [(1, "v2"), (2, "v1")] {
        host.replace("page.wasm", &page(version)).unwrap();
        swapped(&host, "page", swaps).await;
        assert_eq!(served(&host, "/page").await, version);
    }
    assert_eq!(live(&host, "relay").await, first);
    // Its smoke request is still held, and has not ended by its timeout.
    assert_eq!(bff(&host, "relay").await["refused"], json!(null));
    gate.open(1);
    swapped(&host, "relay", 1).await;
}

#[tokio::test]
async fn a_reload_takes_over_what_was_swapped_beside_it() {
    let (service, gate) = holding();
    let host = host(&service, &gate).await;
    host.replace("late.wasm", &relay("l1", None)).unwrap();
    edit(&host, |text| with_late(&text));
    let meanwhile = async {
        soon(service.wait_for(2)).await;
        host.replace("page.wasm", &page("v2")).unwrap();
        swapped(&host, "page", 1).await;
        gate.open(1);
    };
    let (changed, ()) = tokio::join!(host.host().reload(), meanwhile);
    let changed = changed.unwrap();
    let late = live(&host, "late").await;
    assert_eq!(changed.published, [("late".to_owned(), late)]);
    assert_eq!(served(&host, "/page").await, "v2");
    let state = bff(&host, "page").await;
    assert_eq!(
        (&state["swaps"], &state["deadline_ms"], &state["serves"]),
        (&json!(1), &json!(7000), &json!("newest"))
    );
    assert_eq!(swaps(&host, "page", "published").await, 1.0);
}

#[tokio::test]
async fn a_swap_begins_again_with_the_settings_of_a_reload_that_came_first() {
    let (service, gate) = holding();
    let host = host(&service, &gate).await;
    host.replace("late.wasm", &relay("l1", None)).unwrap();
    edit(&host, |text| with_late(&text));
    let meanwhile = async {
        // The reload has read its files, and asks the one candidate that is new.
        soon(service.wait_for(2)).await;
        host.replace("relay.wasm", &relay("v2", None)).unwrap();
        soon(service.wait_for(3)).await;
        // Those that wait are let go in their order.
        gate.open(1);
    };
    let mut reloading = Box::pin(host.host().reload());
    let reloaded = tokio::select! {
        done = &mut reloading => panic!("its candidate is not let go yet: {done:?}"),
        () = meanwhile => timeout(Duration::from_secs(5), &mut reloading).await,
    };
    let changed = match reloaded {
        Ok(changed) => {
            assert_eq!(bff(&host, "relay").await["swaps"], json!(0));
            gate.open(1);
            soon(service.wait_for(4)).await;
            gate.open(1);
            changed
        }
        // On a busy machine the reload may have come to the relay's file after the swap began. Then
        // it waits for the swap, and the test shows less.
        Err(_) => {
            gate.open_for_all();
            reloading.await
        }
    };
    assert_eq!(changed.unwrap().refused, []);
    let state = swapped(&host, "relay", 1).await;
    assert_eq!(state["deadline_ms"], json!(59000));
    let reply = host.get("/relay/x").await.unwrap();
    assert_eq!(reply.header("x-version"), "v2");
    // Nothing was published under the settings of before.
    assert_eq!(swaps(&host, "relay", "published").await, 1.0);
}
