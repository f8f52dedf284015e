//! Tests of the stand-in for the host.

use std::time::Duration;

use serde_json::json;

use super::illegal_answer;
use crate::testing::{Offline, body_text, failure, get, reply};
use crate::{
    Call, FailureKind, Request, Response, config, elapsed, fetch, fetch_all, fetch_array, log,
    now_ms, random_bytes, start, time_left_ms, wait_any,
};

/// Services by name: `slow` takes 300 ms, `down` fails, `old` has no JSON, the others answer at
/// once.
fn offline() -> Offline {
    Offline::with_delays(|call| match call.service.as_str() {
        "slow" => (300, Ok(reply(200, &json!({"slow": true})))),
        "down" => (0, Err(failure(FailureKind::Unreachable, "down"))),
        "gone" => (0, Ok(reply(404, &json!({"steps": 1})))),
        _ => (
            20,
            Ok(reply(
                200,
                &json!({"steps": 8423, "none": null, "zones": [{"a": 1}]}),
            )),
        ),
    })
}

fn answer(text: impl Into<String>) -> Response {
    Response::text("text/plain", text)
}

#[test]
fn calls_side_by_side_take_as_long_as_the_slowest_and_keep_their_order() {
    fn handle(_: Request) -> Response {
        let calls = ["down", "slow", "quick"].map(|service| Call::get(service, &["x"]));
        let [down, slow, quick] = fetch_array(calls);
        let why = down.map(|_| ()).unwrap_err().kind.name();
        answer(format!(
            "{why} {} {}",
            slow.unwrap().status,
            quick.unwrap().status
        ))
    }
    let run = offline().run(handle, get("/"));
    assert_eq!(body_text(&run.response), "unreachable 200 200");
    assert_eq!(
        (run.calls.len(), run.round_trips, run.waited_ms),
        (3, 1, 300)
    );
}

#[test]
fn a_call_ends_at_its_limit_and_at_the_deadline() {
    fn handle(_: Request) -> Response {
        let slow = Call::get("slow", &["x"]);
        let kind = |call| {
            fetch(&call)
                .map(|_| ())
                .map_err(|failure| failure.kind.name())
        };
        let ends = [
            kind(slow.clone().timeout_ms(50)),
            kind(slow.clone()),
            kind(slow),
        ];
        answer(format!("{ends:?} {} {}", now_ms(), time_left_ms()))
    }
    let run = offline()
        .time_left_ms(400)
        .now_ms(1000)
        .run(handle, get("/"));
    assert_eq!(
        body_text(&run.response),
        r#"[Err("timeout"), Ok(()), Err("timeout")] 1400 0"#
    );
}

#[test]
fn selected_values_replace_the_body_of_a_document_only() {
    fn handle(_: Request) -> Response {
        let calls = ["quick", "gone"].map(|service| {
            Call::get(service, &["x"]).select(&["/steps", "/none", "/zones/0", "/zones/00"])
        });
        let texts: Vec<_> = fetch_all(&calls)
            .into_iter()
            .map(|fetched| fetched.unwrap())
            .map(|reply| (reply.selected, matches!(reply.body, crate::Payload::None)))
            .collect();
        answer(format!("{texts:?}"))
    }
    let run = offline().run(handle, get("/"));
    assert_eq!(
        body_text(&run.response),
        r#"[([Some("8423"), Some("null"), Some("{\"a\":1}"), None], true), ([None, None, None, None], false)]"#
    );
}

#[test]
fn the_first_of_several_calls_is_waited_for_within_a_limit() {
    fn handle(_: Request) -> Response {
        let [slow, quick] = ["slow", "quick"].map(|service| start(&Call::get(service, &["x"])));
        let both = [&slow, &quick];
        let limit = |ms| Some(Duration::from_millis(ms));
        let mut found = vec![wait_any(&both, limit(0)), wait_any(&both, limit(50))];
        assert_eq!(elapsed(), Duration::from_millis(20));
        // What was found stays found until it is taken.
        found.push(wait_any(&both, None));
        assert!(quick.wait().is_ok());
        found.extend([wait_any(&both, limit(100)), wait_any(&both, None)]);
        assert_eq!(elapsed(), Duration::from_millis(300));
        assert!(slow.wait().is_ok());
        found.extend([wait_any(&both, None), wait_any(&[], limit(200))]);
        answer(format!("{found:?} {}", time_left_ms()))
    }
    let run = offline().time_left_ms(1000).run(handle, get("/"));
    assert_eq!(
        body_text(&run.response),
        "[None, Some(1), Some(1), None, Some(0), None, None] 500"
    );
}

