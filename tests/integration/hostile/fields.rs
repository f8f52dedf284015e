//! Fields of header that only pass where the operator lists them, on the way to a service and back.

use bytes::Bytes;
use downstream_mock::scripted::{Response, ScriptedService};
use http_body_util::Full;
use serde_json::{Value, json};
use tailor_harness::{TestHost, components};

/// A host whose guest makes any calls of the service `svc` with these settings.
async fn host(service: &ScriptedService, settings: &str) -> TestHost {
    let component = std::fs::read(components::hostile().unwrap()).unwrap();
    let builder = TestHost::builder()
        .unwrap()
        .service_at("svc", &[service.url()])
        .settings("svc", settings)
        .bff("forger", &component, "")
        .route("bff = \"forger\"\nmethods = [\"POST\"]");
    builder.start().await.unwrap()
}

/// The outcome of a call with these fields, as the guest sees it.
async fn call(host: &TestHost, fields: &[(&str, &str)]) -> Value {
    let order = json!({ "service": "svc", "path": "/x", "headers": fields });
    let request = host.request("POST", "/call");
    let request = request.body(Full::new(Bytes::from(order.to_string())));
    let reply = host.send(request.unwrap()).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The names of the fields of a reply that a guest saw.
fn seen(reply: &Value) -> Vec<&str> {
    let fields = reply["headers"].as_array().unwrap().iter();
    let names = fields.map(|field| field[0].as_str().unwrap());
    let expected = ["date", "content-length", "content-type"];
    names.filter(|name| !expected.contains(name)).collect()
}

#[tokio::test]
async fn what_a_service_trusts_is_sent_where_the_operator_lists_it() {
    let service = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let settings = "send-headers = [\"x-http-method-override\", \"x_tenant\", \"accept\"]";
    let host = host(&service, settings).await;
    let sent = [
        ("X-HTTP-Method-Override", "DELETE"),
        ("x_tenant", "a"),
        ("accept", "text/plain"),
        ("accept-language", "de"),
    ];
    assert_eq!(call(&host, &sent).await["status"], 200);
    let request = service.requests().pop().unwrap();
    assert_eq!(request.header("x-http-method-override"), Some("DELETE"));
    assert_eq!(request.header("x_tenant"), Some("a"));
    assert_eq!(request.header("accept"), Some("text/plain"));
    assert_eq!(request.header("accept-language"), None);

    // One that is not on the list is no more than any other such field.
    for name in ["x-original-url", "x_debug", "x_forwarded_for"] {
        let failure = call(&host, &[(name, "1")]).await;
        assert_eq!(failure["kind"], "invalid", "{name}: {failure}");
    }
    assert_eq!(service.count(), 1);
}

#[tokio::test]
async fn sessions_and_addresses_inside_stay_outside_unless_the_operator_lists_them() {
    let service = ScriptedService::start(|request| {
        let here = format!("http://{}/users/7", request.authority);
        Response::text("ok").headers(&[
            ("set-cookie", "session=1"),
            ("www-authenticate", "Bearer"),
            ("proxy-authenticate", "Basic"),
            ("location", &here),
            ("content-location", "/users/7"),
            ("link", "<https://www.example.com/2>; rel=next"),
            ("link", "<http://heart.internal/2>; rel=next"),
            ("x-hop", "1"),
            ("etag", "\"1\""),
            ("connection", "x-hop"),
        ])
    })
    .unwrap();
    let without = host(&service, "").await;
    let reply = call(&without, &[]).await;
    assert_eq!(seen(&reply), ["content-location", "link", "etag"]);
    assert!(!reply.to_string().contains("internal"), "{reply}");

    let names = "[\"set-cookie\", \"www-authenticate\", \"location\", \"x-hop\"]";
    let listed = host(&service, &format!("receive-headers = {names}")).await;
    let reply = call(&listed, &[]).await;
    assert_eq!(seen(&reply), ["set-cookie", "www-authenticate", "location"]);
}
