//! The scripted service over HTTP/2.

use std::error::Error as _;
use std::time::Duration;

use h2::Reason;
use http::Version;
use http_body_util::BodyExt as _;

use super::client::{Http2, within};
use crate::scripted::{Gate, Response, ScriptedService, frames};

async fn connect(service: &ScriptedService) -> Http2 {
    Http2::connect_to(&service.address().to_string()).await
}

fn reason(error: &hyper::Error) -> Option<Reason> {
    error.source()?.downcast_ref::<h2::Error>()?.reason()
}

#[tokio::test]
async fn each_request_has_the_answer_that_the_test_wrote() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::new(503).header("retry-after", "1"),
        2 => Response::text("ab")
            .interim(103, &[("link", "</x>")])
            .body("c"),
        3 => Response::text("x".repeat(1_000_000)),
        4 => Response::text("ab").trailer("grpc-status", "0"),
        5 => Response::new(204),
        _ => Response::text(request.text()),
    })
    .unwrap();
    let mut client = connect(&service).await;
    let reply = client.get("/a").await;
    assert_eq!(
        (reply.status.as_u16(), reply.version),
        (503, Version::HTTP_2)
    );
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(client.get("/b").await.body.unwrap(), "abc");
    let reply = client.get("/c").await;
    assert_eq!(reply.headers["content-length"], "1000000");
    assert_eq!(reply.body.unwrap().len(), 1_000_000);
    let reply = within(client.start(http::Method::GET, "/d", ""))
        .await
        .unwrap();
    let body = within(reply.into_body().collect()).await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), "ab");
    assert_eq!(client.get("/e").await.body.unwrap(), "");
    let reply = client.send(http::Method::POST, "/f?g=h", "body").await;
    assert_eq!(reply.body.unwrap(), "body");
    let requests = service.requests();
    let last = &requests[5];
    assert_eq!((last.connection, last.stream), (1, Some(11)));
    assert_eq!(last.line(), "POST /f?g=h HTTP/2.0");
    assert_eq!(last.authority, service.address().to_string());
    assert_eq!(last.scheme.as_deref(), Some("http"));
}

#[tokio::test]
async fn a_stream_may_be_refused_and_its_connection_goes_on() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::reset_stream(7),
        2 => Response::text("0123").cut_at(2).then_reset_stream(2),
        3 => Response::hang(),
        _ => Response::text("ok"),
    })
    .unwrap();
    let mut client = connect(&service).await;
    let refused = within(client.start(http::Method::GET, "/", ""))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::REFUSED_STREAM));
    let broken = client.get("/").await.body.unwrap_err();
    assert_eq!(reason(&broken), Some(Reason::INTERNAL_ERROR));
    let hangs = client.start(http::Method::GET, "/", "");
    tokio::select! {
        _ = hangs => panic!("nothing is answered"),
        _ = within(service.wait_for(3)) => {}
    }
    assert_eq!(client.get("/").await.body.unwrap(), "ok");
    assert_eq!((service.accepted(), service.open()), (1, 1));
}

#[tokio::test]
async fn goaway_says_which_streams_were_processed() {
    let gate = Gate::new();
    let pass = gate.clone();
    let service = ScriptedService::start(move |request| match request.number {
        1 => Response::text("ok").after(pass.pass()),
        2 => Response::goaway(1, 0),
        _ => Response::text("ok").raw_before(frames::goaway(request.stream.unwrap(), 0)),
    })
    .unwrap();
    let mut client = connect(&service).await;
    let first = client.start(http::Method::GET, "/1", "");
    let second = client.start(http::Method::GET, "/2", "");
    let second = within(second).await.unwrap_err();
    assert_eq!(reason(&second), Some(Reason::NO_ERROR));
    // The first one is below that, and goes on.
    gate.open(1);
    assert_eq!(within(first).await.unwrap().status(), 200);
    within(service.wait_open(0)).await;
    let mut client = connect(&service).await;
    assert_eq!(client.get("/3").await.body.unwrap(), "ok");
    within(service.wait_open(0)).await;
}

#[tokio::test]
async fn a_connection_ends_as_the_test_says() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::close(),
        2 => Response::reset(),
        3 => Response::text("0123").cut_at(2),
        4 => Response::raw("no frame of HTTP/2"),
        _ => Response::silent(),
    })
    .unwrap();
    for number in 1..=4 {
        let mut client = connect(&service).await;
        let request = client.start(http::Method::GET, "/", "");
        let whole = async { within(request).await?.into_body().collect().await };
        assert!(within(whole).await.is_err(), "{number}");
    }
    let mut client = connect(&service).await;
    let mut silent = std::pin::pin!(client.start(http::Method::GET, "/", ""));
    tokio::select! {
        _ = &mut silent => panic!("nothing is answered"),
        _ = within(service.wait_for(5)) => {}
    }
    let later = tokio::time::timeout(Duration::from_millis(50), silent).await;
    assert!(later.is_err(), "not even a reset");
}

#[tokio::test]
async fn a_body_without_end_ends_with_the_client() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::new(200).repeat("x".repeat(1_000), Duration::ZERO),
        _ => Response::text("ok"),
    })
    .unwrap();
    let mut client = connect(&service).await;
    let reply = within(client.start(http::Method::GET, "/", ""))
        .await
        .unwrap();
    let mut body = reply.into_body();
    for _ in 0..100 {
        within(body.frame()).await.unwrap().unwrap();
    }
    drop(body);
    assert_eq!(client.get("/").await.body.unwrap(), "ok");
}
