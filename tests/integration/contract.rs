//! The functions that the contract has beside calls, and components of its earlier versions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tailor::fixture::Fixture;
use tailor_harness::components::{self, root};
use tailor_harness::{Offline, json};

/// The component whose paths use each function of the host, with a service that answers at once and
/// one that never does.
fn guest() -> Offline {
    Offline::from_file(&components::hostile().unwrap())
        .unwrap()
        .service("quick", |_| async { Ok(json("{}")) })
        .service("hangs", |_| std::future::pending())
}

async fn text(offline: &Offline, target: &str) -> String {
    let answer = offline.get(target).await.result.unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap()
}

async fn fault(offline: &Offline, target: &str) -> String {
    offline.get(target).await.result.unwrap_err().to_string()
}

/// Files of an earlier version: `<bff>.wasm`, as it was built then, and what it is asked.
fn earlier(version: &str, name: &str) -> PathBuf {
    root()
        .join("tests/integration/contract")
        .join(version)
        .join(name)
}

#[tokio::test]
async fn components_of_an_earlier_patch_answer_as_they_did() {
    for bff in ["watch", "partner"] {
        let file = earlier("0.1.0", &format!("{bff}.wasm"));
        let bytes = std::fs::read(&file).unwrap();
        let handler = b"tailor:bff/handler@0.1.0";
        assert!(bytes.windows(handler.len()).any(|part| part == handler));
        let component = Offline::from_file(&file).unwrap();
        for asked in [format!("{bff}.json"), format!("{bff}-without-sleep.json")] {
            let fixture = Arc::new(Fixture::read(&earlier("0.1.0", &asked)).unwrap());
            let offline = component.again().fixture(&fixture).unwrap();
            if let Err(error) = offline.check(&fixture).await {
                panic!("{asked}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn random_bytes_are_new_for_each_request_unless_there_is_a_seed() {
    let guest = guest();
    assert_ne!(
        text(&guest, "/random?bytes=16").await,
        text(&guest, "/random?bytes=16").await
    );
    // As the kits' own tests have it, in whatever pieces.
    let seeded = guest.seed(7);
    for _ in 0..2 {
        assert_eq!(
            text(&seeded, "/random?bytes=4").await,
            "[2, 15, 250, 178] [133, 103, 119, 61]"
        );
    }
    assert!(text(&seeded, "/random?bytes=65536").await.len() > 65_536);
    assert_eq!(
        fault(&seeded, "/random?bytes=65537").await,
        "broke a rule of the boundary: random: 65537 bytes at once are more than 65536"
    );
}

#[tokio::test]
async fn a_fixture_says_what_random_bytes_are() {
    for (seed, bytes) in [
        ("", "[68, 0, 57, 37]"),
        (r#""seed": 7,"#, "[2, 15, 250, 178]"),
    ] {
        let text = format!(
            r#"{{{seed} "request": {{"path": "/random?bytes=0"}},
                "expect": {{"text": "[] {bytes}"}}}}"#
        );
        let fixture = Arc::new(Fixture::parse(&text, "random.json").unwrap());
        let offline = guest().fixture(&fixture).unwrap();
        offline.check(&fixture).await.unwrap();
    }
}

#[tokio::test]
async fn the_clock_of_a_request_goes_forward() {
    assert_eq!(text(&guest(), "/clock").await, "good");
}

#[tokio::test]
async fn the_first_of_several_calls_is_waited_for() {
    assert_eq!(
        text(&guest(), "/race").await,
        "[None, Some(1), Some(1), None, None] 200 true"
    );
}

#[tokio::test]
async fn a_wait_leaves_time_to_answer_and_has_an_end() {
    let few = guest();
    let guest = guest().settings(|bff| {
        bff.limits.handles = 2_000;
        bff.deadline = Duration::from_secs(2);
        bff.answer_reserve = Duration::from_secs(1);
    });
    assert_eq!(text(&guest, "/sleep?ms=4000000000").await, "None");
    assert_eq!(text(&guest, "/wait-many?count=1024").await, "Some(0)");
    // Those that are waited for count as handles.
    assert_eq!(
        fault(&few, "/wait-many?count=64").await,
        "broke a rule of the boundary: cannot lend resource: store handle limit exceeded"
    );
    assert_eq!(
        fault(&guest, "/wait-many?count=1025").await,
        "broke a rule of the boundary: wait-any: 1025 calls at once are more than 1024"
    );
}
