//! Lines of the log: also with foreign text in it, each is one line of a bounded length, and no BFF
//! and no client fills the disk with them.

use std::time::{Duration, Instant};

use serde_json::Value;
use tailor_harness::components::from_module;
use tailor_harness::{Process, TestHost};

use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, get};

/// A name that imitates a line of the host, in the text format of WebAssembly.
const FORGED: &str =
    r"x\0a2026-01-01T00:00:00Z  INFO access: status=200 bff=watch\0d\1b[2J\e2\80\ae";

/// A BFF that traps, in functions of such a name, one of them very long.
fn trapping() -> Vec<u8> {
    let long = "n".repeat(90_000);
    let calls: String = (0..60)
        .map(|at| {
            let next = at + 1;
            let name = if at % 2 == 0 { FORGED } else { &long };
            format!("(func $f{at} (@name \"{name}\") (call $f{next}))\n")
        })
        .collect();
    let params = "i32 ".repeat(16);
    let text = format!(
        r#"(module (@name "{FORGED}")
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  {calls}
  (func $f60 (unreachable))
  (func (export "tailor:bff/handler@0.1.1#handle") (param {params}) (result i32)
    (call $f0) (i32.const 16)))"#
    );
    from_module(&text).unwrap()
}

/// A component with an import of such a name, which is refused.
fn refused() -> Vec<u8> {
    let long = "n".repeat(90_000);
    wat::parse_str(format!(
        r#"(component (import "{FORGED}" (func)) (import "{long}" (func)))"#
    ))
    .unwrap()
}

/// What a host that logs in a format writes while a BFF traps and is then replaced by one that is
/// refused.
async fn said(format: &str) -> Vec<String> {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &trapping()).unwrap();
    let format = format!("log.format = \"{format}\"");
    let (path, dir) = builder.config(&format).config(ECHO).write().unwrap();
    let host = Process::serve(&path).unwrap();
    let until = |what: &str| {
        let found = host.wait_for_line(|line| line.contains(what).then_some(()));
        found.unwrap();
    };
    let answer = Wire::ask(host.address().unwrap(), &get("/echo", "")).await;
    assert_eq!(answer.status, 502);
    until("bytes_in");
    let file = dir.path().join("new.wasm");
    std::fs::write(&file, refused()).unwrap();
    std::fs::rename(file, dir.path().join("echo.wasm")).unwrap();
    until("is refused");
    host.lines()
}

#[tokio::test]
async fn no_name_in_a_component_begins_a_line_or_reaches_a_terminal() {
    for format in ["text", "json"] {
        let lines = said(format).await;
        // Serving, the trap, its request, the refusal.
        assert_eq!(lines.len(), 4, "{lines:#?}");
        for line in &lines {
            assert!(line.len() <= 16 << 10, "{} bytes", line.len());
            let hidden = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!line.contains(hidden), "{line}");
            assert!(!line.starts_with("2026-01-01T00:00:00Z"), "{line}");
        }
        let trap = lines
            .iter()
            .find(|line| line.contains("backtrace"))
            .unwrap();
        assert!(trap.contains("unreachable"), "{trap}");
        assert!(trap.contains("INFO access: status=200 bff=watch"), "{trap}");
    }
}

/// Asks for `target` `times` times, on one connection.
async fn ask(process: &Process, target: &str, times: usize) {
    let mut wire = Wire::connect(process.address().unwrap()).await;
    for _ in 0..times {
        wire.send(&get(target, "")).await;
        let _ = wire.answer().await;
    }
}

/// Lines of the log about this, up to the one that reports left-out lines.
fn lines(process: &Process, about: impl Fn(&Value) -> bool) -> (u64, u64) {
    let log = process.log();
    let told = log.iter().filter(|line| about(line));
    let left_out = |line: &Value| line["left_out"].as_u64().unwrap_or(0);
    told.fold((0, 0), |(count, left), line| {
        (count + 1, left + left_out(line))
    })
}

#[tokio::test]
async fn requests_that_the_host_refuses_have_some_lines_a_second() {
    const ASKED: usize = 400;
    let settings = "log.format = \"json\"\nlog.refused-lines = 3";
    let builder = TestHost::builder().unwrap();
    let builder = builder
        .file("echo.wasm", &modules::echo(Part::Path))
        .unwrap();
    let (path, _dir) = builder.config(settings).config(ECHO).write().unwrap();
    let process = Process::serve(&path).unwrap();
    let began = Instant::now();
    ask(&process, "/nowhere", ASKED).await;
    let seconds = began.elapsed().as_secs() + 2;
    // What BFFs answer has its lines all the same.
    ask(&process, "/echo/x", ASKED).await;
    let answered = |line: &Value| line["outcome"] == "2xx";
    let all_answered = || (lines(&process, answered).0 == ASKED as u64).then_some(());
    crate::wire::until(async || all_answered()).await;
    // The next second reports how many were left out.
    let nowhere = |line: &Value| line["outcome"] == "not-found";
    let told = || {
        let (count, left_out) = lines(&process, nowhere);
        (left_out > 0).then_some((count, left_out))
    };
    let (count, left_out) = crate::wire::until(async || {
        ask(&process, "/nowhere", 1).await;
        told()
    })
    .await;
    assert!(left_out > ASKED as u64 / 2, "{count} {left_out}");
    let seconds = seconds + began.elapsed().as_secs();
    assert!(count <= 3 * (seconds + 1), "{count} in {seconds} s");
    let method = "A".repeat(10_000);
    let mut wire = Wire::connect(process.address().unwrap()).await;
    wire.send(&format!("{method} /echo HTTP/1.1\r\nhost: a\r\n\r\n"))
        .await;
    assert_eq!(wire.answer().await.status, 501);
    let longest = process.lines().iter().map(String::len).max();
    assert!(longest < Some(1_000), "{longest:?}");
}

#[tokio::test]
async fn a_guest_s_lines_have_a_rate_and_those_left_out_are_counted() {
    let hostile = std::fs::read(tailor_harness::components::hostile().unwrap()).unwrap();
    let settings = "limits.log-rate = \"64KiB\"\nlimits.cpu = \"5s\"\ndeadline = \"30s\"";
    let builder = TestHost::builder().unwrap().config("log.format = \"json\"");
    let builder = builder.bff("loud", &hostile, settings);
    let builder = builder.route("bff = \"loud\"\nclient = \"loud\"\npath = \"/loud\"");
    let (path, _dir) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let began = Instant::now();
    ask(&process, "/loud/log?lines=64&bytes=4000", 20).await;
    let guest = |line: &Value| line["target"] == "guest";
    // One line of the next second reports how many were left out.
    let left_out = crate::wire::until(async || {
        ask(&process, "/loud/log?lines=1&bytes=10", 1).await;
        let (_, left_out) = lines(&process, guest);
        (left_out > 0).then_some(left_out)
    })
    .await;
    let seconds = began.elapsed() + Duration::from_secs(2);
    let bytes: usize = process
        .lines()
        .iter()
        .filter(|line| line.contains("\"guest\""))
        .map(String::len)
        .sum();
    assert!(
        bytes <= (64 << 10) * usize::try_from(seconds.as_secs()).unwrap(),
        "{bytes}"
    );
    assert!(left_out > 640, "{left_out} of 1280");
}
