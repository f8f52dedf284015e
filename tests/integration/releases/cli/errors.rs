//! With `--json`, an error is an object as well; orders about one release; tokens as they are
//! pasted.

use serde_json::Value;
use tailor_harness::Process;

use super::super::api::Api;
use super::super::{builder, start};
use super::{Said, file, tailor, url};
use crate::swap::page::page;

/// The only object of a run.
fn only(said: &Said) -> Value {
    let mut lines = said.json();
    assert_eq!(lines.len(), 1, "{said:?}");
    lines.remove(0)
}

#[tokio::test]
async fn an_error_is_one_object_of_the_shape_of_a_problem() {
    let (host, api) = start().await;
    let url = url(&api);
    for typed in [
        &["status", "nowhere"][..],
        &["releases", "nowhere"],
        &["previews", "nowhere"],
        &["diff", "nowhere", "--to", "live"],
    ] {
        let said = tailor(&url, &[typed, &["--json"]].concat()).await;
        let problem = only(&said);
        assert_eq!(said.code, 1, "{said:?}");
        assert_eq!(
            (&problem["status"], &problem["step"]),
            (&404.into(), &"bff".into()),
            "{said:?}"
        );
        for member in ["reason", "fix", "request_id"] {
            let text = problem[member].as_str().unwrap();
            assert!(!text.is_empty(), "{member} {said:?}");
        }
        assert!(said.err.starts_with("tailor: "), "{said:?}");
        let plain = tailor(&url, typed).await;
        assert_eq!(plain.out, "", "{plain:?}");
    }
    // What no host has refused has the same members.
    let nobody = "http://127.0.0.1:1";
    let said = tailor(nobody, &["status", "--json"]).await;
    let problem = only(&said);
    assert_eq!(problem["step"], "command", "{said:?}");
    assert_eq!(problem["status"], Value::Null, "{said:?}");
    assert!(
        problem["reason"]
            .as_str()
            .unwrap()
            .contains("cannot connect")
    );
    assert!(problem["fix"].as_str().unwrap().contains("--url"));
    // A way out that nobody knows is none.
    let typed = ["deploy", "page", "nothere.wasm", "--json"];
    let end = tailor(&url, &typed).await.end();
    let problem = &end["problem"];
    assert_eq!(
        (&problem["step"], &problem["fix"]),
        (&"command".into(), &Value::Null),
        "{end}"
    );
    let reason = problem["reason"].as_str().unwrap();
    assert!(reason.starts_with("nothere.wasm: "), "{end}");
    for order in ["promote", "abort", "hold", "rollback"] {
        let said = tailor(nobody, &[order, "page", "--json"]).await;
        assert_eq!(said.end()["problem"]["step"], "command", "{said:?}");
        let said = tailor(&url, &[order, "page", "--json"]).await;
        let problem = &said.end()["problem"];
        assert!(problem["reason"].as_str().unwrap().len() > 5, "{said:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn an_order_about_one_release_changes_no_other_one() {
    let (host, api) = start().await;
    let url = url(&api);
    api.release(&page("v1")).await;
    let path = file(host.dir(), "2.wasm", &page("v2"));
    let typed = ["deploy", "page", &*path, "--canary", "--detach"];
    assert_eq!(tailor(&url, &typed).await.code, 0);
    api.becomes("/v1/bffs/page/releases/2", "canary").await;
    for order in [
        &["promote"][..],
        &["abort"],
        &["hold"],
        &["hold", "--off"],
        &["promote", "--key", "job-1"],
    ] {
        let typed = [order, &["page", "--release", "1", "--json"]].concat();
        let said = tailor(&url, &typed).await;
        assert_eq!(said.code, 1, "{typed:?} {said:?}");
        let problem = &said.end()["problem"];
        assert_eq!(
            (&problem["status"], &problem["step"]),
            (&409.into(), &"canary".into()),
            "{typed:?} {said:?}"
        );
        let status = api.get("/v1/bffs/page").await.json;
        assert_eq!(status["canary"]["release"], 2, "{typed:?}");
        assert_eq!(status["canary"]["held"], Value::Null, "{typed:?}");
    }
    for (order, state) in [("hold", "canary"), ("promote", "live")] {
        let typed = [order, "page", "--release", "2", "--json"];
        let said = tailor(&url, &typed).await;
        assert_eq!(said.end()["release"]["state"], state, "{said:?}");
    }
    // None is on trial any more.
    let said = tailor(&url, &["abort", "page", "--release", "2"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_whole_token_is_revoked_by_its_id_and_shown_nowhere() {
    let (path, files) = builder("admin.tokens = true\nlog.format = \"json\"\n")
        .write()
        .unwrap();
    let config = path.display().to_string();
    let run = async |arguments: &[&str]| {
        let typed = [&["token"][..], arguments, &["--config", &config]].concat();
        tailor("http://127.0.0.1:1", &typed).await
    };
    let operator = run(&["create", "--operator"]).await.out.trim().to_owned();
    let made = run(&["create", "--team", "a", "--bff", "page", "--bff", "nope"]).await;
    assert_eq!(made.code, 0, "{made:?}");
    let token = made.out.trim().to_owned();
    assert_eq!(token.len(), 63, "{made:?}");
    assert!(
        made.err
            .starts_with("tailor: nope: the configuration has no BFF")
            && !made.err.contains("page"),
        "{made:?}"
    );
    let secret = &token[13..56];
    let last = if token.ends_with('x') { 'y' } else { 'x' };
    let (id, typo) = (&token[4..12], format!("{}{last}", &token[..62]));
    for (typed, code) in [
        (&["revoke", &*typo][..], 1),
        (&["list", &token], 1),
        (&["revoke", &token, "--json"], 0),
        (&["revoke", &token], 1),
    ] {
        let said = run(typed).await;
        assert_eq!(said.code, code, "{typed:?} {said:?}");
        assert!(!format!("{said:?}").contains(secret), "{said:?}");
        if code == 0 {
            assert_eq!(only(&said)["id"], id, "{said:?}");
        }
    }
    // The same of the interface.
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    let fields = format!("authorization: Bearer {operator}\r\n");
    let revoked = api
        .send("DELETE", &format!("/v1/tokens/{token}"), &fields, b"")
        .await;
    assert_eq!(revoked.status, 404, "{revoked:?}");
    assert!(!revoked.json.to_string().contains(secret), "{revoked:?}");
    let acts = api.send("GET", "/v1/audit", &fields, b"").await.json;
    assert!(acts.to_string().contains(id), "{acts}");
    assert!(!acts.to_string().contains(secret), "{acts}");
    for line in process.lines() {
        assert!(!line.contains(secret), "{line}");
    }
    drop(files);
}
