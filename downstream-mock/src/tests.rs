//! The services over real sockets: a caller's view with and without faults, and the records.

#![expect(
    clippy::disallowed_methods,
    reason = "the tasks of a test end with its runtime"
)]

mod client;
mod control;
mod faults;
mod records;
mod scripted;
mod scripted_http2;
mod writes;

use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, StatusCode, Version};

use crate::{Options, Service, Services, StartError, answer};
use client::{Http1, Http2, within};

#[tokio::test]
async fn each_service_answers_over_both_versions_of_http() {
    let services = Services::start().unwrap();
    let cases = [
        (Service::Activity, "/users/ada/days/2026-01-15"),
        (
            Service::Heart,
            "/users/grace/days?from=2026-01-01&to=2026-01-15",
        ),
        (Service::Sleep, "/users/linus/nights/2026-01-15"),
        (Service::Goals, "/users/margaret/goals?date=2026-01-15"),
        (Service::Profile, "/users/ada"),
    ];
    for (service, target) in cases {
        let mut one = Http1::connect(&services, service).await;
        let mut two = Http2::connect(&services, service).await;
        // Twice, so that the second answer comes from the cache.
        for reply in [
            one.get(target).await,
            one.get(target).await,
            two.get(target).await,
            two.get(target).await,
        ] {
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
            let body = reply.body.unwrap();
            assert_eq!(reply.headers[CONTENT_LENGTH], body.len().to_string());
            assert_eq!(body, answer(service, target).body);
        }
    }
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, Service::Profile).await;
    let reply = client.get("/users/bob").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(
        reply.body.unwrap(),
        r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"no user `bob`"}"#
    );
    let reply = client.send(Method::POST, "/users/ada", "{}").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.headers[ALLOW], "GET, HEAD");
}

#[tokio::test]
async fn head_has_the_length_of_get_and_no_body() {
    let services = Services::start().unwrap();
    let length = answer(Service::Profile, "/users/ada")
        .body
        .len()
        .to_string();
    let mut one = Http1::connect(&services, Service::Profile).await;
    let mut two = Http2::connect(&services, Service::Profile).await;
    for reply in [
        one.send(Method::HEAD, "/users/ada", "").await,
        two.send(Method::HEAD, "/users/ada", "").await,
        // The connection is still in order.
        one.send(Method::HEAD, "/users/ada", "").await,
    ] {
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers[CONTENT_LENGTH], length);
        assert_eq!(reply.body.unwrap(), "");
    }
    assert_eq!(services.counts(Service::Profile).aborted, 0);
}

#[tokio::test]
async fn a_port_that_cannot_be_had_is_named() {
    let (taken, base_port) = loop {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        if port <= 65_530 {
            break (taken, port);
        }
    };
    let options = Options {
        base_port,
        ..Options::default()
    };
    let error = Services::start_with(&options).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("control: cannot listen on {}", taken.local_addr().unwrap())
    );
    let options = Options {
        base_port: 65_531,
        ..Options::default()
    };
    let error = Services::start_with(&options).err().unwrap();
    assert!(matches!(error, StartError::BasePort(65_531)));
}

#[tokio::test]
async fn shutdown_closes_ports_and_connections() {
    let services = Services::start().unwrap();
    let address = services.addr(Service::Heart);
    let control = services.control_url();
    let mut client = Http1::connect(&services, Service::Heart).await;
    assert_eq!(
        client.get("/users/ada/days/2026-01-15").await.version,
        Version::HTTP_11
    );
    services.shutdown().await;
    within(client.closed()).await;
    for address in [address.to_string(), control.replace("http://", "")] {
        let error = tokio::net::TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn dropped_services_stop_too() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, Service::Heart).await;
    assert_eq!(
        client.get("/users/ada/days/2026-01-15").await.status,
        StatusCode::OK
    );
    drop(services);
    within(client.closed()).await;
}
