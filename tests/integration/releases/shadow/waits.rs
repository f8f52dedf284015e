//! Candidates that wait where the live version does not.

use super::*;
use crate::recordings::wasi::{learner, learner_that_waits};

/// Waits for 600 seconds, or for two hours, with WASI.
const MINUTES: &str =
    "(call $block (call $after (i64.const 600000000000))) (call $say_number (call $ticks))";
/// Waits for an hour but 60 milliseconds, and computes for longer than these.
const BOTH: &str = "(call $block (call $after (i64.const 3599940000000)))
    (local.set $late (i32.const 400000000))
    (loop $on (br_if $on (local.tee $late (i32.sub (local.get $late) (i32.const 1)))))";
const HOURS: &str = "(call $block (call $after (i64.const 7200000000000)))";

#[tokio::test]
async fn a_wait_takes_no_time_and_past_the_deadline_it_is_a_failure() {
    let more = format!("deadline = \"1h\"\nlimits.cpu = \"1h\"\n{FREE}");
    let host = builder(&more).start().await.unwrap();
    let api = Api::of(&host);
    let hours = learner_that_waits(7_200_000_000_000, "");
    let all = [
        learner(MINUTES),
        learner(HOURS),
        learner(""),
        hours,
        learner(BOTH),
    ];
    // The smoke request is none here: it would wait.
    for component in all.iter().rev().chain([&all[2]]) {
        assert_eq!(api.release(component).await["state"], "live");
    }
    let live = digest(&all[2]);
    let sha256 = async || api.get("/v1/bffs/page").await.json["sha256"].clone();
    until(async || (sha256().await == live).then_some(())).await;

    let ran = async |component: &[u8]| {
        let order = json!({"digest": digest(component)});
        assert_eq!(api.post(PATH, &order).await.status, 202);
        until(async || {
            assert_eq!(ask(&host).await.status, 200);
            let report = api.get(PATH).await.json;
            (report["runs"].as_u64().unwrap() > 0).then_some(report)
        })
        .await
    };
    // Its answer says one time more. Bodies that are no JSON say nothing here.
    let report = ran(&all[0]).await;
    assert_eq!(report["failed"], json!([]), "{report:#}");
    assert_eq!(report["status"], json!([]), "{report:#}");
    let report = ran(&all[1]).await;
    let example = json!({"live": "200", "candidate": "bff-deadline"});
    assert_eq!(
        report["status"][0]["examples"],
        json!([example]),
        "{report:#}"
    );
    // Also where the live version waits there, for less.
    let report = ran(&all[3]).await;
    assert_eq!(report["failed"][0]["code"], "bff-deadline", "{report:#}");
    // What it computes is time, too.
    let report = ran(&all[4]).await;
    assert_eq!(report["failed"][0]["code"], "bff-deadline", "{report:#}");
    // Neither it nor the live version that ran again waits in the host.
    let report = ran(&all[2]).await;
    assert_eq!(report["failed"], json!([]), "{report:#}");
    host.stop().await;
}
