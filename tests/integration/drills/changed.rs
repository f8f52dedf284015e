//! What a client gets after a write that succeeded, or may have.

use bytes::Bytes;
use downstream_mock::scripted::{Response, ScriptedService};
use http_body_util::Full;

use super::kept::{Numbered, expect};
use super::*;
use crate::downstream::relay::failure;

/// A change, without a body.
fn post(host: &TestHost, path: &str) -> http::Request<Full<Bytes>> {
    let request = host.request("POST", path);
    request.body(Default::default()).unwrap()
}

#[tokio::test]
async fn a_change_makes_the_answer_void_that_it_changes() {
    let svc = Numbered::start(&[("cache-control", "max-age=600")]);
    let host = svc.host("").await;
    expect(&host, "/r/svc/a", "1").await;
    expect(&host, "/r/svc/b", "2").await;
    let changed = host.send(post(&host, "/r/svc/a")).await.unwrap();
    assert_eq!(changed.text(), "3");
    expect(&host, "/r/svc/a", "4").await;
    expect(&host, "/r/svc/b", "2").await;
}

#[tokio::test]
async fn a_change_that_may_have_been_made_voids_what_was_kept() {
    let svc = Numbered::start(&[("cache-control", "max-age=600")]);
    let host = svc.host("").await;
    expect(&host, "/r/svc/a", "1").await;
    // The service may have done the work before it failed.
    svc.fail(true);
    let failed = host.send(post(&host, "/r/svc/a")).await.unwrap();
    assert_eq!(failed.status, 503, "{}", failed.text());
    svc.fail(false);
    expect(&host, "/r/svc/a", "3").await;
}

#[tokio::test]
async fn a_change_without_an_answer_voids_what_was_kept() {
    let site = ScriptedService::start(|request| match request.method == "POST" {
        true => Response::hang(),
        false => Response::text(request.number.to_string()).header("cache-control", "max-age=600"),
    });
    let site = site.unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .service("hurried", &site.url(), "timeout = \"3s\"")
        .relay("r", "")
        .start()
        .await;
    expect(&host, "/r/hurried/a", "1").await;
    let late = host.send(post(&host, "/r/hurried/a")).await.unwrap();
    assert_eq!(failure(&late), Some(("timeout", true)), "{late:?}");
    expect(&host, "/r/hurried/a", "3").await;
    // The client disconnects before there is an answer, which drops its call.
    expect(&host, "/r/svc/a", "4").await;
    let change = host.send(post(&host, "/r/svc/a"));
    tokio::select! {
        _ = change => panic!("nothing is answered"),
        _ = site.wait_for(5) => {}
    }
    eventually("the end of the call", async || {
        let state = host.admin("/bffs").await.unwrap().json();
        (state["calls_in_flight"] == 0).then_some(())
    })
    .await;
    expect(&host, "/r/svc/a", "6").await;
}

#[tokio::test]
async fn a_change_voids_what_the_operator_says() {
    let svc = Numbered::start(&[("cache-control", "max-age=600")]);
    let host = svc
        .host("[[write]]\ncall = \"POST /users/*/days\"\nvoids = [\"/users/*\", \"/top/**\"]")
        .await;
    let paths = ["users/ada", "users/grace", "top/ten", "other"];
    for path in paths {
        get(&host, &format!("/r/svc/{path}")).await;
    }
    let changed = host.send(post(&host, "/r/svc/users/ada/days")).await;
    assert_eq!(changed.unwrap().text(), "5");
    for (path, body) in paths.iter().zip(["6", "2", "7", "4"]) {
        expect(&host, &format!("/r/svc/{path}"), body).await;
    }
}

#[tokio::test]
async fn a_change_that_fails_gets_no_answer_for_any_method() {
    let svc = Numbered::start(&[]);
    let any = "retry.max = 0\n[[default]]\ncall = \"PUT /**\"\nbody = \"0\"\n\
               [[default]]\ncall = \"* /**\"\nbody = \"1\"";
    let host = svc.host(any).await;
    svc.fail(true);
    assert_eq!(degraded(&get(&host, "/r/svc/a").await), "svc;fallback");
    let failed = host.send(post(&host, "/r/svc/a")).await.unwrap();
    assert_eq!(failed.status, 503, "{}", failed.text());
}
