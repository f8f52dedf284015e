//! Requests of components that learn from WASI: its clocks, its random numbers, and which of its
//! timers came first.

use http_body_util::Full;
use serde_json::{Value, json};
use tailor_harness::components::{from_module_in, wasi_http};
use tailor_harness::{Reply, TestHost};

use super::{ENABLED, TIMES, edited, replay, taken, write};
use crate::cli::{run, text};

/// Of WASI the interfaces and functions that are used here, as they stand in its own packages.
const WORLD: &str = r#"
package tailor:test;

world learner {
    include tailor:bff/bff@0.1.1;
    import wasi:clocks/monotonic-clock@0.2.0;
    import wasi:clocks/wall-clock@0.2.0;
    import wasi:io/poll@0.2.0;
    import wasi:random/random@0.2.0;
    import wasi:random/insecure@0.2.0;
    import wasi:random/insecure-seed@0.2.0;
}

package wasi:io@0.2.0 {
    interface poll {
        resource pollable { block: func(); ready: func() -> bool; }
        poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
}

package wasi:clocks@0.2.0 {
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        now: func() -> u64;
        subscribe-instant: func(when: u64) -> pollable;
        subscribe-duration: func(when: u64) -> pollable;
    }
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
        resolution: func() -> datetime;
    }
}

package wasi:random@0.2.0 {
    interface random {
        get-random-bytes: func(len: u64) -> list<u8>;
        get-random-u64: func() -> u64;
    }
    interface insecure {
        get-insecure-random-bytes: func(len: u64) -> list<u8>;
        get-insecure-random-u64: func() -> u64;
    }
    interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
}
"#;

/// A component that answers with all that it learned, in hexadecimal, and with the request's own
/// fields. `more` is what it does last.
pub fn learner(more: &str) -> Vec<u8> {
    learner_that_waits(1_000_000, more)
}

