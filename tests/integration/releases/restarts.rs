//! What a host finds that starts again or reads its configuration again.

use std::path::{Path, PathBuf};

use serde_json::json;
use tailor_harness::TestHost;

use super::api::{Api, digest};
use super::cli::tailor;
use super::{PAGE, admin_page, builder, served, some, start};
use crate::swap::page::{page, page_with_status};

fn component(dir: &Path, bytes: &[u8]) -> PathBuf {
    dir.join(format!("data/releases/{}.wasm", digest(bytes)))
}

#[tokio::test]
async fn a_restarted_host_serves_what_was_live_and_can_go_back() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    assert_eq!(api.release(b"nonsense").await["state"], "refused");
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v2"));
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    assert_eq!(api.states().await.len(), 3);
    api.rollback(&json!({})).await;
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    // A reload changes nothing.
    let changed = host.host().reload().await.unwrap();
    assert_eq!(
        (changed.published, changed.refused),
        (Vec::new(), Vec::new())
    );
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_damaged_component_or_row_skips_its_bff_with_the_reason_and_a_release_mends_it() {
    let other = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let host = builder("").config(other).start().await.unwrap();
    let api = Api::of(&host);
    let (v1, v2) = (page("v1"), page("v2"));
    api.release(&v1).await;
    api.put(&v2).await;
    let begun = api
        .post("/v1/bffs/other/releases", &json!({"digest": digest(&v2)}))
        .await;
    assert_eq!(api.ended(&begun.location).await["state"], "live");
    std::fs::write(component(host.dir(), &v2), "damaged").unwrap();
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v1"));
    assert_eq!(host.get("/other/x").await.unwrap().status, 503);
    let ready = admin_page(api.0, "/readyz").await;
    assert!(
        ready.contains("other serves nothing: ") && ready.contains("damaged"),
        "{ready}"
    );
    let bffs: serde_json::Value = serde_json::from_str(&admin_page(api.0, "/bffs").await).unwrap();
    let reason = bffs["bffs"]["other"]["refused"]["reason"].as_str().unwrap();
    assert!(reason.contains("upload it again"), "{reason}");
    assert_eq!(api.put(&v2).await.status, 200);
    let serves = async || (host.get("/other/x").await.unwrap().status == 200).then_some(());
    crate::wire::until(serves).await;
    assert_eq!(host.get("/other/x").await.unwrap().status, 200);
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    host.stop().await;
}

#[tokio::test]
async fn without_its_journal_a_host_serves_the_copy_and_takes_no_orders() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    let data = host.dir().join("data/releases");
    // The copy is written after the release is live.
    crate::wire::until(async || {
        std::fs::read_to_string(data.join("live.json"))
            .ok()
            .filter(|it| it.contains("page"))
    })
    .await;
    let host = host.restart().await.unwrap();
    let damage = |_: &Path| {
        for end in ["", "-wal", "-shm"] {
            let file = data.join(format!("journal.db{end}"));
            if file.exists() {
                std::fs::write(file, vec![b'x'; 5000]).unwrap();
            }
        }
    };
    // A host that runs may write over it, from what it has read.
    let host = host.restart_after(damage).await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v1"));
    let refused = api.begin(&page("v1")).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (503, &json!("store"))
    );
    let reason = refused.json["reason"].as_str().unwrap();
    assert!(
        reason.contains("journal.db") && reason.contains("not a database"),
        "{reason}"
    );
    let ready = admin_page(api.0, "/readyz").await;
    assert!(
        ready.starts_with("ready\nreleases: ") && ready.contains("journal.db"),
        "{ready}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_bff_moves_from_its_file_to_releases_and_back_without_a_gap() {
    let file =
        "[bff.page]\ncomponent = \"page.wasm\"\n[[route]]\nbff = \"page\"\npath = \"/page\"\n";
    let builder = tailor_harness::TestHost::builder().unwrap().config(file);
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.get("/v1/bffs/page/releases").await.status, 404);
    let path = host.dir().join("tailor.toml");
    let with_file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, with_file.replace(file, PAGE)).unwrap();
    host.host().reload().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    let ready = admin_page(api.0, "/readyz").await;
    assert!(ready.contains("nothing is released to it yet"), "{ready}");
    // A restart before the first release goes on with it, too, and so does a second reload.
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    host.host().reload().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    let ready = admin_page(api.0, "/readyz").await;
    assert!(ready.contains("nothing is released to it yet"), "{ready}");
    api.release(&page("v2")).await;
    crate::wire::until(async || (served(host.address()).await == some("v2")).then_some(())).await;
    // The store does not have what came from the file, so that there is no way back to it.
    let back = api.post("/v1/bffs/page/rollback", &json!({})).await;
    assert_eq!((back.status, &back.json["step"]), (409, &json!("rollback")));
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    // The file is watched no more.
    host.replace("page.wasm", &page("v3")).unwrap();
    host.host().reload().await.unwrap();
    assert_eq!(served(host.address()).await, some("v2"));
    std::fs::write(&path, &with_file).unwrap();
    host.host().reload().await.unwrap();
    assert_eq!(served(host.address()).await, some("v3"));
    // The journal still has what was live, which is no more.
    let said = tailor(&format!("http://{}", api.0), &["status"]).await;
    let row = said.out.lines().last().unwrap();
    let row: Vec<&str> = row.split_whitespace().collect();
    let file = ["page", "newest", &digest(&page("v3"))[..7], "file", "-"];
    assert_eq!(row[..5], file, "{said:?}");
    host.stop().await;
}

