//! What a shadow leaves out.

use downstream_mock::scripted::Gate;

use super::*;
use crate::releases::admin_page;
use crate::wire::beside;

const OTHER: Guest = Guest {
    name: "Bob",
    ..Guest::LIVE
};

#[tokio::test]
async fn nothing_is_taken_while_others_wait() {
    let gate = Gate::new();
    let opened = gate.clone();
    let host = TestHost::builder().unwrap();
    let host = host.service("facts", move |_| Response::json("{}").after(gate.pass()));
    let more = format!("limits.concurrency = 1\nlimits.queue = 8\n{FREE}");
    let host = with_page(host, &more);
    let (host, api) = start(host, &[OTHER]).await;
    begin(&api, OTHER).await;
    let ask_beside = || {
        let address = host.address();
        beside(async move { Wire::ask(address, &get("/page/x", "")).await.status })
    };
    let shows = async |wanted: &str| {
        until(async || {
            let metrics = admin_page(api.0, "/metrics").await;
            metrics.contains(wanted).then_some(())
        })
        .await;
    };
    let mut asked = vec![ask_beside()];
    shows("tailor_bff_running{bff=\"page\"} 1\n").await;
    asked.push(ask_beside());
    shows("tailor_bff_waiting{bff=\"page\"} 1\n").await;
    asked.extend([ask_beside(), ask_beside()]);
    let report = until(async || {
        let report = api.get(PATH).await.json;
        (report["shed"] == json!({"busy": 2})).then_some(report)
    });
    assert_eq!(report.await["requests"], 4);
    opened.open_for_all();
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    host.stop().await;
}

#[tokio::test]
async fn no_more_cpu_time_is_used_than_there_is_for_it() {
    let endless = Guest {
        first: ENDLESS,
        ..Guest::LIVE
    };
    let more = "[releases.shadow]\ncpu = 1\n";
    let (host, api) = start(builder(more).workers(1), &[endless]).await;
    begin(&api, endless).await;
    let report = compared(&host, &api, 1).await;
    // It is paid for a hundred times as long.
    for _ in 0..20 {
        assert_eq!(ask(&host).await.status, 200);
    }
    let now = api.get(PATH).await.json;
    assert_eq!(now["runs"], report["runs"], "{now:#}");
    // One waits for its run.
    assert!(now["shed"]["cpu"].as_u64().unwrap() >= 19, "{now:#}");
    let metrics = admin_page(api.0, "/metrics").await;
    let shed = "tailor_shadow_shed_total{bff=\"page\",reason=\"cpu\"}";
    assert!(metrics.contains(shed), "{metrics}");
    host.stop().await;
}

#[tokio::test]
async fn what_has_no_room_and_whose_client_goes_is_counted() {
    let gate = Gate::new();
    let opened = gate.clone();
    let host = TestHost::builder().unwrap();
    let host = host.service("facts", move |_| {
        Response::json(format!("\"{}\"", "x".repeat(40_000))).after(gate.pass())
    });
    let more = format!("{FREE}memory = \"64KiB\"\nmax-size = \"64KiB\"\n");
    let (host, api) = start(with_page(host, &more).workers(1), &[OTHER]).await;
    begin(&api, OTHER).await;
    let runs = async |count: usize| {
        let wanted = format!("tailor_bff_running{{bff=\"page\"}} {count}\n");
        until(async || {
            let metrics = admin_page(api.0, "/metrics").await;
            metrics.contains(&wanted).then_some(())
        })
        .await;
    };
    let mut gone = Wire::connect(host.address()).await;
    gone.send(&get("/page/x", "")).await;
    runs(1).await;
    drop(gone);
    runs(0).await;
    // Each learns more than half of what the memory has room for.
    let mut asked = Vec::new();
    for count in 1..=3 {
        let address = host.address();
        asked.push(beside(async move {
            Wire::ask(address, &get("/page/x", "")).await.status
        }));
        runs(count).await;
    }
    opened.open_for_all();
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    // Whatever becomes of a request, it is in the report.
    let report = until(async || {
        let report = api.get(PATH).await.json;
        let count = |name: &str| report[name].as_u64().unwrap();
        let is_whole = count("runs") + count("dropped") == 4;
        is_whole.then_some(report)
    })
    .await;
    assert_eq!(report["requests"], 4);
    assert_eq!(report["shed"]["gone"], 1, "{report:#}");
    let left_out = report["shed"].as_object().unwrap();
    let sum: u64 = left_out.values().map(|it| it.as_u64().unwrap()).sum();
    assert_eq!(report["dropped"], sum);
    host.stop().await;
}

#[tokio::test]
async fn a_record_that_is_too_large_is_left_out() {
    let host = TestHost::builder().unwrap();
    let host = host.service("facts", |_| {
        Response::json(format!("\"{}\"", "x".repeat(5000)))
    });
    let more = format!("{FREE}max-size = \"4KiB\"\n");
    let (host, api) = start(with_page(host, &more), &[OTHER]).await;
    begin(&api, OTHER).await;
    let answer = ask(&host).await;
    assert_eq!(answer.status, 200);
    let report = until(async || {
        let report = api.get(PATH).await.json;
        (report["shed"]["size"] == 1).then_some(report)
    });
    assert_eq!(report.await["runs"], 0);
    host.stop().await;
}

#[tokio::test]
async fn what_a_release_on_trial_answers_is_not_taken() {
    let on_trial = Guest {
        name: "Cid",
        ..Guest::LIVE
    };
    let plan = "steps = [50, 95]\nstep-time = \"1h\"\nbake-time = \"1h\"";
    let more = format!("[bff.page.canary]\n{plan}\n{FREE}");
    let (host, api) = start(builder(&more), &[OTHER]).await;
    let begun = api.try_out(&on_trial.component(), json!({})).await;
    api.becomes(&begun.location, "canary").await;
    begin(&api, OTHER).await;
    let (mut live, mut others) = (0, 0);
    while live < 10 || others < 10 {
        let answer = ask(&host).await;
        assert_eq!(answer.status, 200);
        match answer.body.contains("\"Ada\"") {
            true => live += 1,
            false => others += 1,
        }
    }
    let report = api.get(PATH).await.json;
    assert_eq!(report["requests"], json!(live), "{report:#}");
    assert_eq!(report["body"][0]["pointer"], "/name", "{report:#}");
    host.stop().await;
}
