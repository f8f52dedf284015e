//! Registries that have had too many requests: what an order is told of the time to wait.

use downstream_mock::scripted::{Request, Response, ScriptedService};
use serde_json::{Value, json};

use super::super::api::Api;
use super::registry::{Pushed, host};
use crate::swap::page::page;
use crate::wire::ClientResponse;

async fn order(api: &Api, reference: &str) -> ClientResponse {
    let body = json!({"oci": reference}).to_string();
    let fields = "content-type: application/json\r\n";
    let path = "/v1/bffs/page/releases";
    api.raw("POST", path, fields, body.as_bytes()).await
}

/// An answer is 503 at the step `pull`, names a host, and asks to wait for these seconds.
fn asks_to_wait(answer: &ClientResponse, host: &str, seconds: u64) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["step"], "pull", "{document}");
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    let reason = document["reason"].as_str().unwrap();
    assert!(reason.starts_with(&format!("{host}: it ")), "{document}");
    assert_eq!(document["fix"], format!("try again in {seconds} s"));
}

fn too_many(status: u16, after: Option<&str>) -> Response {
    let answer = Response::new(status);
    match after {
        Some(after) => answer.header("retry-after", after),
        None => answer,
    }
}

#[tokio::test]
async fn the_time_that_a_registry_asks_for_is_passed_on_within_an_hour() {
    let pushed = Pushed::new(&page("v1"));
    for (status, after, seconds) in [
        (429, Some("7"), 7),
        (429, Some("0"), 1),
        (429, None, 10),
        (429, Some("soon"), 10),
        (429, Some("-5"), 10),
        (429, Some("86400"), 3600),
        (429, Some("99999999999999999999999999"), 3600),
        (429, Some("Fri, 31 Dec 9999 23:59:59 GMT"), 3600),
        (429, Some("Sun, 06 Nov 1994 08:49:37 GMT"), 1),
        (503, Some("30"), 30),
    ] {
        let registry = ScriptedService::start(move |_| too_many(status, after)).unwrap();
        let (host, api) = host(&registry, "").await;
        let at = registry.address().to_string();
        let answer = order(&api, &pushed.reference(&at)).await;
        asks_to_wait(&answer, &at, seconds);
        assert_eq!(api.states().await, []);
        host.stop().await;
    }
}

#[tokio::test]
async fn the_host_that_asks_for_the_time_is_named_and_other_refusals_name_no_time() {
    let pushed = Pushed::new(&page("v1"));
    let busy = ScriptedService::start(|_| too_many(429, Some("7"))).unwrap();
    let (there, at) = (pushed.clone(), busy.url());
    type Answer = Box<dyn Fn(&Request) -> Response + Send + Sync>;
    let redirects: Answer = {
        let (there, at) = (there.clone(), at.clone());
        Box::new(move |request| match request.path() {
            path if path == there.blob_path() => {
                Response::new(307).header("location", format!("{at}/x?signature=secret"))
            }
            _ => there.answer(request),
        })
    };
    let realm: Answer = Box::new(move |_| {
        let field = format!("Bearer realm=\"{at}/token\"");
        Response::new(401).header("www-authenticate", field)
    });
    for answers in [redirects, realm] {
        let registry = ScriptedService::start(move |request| answers(&request)).unwrap();
        let also = format!("also = [\"{}\"]", busy.address());
        let (host, api) = host(&registry, &also).await;
        let answer = order(&api, &pushed.reference(&registry.address().to_string())).await;
        asks_to_wait(&answer, &busy.address().to_string(), 7);
        assert!(!answer.body.contains("secret"), "{answer:?}");
        host.stop().await;
    }
    for status in [500, 403, 404] {
        let registry = ScriptedService::start(move |_| too_many(status, Some("7"))).unwrap();
        let (host, api) = host(&registry, "").await;
        let answer = order(&api, &pushed.reference(&registry.address().to_string())).await;
        assert_eq!(answer.header("retry-after"), "", "{answer:?}");
        host.stop().await;
    }
}
