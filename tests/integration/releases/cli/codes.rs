//! How a command ends whose component is named by digits that mean none, or several: as with a
//! whole digest that no release is of.

use rusqlite::Connection;

use super::super::{builder, served, some, start};
use super::away::{host as answered, problem};
use super::stub::stub;
use super::{file, tailor, url};
use crate::releases::api::{Api, digest};
use crate::swap::page::page;

/// What two digests of the history begin with.
const TWICE: &str = "abcdef0";

#[tokio::test]
async fn digits_that_mean_none_or_several_end_with_the_code_of_the_page() {
    let (host, api) = start().await;
    let url = url(&api);
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    let journal = Connection::open(host.dir().join("data/releases/journal.db")).unwrap();
    for last in ["1", "2"] {
        let digest = format!("{TWICE}{}{last}", "0".repeat(56));
        let row = "INSERT INTO release (bff, digest, kind, at) VALUES ('page', ?1, 'deploy', 1)";
        journal.execute(row, [&digest]).unwrap();
        let event = "INSERT INTO event (release, state, step, reason, at)
                     VALUES (last_insert_rowid(), 'refused', 'form', 'x', 1)";
        journal.execute(event, []).unwrap();
    }
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let whole = "0".repeat(64);
    let never = digest(b"never live");
    for (typed, code, told) in [
        // What is expected is not live: a conflict.
        (
            &["deploy", "page", &path, "--expect-live", &whole][..],
            5,
            "409 at expect-live",
        ),
        (
            &["deploy", "page", &path, "--expect-live", "0000000"],
            5,
            "--expect-live 0000000: no release of page",
        ),
        (
            &["deploy", "page", &path, "--expect-live", TWICE],
            5,
            "--expect-live abcdef0: the digests",
        ),
        // What is to be live cannot be: it is refused.
        (&["rollback", "page", "--to", &whole], 2, "was not live"),
        (&["rollback", "page", "--to", &never], 2, "was not live"),
        (
            &["rollback", "page", "--to", "0000000"],
            2,
            "0000000: no release of page",
        ),
        (&["rollback", "page", "--to", TWICE], 2, "write more digits"),
        // Of a shadow, 2 says that something differs.
        (&["shadow", "page", "0000000"], 1, "no release of page"),
        (&["shadow", "page", TWICE], 1, "write more digits"),
        (&["shadow", "page", &whole], 1, "409 at digest"),
        (
            &["diff", "page", "--to", TWICE],
            1,
            "404 at digest: bff.page: \"abcdef0\" is the start of several digests; write more digits",
        ),
    ] {
        let said = tailor(&url, typed).await;
        assert_eq!(said.code, code, "{typed:?} {said:?}");
        assert!(said.err.contains(told), "{typed:?} {said:?}");
    }
    assert_eq!(served(host.address()).await, some("v2"));
    host.stop().await;
}

#[tokio::test]
async fn nothing_that_is_live_is_no_conflict_but_for_who_expects_it() {
    let (host, api) = start().await;
    let url = url(&api);
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let live = ["deploy", "page", &path, "--expect-live", "live"];
    let said = tailor(&url, &live).await;
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("live: page has none"), "{said:?}");
    let said = tailor(&url, &["rollback", "page", "--to", "latest"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn an_upload_that_is_refused_for_what_it_is_ends_with_2() {
    let limit = "engine.max-component-size = \"1KiB\"\n";
    let host = builder(limit).start().await.unwrap();
    let path = file(host.dir(), "large.wasm", &[0; 2000]);
    let address = url(&Api::of(&host));
    let said = tailor(&address, &["deploy", "page", &path, "--json"]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("413 at size: "), "{said:?}");
    assert_eq!(said.end()["problem"]["step"], "size", "{said:?}");
    let path = file(host.dir(), "1.wasm", b"x");
    for (status, step, code) in [
        ("422 Unprocessable Entity", "digest", 2),
        // Not for the component's sake.
        ("411 Length Required", "size", 1),
        ("400 Bad Request", "upload", 1),
        ("507 Insufficient Storage", "store", 1),
    ] {
        let refused = move |line: &str| line.starts_with("PUT ").then(|| problem(status, step));
        let address = stub(move |line| answered(line, refused)).await;
        let said = tailor(&format!("http://{address}"), &["deploy", "page", &path]).await;
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(&format!("at {step}: ")), "{said:?}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_component_that_is_damaged_in_the_store_is_mended_by_a_deploy() {
    let (host, api) = start().await;
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let typed = ["deploy", "page", &*path, "--json"];
    assert_eq!(tailor(&url(&api), &typed).await.code, 0);
    let stored = format!("data/releases/{}.wasm", digest(&page("v1")));
    std::fs::write(host.dir().join(&stored), b"damaged").unwrap();
    let said = tailor(&url(&api), &typed).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.json()[0]["event"], "uploaded", "{said:?}");
    assert_eq!(std::fs::read(host.dir().join(&stored)).unwrap(), page("v1"));
    host.stop().await;
}

#[tokio::test]
async fn an_empty_component_is_refused_at_its_form() {
    let (host, api) = start().await;
    let path = file(host.dir(), "empty.wasm", b"");
    let said = tailor(&url(&api), &["deploy", "page", &path]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("is refused at form: "), "{said:?}");
    host.stop().await;
}
