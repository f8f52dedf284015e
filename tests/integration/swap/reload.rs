//! A reload of the configuration, as by SIGHUP: all of it takes effect or nothing.

use std::time::Duration;

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::{Value, json};
use tailor::host::Changed;
use tailor_harness::TestHost;

use super::page::{page, page_with_status, stamped};
use super::{edit, host, live, served, swaps};
use crate::downstream::relay::relay;
use crate::observe::{bff, eventually, metric, swapped};

async fn reload(host: &TestHost) -> Result<Changed, String> {
    let changed = host.host().reload().await;
    changed.map_err(|error| error.to_string())
}

#[tokio::test]
async fn new_limits_are_in_force_under_the_same_version() {
    let host = host("", "").await;
    let first = live(&host, "page").await;
    edit(&host, |text| {
        text + "[bff.page.limits]\nresponse-size = \"16B\"\n"
    });
    let changed = reload(&host).await.unwrap();
    assert_eq!(changed, Changed::default());
    let reply = host.get("/page").await.unwrap();
    assert_eq!(reply.status, 502);
    assert_eq!(reply.header("tailor-error"), "bff-response-too-large");
    assert_eq!(reply.json()["version"], json!(first));
    let state = bff(&host, "page").await;
    assert_eq!(
        (&state["version"], &state["swaps"]),
        (&json!(first), &json!(0))
    );
}

#[tokio::test]
async fn a_component_that_the_file_names_now_is_published() {
    let host = host("", "").await;
    host.replace("next.wasm", &page("v2")).unwrap();
    edit(&host, |text| text.replace("page.wasm", "next.wasm"));
    let changed = reload(&host).await.unwrap();
    let version = live(&host, "page").await;
    assert_eq!(changed.published, [("page".to_owned(), version)]);
    assert_eq!(served(&host, "/page").await, "v2");
    assert_eq!(swaps(&host, "page", "published").await, 1.0);
    // From now on it is the new path that is watched.
    host.replace("next.wasm", &page("v3")).unwrap();
    swapped(&host, "page", 2).await;
    assert_eq!(served(&host, "/page").await, "v3");
}