/// Reads a configuration with this part in the place of another one.
async fn reload(host: &TestHost, from: &str, to: &str) {
    let path = host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    host.host().reload().await.unwrap();
}

const FILE: &str =
    "[bff.page]\ncomponent = \"page.wasm\"\n[[route]]\nbff = \"page\"\npath = \"/page\"\n";

#[tokio::test]
async fn what_came_from_a_file_is_no_way_back_and_what_was_released_before_is_one_again() {
    let (host, api) = start().await;
    let (v1, v2) = (page("v1"), page("v2"));
    api.release(&v1).await;
    api.release(&v2).await;
    host.replace("page.wasm", &page("v3")).unwrap();
    reload(&host, PAGE, FILE).await;
    assert_eq!(served(host.address()).await, some("v3"));
    reload(&host, FILE, PAGE).await;
    assert_eq!(served(host.address()).await, some("v2"));
    assert_eq!(api.get("/v1/bffs/page").await.json["linked"], digest(&v1));
    assert_eq!(api.rollback(&json!({})).await["digest"], digest(&v1));
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_file_that_is_released_as_it_is_is_the_way_back_from_the_next_release() {
    let builder = tailor_harness::TestHost::builder().unwrap().config(FILE);
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    reload(&host, FILE, PAGE).await;
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    host.host().reload().await.unwrap();
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    // There is nothing but what is live, and no way from it to itself.
    assert_eq!(api.get("/v1/bffs/page").await.json["linked"], json!(null));
    let back = api.post("/v1/bffs/page/rollback", &json!({})).await;
    assert_eq!((back.status, &back.json["step"]), (409, &json!("rollback")));
    assert_eq!(api.release(&page("v2")).await["state"], "live");
    let first = digest(&page("v1"));
    crate::wire::until(async || {
        let linked = api.get("/v1/bffs/page").await.json["linked"].clone();
        (linked == first).then_some(())
    })
    .await;
    assert_eq!(api.rollback(&json!({})).await["digest"], first);
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_reload_beside_a_release_loses_neither() {
    let (host, api) = start().await;
    let smoke = "[bff.page.smoke]\npath = \"/x\"\n";
    let path = host.dir().join("tailor.toml");
    let plain = std::fs::read_to_string(&path).unwrap();
    for round in 0..10 {
        let version = format!("v{round}");
        api.put(&page(&version)).await;
        let text = if round % 2 == 0 {
            format!("{plain}{smoke}")
        } else {
            plain.clone()
        };
        std::fs::write(&path, text).unwrap();
        let order = api.begin(&page(&version)).await;
        let (release, reload) = tokio::join!(api.ended(&order.location), host.host().reload());
        reload.unwrap();
        assert_eq!(release["state"], "live");
        assert_eq!(served(host.address()).await, Some(version));
    }
    // The settings are those of the last reload but one.
    std::fs::write(&path, format!("{plain}{smoke}")).unwrap();
    host.host().reload().await.unwrap();
    let refused = api.release(&page_with_status("bad", 500)).await;
    assert_eq!(refused["step"], "smoke");
    host.stop().await;
}
