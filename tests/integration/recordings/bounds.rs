//! Who may record, and how much.

use http_body_util::Full;
use tailor_harness::{TestHost, TestHostBuilder};

use super::{ENABLED, taken};
use crate::modules::{self, Part};
use crate::observe::{bff, eventually, swapped};
use crate::swap::page::trap;

/// A host with a BFF that answers with the request's body.
fn echoing() -> TestHostBuilder {
    let echo = modules::echo(Part::Body);
    let builder = TestHost::builder().unwrap().bff("echo", &echo, "");
    builder.route("bff = \"echo\"\npath = \"/\"\nmethods = [\"POST\"]")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_read_as_json_is_none_that_nothing_can_be_taken_out_of() {
    let texts = "[record]\nenabled = true\ntext-bodies = true";
    let host = echoing().config(texts).start().await.unwrap();
    taken(&host, 0).await;
    for (body, is_recorded) in [
        ("plain text", true),
        (r#"{"user": {"email": "x@y"}, "n": 1e400}"#, false),
        (r#"{"user": "\ud800"}"#, false),
    ] {
        let request = host.request("POST", "/").body(Full::from(body)).unwrap();
        host.send(request).await.unwrap();
        let one = taken(&host, 1).await.remove(0);
        assert_eq!(one["fixture"].is_string(), is_recorded, "{body}: {one}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_unless_its_operator_wants_it_and_then_for_one_at_a_time() {
    let ask = async |host: &TestHost, question: &str, headers: &[(&str, &str)]| {
        let reply = host
            .steer(&format!("/recordings?{question}"), headers)
            .await
            .unwrap();
        (reply.status.as_u16(), reply.text())
    };
    let host = echoing().start().await.unwrap();
    let (status, said) = ask(&host, "session=a&one-in=1", &[]).await;
    assert!(
        status == 403 && said.contains("set record.enabled = true"),
        "{said}"
    );
    let (status, _) = ask(&host, "session=a&id=x", &[]).await;
    assert_eq!(status, 403);
    assert_eq!(host.admin("/recordings").await.unwrap().status, 405);

    let host = echoing().config(ENABLED).start().await.unwrap();
    let page = [("origin", "http://localhost")];
    assert_eq!(ask(&host, "session=a&one-in=1", &page).await.0, 403);
    for question in [
        "",
        "session=a",
        "session=a&one-in=x",
        "session=a&one-in=1&id=x",
        "one-in=1",
        "session=a&ids=x",
    ] {
        let (status, said) = ask(&host, question, &[]).await;
        assert!(
            status == 400 && said.starts_with("write ?session=S"),
            "{question}: {said}"
        );
    }
    assert_eq!(ask(&host, "session=a&one-in=1", &[]).await.0, 200);
    let (status, said) = ask(&host, "session=b&one-in=1", &[]).await;
    assert!(
        status == 409 && said.contains("for somebody else"),
        "{said}"
    );
    assert_eq!(
        ask(&host, "session=b&end", &[]).await.0,
        200,
        "ends nothing"
    );
    assert_eq!(ask(&host, "session=b&one-in=1", &[]).await.0, 409);
    assert_eq!(ask(&host, "session=a&end", &[]).await.0, 200);
    assert_eq!(ask(&host, "session=b&one-in=1", &[]).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_bounded_and_a_body_that_cannot_be_looked_into_is_not_recorded() {
    let limits = "[record]\nenabled = true\nmax-size = \"4KiB\"\nmax-total = \"8KiB\"";
    let host = echoing().config(limits).start().await.unwrap();
    taken(&host, 0).await;
    let send = async |body: Vec<u8>| {
        let request = host.request("POST", "/").body(Full::from(body)).unwrap();
        host.send(request).await.unwrap();
        let mut all = taken(&host, 1).await;
        all.remove(0)["refused"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let why = send(vec![b'1'; 5 << 10]).await;
    assert!(
        why.contains("more than 4096 bytes (record.max-size)"),
        "{why}"
    );
    let why = send(b"user=ada&password=s3cret".to_vec()).await;
    assert!(
        why.contains("the request's body is not JSON") && why.contains("record.text-bodies"),
        "{why}"
    );
    let why = send(vec![0xff, 0xfe]).await;
    assert!(why.contains("is not UTF-8"), "{why}");
    assert_eq!(send(b"{}".to_vec()).await, "");
    // More than fits together is dropped, and counted.
    let large = || {
        let body = Full::from(vec![b'1'; 3 << 10]);
        host.send(host.request("POST", "/").body(body).unwrap())
    };
    let mut dropped = 0;
    while dropped == 0 {
        let (one, two, three) = tokio::join!(large(), large(), large());
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        let reply = host.steer("/recordings?session=test&one-in=1", &[]).await;
        dropped += reply.unwrap().json()["dropped"].as_u64().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_keeps_no_version_alive_and_few_components() {
    let builder = TestHost::builder().unwrap().bff("page", &trap("v0"), "");
    let host = builder
        .route("bff = \"page\"\npath = \"/\"")
        .config("[record]\nenabled = true\nkeep = 100");
    let host = host.start().await.unwrap();
    for number in 0..10 {
        if number > 0 {
            host.replace("page.wasm", &trap(&format!("v{number}")))
                .unwrap();
            swapped(&host, "page", number).await;
        }
        let request = host.request("GET", "/");
        let request = request.header("x-request-id", format!("r{number}"));
        let reply = host.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(reply.unwrap().status, 502);
    }
    eventually("old versions are gone", async || {
        let draining = &bff(&host, "page").await["draining"];
        draining.as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await;
    for (id, status) in [("r5", 404), ("r6", 200), ("r9", 200)] {
        let question = format!("/recordings?session=a&id={id}");
        let reply = host.steer(&question, &[]).await.unwrap();
        assert_eq!(reply.status, status, "{id}");
    }
}
