//! Requests of such a component are calls of services, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tailor::contract::{Client, Method, Payload, Request};
use tailor::fixture::Fixture;
use tailor::invoke::Invoked;
use tailor_harness::{Offline, json, reply};
use tokio::sync::Barrier;

use super::{offline, text, text_of};

/// With a service that says what it is asked.
fn echoing() -> Offline {
    offline().service("goals", |request| async move {
        let (method, target) = (request.method, request.target);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        Ok(reply(
            StatusCode::OK,
            format!("{method} {target} {body}").trim_end().to_owned(),
        ))
    })
}

/// Has the guest call this URL, with more of its order as `name=value`.
async fn call(offline: &Offline, url: &str, more: &str) -> Invoked {
    offline.ask(order(url, more)).await
}

/// The request by which the guest calls a URL.
fn order(url: &str, more: &str) -> Request {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let more = more.split('&').filter_map(|more| more.split_once('='));
    Request {
        id: "offline".to_owned(),
        method: Method::Get,
        path: "/call".to_owned(),
        query: [("url", url)].into_iter().chain(more).map(pair).collect(),
        headers: Vec::new(),
        body: Payload::None,
        client: Client {
            name: "offline".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// What became of the calls of one request, by service.
fn outcomes(invoked: &Invoked) -> Vec<String> {
    let outcomes = invoked.calls.iter().map(|call| {
        let outcome = call
            .outcome
            .map_or_else(str::to_owned, |status| status.to_string());
        format!("{} {outcome}", call.service)
    });
    outcomes.collect()
}

#[tokio::test]
async fn calls_run_side_by_side() {
    const CALLS: usize = 3;
    let all = Arc::new(Barrier::new(CALLS));
    // None is answered before all are there.
    let offline = offline().service("goals", move |_| {
        let all = all.clone();
        async move {
            all.wait().await;
            Ok(json("{}"))
        }
    });
    assert_eq!(
        text(&offline, "/fan-out?count=3").await,
        "200:{} 200:{} 200:{}"
    );
}

#[tokio::test]
async fn a_url_is_a_call_of_the_service_of_that_name() {
    let offline = echoing();
    for (url, asked) in [
        ("http://goals/", "GET /"),
        ("http://goals", "GET /"),
        ("http://GOALS/a%20b", "GET /a%20b"),
        ("http://goals/a?b=c+d%26&e", "GET /a?b=c%20d%26&e="),
    ] {
        let answer = text_of(&call(&offline, url, "").await);
        assert_eq!(answer, format!("200:{asked}"), "{url}");
    }
    let patched = call(&offline, "http://goals/", "method=PATCH").await;
    assert_eq!(text_of(&patched), "200:PATCH /");
    let answer = text(&offline, "/upload?bytes=3").await;
    assert_eq!(answer, "200:POST /upload xxx");
    let asked = offline.asked();
    assert!(asked.iter().all(|call| !call.headers.contains_key("host")));
    assert!(
        asked
            .iter()
            .all(|call| call.headers["x-request-id"] == "offline")
    );
}

#[tokio::test]
async fn all_that_is_no_granted_service_is_denied_and_recorded() {
    let offline = echoing();
    for (url, service) in [
        ("http://activity/", "activity"),
        ("https://goals/", "https://goals"),
        ("ftp://goals/", "ftp://goals"),
        ("http://goals:80/", "goals:80"),
        ("http://ada:secret@goals/", "...@goals"),
        ("http://goals.example/", "goals.example"),
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ] {
        let invoked = call(&offline, url, "").await;
        assert_eq!(text_of(&invoked), "ErrorCode::HttpRequestDenied", "{url}");
        assert_eq!(outcomes(&invoked), [format!("{service} denied")], "{url}");
    }
    assert!(offline.asked().is_empty());
}

#[tokio::test]
async fn an_illegal_call_is_not_made_and_says_why() {
    let offline = echoing();
    for (url, more, why) in [
        ("http://goals/a/../b", "", r#"\"..\" segment"#),
        ("http://goals//a", "", "another host"),
        ("http://goals/a%2fb", "", "encoded slash"),
        ("http://goals/?a=%ff", "", "not UTF-8"),
        ("http://goals/", "method=TRACE", "TRACE"),
        ("http://goals/", "name=authorization&value=x", "credential"),
        (
            "http://goals/",
            "name=x-forwarded-for&value=x",
            "set by the host",
        ),
        (
            "http://goals/",
            "name=x-original-url&value=/x",
            "send-headers",
        ),
    ] {
        let invoked = call(&offline, url, more).await;
        is_invalid(&invoked, why);
    }
    is_invalid(&offline.get("/aborted").await, "was not finished");
    // Those of the connection are refused by the library already.
    for name in ["host", "connection", "transfer-encoding", "upgrade"] {
        let invoked = call(&offline, "http://goals/", &format!("name={name}&value=x")).await;
        assert_eq!(text_of(&invoked), "field refused");
    }
    assert!(offline.asked().is_empty());
}

#[tokio::test]
async fn fields_of_its_request_that_a_call_may_not_have_are_left_out() {
    let offline = offline().service("goals", |request| async move {
        let names = request.headers.keys().map(ToString::to_string);
        Ok(reply(StatusCode::OK, names.collect::<Vec<_>>().join(" ")))
    });
    let passed_on = [
        ("via", "1.1 proxy"),
        ("x_a", "1"),
        ("x-u", "\u{fc}"),
        ("b3", "1"),
    ];
    for (name, value) in passed_on {
        let mut request = order("http://goals/", &format!("name={name}&value={value}"));
        // The guest made it up.
        let invoked = offline.ask(request.clone()).await;
        let answer = text_of(&invoked);
        assert!(
            answer.starts_with("ErrorCode::InternalError"),
            "{name}: {answer}"
        );
        let told = &invoked.log[0];
        assert!(
            told.level == "warn" && told.message.starts_with("an invalid call: "),
            "{told:?}"
        );
        // It came so.
        request.headers = vec![(name.to_owned(), value.to_owned())];
        let answer = text_of(&offline.ask(request).await);
        assert!(
            answer.starts_with("200:") && !answer.contains(name),
            "{name}: {answer}"
        );
    }
    // What the host sets, libraries for traces set as well.
    for name in ["traceparent", "te", "expect"] {
        let answer =
            text_of(&call(&offline, "http://goals/", &format!("name={name}&value=x")).await);
        assert!(answer.starts_with("200:"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn what_is_no_service_is_not_told_to_clients() {
    for place in [
        "http://10.0.0.1/",
        "http://ada:secret@goals/",
        "https://db.internal:5432/",
    ] {
        let invoked = call(&offline(), place, "").await;
        let answer = invoked.result.unwrap();
        assert_eq!(
            answer.headers["tailor-degraded"], "elsewhere;failed=denied",
            "{place}"
        );
        assert!(invoked.calls[0].service.len() >= 8, "{place}");
    }
}

fn is_invalid(invoked: &Invoked, why: &str) {
    let answer = text_of(invoked);
    assert!(answer.starts_with("ErrorCode::InternalError"), "{answer}");
    assert!(answer.contains(why), "{why}: {answer}");
    assert_eq!(outcomes(invoked), ["goals invalid"]);
}

#[tokio::test]
async fn each_failure_has_its_code() {
    let guest = offline();
    for (kind, code) in [
        ("denied", "HttpRequestDenied"),
        ("exhausted", "ConnectionLimitReached"),
        ("timeout", "HttpResponseTimeout"),
        ("unreachable", "DestinationUnavailable"),
        ("interrupted", "HttpResponseIncomplete"),
        ("overloaded", "ConnectionLimitReached"),
        ("too-large", "HttpResponseBodySize(None)"),
        ("malformed", "HttpProtocolError"),
        ("rejected", "DestinationUnavailable"),
    ] {
        let fixture = format!(
            r#"{{"request": {{"path": "/each?count=1"}},
                "downstreams": [{{"service": "goals", "path": "/each", "failure": "{kind}"}}],
                "expect": {{"status": 200, "text": "ErrorCode::{code}"}}}}"#
        );
        let fixture = Arc::new(Fixture::parse(&fixture, kind).unwrap());
        let offline = guest.again().fixture(&fixture).unwrap();
        let invoked = offline.check(&fixture).await.unwrap();
        assert_eq!(invoked.calls[0].outcome, Err(kind));
    }
}

#[tokio::test]
async fn calls_and_bytes_are_those_of_the_limits() {
    let offline = echoing().settings(|bff| {
        bff.limits.calls = 2;
        bff.limits.downstream_bytes = 100_000;
    });
    let invoked = offline.get("/each?count=3").await;
    let answer = text_of(&invoked);
    assert!(
        answer.ends_with("ErrorCode::ConnectionLimitReached"),
        "{answer}"
    );
    assert_eq!(
        outcomes(&invoked),
        ["goals 200", "goals 200", "goals exhausted"]
    );

    let invoked = offline.get("/upload?bytes=100001").await;
    assert_eq!(text_of(&invoked), "ErrorCode::HttpResponseBodySize(None)");
    assert_eq!(outcomes(&invoked), ["goals too-large"]);
    assert_eq!(offline.asked().len(), 2);
}

#[tokio::test]
async fn a_limit_of_the_guest_shortens_a_call() {
    let offline = offline().service("goals", |_| std::future::pending());
    let offline = offline.settings(|bff| bff.deadline = Duration::from_secs(100));
    let invoked = call(&offline, "http://goals/", "timeout-ms=50").await;
    assert_eq!(text_of(&invoked), "ErrorCode::HttpResponseTimeout");
}

#[tokio::test]
async fn calls_that_are_given_up_are_recorded() {
    let offline = offline().service("goals", |_| std::future::pending());
    let invoked = offline.get("/given-up").await;
    let outcomes: Vec<_> = invoked.calls.iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [Err("cancelled"), Err("cancelled")]);
    let answer = invoked.result.unwrap();
    assert_eq!(
        answer.headers["tailor-degraded"],
        "goals;failed=cancelled;n=2"
    );
}
