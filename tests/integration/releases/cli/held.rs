//! What is held: a component that a rule has rolled back, and the share of a release.

use rusqlite::Connection;
use serde_json::json;

use super::super::start;
use super::away::{host, problem};
use super::stub::stub;
use super::{file, tailor, url};
use crate::swap::page::page;

#[tokio::test]
async fn a_component_that_is_held_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let held = |head: &str| {
        let is_order = head.starts_with("POST ");
        is_order.then(|| problem("409 Conflict", "held"))
    };
    let address = stub(move |head| host(head, held)).await;
    let typed = ["deploy", "page", &*path, "--json"];
    let said = tailor(&format!("http://{address}"), &typed).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(said.end()["problem"]["step"], "held", "{said:?}");
}

#[tokio::test]
async fn a_share_that_is_held_ends_with_6_and_names_the_orders() {
    let (host, api) = start().await;
    let url = url(&api);
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    let path = file(host.dir(), "2.wasm", &page("v2"));
    let typed = ["deploy", "page", &*path, "--canary", "--key", "job-1"];
    let begun = tailor(&url, &[&typed[..], &["--detach"]].concat()).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    api.becomes("/v1/bffs/page/releases/2", "canary").await;
    let said = tailor(&url, &["hold", "page", "--message", "until tomorrow"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = tailor(&url, &[&typed[..], &["--json"]].concat()).await;
    assert_eq!(said.code, 6, "{said:?}");
    let end = said.end();
    assert_eq!(end["release"]["held"], "until tomorrow", "{said:?}");
    let error = end["error"].as_str().unwrap();
    assert_eq!(
        error,
        "page: release 2 keeps 10 % of the requests: until tomorrow; let it grow with `tailor hold \
         page --off`, make it live with `tailor promote page`, or end it with `tailor abort page`"
    );
    let said = tailor(&url, &["hold", "page", "--off"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("the share of release 2 grows"),
        "{said:?}"
    );
    // Without one on trial, it is about those that come.
    assert_eq!(tailor(&url, &["abort", "page"]).await.code, 0);
    let journal = Connection::open(host.dir().join("data/releases/journal.db")).unwrap();
    let ended = "INSERT INTO automation (bff, back, off) VALUES ('page', 1, 'two in an hour')";
    journal.execute(ended, []).unwrap();
    let said = tailor(&url, &["status", "page"]).await;
    let told =
        "page: canaries keep their first share until tailor hold page --off: two in an hour\n";
    assert!(said.out.ends_with(told), "{said:?}");
    let said = tailor(&url, &["hold", "page", "--off", "--json"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let off = journal.query_row("SELECT count(*) FROM automation", [], |row| {
        row.get::<_, i64>(0)
    });
    assert_eq!(off.unwrap(), 0, "{said:?}");
    assert_eq!(said.end()["release"]["number"], 1, "{said:?}");
    let status = api.get("/v1/bffs/page").await.json;
    assert_eq!(status["canary"], json!(null));
    host.stop().await;
}
