//! A host that is started with an invalid component serves the last good one of its BFF, else an
//! answer of its own, and all other BFFs in any case.

use std::sync::atomic::{AtomicUsize, Ordering};

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::{Value, json};
use tailor_harness::{Process, TestHost};

use super::page::{body, page, page_with_status};
use super::{PAGE, edit, host, served, swaps};
use crate::downstream::relay::relay;
use crate::observe::{bff, eventually, metric, swapped};
use crate::wire::{Wire, get};

const OTHER: &str =
    "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

async fn readyz(host: &TestHost) -> (u16, String) {
    let reply = host.admin("/readyz").await.unwrap();
    (reply.status.as_u16(), reply.text())
}

async fn unavailable(host: &TestHost, name: &str) -> f64 {
    metric(host, "tailor_bff_unavailable", &[("bff", name)])
        .await
        .unwrap()
}

#[tokio::test]
async fn a_bff_without_a_good_component_is_answered_for_alone() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", b"nonsense").unwrap();
    let host = builder.config(PAGE).config(OTHER).start().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v1");
    let reply = host.get("/other/x").await.unwrap();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("tailor-error"), "bff-unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    let problem = reply.json();
    assert_eq!(problem["bff"], "other");
    assert_eq!(problem["version"], Value::Null);

    let state = bff(&host, "other").await;
    assert_eq!(state["serves"], "nothing");
    assert_eq!(state["version"], Value::Null);
    let reason = state["refused"]["reason"].as_str().unwrap();
    assert!(reason.contains("not a WebAssembly file"), "{reason}");
    assert_eq!(bff(&host, "page").await["serves"], "newest");
    let (status, said) = readyz(&host).await;
    assert_eq!(status, 200);
    assert!(said.starts_with("ready\nother serves nothing: "), "{said}");
    assert_eq!(unavailable(&host, "other").await, 1.0);
    assert_eq!(unavailable(&host, "page").await, 0.0);
    let labels = [("bff", "other"), ("outcome", "bff-unavailable")];
    let counted = metric(&host, "tailor_requests_total", &labels).await;
    assert_eq!(counted, Some(1.0));

    // A good file is loaded as soon as it is there.
    host.replace("other.wasm", &page("w1")).unwrap();
    eventually("the good file", async || {
        (unavailable(&host, "other").await == 0.0).then_some(())
    })
    .await;
    assert_eq!(served(&host, "/other").await, "w1");
    assert_eq!(readyz(&host).await, (200, "ready\n".to_owned()));
    let state = bff(&host, "other").await;
    assert_eq!(
        (&state["serves"], &state["swaps"]),
        (&json!("newest"), &json!(0))
    );
}