#[test]
fn random_bytes_are_those_of_the_seed() {
    fn handle(_: Request) -> Response {
        answer(format!(
            "{:?} {:?}",
            random_bytes::<2>(),
            random_bytes::<6>()
        ))
    }
    for (seed, bytes) in [
        (0, "[68, 0] [57, 37, 119, 139, 157, 166]"),
        (7, "[2, 15] [250, 178, 133, 103, 119, 61]"),
    ] {
        let run = offline().seed(seed).run(handle, get("/"));
        assert_eq!(body_text(&run.response), bytes);
    }
}

#[test]
fn what_the_host_would_refuse_is_refused() {
    fn handle(_: Request) -> Response {
        let good = Call::get("quick", &["x"]);
        let bad = [
            Call::get("quick", &[".."]),
            Call::get("quick", &["a/b"]),
            Call {
                path: "//quick".into(),
                ..good.clone()
            },
            Call {
                path: "/x?y=1".into(),
                ..good.clone()
            },
            Call::get("quick", &["users", "", "days"]),
            good.clone().header("Authorization", "secret"),
            good.clone().header("x_forwarded_for", "10.0.0.1"),
            good.clone().select(&["steps"]),
            good.clone().select(&[""; 65]),
            good.json(&1).unwrap(),
        ];
        let refused = fetch_all(&bad)
            .into_iter()
            .filter(|fetched| matches!(fetched, Err(failure) if failure.kind == FailureKind::Invalid && !failure.sent));
        answer(refused.count().to_string())
    }
    assert_eq!(body_text(&offline().run(handle, get("/")).response), "10");
}

#[test]
fn answers_that_the_host_would_refuse_fail_the_test() {
    let with = |name: &str, value: &str| answer("x").header(name, value);
    for (wrong, why) in [
        (answer("x").status(199), "status 199"),
        (answer("x").status(600), "status 600"),
        (answer("x").status(204), "a body with status 204"),
        (answer("x").status(205), "a body with status 205"),
        (with("Content-Length", "1"), "header `Content-Length`"),
        (with("x_forwarded_for", "1"), "header `x_forwarded_for`"),
        (with("tailor-x", "1"), "header `tailor-x`"),
        (with("x-a", "b\r\nc: d"), "header `x-a`"),
        (with("", "1"), "header ``"),
    ] {
        assert_eq!(illegal_answer(&wrong).as_deref(), Some(why));
    }
    for name in ["date", "X-Request-Id", "set-cookie", "x-mine"] {
        assert_eq!(illegal_answer(&with(name, "1")), None, "{name}");
    }
    assert_eq!(illegal_answer(&answer("").status(204)), None);
}

#[test]
fn an_exchange_gives_its_result_once() {
    fn handle(_: Request) -> Response {
        let exchange = start(&Call::get("slow", &["x"]));
        let quick = fetch(&Call::get("quick", &["x"])).unwrap().status;
        let first = exchange.wait().unwrap().status;
        let second = exchange.wait().map(|_| ()).unwrap_err().kind.name();
        answer(format!("{quick} {first} {second}"))
    }
    let run = offline().run(handle, get("/"));
    assert_eq!(body_text(&run.response), "200 200 invalid");
    assert_eq!(run.waited_ms, 300);
}

#[test]
fn settings_and_log_lines_are_those_of_the_run() {
    fn handle(_: Request) -> Response {
        log::warn("part missing", &[("part", "sleep")]);
        answer(format!("{:?} {:?}", config("tone"), config("volume")))
    }
    let run = offline().config("tone", "dry").run(handle, get("/"));
    assert_eq!(body_text(&run.response), r#"Some("dry") None"#);
    assert_eq!(run.logs[0].fields, [("part".into(), "sleep".into())]);
}
