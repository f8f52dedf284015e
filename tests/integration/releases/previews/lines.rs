//! The lines of previews in the log.

use serde_json::{Value, json};
use tailor_harness::{Process, components};

use super::{Api, Holder, PREVIEWS, token};
use crate::releases::api::digest;
use crate::releases::{builder, until};
use crate::swap::page::stamped;
use crate::wire::Wire;

#[tokio::test]
async fn what_is_logged_of_a_preview_says_that_it_is_one() {
    let settings = format!("log.format = \"json\"\n{PREVIEWS}");
    let (path, _files) = builder(&settings).write().unwrap();
    let process = Process::serve(&path).unwrap();
    let (made, operator) = token(&path, &["create", "--operator"]).await;
    assert!(made, "{operator}");
    let api = Api::of_process(&process);
    let holder = Holder(&api, &operator);
    let live = std::fs::read(components::hostile().unwrap()).unwrap();
    let shown = stamped(&live, 1);
    for component in [&live, &shown] {
        assert_eq!(holder.put(component).await.status, 201);
    }
    let begun = holder.release("page", &live).await;
    holder.is_live(&begun.location).await;
    let order = json!({"name": "pr-12", "digest": digest(&shown)});
    let begun = holder.post("/v1/bffs/page/previews", &order).await;
    until(async || {
        let release = holder.send("GET", &begun.location, b"").await.json;
        (release["state"] == "previewed").then_some(())
    })
    .await;
    let asked = format!("tailor-version: pr-12\r\ntailor-token: {operator}\r\n");
    for (fields, preview) in [("", Value::Null), (&*asked, json!(true))] {
        for (path, targets, status) in [
            ("log?lines=1&bytes=5", ["guest", "access"], 200),
            ("panic", ["tailor::server::report", "access"], 502),
        ] {
            let request = format!("GET /page/{path} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n");
            let answer = Wire::ask(process.address().unwrap(), &request).await;
            assert_eq!(answer.status, status, "{answer:?}");
            for target in targets {
                let line = process.wait_for(|line| {
                    line["target"] == target && line["request_id"] == answer.header("x-request-id")
                });
                assert_eq!(line.unwrap()["preview"], preview, "{target}");
            }
        }
    }
}
