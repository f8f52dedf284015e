//! What a preview may call, and what no service gets of its token.

use downstream_mock::scripted::Response;
use serde_json::json;
use tailor_harness::{TestHost, TestHostBuilder};

use super::{PREVIEWS, Shown, basic, made};
use crate::downstream::relay::{poster, relay};
use crate::releases::api::Api;
use crate::wire::{ClientResponse, Wire};

const BFF: &str = "[bff.page]\nreleases = true\ndownstreams = [\"svc\"]\n[[route]]\n\
                   bff = \"page\"\nclient = \"svc\"\npath = \"/page\"\n\
                   methods = [\"GET\", \"POST\"]\n";

async fn start(more: &str) -> Shown {
    let host = TestHost::builder()
        .unwrap()
        .service("svc", |request| Response::text(request.target))
        .settings(
            "svc",
            "pass-headers = [\"authorization\"]\nread = [\"POST /search\"]",
        );
    let shown = with_tokens(host.config(&format!("{PREVIEWS}{more}{BFF}"))).await;
    let ended = shown.preview("pr-1", &relay("v1", None), json!({})).await;
    assert_eq!(ended["state"], "previewed", "{ended}");
    shown
}

/// Starts a host, and makes its tokens.
async fn with_tokens(host: TestHostBuilder) -> Shown {
    let host = host.start().await.unwrap();
    let operator = made(&host, &["--operator"]).await;
    let viewer = ["--team", "t", "--bff", "page", "--scope", "preview"];
    let viewer = made(&host, &viewer).await;
    let api = Api::of(&host);
    Shown {
        host,
        api,
        operator,
        viewer,
    }
}

async fn send(shown: &Shown, method: &str, path: &str, fields: &str) -> ClientResponse {
    let host = "pr-1--page.preview.test";
    let request = format!("{method} /page{path} HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n");
    Wire::ask(shown.host.address(), &request).await
}

#[tokio::test]
async fn a_preview_changes_nothing_and_no_service_gets_its_token() {
    let shown = start("").await;
    let login = format!("authorization: {}\r\n", basic(&shown.viewer));
    let post = format!("{login}content-length: 0\r\n");
    let read = send(&shown, "GET", "/days", &login).await;
    assert_eq!((read.status, &*read.body), (200, "/days"));
    // A BFF calls what the relay says: the failure is that of a call that is denied.
    let written = send(&shown, "POST", "/days", &post).await;
    assert_eq!(written.status, 560, "{written:?}");
    let searched = send(&shown, "POST", "/search", &post).await;
    assert_eq!((searched.status, &*searched.body), (200, "/search"));
    // What the client's own user sends is passed on, beside a token in its own field.
    let own = format!(
        "authorization: Bearer user\r\ntailor-token: {}\r\n",
        shown.viewer
    );
    assert_eq!(send(&shown, "GET", "/own", &own).await.status, 200);
    let requests = shown.host.service("svc").requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|it| (it.target.as_str(), it.header("authorization")))
        .collect();
    assert_eq!(
        sent,
        [
            ("/days", None),
            ("/search", None),
            ("/own", Some("Bearer user"))
        ]
    );
    shown.host.stop().await;
}

#[tokio::test]
async fn a_preview_changes_something_where_the_operator_allows_it() {
    let shown = start("writes = true\n").await;
    let fields = format!(
        "authorization: {}\r\ncontent-length: 0\r\n",
        basic(&shown.viewer)
    );
    let written = send(&shown, "POST", "/days", &fields).await;
    assert_eq!((written.status, &*written.body), (200, "/days"));
    shown.host.stop().await;
}

#[tokio::test]
async fn a_preview_that_fails_opens_no_breaker_for_clients() {
    let host = TestHost::builder()
        .unwrap()
        .service("svc", |request| match request.target.contains("bad") {
            true => Response::new(500),
            false => Response::text(request.target),
        })
        .config(&format!("{PREVIEWS}{BFF}"));
    let shown = with_tokens(host).await;
    shown.preview("pr-1", &relay("v1", None), json!({})).await;
    let begun = shown.holder().release("page", &relay("v1", None)).await;
    shown.holder().is_live(&begun.location).await;
    let login = format!("authorization: {}\r\n", basic(&shown.viewer));
    for nth in 0..60 {
        let failed = send(&shown, "GET", &format!("/bad/{nth}"), &login).await;
        assert_eq!(failed.status, 500, "{failed:?}");
    }
    let good = shown.host.get("/page/good").await.unwrap();
    assert_eq!((good.status.as_u16(), &*good.text()), (200, "/good"));
    // The same of clients does: the service is that broken.
    let mut last = 500;
    for nth in 0..60 {
        let failed = shown.host.get(&format!("/page/bad/{nth}")).await.unwrap();
        last = failed.status.as_u16();
    }
    assert_eq!(last, 569, "it is rejected");
    shown.host.stop().await;
}

#[tokio::test]
async fn the_smoke_request_of_a_preview_changes_nothing_either() {
    let smoke = "[bff.page.smoke]\npath = \"/days\"\nstatus = 560\n";
    let host = TestHost::builder()
        .unwrap()
        .service("svc", |request| Response::text(request.target))
        .config(&format!("{PREVIEWS}{BFF}{smoke}"));
    let shown = with_tokens(host).await;
    // 560 is the relay's word for a call that is denied.
    let ended = shown.preview("pr-1", &poster("v1"), json!({})).await;
    assert_eq!(ended["state"], "previewed", "{ended}");
    assert_eq!(shown.host.service("svc").count(), 0);
    shown.host.stop().await;
}
