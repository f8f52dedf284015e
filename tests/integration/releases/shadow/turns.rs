//! Shadows of several BFFs beside each other.

use super::*;

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
    // Of one run of a second, the other BFF would wait for minutes.
    let more = format!("limits.cpu = \"1s\"\n{other}{route}[releases.shadow]\ncpu = 1\n");
    let (host, api) = start(builder(&more).workers(1), &[endless]).await;
    for guest in [candidate, Guest::LIVE] {
        assert_eq!(api.put(&guest.component()).await.status / 100, 2);
        let order = json!({"digest": digest(&guest.component())});
        let begun = api.post("/v1/bffs/other/releases", &order).await;
        assert_eq!(api.ended(&begun.location).await["state"], "live");
    }
    let live = digest(&Guest::LIVE.component());
    until(async || {
        let status = api.get("/v1/bffs/other").await.json;
        (status["sha256"] == live).then_some(())
    })
    .await;
    begin(&api, endless).await;
    let report = compared(&host, &api, 1).await;

    let order = json!({"digest": digest(&candidate.component())});
    assert_eq!(api.post(OTHER, &order).await.status, 202);
    let found = until(async || {
        let answer = Wire::ask(host.address(), &get("/other/x", "")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let found = api.get(OTHER).await.json;
        (found["runs"].as_u64().unwrap() >= 3).then_some(found)
    })
    .await;
    assert_eq!(found["body"][0]["pointer"], "/name", "{found:#}");
    let now = api.get(PATH).await.json;
    assert_eq!(now["runs"], report["runs"], "{now:#}");
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
    host.stop().await;
}
