//! Endless computation: stopped by the limit of CPU time or by the deadline, in every function.

use std::time::Duration;

use downstream_mock::{Fault, Service};
use futures_util::future::join_all;
use tailor::bff::error::BffError;
use tailor_harness::{Offline, components};

use super::arena::{Arena, HostileBff, expect_problem};
use super::wat::{LOOP, Wat};

/// So little CPU time, and so long a deadline, that only the CPU limit can stop a guest.
const LITTLE_CPU: &str = "deadline = \"60s\"\nlimits.cpu = \"50ms\"";

#[tokio::test]
async fn an_endless_loop_ends_with_its_cpu_time() {
    let arena = Arena::start(&[HostileBff::guest("loop", LITTLE_CPU)]).await;
    arena
        .is_stopped("loop", "/loop", 502, "bff-cpu-limit")
        .await;
}

#[tokio::test]
async fn the_log_says_in_which_function_the_time_went() {
    let offline = Offline::from_file(&components::hostile().unwrap())
        .unwrap()
        .settings(|bff| {
            bff.deadline = Duration::from_secs(60);
            bff.limits.cpu = Duration::from_millis(50);
        });
    let error = offline.get("/loop").await.result.unwrap_err();
    assert!(matches!(error, BffError::Cpu { .. }), "{error}");
    let backtrace = error.backtrace();
    assert!(backtrace.contains("hostile::"), "{backtrace}");
}

#[tokio::test]
async fn an_endless_loop_ends_with_its_deadline() {
    // A part of the time is spent waiting, so CPU time alone cannot reach the limit first.
    let arena = Arena::start(&[HostileBff::guest(
        "loop",
        "deadline = \"2s\"\nlimits.cpu = \"2s\"",
    )])
    .await;
    let hang = Fault::hang();
    arena
        .services
        .set_fault(Service::Goals, hang)
        .await
        .unwrap();
    arena
        .is_stopped("loop", "/wait-then-loop?count=1000", 504, "bff-deadline")
        .await;
}

#[tokio::test]
async fn a_loop_is_stopped_in_whatever_call_of_the_guest_the_host_made() {
    let places = [
        (
            "start",
            Wat {
                more: &format!("(func $begin {LOOP}) (start $begin)"),
                ..Wat::default()
            },
        ),
        // The host asks for room for the request's texts.
        (
            "request",
            Wat {
                realloc: LOOP,
                ..Wat::default()
            },
        ),
        // The host asks for room for what a call gave.
        (
            "result",
            Wat {
                handle: "(global.set $armed (i32.const 1)) (call $call_of_nothing)",
                realloc: &format!("(if (global.get $armed) (then {LOOP}))"),
                ..Wat::default()
            },
        ),
        // The answer was given, and the guest is told that it was read.
        (
            "post",
            Wat {
                post: LOOP,
                ..Wat::default()
            },
        ),
    ]
    .map(|(name, wat)| HostileBff::of(name, wat.component(), LITTLE_CPU));
    let arena = Arena::start(&places).await;
    for HostileBff { name, .. } in &places {
        arena.is_stopped(name, "/", 502, "bff-cpu-limit").await;
    }
}

#[tokio::test]
async fn neighbours_answer_between_many_loops() {
    const LOOPS: usize = 32;
    let arena = Arena::start(&[HostileBff::guest(
        "loop",
        "deadline = \"100s\"\nlimits.cpu = \"300ms\"\nlimits.cpu-wait = \"100s\"",
    )])
    .await;
    let loops = join_all((0..LOOPS).map(|_| arena.host.get("/loop/loop")));
    let (replies, answers) = arena.beside_neighbour_counting(loops).await;
    for reply in replies {
        expect_problem(&reply.unwrap(), "loop", 502, "bff-cpu-limit");
    }
    assert_eq!(arena.counted("loop", "bff-cpu-limit").await, LOOPS as u64);
    // The loops alone keep two workers busy for seconds. Without turns, no neighbour would answer
    // before their end.
    assert!(answers >= 10, "{answers} answers");
}

#[tokio::test]
async fn a_request_that_waits_too_long_for_the_cpu_is_refused() {
    const LOOPS: usize = 32;
    let settings = "deadline = \"100s\"\nlimits.cpu = \"300ms\"\nlimits.cpu-wait = \"50ms\"";
    let arena = Arena::start(&[HostileBff::guest("loop", settings)]).await;
    let loops = join_all((0..LOOPS).map(|_| arena.host.get("/loop/loop")));
    let replies = arena.beside_neighbour(loops).await;
    let mut refused = 0;
    for reply in replies.into_iter().map(Result::unwrap) {
        if reply.status == 503 {
            expect_problem(&reply, "loop", 503, "bff-cpu-share");
            assert_eq!(reply.header("retry-after"), "1");
            refused += 1;
        } else {
            expect_problem(&reply, "loop", 502, "bff-cpu-limit");
        }
    }
    // All of them together want ten seconds of two workers, and each waits for a twentieth of one.
    assert!(refused > LOOPS / 2, "{refused} refused");
    assert_eq!(arena.counted("loop", "bff-cpu-share").await, refused as u64);
}
