//! All ways in which a file comes to have another content, and files that are not there or not
//! complete yet.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::page::{page, stamped};
use super::{PAGE, edit, host, live, served, swaps};
use crate::observe::{bff, eventually, swapped};

#[tokio::test]
async fn a_file_may_be_renamed_into_place_or_written_in_place() {
    let host = host("", "").await;
    host.replace("page.wasm", &page("v2")).unwrap();
    swapped(&host, "page", 1).await;
    assert_eq!(served(&host, "/page").await, "v2");
    std::fs::write(host.dir().join("page.wasm"), page("v3")).unwrap();
    eventually("the version that was written in place", async || {
        (served(&host, "/page").await == "v3").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_link_may_be_switched_to_another_file() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("v1.wasm", &page("v1")).unwrap();
    let builder = builder.file("v2.wasm", &page("v2")).unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let host = builder.config(PAGE).start().await.unwrap();
    let switch = |to: &str| {
        let next = host.dir().join("next");
        std::os::unix::fs::symlink(to, &next).unwrap();
        std::fs::rename(&next, host.dir().join("page.wasm")).unwrap();
    };
    for (swaps, version) in [(1, "v2"), (2, "v1"), (3, "v2")] {
        switch(&format!("{version}.wasm"));
        swapped(&host, "page", swaps).await;
        assert_eq!(served(&host, "/page").await, version);
    }
}

#[tokio::test]
async fn a_file_that_is_gone_for_a_while_changes_nothing() {
    let other =
        "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", &page("w1")).unwrap();
    let host = builder.config(PAGE).config(other).start().await.unwrap();
    std::fs::remove_file(host.dir().join("page.wasm")).unwrap();
    // All files are looked at in turn: when the other BFF was replaced, this one's was looked for
    // and not found.
    host.replace("other.wasm", &page("w2")).unwrap();
    swapped(&host, "other", 1).await;
    assert_eq!(served(&host, "/page").await, "v1");
    assert_eq!(bff(&host, "page").await["refused"], Value::Null);
    host.replace("page.wasm", &page("v2")).unwrap();
    swapped(&host, "page", 1).await;
    assert_eq!(served(&host, "/page").await, "v2");
    assert_eq!(swaps(&host, "page", "refused").await, 0.0);
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_left_alone() {
    let host = host("", "").await;
    // Far apart, so that a machine that is busy with other tests does not make a pause of the
    // writer look like its end.
    let look = Duration::from_secs(2);
    edit(&host, |text| {
        text.replace("watch-interval = \"20ms\"", "watch-interval = \"2s\"")
    });
    host.host().reload().await.unwrap();
    let content = stamped(&page("v2"), 50_000);
    let path = host.dir().join("page.wasm");
    std::fs::write(&path, b"").unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let started = Instant::now();
    let mut pieces = content.chunks(content.len().div_ceil(50)).peekable();
    // For longer than the time between two looks, so that one of them sees a part of it.
    while let Some(piece) = pieces.next() {
        file.write_all(piece).unwrap();
        if pieces.peek().is_some() {
            tokio::time::sleep(look.mul_f64(1.25 / 50.0)).await;
        }
    }
    assert!(started.elapsed() > look);
    swapped(&host, "page", 1).await;
    assert_eq!(served(&host, "/page").await, "v2");
    assert_eq!(swaps(&host, "page", "refused").await, 0.0);
}

#[tokio::test]
async fn two_bffs_of_one_file_are_both_replaced() {
    let other =
        "[bff.other]\ncomponent = \"page.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let host = host("", other).await;
    assert_eq!(live(&host, "page").await, live(&host, "other").await);
    host.replace("page.wasm", &page("v2")).unwrap();
    for name in ["page", "other"] {
        let state = swapped(&host, name, 1).await;
        assert_eq!(state["refused"], json!(null));
        assert_eq!(served(&host, &format!("/{name}")).await, "v2");
        assert_eq!(swaps(&host, name, "published").await, 1.0);
    }
    assert_eq!(live(&host, "page").await, live(&host, "other").await);
}
