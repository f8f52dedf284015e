//! What a service may send back, and the errors for what it may not.

use super::relay::failure;
use super::{answering, host, ok, post};
use crate::observe::{calls, eventually};
use downstream_mock::scripted::{Response, ScriptedService};
use tailor_harness::{Reply, TestHost};

/// Calls a service that answers each connection's first request with these bytes and closes.
async fn once(answer: &'static str) -> (Reply, TestHost, ScriptedService) {
    let raw = ScriptedService::start(move |_| Response::raw(answer).then_close()).unwrap();
    let host = host(&[("svc", raw.url(), "")]).await;
    (host.get("/svc/x").await.unwrap(), host, raw)
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a number\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokmore",
    ] {
        let (reply, host, _raw) = once(answer).await;
        assert_eq!(
            failure(&reply),
            Some(("malformed", true)),
            "{answer:?}: {}",
            reply.text()
        );
        assert_eq!(calls(&host, "svc", "malformed").await, 1.0);
        // The reason is for the BFF, and has nothing that belongs to the operator.
        assert!(reply.text().contains("\"svc\""), "{}", reply.text());
        assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_body_that_is_coded_for_its_way_is_malformed() {
    for coding in [
        "gzip, chunked",
        "gzip\r\ntransfer-encoding: chunked",
        "chunked, chunked",
        "chunked, gzip",
        "identity",
        "chunked,",
    ] {
        let answer =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        let (reply, _host, _raw) = once(answer.leak()).await;
        assert_eq!(failure(&reply), Some(("malformed", true)), "{coding:?}");
        let text = reply.text();
        assert!(text.contains("transfer-encoding"), "{coding:?}: {text}");
    }
    // There is nothing that could be coded.
    let (reply, ..) = once("HTTP/1.1 204 No\r\ntransfer-encoding: gzip\r\n\r\n").await;
    assert_eq!(failure(&reply), None, "{}", reply.text());
}

#[tokio::test]
async fn interim_answers_have_an_end() {
    const MANY: usize = 17;
    let service = ScriptedService::start(|request| {
        let interim = |answer: Response, _| answer.interim(103, &[("link", "</a>")]);
        match request.target.as_str() {
            // As many as a connection takes at once, and nothing else.
            "/flood" => Response::raw("HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000)).then_hang(),
            "/many" => (0..MANY).fold(Response::text("answer"), interim),
            _ => (1..MANY).fold(Response::text("answer"), interim),
        }
    })
    .unwrap();
    let host = host(&[
        ("http1", service.url(), ""),
        ("http2", service.url(), "protocol = \"h2\""),
    ])
    .await;
    for path in ["/http1/flood", "/http1/many"] {
        let reply = host.get(path).await.unwrap();
        assert_eq!(failure(&reply), Some(("malformed", true)), "{path}");
        assert!(reply.text().contains("16 interim"), "{}", reply.text());
    }
    // All calls on a connection end with it, and not all of them are to blame.
    let reply = host.get("/http2/many").await.unwrap();
    assert_eq!(failure(&reply), Some(("interrupted", true)));
    assert!(reply.text().contains("16 interim"), "{}", reply.text());
    for path in ["/http1/few", "/http2/few", "/http1/few", "/http2/few"] {
        assert_eq!(host.get(path).await.unwrap().text(), "answer", "{path}");
    }
}

#[tokio::test]
async fn a_service_that_switches_protocols_is_malformed() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let (reply, ..) = once(answer).await;
    assert_eq!(failure(&reply), Some(("malformed", true)));
}

#[tokio::test]
async fn a_head_has_a_size_and_a_number_of_fields() {
    let service = ScriptedService::start(|request| {
        let field = |answer: Response, index| answer.header(&format!("x-{index}"), "x");
        match request.target.as_str() {
            "/large" => Response::text("answer").header("x-large", "x".repeat(17 << 10)),
            "/fits" => Response::text("answer").header("x-large", "x".repeat(15 << 10)),
            "/many" => (0..101).fold(Response::text("answer"), field),
            _ => (0..90).fold(Response::text("answer"), field),
        }
    })
    .unwrap();
    let settings = "max-header-size = \"16KiB\"";
    let host = host(&[
        ("http1", service.url(), settings),
        (
            "http2",
            service.url(),
            "max-header-size = \"16KiB\"\nprotocol = \"h2\"",
        ),
    ])
    .await;
    for path in ["/http1/large", "/http1/many", "/http2/many"] {
        let reply = host.get(path).await.unwrap();
        let shown = format!("{path}: {}", reply.text());
        assert_eq!(failure(&reply), Some(("too-large", true)), "{shown}");
        assert!(shown.contains("max-header-size"), "{shown}");
    }
    for path in ["/http1/fits", "/http2/fits", "/http1/few", "/http2/few"] {
        assert_eq!(host.get(path).await.unwrap().text(), "answer", "{path}");
    }
}

#[tokio::test]
async fn what_ends_too_early_is_interrupted() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
    ] {
        let (reply, host, _raw) = once(answer).await;
        assert_eq!(
            failure(&reply),
            Some(("interrupted", true)),
            "{answer:?}: {}",
            reply.text()
        );
        assert_eq!(calls(&host, "svc", "interrupted").await, 1.0);
    }
}

