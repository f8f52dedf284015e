//! A request whose calls end in all the ways in which the policy of a service can end them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use downstream_mock::scripted::{Request, Response};
use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::{ENABLED, TIMES, replay, taken, write};
use crate::bffs::typescript::componentized;
use crate::cli::text;
use crate::modules::PATIENT;

const STEPS: &str = r#"{"steps":4711,"unit":"steps"}"#;
/// The same by zlib and by Brotli.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV*.I-(V\xb22174\xd4Q*\xcd\xcb,Q\xb2\x82\x8a\xd5\x02\0(EW\xe9\x1d\0\0\0";
const BROTLI: &[u8] = b"\x0b\x0e\x80{\"steps\":4711,\"unit\":\"steps\"}\x03";

const DAYS: &str = r#"{"days": [{"steps": 1.0}, {}, {"steps": 3}]}"#;

/// Answers of the services by their paths, of which some are others when they are asked again.
fn answer(again: &[AtomicBool; 3], request: &Request) -> Response {
    let coded = || Response::new(200).header("content-type", "application/json");
    let is_again = |path: usize| again[path].swap(true, Ordering::SeqCst);
    match request.path() {
        "/flaky" if !is_again(0) => Response::new(503),
        "/gzip" => coded().header("content-encoding", "gzip").body(GZIP),
        "/br" => coded().header("content-encoding", "br").body(BROTLI),
        // With a byte order mark.
        "/same" => Response::json(format!("\u{feff}{DAYS}"))
            .after(tokio::time::sleep(Duration::from_millis(20))),
        "/missing" => Response::new(404),
        "/new" => {
            let kept = Response::json("[1]").header("cache-control", "max-age=600");
            kept.header("x-city", "Zürich")
        }
        "/old" if is_again(1) => Response::close(),
        "/old" => Response::json("[2]").header("cache-control", "max-age=0, stale-if-error=600"),
        "/slow" if !is_again(2) => Response::hang(),
        path => Response::json(json!({"path": path})),
    }
}

async fn host(component: &[u8]) -> TestHost {
    let service = || {
        let again = [const { AtomicBool::new(false) }; 3];
        move |request: Request| answer(&again, &request)
    };
    let patient = format!("{PATIENT}\n[retry]\nbackoff = \"1ms\"");
    let default = "[[default]]\ncall = \"GET /**\"\nbody = \"{\\\"is\\\": \\\"default\\\"}\"";
    TestHost::builder()
        .unwrap()
        .config(ENABLED)
        .service("plain", service())
        .settings("plain", &patient)
        .service("kept", service())
        .settings("kept", &patient)
        .service("gone", |_| Response::close())
        .settings("gone", &format!("{patient}\n{default}"))
        .service("lost", |_| Response::close())
        .settings("lost", &patient)
        .service("slow", service())
        .settings(
            "slow",
            &format!("{patient}\n[hedge]\nenabled = true\nmin-delay = \"200ms\""),
        )
        .bff(
            "mix",
            component,
            "deadline = \"1m\"\n[limits]\ncalls = 100\ncpu = \"5s\"\ncpu-wait = \"1m\"",
        )
        .route("bff = \"mix\"\npath = \"/\"")
        .start()
        .await
        .unwrap()
}

/// What the BFF tells of each of its calls: the status or the kind of the failure, and the source.
fn outcomes(answer: &Value) -> Vec<(Value, Value)> {
    let calls = answer.as_array().unwrap().iter();
    calls.map(|it| (it[0].clone(), it[1].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_calls_of_all_kinds_replays_the_same() {
    let component = componentized("mix.ts").unwrap();
    let host = host(&component).await;
    // What is kept is there then, and a hedge knows how long a call takes.
    host.get("/warm").await.unwrap();
    let first = host.get("/").await.unwrap();
    assert_eq!(first.status, 200, "{}", first.text());
    taken(&host, 0).await;
    // Again: what was slow or flaky once is not, and what was live is kept or gone.
    let answer = host.get("/").await.unwrap();
    let by = |status: u16, source: &str| (json!(status), json!(source));
    let live = || by(200, "live");
    let failed = |kind: &str, sent: bool| (json!(kind), json!(sent));
    let mut expected = vec![live(); 5];
    expected.extend([by(404, "live"), live(), live(), by(200, "cached")]);
    expected.extend([
        by(200, "stale"),
        by(200, "fallback"),
        failed("interrupted", true),
    ]);
    expected.extend([live(), failed("denied", false)]);
    assert_eq!(outcomes(&answer.json()), expected, "{}", answer.text());
    let all = taken(&host, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &all);
    let fixture: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    let recorded = &fixture["expect"]["json"];
    // The client had the same, but for the texts of failures, which can quote what was asked.
    assert_eq!(outcomes(recorded), expected);
    assert_eq!(recorded[1][2], STEPS);
    assert_eq!(recorded[2][3], json!(["4711"]));
    assert!(recorded[8][4].to_string().contains("Zürich"));
    assert_eq!(recorded[4][3], json!(["[1.0,null,3]", null]));
    for (place, value) in answer.json().as_array().unwrap().iter().enumerate() {
        if value[0].is_number() {
            let body = |value: &Value| [value[2].clone(), value[3].clone()];
            let compact = |value: Value| {
                let text = value.as_str().unwrap_or_default();
                let document = text.strip_prefix('\u{feff}').unwrap_or(text);
                serde_json::from_str(document).unwrap_or(value)
            };
            assert_eq!(
                body(value).map(compact),
                body(&recorded[place]).map(compact)
            );
        }
    }
    // Each call has an answer of its own, also the one of a path that ends in `*`.
    let of_star = fixture["downstreams"].as_array().unwrap().iter();
    let mut of_star = of_star.filter(|it| it["path"] == "/files/\\*");
    assert_eq!(of_star.next().unwrap()["reply"]["json"]["path"], "/files/*");
    let component = text(&host.dir().join("mix.wasm"));
    let (code, said, error) = replay(&component, &files, TIMES);
    assert_eq!(code, 0, "{said}{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_were_made_again_are_one_call_with_one_answer() {
    let component = componentized("mix.ts").unwrap();
    let host = host(&component).await;
    host.get("/warm").await.unwrap();
    taken(&host, 0).await;
    // The first answer of two calls was none, and the second attempt had one.
    let answer = host.get("/").await.unwrap();
    let came = host.service("plain").requests();
    assert_eq!(came.iter().filter(|it| it.path() == "/flaky").count(), 2);
    assert_eq!(came.iter().filter(|it| it.path() == "/same").count(), 1);
    let came = host.service("slow").requests();
    assert_eq!(came.iter().filter(|it| it.path() == "/slow").count(), 2);
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &taken(&host, 1).await);
    let fixture: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!(fixture["recorded"]["calls"].as_array().unwrap().len(), 15);
    assert_eq!(
        outcomes(&fixture["expect"]["json"]),
        outcomes(&answer.json())
    );
    let component = text(&host.dir().join("mix.wasm"));
    let (code, said, error) = replay(&component, &files, TIMES);
    assert_eq!(code, 0, "{said}{error}");
}
