//! The control over HTTP.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Http1, Reply};
use crate::{Fault, Service, Services};

async fn control(services: &Services) -> Http1 {
    Http1::connect_to(&services.control_url().replace("http://", "")).await
}

fn body(reply: Reply) -> Value {
    serde_json::from_slice(&reply.body.unwrap()).unwrap()
}

#[tokio::test]
async fn the_overview_lists_services_with_address_and_fault() {
    let services = Services::start().unwrap();
    let mut control = control(&services).await;
    services
        .set_fault(Service::Sleep, Fault::statuses([503, 200]))
        .await
        .unwrap();
    let overview = body(control.get("/").await);
    assert_eq!(overview["control"], services.control_url());
    let listed = overview["services"].as_array().unwrap();
    assert_eq!(listed.len(), 5);
    for ((name, url), status) in services.urls().iter().zip(listed) {
        assert_eq!(
            (&status["name"], &status["url"]),
            (&json!(name), &json!(url))
        );
        let fault = if *name == "sleep" {
            json!({"kind": "statuses", "statuses": [503, 200]})
        } else {
            Value::Null
        };
        assert_eq!(status["fault"], fault);
    }
}

#[tokio::test]
async fn a_fault_is_set_and_cleared_even_while_the_service_refuses() {
    let services = Services::start().unwrap();
    let mut control = control(&services).await;
    let reply = control
        .send(Method::PUT, "/services/heart/fault", r#"{"kind":"refuse"}"#)
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(body(reply)["fault"], json!({"kind": "refuse"}));
    assert_eq!(services.fault(Service::Heart), Some(Fault::refuse()));
    tokio::net::TcpStream::connect(services.addr(Service::Heart))
        .await
        .unwrap_err();
    let reply = control
        .send(Method::DELETE, "/services/heart/fault", "")
        .await;
    assert_eq!(body(reply)["fault"], Value::Null);
    let mut client = Http1::connect(&services, Service::Heart).await;
    assert_eq!(
        client.get("/users/ada/days/2026-01-15").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn requests_are_shown_and_forgotten() {
    let services = Services::start().unwrap();
    let mut control = control(&services).await;
    let mut client = Http1::connect(&services, Service::Profile).await;
    client.send(Method::POST, "/users/ada?x=1", "hello").await;
    let expected = json!({"requests": [{
        "method": "POST",
        "path": "/users/ada?x=1",
        "version": "HTTP/1.1",
        "connection": 1,
        "outcome": "finished",
        "headers": [["host", "mock.test"], ["content-length", "5"]],
        "body": "hello",
    }]});
    assert_eq!(
        body(control.get("/services/profile/requests").await),
        expected
    );
    let reply = control
        .send(Method::DELETE, "/services/profile/requests", "")
        .await;
    assert_eq!(body(reply)["requests"], 0);
    assert_eq!(
        body(control.get("/services/profile/requests").await),
        json!({"requests": []})
    );
    assert_eq!(services.requests(Service::Profile).len(), 0);
}

#[tokio::test]
async fn bad_input_is_answered_with_its_field() {
    let services = Services::start().unwrap();
    let mut control = control(&services).await;
    let cases = [
        (
            "not json",
            "body",
            "body: is not JSON: expected ident at line 1 column 2",
        ),
        ("[1]", "body", "body: [1] is not a JSON object"),
        ("{}", "kind", "kind: is missing, it is one of delay"),
        (
            r#"{"kind":"delay","ms":"1"}"#,
            "ms",
            "ms: \"1\" is not a whole number from 0 on",
        ),
        (
            r#"{"kind":"delay","ms":1,"msec":2}"#,
            "msec",
            "msec: is not a field of this kind of fault",
        ),
    ];
    for (input, field, detail) in cases {
        let reply = control
            .send(Method::PUT, "/services/heart/fault", input)
            .await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{input}");
        assert_eq!(reply.headers[CONTENT_TYPE], "application/problem+json");
        let problem = body(reply);
        assert_eq!(problem["field"], field, "{input}");
        assert!(
            problem["detail"].as_str().unwrap().starts_with(detail),
            "{problem}"
        );
    }
    assert_eq!(services.fault(Service::Heart), None);
}

#[tokio::test]
async fn what_the_control_does_not_have_is_said() {
    let services = Services::start().unwrap();
    let mut control = control(&services).await;
    let reply = control
        .send(Method::DELETE, "/services/lungs/fault", "")
        .await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(
        body(reply)["detail"]
            .as_str()
            .unwrap()
            .starts_with("service `lungs` is unknown")
    );
    assert_eq!(control.get("/faults").await.status, StatusCode::NOT_FOUND);
    for (target, allow) in [
        ("/", "GET, HEAD"),
        ("/services/heart/fault", "PUT, DELETE"),
        ("/services/heart/requests", "GET, HEAD, DELETE"),
    ] {
        let reply = control.send(Method::POST, target, "").await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(reply.headers[ALLOW], allow);
    }
}
