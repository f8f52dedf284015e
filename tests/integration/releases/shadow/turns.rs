//! Shadows of several BFFs beside each other.

use downstream_mock::scripted::Gate;

use super::*;
use crate::releases::admin_page;
use crate::wire::beside;

const OTHER: &str = "/v1/bffs/other/shadow";

#[tokio::test]
async fn a_candidate_that_computes_for_long_leaves_the_others_their_part() {
    let endless = Guest {
        first: ENDLESS,
        ..Guest::LIVE
    };
    let candidate = Guest {
        name: "Bob",
        ..Guest::LIVE
    };
    let other = "[bff.other]\nreleases = true\ndownstreams = [\"facts\"]\n";
    let route = "[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    // Of one run for an hour, or of the pause for one of a second, the other BFF would wait.
    let limits = "deadline = \"1h\"\nlimits.cpu = \"1h\"\n";
    let more = format!("{limits}{other}{route}[releases.shadow]\ncpu = 1\n");
    let (host, api) = start(builder(&more).workers(1), &[endless]).await;
    release_other(&api, &[candidate, Guest::LIVE]).await;
    begin(&api, endless).await;
    let report = compared(&host, &api, 1).await;
    assert_eq!(report["failed"][0]["code"], "bff-cpu-limit", "{report:#}");

    let order = json!({"digest": digest(&candidate.component())});
    assert_eq!(api.post(OTHER, &order).await.status, 202);
    let found = other_compared(&host, &api, 3).await;
    assert_eq!(found["body"][0]["pointer"], "/name", "{found:#}");
    let now = api.get(PATH).await.json;
    assert_eq!(now["runs"], report["runs"], "{now:#}");
    host.stop().await;
}

/// Releases these as the other BFF. The last one is live then.
async fn release_other(api: &Api, guests: &[Guest]) {
    let mut live = String::new();
    for guest in guests {
        live = digest(&guest.component());
        assert_eq!(api.put(&guest.component()).await.status / 100, 2);
        let order = json!({"digest": live});
        let begun = api.post("/v1/bffs/other/releases", &order).await;
        assert_eq!(api.ended(&begun.location).await["state"], "live");
    }
    until(async || {
        let status = api.get("/v1/bffs/other").await.json;
        (status["sha256"] == live).then_some(())
    })
    .await;
}

/// Asks the other BFF until its candidate ran so often.
async fn other_compared(host: &TestHost, api: &Api, runs: u64) -> Value {
    until(async || {
        let answer = Wire::ask(host.address(), &get("/other/x", "")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let found = api.get(OTHER).await.json;
        (found["runs"].as_u64().unwrap() >= runs).then_some(found)
    })
    .await
}

#[tokio::test]
async fn what_one_shadow_holds_for_long_leaves_the_next_one_its_part_of_the_memory() {
    let endless = Guest {
        first: ENDLESS,
        ..Guest::LIVE
    };
    let larger = Guest {
        path: "/larger",
        ..Guest::LIVE
    };
    let gate = Gate::new();
    let opened = gate.clone();
    let host = TestHost::builder().unwrap();
    let host = host.service("facts", move |request| {
        let size = if request.path() == "/larger" {
            28_000
        } else {
            20_000
        };
        Response::json(format!("\"{}\"", "x".repeat(size))).after(gate.pass())
    });
    let other = "[bff.other]\nreleases = true\ndownstreams = [\"facts\"]\n";
    let route = "[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let budget = "[releases.shadow]\ncpu = 1\nmemory = \"64KiB\"\nmax-size = \"32KiB\"\n";
    let more = format!("{other}{route}{budget}");
    let (host, api) = start(with_page(host, &more).workers(1), &[endless]).await;
    release_other(&api, &[larger]).await;
    begin(&api, endless).await;
    // All three are taken before the first one is paid for.
    let mut asked = Vec::new();
    for running in 1..=3 {
        let address = host.address();
        asked.push(beside(async move {
            Wire::ask(address, &get("/page/x", "")).await.status
        }));
        let wanted = format!("tailor_bff_running{{bff=\"page\"}} {running}\n");
        until(async || {
            let metrics = admin_page(api.0, "/metrics").await;
            metrics.contains(&wanted).then_some(())
        })
        .await;
    }
    opened.open_for_all();
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    until(async || {
        let report = api.get(PATH).await.json;
        let is_held = (report["taken"] == 3) && (report["runs"] == 1);
        is_held.then_some(())
    })
    .await;

    let order = json!({"digest": digest(&larger.component())});
    assert_eq!(api.post(OTHER, &order).await.status, 202);
    let found = other_compared(&host, &api, 1).await;
    assert_eq!(found["differs"], false, "{found:#}");
    let report = api.get(PATH).await.json;
    assert_eq!(report["shed"], json!({"memory": 1}), "{report:#}");
    assert_eq!(report["dropped"], 1);
    host.stop().await;
}

#[tokio::test]
async fn what_waits_at_the_end_is_counted() {
    let endless = Guest {
        first: ENDLESS,
        ..Guest::LIVE
    };
    let more = "[releases.shadow]\ncpu = 1\n";
    let (host, api) = start(builder(more).workers(1), &[endless]).await;
    begin(&api, endless).await;
    compared(&host, &api, 1).await;
    // This one waits until the run before it is paid for.
    let taken = until(async || {
        assert_eq!(ask(&host).await.status, 200);
        let report = api.get(PATH).await.json;
        let taken = report["taken"].as_u64().unwrap();
        (taken > report["runs"].as_u64().unwrap()).then_some(taken)
    })
    .await;
    let report = api.send("DELETE", PATH, "", b"").await.json;
    let runs = report["runs"].as_u64().unwrap();
    assert_eq!(report["shed"]["ended"], json!(taken - runs), "{report:#}");
    let (requests, dropped) = (&report["requests"], report["dropped"].as_u64().unwrap());
    assert_eq!(*requests, json!(runs + dropped), "{report:#}");
    host.stop().await;
}
