mod waits;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::contract::{Failure, FailureKind, Method, Payload};

fn call(service: &str, path: &str) -> Call {
    Call {
        service: service.to_owned(),
        method: Method::Get,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Payload::None,
        select: Vec::new(),
        timeout_ms: None,
        profile: None,
    }
}

fn failed(detail: &str) -> CallResult {
    CallResult::Failed(Failure {
        kind: FailureKind::Timeout,
        sent: true,
        detail: detail.to_owned(),
    })
}

fn detail(result: Option<CallResult>) -> Option<String> {
    match result? {
        CallResult::Failed(failure) => Some(failure.detail),
        CallResult::Answered(answered) => Some(String::from_utf8_lossy(&answered.body).into()),
    }
}

/// Records a guest that reads each thing once and makes two calls, the second of which nobody waits
/// for.
fn recorded() -> Tape {
    let tap = Tap::Recording(Recorder::new(1 << 20, Box::new(|_| true)));
    assert_eq!(tap.now_ms(|| 5), 5);
    assert_eq!(tap.time_left_ms(900), 900);
    assert_eq!(tap.elapsed_ns(7), 7);
    assert_eq!(tap.random(Dice::Contract, vec![1, 2]), [1, 2]);
    assert_eq!(tap.random(Dice::Wasi, vec![3]), [3]);
    assert_eq!(tap.random(Dice::WasiInsecure, vec![4]), [4]);
    assert_eq!(tap.insecure_seed((5, 6)), (5, 6));
    assert_eq!(tap.wall_ns(8), 8);
    assert_eq!(tap.monotonic_ns(9), 9);
    assert_eq!(tap.setting("key", None), None);
    let first = tap.begin(&call("heart", "/a"));
    tap.begin(&call("sleep", "/b"));
    let recorder = tap.recorder().unwrap();
    recorder.end(first, failed("late"));
    recorder.waited(Some(0));
    let second = {
        recorder.poll_begins();
        recorder.poll_begins()
    };
    recorder.poll_ended(second - 1, &[0, 2]);
    recorder.tape().unwrap()
}

fn play(strictness: Strictness) -> Tap {
    Tap::Playing(Player::new(recorded(), strictness, Box::new(Call::clone)))
}

#[test]
fn a_run_that_does_the_same_is_told_the_same() {
    let tap = play(Strictness::Same);
    let player = tap.player().unwrap();
    assert_eq!(tap.now_ms(|| 99), 5);
    assert_eq!(tap.time_left_ms(99), 900);
    assert_eq!(tap.elapsed_ns(99), 7);
    // In other pieces.
    let one = |from| tap.random(from, vec![9]);
    assert_eq!([one(Dice::Contract), one(Dice::Contract)], [[1], [2]]);
    assert_eq!([one(Dice::WasiInsecure), one(Dice::Wasi)], [[4], [3]]);
    assert_eq!(
        [tap.insecure_seed((0, 0)), tap.insecure_seed((0, 0))],
        [(5, 6); 2]
    );
    assert_eq!([tap.wall_ns(99), tap.monotonic_ns(99)], [8, 9]);
    // Of two things, a third one cannot be ready. The second wait did not end.
    assert_eq!(player.polled(2), Some(Some(vec![0])));
    assert_eq!(player.polled(2), Some(None));
    assert_eq!(tap.setting("key", Some("now there".to_owned())), None);
    let number = tap.begin(&call("heart", "/a"));
    assert_eq!(detail(player.result(number)).as_deref(), Some("late"));
    let unawaited = tap.begin(&call("sleep", "/b"));
    assert!(player.result(unawaited).is_none());
    assert_eq!(player.waited(2), Some(Some(0)));
    let played = player.played();
    assert_eq!((played.differs_at, played.missing), (None, None));
}