#[tokio::test]
async fn a_host_that_can_serve_no_bff_is_not_ready() {
    let builder = TestHost::builder().unwrap();
    let host = builder.config(PAGE).start().await.unwrap();
    let (status, said) = readyz(&host).await;
    assert_eq!(status, 503);
    assert!(said.contains("page serves nothing: component"), "{said}");
    host.replace("page.wasm", &page("v1")).unwrap();
    eventually("the host is ready", async || {
        (readyz(&host).await.0 == 200).then_some(())
    })
    .await;
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn a_restart_with_a_bad_file_serves_what_was_live() {
    let host = host("", "").await;
    host.replace("page.wasm", &page("v2")).unwrap();
    swapped(&host, "page", 1).await;
    host.replace("page.wasm", b"nonsense").unwrap();
    let host = host.restart().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v2");
    assert_eq!(bff(&host, "page").await["serves"], "last-good");
    let (status, said) = readyz(&host).await;
    assert_eq!(status, 200);
    assert!(said.contains("page serves last-good: "), "{said}");
    assert_eq!(swaps(&host, "page", "refused").await, 1.0);

    std::fs::remove_file(host.dir().join("page.wasm")).unwrap();
    let host = host.restart().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v2");

    // Bytes that are damaged are not used, and the ones before them are good.
    let kept = host.dir().join("data/components");
    let newest = bff(&host, "page").await["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::write(kept.join(format!("{newest}.wasm")), page("v3")).unwrap();
    let host = host.restart().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn a_restart_does_not_publish_what_the_smoke_request_refused() {
    let host = host("", "[bff.page.smoke]\n").await;
    host.replace("page.wasm", &page_with_status("v2", 500))
        .unwrap();
    eventually("a refusal", async || {
        (swaps(&host, "page", "refused").await == 1.0).then_some(())
    })
    .await;
    let host = host.restart().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v1");
    let state = bff(&host, "page").await;
    let reason = state["refused"]["reason"].as_str().unwrap();
    assert!(reason.contains("500, not 200"), "{reason}");

    // A restart sends no smoke request to what was live before.
    host.replace("page.wasm", &page("v1")).unwrap();
    edit(&host, |text| text + "status = 404\n");
    let host = host.restart().await.unwrap();
    assert_eq!(served(&host, "/page").await, "v1");
    assert_eq!(bff(&host, "page").await["serves"], "newest");
}

#[tokio::test]
async fn a_first_start_makes_the_smoke_request() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page_with_status("v1", 500));
    let builder = builder.unwrap().config(PAGE).config("[bff.page.smoke]\n");
    let host = builder.start().await.unwrap();
    assert_eq!(host.get("/page").await.unwrap().status, 503);
    assert!(readyz(&host).await.1.contains("500, not 200"));
    host.replace("page.wasm", &page("v2")).unwrap();
    eventually("the good file", async || {
        (unavailable(&host, "page").await == 0.0).then_some(())
    })
    .await;
    assert_eq!(served(&host, "/page").await, "v2");
}

#[tokio::test]
async fn a_smoke_request_that_failed_because_of_a_service_is_made_again() {
    let asked = AtomicUsize::new(0);
    let service = ScriptedService::start(move |_| {
        let well = asked.fetch_add(1, Ordering::Relaxed) >= 2;
        Response::new(if well { 200 } else { 503 })
    })
    .unwrap();
    let builder = TestHost::builder().unwrap();
    let host = builder
        .service_at("smoke", &[service.url()])
        .settings("smoke", "[breaker]\nenabled = false\n[retry]\nmax = 0")
        .bff("relay", &relay("v1", None), "[smoke]\npath = \"/probe\"")
        .route("bff = \"relay\"\nclient = \"smoke\"")
        .start()
        .await
        .unwrap();
    eventually("the service is well", async || {
        (unavailable(&host, "relay").await == 0.0).then_some(())
    })
    .await;
    assert_eq!(host.get("/x").await.unwrap().header("x-version"), "v1");
    assert_eq!(bff(&host, "relay").await["refused"], Value::Null);
}

#[tokio::test]
async fn what_no_bff_was_lately_is_not_kept() {
    let host = host("", "").await;
    for (swaps, version) in [(1, "v2"), (2, "v3"), (3, "v4")] {
        host.replace("page.wasm", &page(version)).unwrap();
        swapped(&host, "page", swaps).await;
    }
    let folder = host.dir().join("data/components");
    eventually("two are left", async || {
        (std::fs::read_dir(&folder).unwrap().count() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_that_was_killed_serves_what_was_live_where_a_file_was_cut_short() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", &page("w1")).unwrap();
    let builder = builder.config("log.format = \"json\"");
    let (path, files) = builder.config(PAGE).config(OTHER).write().unwrap();
    let mut process = Process::serve(&path).unwrap();
    let both = async |process: &Process| {
        let address = process.address().unwrap();
        let page = Wire::ask(address, &get("/page", "")).await;
        let other = Wire::ask(address, &get("/other", "")).await;
        assert_eq!((page.status, other.status), (200, 200));
        assert_eq!((page.body, other.body), (body("v1"), body("w1")));
    };
    both(&process).await;
    process.signal("KILL").unwrap();
    process.wait().unwrap();

    let cut = page("v2");
    std::fs::write(files.path().join("page.wasm"), &cut[..cut.len() / 2]).unwrap();
    let process = Process::serve(&path).unwrap();
    both(&process).await;
    let refused = process.wait_for(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(refused["bff"], "page", "{refused}");
}

#[tokio::test]
async fn a_file_that_is_gone_is_one_warning() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", &page("w1")).unwrap();
    let builder = builder.config("log.format = \"json\"");
    let (path, files) = builder.config(PAGE).config(OTHER).write().unwrap();
    let process = Process::serve(&path).unwrap();
    let is_gone = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        message.contains("the component file is gone")
    };
    std::fs::remove_file(files.path().join("page.wasm")).unwrap();
    let said = process.wait_for(is_gone).unwrap();
    assert_eq!(
        (&said["bff"], &said["level"]),
        (&json!("page"), &json!("WARN"))
    );
    // A new file is taken at the second look after it, so all files were looked at again by then.
    for version in ["w2", "w3", "w4"] {
        std::fs::write(files.path().join("next"), page(version)).unwrap();
        std::fs::rename(files.path().join("next"), files.path().join("other.wasm")).unwrap();
        let address = process.address().unwrap();
        eventually("the other BFF", async || {
            let other = Wire::ask(address, &get("/other", "")).await;
            (other.body == body(version)).then_some(())
        })
        .await;
    }
    assert_eq!(process.log().iter().filter(|line| is_gone(line)).count(), 1);
    let page = Wire::ask(process.address().unwrap(), &get("/page", "")).await;
    assert_eq!(page.body, body("v1"));
}

#[tokio::test]
async fn a_strict_host_takes_no_configuration_with_a_bad_component() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.config("log.format = \"json\"");
    let (path, files) = builder.config(PAGE).write().unwrap();
    let mut strict = std::process::Command::new("sh");
    strict
        .args(["-c", "exec \"$0\" \"$@\" --strict"])
        .arg(Process::program().unwrap());
    let process = Process::start(strict, &path).unwrap();
    std::fs::write(files.path().join("other.wasm"), "nonsense").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + OTHER).unwrap();
    process.signal("HUP").unwrap();
    let said = process.wait_for(|line| line["level"] == "ERROR").unwrap();
    let message = said["message"].as_str().unwrap();
    assert!(message.contains("not reloaded"), "{message}");
    assert!(message.contains("bff.other: component: "), "{message}");
    let address = process.address().unwrap();
    assert_eq!(Wire::ask(address, &get("/other", "")).await.status, 404);
    assert_eq!(Wire::ask(address, &get("/page", "")).await.body, body("v1"));
}

#[test]
fn a_strict_host_does_not_start_with_a_bad_component() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", b"nonsense").unwrap();
    let (path, _files) = builder.config(PAGE).config(OTHER).write().unwrap();
    let path = path.display().to_string();
    let output = Process::run(&["serve", "--strict", "--config", &path]).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("bff.other: component: "), "{said}");
}