#[tokio::test]
async fn all_ways_to_end_a_body_are_understood() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;ext=1\r\nk\r\n0\r\nx-sum: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ] {
        let (reply, host, _raw) = once(answer).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (200, "ok"),
            "{answer:?}"
        );
        // Once more: the connection is gone, or about to be.
        let reply = host.get("/svc/x").await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
    }
}

#[tokio::test]
async fn a_service_that_closes_after_each_answer_may_be_sent_a_post() {
    // It says so, so that the connection is never used a second time.
    let answer = |_| {
        Response::text("ok")
            .header("connection", "close")
            .then_hang()
    };
    let raw = ScriptedService::start(answer).unwrap();
    let host = host(&[("svc", raw.url(), "")]).await;
    for count in 1..=5 {
        assert_eq!(post(&host, "/svc/x", "once").await.status, 200);
        assert_eq!((raw.accepted(), raw.count()), (count, count));
    }
}

#[tokio::test]
async fn answers_without_a_body_do_not_wait_for_one() {
    for (answer, status) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", 204),
        (
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n",
            304,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
    ] {
        let raw = answering(answer);
        let host = host(&[("svc", raw.url(), "")]).await;
        for _ in 0..2 {
            let reply = host.get("/svc/x").await.unwrap();
            assert_eq!((reply.status.as_u16(), reply.text().as_str()), (status, ""));
        }
        assert_eq!(raw.accepted(), 1);
    }
}

#[tokio::test]
async fn redirects_are_replies_and_are_not_followed() {
    let elsewhere = ok();
    let secret = format!("{}/secret", elsewhere.url());
    for (status, location) in [(302, secret), (308, "/other".to_owned())] {
        let answer = move |_| Response::new(status).header("location", &location);
        let raw = ScriptedService::start(answer).unwrap();
        let host = host(&[("svc", raw.url(), "")]).await;
        let reply = host.get("/svc/x").await.unwrap();
        assert!(reply.status.is_redirection(), "{reply:?}");
        assert_eq!(raw.count(), 1);
        assert_eq!(calls(&host, "svc", "3xx").await, 1.0);
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn a_second_answer_to_one_request_reaches_no_caller() {
    // The worst that a confused service can do: the answer meant for one user, read as that for the
    // next.
    let raw = ScriptedService::start(|request| {
        let own = request.target;
        let length = own.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{own}");
        let surplus = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret";
        Response::raw(answer + surplus)
    })
    .unwrap();
    let host = host(&[("svc", raw.url(), "")]).await;
    for index in 0..20 {
        let reply = host.get(&format!("/svc/user-{index}")).await.unwrap();
        assert_eq!(reply.text(), format!("/user-{index}"));
    }
}

#[tokio::test]
async fn a_call_whose_client_has_gone_is_taken_back() {
    let raw = ScriptedService::start(|_| Response::hang()).unwrap();
    let host = host(&[("svc", raw.url(), "")]).await;
    tokio::select! {
        _ = host.get("/svc/x") => panic!("the service answers nothing"),
        _ = raw.wait_for(1) => {}
    }
    eventually("the call is taken back", async || {
        (raw.open() == 0).then_some(())
    })
    .await;
}