/// The same that waits for `ns` nanoseconds.
pub fn learner_that_waits(ns: u64, more: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "tailor:bff/runtime@0.1.1" "config" (func $setting (param i32 i32 i32)))
  (import "tailor:bff/runtime@0.1.1" "now-ms" (func $now_ms (result i64)))
  (import "tailor:bff/runtime@0.1.1" "random" (func $contract_bytes (param i32 i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "resolution" (func $fine (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $ticks (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-instant" (func $at (param i64) (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $after (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $bytes (param i64 i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $number (result i64)))
  (import "wasi:random/insecure@0.2.0" "get-insecure-random-bytes" (func $cheap_bytes (param i64 i32)))
  (import "wasi:random/insecure@0.2.0" "get-insecure-random-u64" (func $cheap_number (result i64)))
  (import "wasi:random/insecure-seed@0.2.0" "insecure-seed" (func $seed (param i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 65536))
  (global $out (mut i32) (i32.const 8192))
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $digit (param i32)
    (i32.store8 (global.get $out) (i32.load8_u offset=1024 (local.get 0)))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))
  (func $say (param $from i32) (param $length i32)
    (loop $next
      (if (local.get $length) (then
        (call $digit (i32.shr_u (i32.load8_u (local.get $from)) (i32.const 4)))
        (call $digit (i32.and (i32.load8_u (local.get $from)) (i32.const 15)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next)))))
  (func $say_number (param i64)
    (i64.store (i32.const 512) (local.get 0))
    (call $say (i32.const 512) (i32.const 8)))
  (func $say_list (param $size i32)
    (call $say (i32.load (i32.const 512))
      (i32.mul (local.get $size) (i32.load (i32.const 516)))))
  (func (export "tailor:bff/handler@0.1.1#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $late i32)
    (call $wall (i32.const 512))
    (call $say (i32.const 512) (i32.const 12))
    (call $fine (i32.const 512))
    (call $say (i32.const 512) (i32.const 12))
    (call $say_number (call $ticks))
    (call $bytes (i64.const 5) (i32.const 512))
    (call $say_list (i32.const 1))
    (call $say_number (call $number))
    (call $cheap_bytes (i64.const 3) (i32.const 512))
    (call $say_list (i32.const 1))
    (call $say_number (call $cheap_number))
    (call $seed (i32.const 512))
    (call $say (i32.const 512) (i32.const 16))
    ;; The second of two timers comes first.
    (local.set $late (call $after (i64.const 3600000000000)))
    (i32.store (i32.const 640) (local.get $late))
    (i32.store (i32.const 644) (call $at (i64.add (call $ticks) (i64.const 2000000))))
    (call $poll (i32.const 640) (i32.const 2) (i32.const 512))
    (call $say_list (i32.const 4))
    (call $digit (call $ready (local.get $late)))
    (call $block (call $after (i64.const {ns})))
    (call $say_number (call $ticks))
    {more}
    (i32.store16 (i32.const 16) (i32.const 200))
    (i32.store (i32.const 20) (local.get 7))
    (i32.store (i32.const 24) (local.get 8))
    (i32.store8 (i32.const 28) (i32.const 1))
    (i32.store (i32.const 32) (i32.const 8192))
    (i32.store (i32.const 36) (i32.sub (global.get $out) (i32.const 8192)))
    (i32.const 16))
  (data (i32.const 1024) "0123456789abcdef")
  (data (i32.const 1040) "a/theme"))"#
    );
    from_module_in(&text, WORLD, "learner").unwrap_or_else(|error| panic!("{error:#}"))
}

async fn host(component: &[u8], settings: &str, record: &str) -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.config(&format!("{ENABLED}\n{record}"));
    let builder = builder.bff("learner", component, settings);
    let route = "bff = \"learner\"\npath = \"/\"";
    builder.route(route).start().await.unwrap()
}

async fn get(host: &TestHost, customer: &str) -> Reply {
    let request = host.request("GET", "/").header("x-customer", customer);
    let request = request.body(Full::default()).unwrap();
    host.send(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wasi_told_a_guest_is_told_again_and_what_is_taken_out_stays_out() {
    let redacted = "text-bodies = true\nredact-headers = [\"x-customer\"]";
    let host = host(&learner(""), "", redacted).await;
    taken(&host, 0).await;
    let answers = [
        get(&host, "c-4711").await.text(),
        get(&host, "c-4712").await.text(),
    ];
    assert_ne!(answers[0], answers[1]);
    let all = taken(&host, 2).await;
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &all);
    for (answer, file) in answers.iter().zip(&files) {
        let fixture = std::fs::read_to_string(file).unwrap();
        assert!(
            !fixture.contains("c-471") && fixture.contains("\"x-customer\":\"redacted\""),
            "{fixture}"
        );
        let fixture: Value = serde_json::from_str(&fixture).unwrap();
        assert_eq!(fixture["expect"]["text"], answer.as_str());
        let wasi = &fixture["recorded"]["wasi"];
        // The timer of an hour was neither first nor ready.
        assert_eq!(wasi["polls"], json!([[1], [], [0]]), "{wasi}");
        let lengths = ["wall-ns", "monotonic-ns", "insecure-seed"];
        let lengths = lengths.map(|list| wasi[list].as_array().unwrap().len());
        assert_eq!(lengths, [1, 3, 2], "{wasi}");
        // Five bytes and a number, three and a number.
        let lengths = ["random", "insecure-random"].map(|it| wasi[it].as_str().unwrap().len());
        assert_eq!(lengths, [26, 22], "{wasi}");
    }
    let component = text(&host.dir().join("learner.wasm"));
    let (code, said, error) = replay(&component, &files, TIMES);
    assert_eq!(code, 0, "{said}{error}");
    // As a test it takes them, too.
    let (code, said, error) = run(&["call", &component, "--fixture", &files[0]]);
    assert_eq!(code, 0, "{said}{error}");

    // It learns each of them of the file.
    for (member, value) in [
        ("wall-ns", json!([1])),
        ("monotonic-ns", json!([1, 2, 3])),
        ("random", json!("00".repeat(13))),
        ("insecure-random", json!("00".repeat(11))),
        ("insecure-seed", json!([1, u64::MAX])),
        ("polls", json!([[0], [], [0]])),
    ] {
        let other = edited(&files[0], |it| {
            it["recorded"]["wasi"][member] = value.clone()
        });
        let (code, said, _) = replay(&component, &[other], "1");
        assert!(
            code == 1 && said.contains("/text: expected"),
            "{member}: {said}"
        );
        // What the file lacks is named.
        let empty = match &value {
            Value::String(_) => json!("00"),
            _ if member == "insecure-seed" => Value::Null,
            _ => json!([]),
        };
        let short = edited(&files[0], |it| {
            it["recorded"]["wasi"][member] = empty.clone()
        });
        let (code, said, _) = replay(&component, &[short], "1");
        let place = format!("         /recorded/wasi/{member}");
        assert!(code == 1 && said.contains(&place), "{member}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_guest_is_caught_where_it_first_departs() {
    let host = host(&learner(""), "", "text-bodies = true").await;
    taken(&host, 0).await;
    host.get("/").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &taken(&host, 1).await);
    for (more, said) in [
        (
            "(call $say_number (call $ticks))",
            "/recorded/wasi/monotonic-ns/3: not asked for when recorded (wasi:clocks/monotonic-clock.now)",
        ),
        (
            "(call $block (call $after (i64.const 1)))",
            "/recorded/wasi/polls/3: not asked for when recorded (wasi:io/poll)",
        ),
        (
            "(drop (call $number))",
            "/recorded/wasi/random: not asked for when recorded (wasi:random/random)",
        ),
        (
            "(call $setting (i32.const 1040) (i32.const 7) (i32.const 512))",
            "/recorded/settings/a~1theme: not asked for when recorded (runtime.config)",
        ),
        (
            "(drop (call $now_ms))",
            "/recorded/now-ms/0: not asked for when recorded (runtime.now-ms)",
        ),
        (
            "(call $contract_bytes (i32.const 7) (i32.const 512))",
            "/recorded/random: not asked for when recorded (runtime.random)",
        ),
        ("(call $digit (i32.const 7))", "/text: expected"),
    ] {
        let component = folder.path().join("changed.wasm");
        std::fs::write(&component, learner(more)).unwrap();
        let (code, all, _) = replay(&text(&component), &files, "3");
        let begin = format!("differs  {}\n         {said}", files[0]);
        assert!(code == 1 && all.starts_with(&begin), "{more}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_did_not_end_does_not_end_again() {
    let sleeping = learner("(call $block (call $after (i64.const 1000000000000)))");
    let host = host(&sleeping, "deadline = \"1s\"", "").await;
    taken(&host, 0).await;
    assert_eq!(host.get("/").await.unwrap().status, 504);
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &taken(&host, 1).await);
    let fixture: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    let polls = &fixture["recorded"]["wasi"]["polls"];
    assert_eq!(*polls, json!([[1], [], [0], null]));
    let component = text(&host.dir().join("learner.wasm"));
    let (code, said, error) = replay(&component, &files, "1");
    assert_eq!(code, 0, "{said}{error}");
    // How far it comes until then is not the same each time.
    let further = edited(&files[0], |it| {
        let call = json!({"service": "heart", "method": "GET", "path": "/"});
        it["recorded"]["calls"] = json!([call]);
    });
    let (code, said, error) = replay(&component, &[further], "1");
    assert_eq!(code, 0, "{said}{error}");
    // One that waits no more does something else.
    let component = folder.path().join("changed.wasm");
    std::fs::write(&component, learner("")).unwrap();
    let (code, said, _) = replay(&text(&component), &files, "1");
    assert!(
        code == 1 && said.contains("         /recorded/error: expected"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_recorded_is_refused_by_its_name() {
    let component = std::fs::read(wasi_http().unwrap()).unwrap();
    let host = host(&component, "", "").await;
    taken(&host, 0).await;
    host.get("/noop").await.unwrap();
    let why = taken(&host, 1).await.remove(0)["refused"].to_string();
    let expected = "its component imports wasi:";
    assert!(
        why.contains(expected) && why.contains("is not recorded"),
        "{why}"
    );
}