#[tokio::test]
async fn a_file_that_is_not_good_changes_nothing() {
    let host = host("", "").await;
    let good = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    let before = bff(&host, "page").await;
    // In each, the deadline is another one, too, which must not take effect.
    for (change, word) in [
        ("[bff.page", "tailor.toml"),
        ("[bff.page.limits]\nmemroy = \"1MiB\"\n", "memroy"),
        ("[[route]]\nbff = \"nobody\"\npath = \"/x\"\n", "nobody"),
        ("[[route]]\nbff = \"page\"\npath = \"/page\"\n", "route[1]"),
    ] {
        edit(&host, |text| {
            text.replace("[bff.page]", "[bff.page]\ndeadline = \"7s\"") + change
        });
        let error = reload(&host).await.unwrap_err();
        assert!(error.contains(word), "{change:?}: {error}");
        assert_eq!(bff(&host, "page").await, before, "{change:?}");
        assert_eq!(served(&host, "/page").await, "v1");
        assert_eq!(host.get("/other").await.unwrap().status, 404);
        host.replace("tailor.toml", &good).unwrap();
    }
    assert_eq!(reload(&host).await, Ok(Changed::default()));
    // A replaced version is dropped with its last reader.
    eventually("the state is as before", async || {
        (bff(&host, "page").await == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_component_that_is_not_good_is_a_matter_of_its_bff_alone() {
    let host = host("", "").await;
    let good = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    host.replace("bad.wasm", b"nonsense").unwrap();
    host.replace("failing.wasm", &page_with_status("v2", 500))
        .unwrap();
    let other =
        "[bff.other]\ncomponent = \"bad.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    for (other, word) in [
        (other, "not a WebAssembly file"),
        (&other.replace("bad", "missing"), "missing.wasm"),
        (
            &(other.replace("bad", "failing") + "[bff.other.smoke]\n"),
            "500, not 200",
        ),
    ] {
        edit(&host, |text| {
            text.replace("[bff.page]", "[bff.page]\ndeadline = \"7s\"") + other
        });
        let changed = reload(&host).await.unwrap();
        assert_eq!(changed.published, []);
        let [(name, reason)] = &changed.refused[..] else {
            panic!("{changed:?}");
        };
        assert!(name == "other" && reason.contains(word), "{changed:?}");
        // The rest of the new configuration is in force.
        assert_eq!(bff(&host, "page").await["deadline_ms"], json!(7000));
        assert_eq!(served(&host, "/page").await, "v1");
        let reply = host.get("/other").await.unwrap();
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("tailor-error"), "bff-unavailable");
        host.replace("tailor.toml", &good).unwrap();
        assert_eq!(reload(&host).await, Ok(Changed::default()));
    }
    // A live BFF keeps its version, under its new settings.
    host.replace("page.wasm", b"nonsense").unwrap();
    edit(&host, |text| {
        text.replace("[bff.page]", "[bff.page]\ndeadline = \"6s\"")
    });
    assert_eq!(reload(&host).await.unwrap().refused.len(), 1);
    let state = bff(&host, "page").await;
    assert_eq!(
        (&state["deadline_ms"], &state["serves"]),
        (&json!(6000), &json!("last-good"))
    );
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_not_taken_by_a_reload() {
    let host = host("", "").await;
    // From now on, only reloads look at files.
    edit(&host, |text| {
        text.replace("watch-interval = \"20ms\"", "watch-interval = \"1h\"")
    });
    reload(&host).await.unwrap();
    // Time for the watcher to begin its pause of an hour.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let path = host.dir().join("page.wasm");
    let writing = async {
        let mut content = stamped(&page("v2"), 100_000);
        let length = content.len();
        content.truncate(length - 10_000);
        // The first bytes are there before the first reload.
        loop {
            std::fs::write(&path, &content).unwrap();
            content.push(b'x');
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // On a busy machine the writer may stand still for so long that the file looks complete.
    let reloading = eventually("a reload that sees the writing", async || {
        let changed = reload(&host).await.unwrap();
        let [(name, reason)] = &changed.refused[..] else {
            panic!("{changed:?}");
        };
        assert_eq!(name, "page");
        assert_eq!(served(&host, "/page").await, "v1");
        reason.contains("still being written").then_some(())
    });
    tokio::select! {
        biased;
        never = writing => never,
        () = reloading => {}
    }
    std::fs::write(&path, page("v2")).unwrap();
    let changed = reload(&host).await.unwrap();
    assert_eq!(changed.refused, []);
    assert_eq!(served(&host, "/page").await, "v2");
}

#[tokio::test]
async fn how_reloads_end_is_counted() {
    let host = host("", "").await;
    let good = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    let counted = async || {
        let of = async |result| {
            let labels = [("result", result)];
            let count = metric(&host, "tailor_reloads_total", &labels).await;
            count.unwrap()
        };
        (of("done").await, of("partial").await, of("failed").await)
    };
    assert_eq!(counted().await, (0.0, 0.0, 0.0));
    reload(&host).await.unwrap();
    assert_eq!(counted().await, (1.0, 0.0, 0.0));
    edit(&host, |text| text + "[bff.page");
    reload(&host).await.unwrap_err();
    assert_eq!(counted().await, (1.0, 0.0, 1.0));
    host.replace("tailor.toml", &good).unwrap();
    host.replace("page.wasm", b"nonsense").unwrap();
    reload(&host).await.unwrap();
    assert_eq!(counted().await, (1.0, 1.0, 1.0));
}

#[tokio::test]
async fn bffs_and_routes_come_and_go() {
    let host = host("", "").await;
    host.replace("other.wasm", &page("w1")).unwrap();
    let before = std::fs::read(host.dir().join("tailor.toml")).unwrap();
    edit(&host, |text| {
        text + "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n"
    });
    let changed = reload(&host).await.unwrap();
    assert_eq!(changed.published.len(), 1);
    assert_eq!(changed.published[0].0, "other");
    assert_eq!(served(&host, "/other").await, "w1");
    assert_eq!(served(&host, "/page").await, "v1");
    host.replace("tailor.toml", &before).unwrap();
    assert_eq!(reload(&host).await.unwrap().published, []);
    assert_eq!(host.get("/other").await.unwrap().status, 404);
    assert_eq!(bff(&host, "other").await, Value::Null);
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn what_is_read_once_is_named_and_stays_as_it_is() {
    let host = host("", "").await;
    edit(&host, |text| {
        text.replace("server.workers = 2", "server.workers = 3")
            .replace("instances = 64", "instances = 65")
    });
    let changed = reload(&host).await.unwrap();
    assert_eq!(changed.published, []);
    let named = changed.needs_restart.join("; ");
    assert!(
        named.contains("server") && named.contains("engine.instances"),
        "{named}"
    );
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn a_service_that_has_moved_is_called_at_its_new_address() {
    let [old, new] = [
        ScriptedService::start(|_| Response::text("old")).unwrap(),
        ScriptedService::start(|_| Response::text("new")).unwrap(),
    ];
    let config = format!(
        "[bff.relay]\ncomponent = \"relay.wasm\"\ndownstreams = [\"svc\"]\n\
         [[route]]\nbff = \"relay\"\nclient = \"svc\"\n[downstream.svc]\nurl = \"http://{}\"\n",
        old.address()
    );
    let builder = TestHost::builder().unwrap().workers(1);
    let builder = builder.file("relay.wasm", &relay("v1", None)).unwrap();
    let host = builder.config(&config).start().await.unwrap();
    assert_eq!(host.get("/x").await.unwrap().text(), "old");
    // Connections of services that did not change are kept. From now on, only reloads look for
    // changes.
    edit(&host, |text| {
        text.replace("watch-interval = \"20ms\"", "watch-interval = \"1h\"")
    });
    reload(&host).await.unwrap();
    assert_eq!(host.get("/x").await.unwrap().text(), "old");
    assert_eq!(old.accepted(), 1);
    // Time for the watcher to begin its pause of an hour. If that comes later, the test only shows
    // less.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (from, to) = (old.address().to_string(), new.address().to_string());
    edit(&host, |text| text.replace(&from, &to));
    reload(&host).await.unwrap();
    assert_eq!(host.get("/x").await.unwrap().text(), "new");
    // The old address is no longer needed.
    eventually("the old connection is closed", async || {
        (old.open() == 0).then_some(())
    })
    .await;
}
