//! `tailor shadow`.

use serde_json::json;

use super::*;
use crate::releases::shadow::{FREE, Guest, ask, builder, start as begun};
use crate::releases::until;

#[tokio::test]
async fn the_code_of_a_shadow_says_whether_something_differs() {
    let candidate = Guest {
        name: "Anneliese",
        ..Guest::LIVE
    };
    let (host, api) = begun(builder(FREE), &[candidate]).await;
    let url = url(&api);
    let said = tailor(&url, &["shadow", "page"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("there is no shadow"), "{said:?}");
    let typo = tailor(&url, &["shadow", "page", "lives"]).await;
    assert_eq!(typo.code, 1, "{typo:?}");

    let said = tailor(&url, &["shadow", "page", "previous", "--for", "1s"]).await;
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        said.out.ends_with("page: nothing was compared\n"),
        "{said:?}"
    );

    let running = async |name: &str| {
        let arguments = ["shadow", "page", name, "--for", "2s", "--json"];
        let mut running = Box::pin(tailor(&url, &arguments));
        loop {
            tokio::select! {
                said = &mut running => return said,
                answer = ask(&host) => assert_eq!(answer.status, 200),
            }
        }
    };
    let short = digest(&candidate.component())[..7].to_owned();
    let said = running(&short).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.end()["exit"], 2);
    let lines = said.json();
    assert_eq!(lines[0]["event"], "running");
    assert_eq!(lines[1]["report"]["body"][0]["pointer"], "/name");

    let said = tailor(&url, &["shadow", "page"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let runs = &lines[1]["report"]["runs"];
    let told = format!("page: /name changed: {runs} of {runs}, string of 3 -> string of 9\n");
    assert!(said.out.contains(&told), "{told} {said:?}");

    let said = running("live").await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = tailor(&url, &["shadow", "page", "--end"]).await;
    assert!(said.out.ends_with("page: no difference\n"), "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_shadow_that_ends_before_its_time_is_no_verdict() {
    let candidate = Guest::LIVE;
    let (host, api) = begun(builder(FREE), &[candidate]).await;
    let url = url(&api);
    let path = "/v1/bffs/page/shadow";
    let arguments = ["shadow", "page", "live", "--for", "1h"];
    let mut running = Box::pin(tailor(&url, &arguments));
    let ended = until(async || {
        assert_eq!(ask(&host).await.status, 200);
        let report = api.get(path).await.json;
        (report["runs"].as_u64() > Some(0)).then_some(())
    });
    tokio::select! {
        said = &mut running => panic!("it ended before: {said:?}"),
        () = ended => {}
    }
    let ended = api.send("DELETE", path, "", b"").await.json;
    assert_eq!(ended["unknown"], json!(["it ended before its time"]));
    let said = running.await;
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        said.out
            .contains("page: not all was compared: it ended before its time\n"),
        "{said:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_shadow_that_another_order_replaces_is_no_report_of_this_one() {
    let candidate = Guest {
        name: "Anneliese",
        ..Guest::LIVE
    };
    let (host, api) = begun(builder(FREE), &[candidate]).await;
    let url = url(&api);
    let path = "/v1/bffs/page/shadow";
    // One of another component, and one of the same.
    for other in [Guest::LIVE, candidate] {
        let arguments = ["shadow", "page", "previous", "--for", "1h"];
        let mut running = Box::pin(tailor(&url, &arguments));
        let replaced = async {
            until(async || {
                let report = api.get(path).await.json;
                let is_ours = report["state"] == "running"
                    && report["candidate"] == digest(&candidate.component());
                is_ours.then_some(())
            })
            .await;
            let order = json!({"digest": digest(&other.component())});
            assert_eq!(api.post(path, &order).await.status, 202);
        };
        tokio::select! {
            said = &mut running => panic!("it ended before: {said:?}"),
            () = replaced => {}
        }
        let said = running.await;
        assert_ne!(said.code, 0, "{said:?}");
        assert!(
            said.err.contains("another shadow was begun meanwhile"),
            "{said:?}"
        );
        assert!(!said.out.contains("against"), "{said:?}");
        let ended = api.send("DELETE", path, "", b"").await.json;
        assert_eq!(ended["candidate"], digest(&other.component()));
    }
    host.stop().await;
}

#[tokio::test]
async fn an_option_of_a_new_shadow_needs_its_component() {
    for option in [["--sample", "5"], ["--for", "5m"]] {
        let typed = ["shadow", "page", option[0], option[1]];
        let said = tailor("http://127.0.0.1:1", &typed).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("<NAME>"), "{said:?}");
        let ending = [&typed[..2], &["--end"], &typed[2..]].concat();
        let said = tailor("http://127.0.0.1:1", &ending).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("cannot be used with"), "{said:?}");
    }
}
