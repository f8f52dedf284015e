//! What a report tells.

use super::*;

#[tokio::test]
async fn a_changed_field_is_told_and_a_random_one_is_not() {
    let candidate = Guest {
        name: "Anneliese",
        first: MORE_DICE,
        ..Guest::LIVE
    };
    let (host, api) = start(builder(FREE), &[candidate]).await;
    begin(&api, candidate).await;
    let report = compared(&host, &api, 5).await;
    let runs = &report["runs"];
    let example = json!({"live": "string of 3", "candidate": "string of 9"});
    let name = json!({
        "pointer": "/name", "kind": "changed", "times": runs, "examples": [example],
    });
    assert_eq!(report["body"], json!([name]), "{report:#}");
    let noise = report["noise"].as_array().unwrap();
    assert_eq!((noise.len(), &noise[0]["place"]), (1, &json!("body /id")));
    let [of_live, runs_of_live] = ["of_live", "runs_of_live"].map(|it| &noise[0][it]);
    assert_eq!((of_live, &noise[0]["left_out"]), (runs_of_live, runs));
    for nothing in ["status", "headers", "failed", "new_calls", "missing_calls"] {
        assert_eq!(report[nothing], json!([]), "{report:#}");
    }
    assert_eq!(
        (&report["differs"], &report["same"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(report["live"], digest(&Guest::LIVE.component()));
    assert_eq!(report["candidate"], digest(&candidate.component()));
    let usage = &report["usage"]["candidate"];
    assert!(usage["cpu_us_p95"].as_u64() >= usage["cpu_us_p50"].as_u64());
    assert!(usage["memory"].as_u64().unwrap() >= 65_536, "{usage}");
    // No value of an answer is told without the operator's leave.
    let text = report.to_string();
    assert!(
        !text.contains("Ada") && !text.contains("Anneliese"),
        "{text}"
    );
    // Each call of the service is that of a client.
    let requests = report["requests"].as_u64().unwrap();
    assert_eq!(host.service("facts").count() as u64, requests);
    let metrics = super::super::admin_page(api.0, "/metrics").await;
    let runs = "tailor_shadow_runs_total{bff=\"page\",result=\"different\"}";
    assert!(metrics.contains(runs), "{metrics}");
    host.stop().await;
}

#[tokio::test]
async fn what_is_the_same_differs_nowhere_and_values_are_told_by_leave() {
    let candidate = Guest {
        name: "Bob",
        ..Guest::LIVE
    };
    let more = format!("{FREE}values = true\n");
    let (host, api) = start(builder(&more), &[candidate]).await;
    begin(&api, Guest::LIVE).await;
    let report = compared(&host, &api, 3).await;
    assert_eq!(report["differs"], false, "{report:#}");
    assert_eq!(
        (&report["body"], &report["same"]),
        (&json!([]), &report["runs"])
    );
    // Another one takes its place.
    begin(&api, candidate).await;
    let report = compared(&host, &api, 1).await;
    let example = json!({"live": "\"Ada\"", "candidate": "\"Bob\""});
    assert_eq!(
        report["body"][0]["examples"],
        json!([example]),
        "{report:#}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_call_that_the_live_version_did_not_make_is_told_and_not_sent() {
    let candidate = Guest {
        path: "/users/u00471/b",
        ..Guest::LIVE
    };
    let (host, api) = start(builder(FREE), &[candidate]).await;
    begin(&api, candidate).await;
    let report = compared(&host, &api, 2).await;
    let runs = &report["runs"];
    let call = |call: &str| json!([{"call": call, "times": runs}]);
    assert_eq!(
        report["new_calls"],
        call("GET facts /users/*/b"),
        "{report:#}"
    );
    assert_eq!(report["missing_calls"], call("GET facts /a"));
    // It was told that the service cannot be reached.
    assert_eq!(report["body"][0]["pointer"], "/facts");
    let paths = host.service("facts").requests();
    assert!(paths.iter().all(|it| it.path() == "/a"), "{paths:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_candidate_that_fails_harms_no_client() {
    let with = |first| Guest {
        first,
        ..Guest::LIVE
    };
    let all = [
        (with("(unreachable)"), "bff-trap"),
        (with(ENDLESS), "bff-cpu-limit"),
    ];
    let candidates = all.map(|(candidate, _)| candidate);
    let (host, api) = start(builder(FREE), &candidates).await;
    for (candidate, code) in all {
        begin(&api, candidate).await;
        let report = compared(&host, &api, 2).await;
        let runs = &report["runs"];
        let failed = json!([{"code": code, "times": runs, "of_live": 0}]);
        assert_eq!(report["failed"], failed);
        let example = json!({"live": "200", "candidate": code});
        let status = json!({"kind": "changed", "times": runs, "examples": [example]});
        assert_eq!(report["status"], json!([status]), "{report:#}");
        assert_eq!(report["body"], json!([]));
    }
    host.stop().await;
}

#[tokio::test]
async fn another_status_is_told_without_the_body() {
    let candidate = Guest {
        status: 404,
        name: "Bob",
        ..Guest::LIVE
    };
    let (host, api) = start(builder(FREE), &[candidate]).await;
    begin(&api, candidate).await;
    let report = compared(&host, &api, 1).await;
    let example = json!({"live": "200", "candidate": "404"});
    assert_eq!(report["status"][0]["examples"], json!([example]));
    assert_eq!(report["body"], json!([]), "{report:#}");
    host.stop().await;
}