#[test]
fn another_call_is_named_and_all_after_it_fail() {
    let tap = play(Strictness::Same);
    let player = tap.player().unwrap();
    tap.begin(&call("heart", "/a"));
    let other = tap.begin(&call("sleep", "/c"));
    assert_eq!(player.played().differs_at, Some(1));
    assert!(
        detail(player.result(other))
            .unwrap()
            .contains("not in the recording")
    );
    // A third one, of which the tape has none.
    let third = tap.begin(&call("sleep", "/b"));
    assert!(
        detail(player.result(third))
            .unwrap()
            .contains("not in the recording")
    );
    assert_eq!(player.played().calls.len(), 2);

    let tap = play(Strictness::SameServices);
    tap.begin(&call("heart", "/redacted"));
    tap.begin(&call("heart", "/b"));
    assert_eq!(tap.player().unwrap().played().differs_at, Some(1));
}

#[test]
fn the_first_thing_that_is_missing_is_named() {
    type Ask = fn(&Tap);
    let waited = |tap: &Tap| _ = tap.player().unwrap().waited(1);
    let polled = |tap: &Tap| _ = tap.player().unwrap().polled(1);
    let cases: [(&str, &[&str], Option<&str>, Ask); 11] = [
        ("runtime.now-ms", &["now-ms"], Some("1"), |tap| {
            _ = tap.now_ms(|| 0)
        }),
        (
            "runtime.time-left-ms",
            &["time-left-ms"],
            Some("1"),
            |tap| _ = tap.time_left_ms(0),
        ),
        ("runtime.elapsed-ns", &["elapsed-ns"], Some("1"), |tap| {
            _ = tap.elapsed_ns(0)
        }),
        ("runtime.random", &["random"], None, |tap| {
            drop(tap.random(Dice::Contract, vec![3, 4]));
        }),
        ("wasi:random/random", &["wasi", "random"], None, |tap| {
            drop(tap.random(Dice::Wasi, vec![3]));
        }),
        (
            "wasi:random/insecure",
            &["wasi", "insecure-random"],
            None,
            |tap| {
                drop(tap.random(Dice::WasiInsecure, vec![3]));
            },
        ),
        (
            "wasi:clocks/wall-clock.now",
            &["wasi", "wall-ns"],
            Some("1"),
            |tap| {
                _ = tap.wall_ns(0);
            },
        ),
        (
            "wasi:clocks/monotonic-clock.now",
            &["wasi", "monotonic-ns"],
            Some("1"),
            |tap| {
                _ = tap.monotonic_ns(0);
            },
        ),
        ("downstream.wait-any", &["waits"], Some("1"), waited),
        ("wasi:io/poll", &["wasi", "polls"], Some("2"), polled),
        ("runtime.config", &["settings"], Some("other"), |tap| {
            _ = tap.setting("other", None)
        }),
    ];
    for (what, members, step, ask) in cases {
        let tap = play(Strictness::Same);
        for _ in 0..3 {
            ask(&tap);
            tap.begin(&call("heart", "/a"));
        }
        let missing = tap.player().unwrap().played().missing.unwrap();
        assert_eq!((missing.what, missing.members), (what, members));
        assert_eq!(missing.step.as_deref(), step, "{what}");
        let calls = match what {
            "runtime.config" => 0,
            "wasi:io/poll" => 2,
            _ => 1,
        };
        assert_eq!(missing.calls, calls, "{what}");
    }
    let tap = Tap::Playing(Player::new(
        Tape::default(),
        Strictness::Same,
        Box::new(Call::clone),
    ));
    assert_eq!(tap.insecure_seed((7, 8)), (7, 8));
    assert_eq!(tap.player().unwrap().polled(1), None);
    let missing = tap.player().unwrap().played().missing.unwrap();
    assert_eq!(missing.members, ["wasi", "insecure-seed"]);
}

