//! A component that reaches further than what is live.

use serde_json::Value;
use tailor_harness::TestHost;

use super::super::api::Api;
use super::{file, tailor, url};
use crate::downstream::relay::relay;
use crate::swap::page::page;

#[tokio::test]
async fn growth_is_released_with_the_consent_to_that_very_difference() {
    let settings = "[bff.page]\nreleases = true\ndownstreams = [\"smoke\"]\n\
                    [[route]]\nbff = \"page\"\n";
    let host = TestHost::builder().unwrap().config(settings);
    let host = host.service_at("smoke", &["http://127.0.0.1:9"]);
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    let url = url(&api);
    let small = file(host.dir(), "1.wasm", &page("v1"));
    let large = file(host.dir(), "2.wasm", &relay("v2", None));
    assert_eq!(tailor(&url, &["deploy", "page", &small]).await.code, 0);
    let said = tailor(&url, &["deploy", "page", &large]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.out.contains("release 2 is refused at consent: "),
        "{said:?}"
    );
    let other = "a".repeat(64);
    let said = tailor(
        &url,
        &["deploy", "page", &large, "--json", "--consent", &other],
    )
    .await;
    assert_eq!(said.code, 2, "{said:?}");
    let difference = &said.end()["release"]["difference"];
    assert_ne!(difference["grows"], Value::Null, "{said:?}");
    let consent = difference["consent"].as_str().unwrap();
    let said = tailor(
        &url,
        &["deploy", "page", &large, "--consent", &consent[..20]],
    )
    .await;
    assert!(
        said.code == 1 && said.err.contains("the 64 digits"),
        "{said:?}"
    );
    let said = tailor(&url, &["deploy", "page", &large, "--consent", consent]).await;
    assert_eq!(said.code, 0, "{said:?}");
    host.stop().await;
}
