//! What is particular to HTTP/2: many requests on one connection, spread over the workers, and
//! limits of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use tailor_harness::TestHost;

use crate::modules::{self, ECHO, PATIENT, Part};
use crate::wire::{soon, until};

/// On a busy machine, requests that came at once wait for longer than usual.
const PATIENT_QUEUE: &str = "[bff.echo.limits]\nqueue-timeout = \"1900ms\"\nqueue = 1000\n";

async fn echo(settings: &str) -> TestHost {
    let echo = modules::echo(Part::Path);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.config(PATIENT_QUEUE).start().await.unwrap()
}

async fn client_connections(host: &TestHost) -> usize {
    let metrics = host.admin("/metrics").await.unwrap().text();
    let line = "tailor_client_connections ";
    let found = metrics.lines().find_map(|text| text.strip_prefix(line));
    found.unwrap().parse().unwrap()
}

#[tokio::test]
async fn many_streams_share_a_connection() {
    let host = echo("").await;
    host.get_http2("/echo").await.unwrap();
    let paths: Vec<String> = (0..500).map(|number| format!("/echo/{number}")).collect();
    let answers = join_all(paths.iter().map(|path| host.get_http2(path))).await;
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap().text(), format!("/{number}"));
    }
    assert_eq!(client_connections(&host).await, 1);
}

#[tokio::test]
async fn the_streams_of_a_connection_are_spread_over_the_workers() {
    let services = Services::start().unwrap();
    // Over HTTP/2, a worker has one connection to a service: as many connections as workers.
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let builder = builder.services(
        &services,
        &format!("protocol = \"h2\"\ncoalesce = false\n{PATIENT}"),
    );
    let text = "[bff.watch]\ncomponent = \"watch.wasm\"\ndownstreams = [\"activity\", \"heart\", \"sleep\"]\n\
        deadline = \"1m\"\n[[route]]\nbff = \"watch\"\n";
    let host = builder.config(text).start().await.unwrap();
    let target = "/ada?date=2026-01-15";
    host.get_http2(target).await.unwrap();
    services.clear_all_requests();

    let fault = Fault::delay(Duration::from_secs(1));
    services.set_fault(Service::Heart, fault).await.unwrap();
    let answers = join_all((0..8).map(|_| host.get_http2(target))).await;
    for answer in answers {
        assert_eq!(
            answer.unwrap().text(),
            r#"{"steps":10213,"heart":51,"sleep":411}"#
        );
    }
    let connections: Vec<u64> = services
        .requests(Service::Heart)
        .iter()
        .map(|request| request.connection)
        .collect();
    let distinct: BTreeSet<u64> = connections.iter().copied().collect();
    assert_eq!((connections.len(), distinct.len()), (8, 2));
    for connection in distinct {
        let share = connections.iter().filter(|other| **other == connection);
        assert!(share.count() > 1, "{connections:?}");
    }
    assert_eq!(client_connections(&host).await, 1);
}

#[tokio::test]
async fn streams_past_the_limit_wait() {
    let host = echo("server.max-streams = 2").await;
    // With the first answer the client knows the limit.
    host.get_http2("/echo").await.unwrap();
    let answers = join_all((0..50).map(|_| host.get_http2("/echo/x"))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().text(), "/x");
    }
}

#[tokio::test]
async fn the_limits_of_a_head_hold() {
    let host = echo("server.max-header-size = \"8KiB\"\nserver.max-headers = 20").await;
    let ask = async |count: usize, length: usize| {
        let mut request = host.request("GET", "/echo").version(http::Version::HTTP_2);
        for number in 0..count {
            request = request.header(format!("x-{number}"), "x".repeat(length));
        }
        let request = request.body(http_body_util::Full::default()).unwrap();
        let answer = host.send(request).await.unwrap();
        (
            answer.status.as_u16(),
            answer.header("tailor-error").to_owned(),
        )
    };
    let served = (200, String::new());
    let refused = (431, "head-too-large".to_owned());
    assert_eq!(ask(1, 7000).await, served);
    assert_eq!(ask(1, 9000).await, refused);
    assert_eq!(ask(20, 1).await, served);
    assert_eq!(ask(21, 1).await, refused);
    // What is far too large is not even read.
    assert_eq!(ask(1, 17_000).await, (431, String::new()));
    let metrics = host.admin("/metrics").await.unwrap().text();
    let counted = "tailor_unreadable_requests_total{status=\"431\"} 2\n";
    assert!(metrics.contains(counted), "{metrics}");
    let long = format!("/echo/{}", "x".repeat(8192));
    let answer = echo("").await.get_http2(&long).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("tailor-error")),
        (414, "uri-too-long")
    );
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let host = echo("server.idle-timeout = \"3s\"\nserver.header-timeout = \"1h\"").await;
    // The client keeps the connection, and answers whatever the host asks of it.
    assert_eq!(host.get_http2("/echo").await.unwrap().text(), "/");
    assert_eq!(client_connections(&host).await, 1);
    soon(until(async || {
        (client_connections(&host).await == 0).then_some(())
    }))
    .await;
    // The next request opens another.
    assert_eq!(host.get_http2("/echo").await.unwrap().text(), "/");
}