#[test]
fn clocks_go_on_past_the_tape_where_nothing_is_compared() {
    let tap = play(Strictness::Any);
    assert_eq!([tap.now_ms(|| 99), tap.now_ms(|| 99)], [5, 5]);
    assert_eq!(
        [tap.elapsed_ns(3), tap.elapsed_ns(3), tap.elapsed_ns(30)],
        [7, 7, 30]
    );
    assert_eq!([tap.time_left_ms(50), tap.time_left_ms(50)], [900, 50]);
    assert_eq!(tap.random(Dice::Contract, vec![7, 8, 9]), [1, 2, 9]);
    assert_eq!(tap.random(Dice::Wasi, vec![7, 8]), [3, 8]);
    assert_eq!([tap.wall_ns(99), tap.wall_ns(99)], [8, 8]);
    assert_eq!(
        [
            tap.monotonic_ns(1),
            tap.monotonic_ns(1),
            tap.monotonic_ns(30)
        ],
        [9, 9, 30]
    );
    // It really waits.
    assert_eq!(tap.player().unwrap().polled(1), None);
    assert_eq!(
        tap.setting("key", Some("x".to_owned())).as_deref(),
        Some("x")
    );
    assert_eq!(tap.player().unwrap().waited(2), None);
    assert_eq!(tap.player().unwrap().played().missing, None);
}

#[test]
fn what_is_too_much_is_given_back_at_once() {
    /// Tells when the room is given back.
    struct Held(Arc<AtomicUsize>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(0, Ordering::Relaxed);
        }
    }
    let limits = [(100, usize::MAX, true), (1 << 20, 2048, false)];
    for (limit, room, had_room) in limits {
        let taken = Arc::new(AtomicUsize::new(0));
        let held = Held(taken.clone());
        let tap = Tap::Recording(Recorder::new(
            limit,
            Box::new(move |bytes| held.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= room),
        ));
        let recorder = tap.recorder().unwrap();
        tap.begin(&call("heart", "/a"));
        assert!(taken.load(Ordering::Relaxed) >= recorder.size());
        for _ in 0..10_000 {
            tap.begin(&call("heart", "/a"));
            tap.now_ms(|| 1);
        }
        assert!(
            recorder.size() < room.min(2 * limit) + 200,
            "{}",
            recorder.size()
        );
        assert_eq!(taken.load(Ordering::Relaxed), 0);
        assert_eq!(recorder.had_room(), had_room);
        let tape = recorder.tape();
        match had_room {
            true => assert_eq!(tape.unwrap_err(), TooMuch { limit }),
            false => assert!(tape.unwrap().calls.is_empty()),
        }
    }
}

#[test]
fn a_run_that_does_as_it_likes_gets_results_by_what_it_asks() {
    let tap = play(Strictness::Matching);
    let player = tap.player().unwrap();
    // Nobody waited for this one.
    let second = tap.begin(&call("sleep", "/b"));
    let first = tap.begin(&Call {
        select: vec!["/x".to_owned()],
        ..call("heart", "/a")
    });
    let again = tap.begin(&call("heart", "/a"));
    let new = tap.begin(&call("heart", "/c"));
    assert_eq!(detail(player.result(first)).unwrap(), "late");
    assert_eq!(detail(player.result(again)).unwrap(), "late");
    assert!(detail(player.result(second)).unwrap().contains("nobody"));
    let Some(CallResult::Failed(failure)) = player.result(new) else {
        panic!("it has a result");
    };
    assert_eq!(failure.kind, FailureKind::Unreachable);
    // The waits of the tape are those of another order.
    assert_eq!(player.waited(2), None);
    let unlike = player.unlike();
    let paths = |calls: Vec<Call>| calls.into_iter().map(|it| it.path).collect::<Vec<_>>();
    assert_eq!(paths(unlike.new), ["/a", "/c"]);
    assert_eq!(paths(unlike.missing), [""; 0]);

    let tap = play(Strictness::Matching);
    let player = tap.player().unwrap();
    tap.begin(&call("heart", "/a"));
    assert_eq!(player.waited(2), Some(Some(0)));
    assert_eq!(player.waited(2), None);
    assert_eq!(paths(player.unlike().missing), ["/b"]);
    for _ in 0..2000 {
        let number = tap.begin(&call("heart", "/d"));
        assert!(player.result(number).is_some());
    }
    assert_eq!(player.unlike().new.len(), 999);
}
