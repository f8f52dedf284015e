//! Components that are refused before anything of them runs, and those of full toolchains, which
//! are not.

use std::sync::Arc;
use std::time::Duration;

use tailor::bff::load::Loader;
use tailor::bff::runtime::Runtime;
use tailor_harness::{Offline, components};

use super::arena::{Arena, HostileBff, TIMEOUT};
use super::toolchain::{self, asking_for};
use super::wat::Wat;

/// Loads components as the host does; gives the reason when one is refused.
fn load() -> impl Fn(&[u8]) -> Result<(), String> {
    let loader = Loader::new(Arc::new(Runtime::new(1).unwrap()), None, 64 << 20);
    move |bytes| {
        let loaded = loader.load_bytes("hostile", bytes);
        loaded.map(drop).map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_component_of_a_full_toolchain_runs_and_prints_into_the_log() {
    let offline = Offline::from_bytes(&toolchain::printing()).unwrap();
    let invoked = offline.get("/").await;
    assert_eq!(invoked.result.unwrap().status, 200);
    let lines: Vec<_> = invoked
        .log
        .iter()
        .map(|line| (line.level, line.message.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("info", "from stdout"),
            ("warn", "from stderr"),
            ("info", "and more")
        ]
    );
}

#[tokio::test]
async fn what_a_toolchain_offers_is_limited_too() {
    let foes = [
        HostileBff::of(
            "sleeps",
            toolchain::sleeping(),
            "deadline = \"2s\"\nlimits.cpu = \"2s\"",
        ),
        HostileBff::of("dices", toolchain::taking_random(1 << 20), ""),
        HostileBff::of(
            "opens",
            toolchain::opening_streams(),
            "deadline = \"30s\"\nlimits.cpu = \"20s\"",
        ),
    ];
    let arena = Arena::start(&foes).await;
    for (foe, status, code) in [
        ("sleeps", 504, "bff-deadline"),
        ("dices", 502, "bff-host-limit"),
        ("opens", 502, "bff-host-limit"),
    ] {
        arena.is_stopped(foe, "/", status, code).await;
    }
}

#[test]
fn what_no_bff_gets_is_refused_by_name() {
    let load = load();
    for import in [
        "wasi:filesystem/types@0.2.0",
        "wasi:filesystem/preopens@0.2.6",
        "wasi:sockets/tcp@0.2.0",
        "wasi:sockets/instance-network@0.2.0",
        "wasi:sockets/ip-name-lookup@0.2.0",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:cli/environment@0.2.0",
        "wasi:cli/exit@0.2.0",
        "wasi:clocks/timezone@0.2.0",
        "wasi:cli/stdout@0.3.0",
        "tailor:bff/secrets@0.1.1",
        "other:package/thing",
    ] {
        let refused = load(&asking_for(import)).unwrap_err();
        assert!(refused.contains(import), "{import} is not named: {refused}");
    }
    let plain = wat::parse_str(r#"(component (import "env" (func)))"#).unwrap();
    assert!(load(&plain).unwrap_err().contains("imports env"));
}

#[test]
fn a_component_of_another_contract_is_refused_with_both_versions() {
    let load = load();
    load(&components::from_module(toolchain::NOTHING).unwrap()).unwrap();
    for version in ["0.0.9", "0.1.2", "0.2.0", "1.0.0"] {
        let wit = tailor::contract::WIT
            .replace("tailor:bff@0.1.1", &format!("tailor:bff@{version}"))
            .replace("@since(version = 0.1.1)", "");
        let module = toolchain::NOTHING.replace("@0.1.1", &format!("@{version}"));
        let component = components::from_module_in(&module, &wit, "bff").unwrap();
        let refused = load(&component).unwrap_err();
        assert!(
            refused.contains(&format!("@{version}"))
                && refused.contains("tailor:bff@0.1.0 to 0.1.1"),
            "{refused}"
        );
    }
}

#[test]
fn what_is_no_component_or_only_a_part_of_one_is_refused() {
    let load = load();
    let core = wat::parse_str(toolchain::NOTHING).unwrap();
    assert!(load(&core).unwrap_err().contains("core module"));
    assert!(load(b"").unwrap_err().contains("not a WebAssembly file"));
    assert!(
        load(b"#!/bin/sh\n")
            .unwrap_err()
            .contains("not a WebAssembly file")
    );
    let empty = wat::parse_str("(component)").unwrap();
    assert!(load(&empty).unwrap_err().contains("tailor:bff/handler"));

    let watch = std::fs::read(components::example("watch").unwrap()).unwrap();
    for part in 0..64 {
        let length = watch.len() * part / 64;
        assert!(load(&watch[..length]).is_err(), "{length} bytes of it");
    }
    for most in 1..32 {
        assert!(
            load(&watch[..watch.len() - most]).is_err(),
            "all but {most}"
        );
    }
}

#[test]
fn a_damaged_component_does_not_bring_the_host_down() {
    let load = load();
    let whole = components::from_module(toolchain::NOTHING).unwrap();
    // Every byte in turn, changed in a way that varies: most are refused, a few mean something else
    // that is legal, and what must not happen is a panic.
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        refused += usize::from(load(&damaged).is_err());
    }
    assert!(refused > whole.len() / 4, "{refused} of {}", whole.len());
}

#[test]
fn a_component_that_no_slot_of_the_engine_can_hold_is_refused() {
    let load = load();
    let large = Wat {
        more: "(table 200000 funcref)",
        ..Wat::default()
    };
    assert!(load(&large.component()).is_err());
    let many = "(table 1 funcref)".repeat(30);
    let many = Wat {
        more: &many,
        ..Wat::default()
    };
    assert!(load(&many.component()).is_err());
}

#[tokio::test]
async fn a_live_bff_stays_when_its_file_turns_bad() {
    let arena = Arena::start(&[HostileBff::guest("turns", "")]).await;
    let good = std::fs::read(components::hostile().unwrap()).unwrap();
    let files = [
        asking_for("wasi:sockets/tcp@0.2.0"),
        wat::parse_str(toolchain::NOTHING).unwrap(),
        good[..good.len() / 2].to_vec(),
        Vec::new(),
    ];
    arena
        .beside_neighbour(async {
            for (file, refused) in files.iter().zip(1..) {
                arena.host.replace("turns.wasm", file).unwrap();
                let labels = [("bff", "turns"), ("result", "refused")];
                let seen = async {
                    while arena.metric("tailor_swaps_total", &labels).await < refused {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                tokio::time::timeout(TIMEOUT, seen)
                    .await
                    .expect("the file is looked at");
                assert_eq!(arena.host.get("/turns").await.unwrap().text(), "ok");
            }
        })
        .await;
}
