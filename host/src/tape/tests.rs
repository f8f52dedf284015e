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
    let tap = Tap::Recording(Recorder::new(1 << 20));
    assert_eq!(tap.now_ms(|| 5), 5);
    assert_eq!(tap.time_left_ms(900), 900);
    assert_eq!(tap.elapsed_ns(7), 7);
    assert_eq!(tap.random::<()>(2, |_| Ok(vec![1, 2])), Ok(vec![1, 2]));
    assert_eq!(tap.setting("key", None), None);
    let first = tap.begin(&call("heart", "/a"));
    tap.begin(&call("sleep", "/b"));
    let recorder = tap.recorder().unwrap();
    recorder.end(first, failed("late"));
    recorder.waited(Some(0));
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
    let one = |tap: &Tap| tap.random::<()>(1, |_| Ok(vec![9])).unwrap();
    assert_eq!([one(&tap), one(&tap)], [[1], [2]]);
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
    let cases: [(&str, usize, Ask); 6] = [
        ("runtime.now-ms", 1, |tap| _ = tap.now_ms(|| 0)),
        ("runtime.time-left-ms", 1, |tap| _ = tap.time_left_ms(0)),
        ("runtime.elapsed-ns", 1, |tap| _ = tap.elapsed_ns(0)),
        ("runtime.random", 2, |tap| {
            drop(tap.random::<()>(2, |_| Ok(vec![3, 4])));
        }),
        ("downstream.wait-any", 1, |tap| {
            _ = tap.player().unwrap().waited(1);
        }),
        ("runtime.config", 1, |tap| _ = tap.setting("other", None)),
    ];
    for (what, recorded, ask) in cases {
        let tap = play(Strictness::Same);
        ask(&tap);
        if what != "runtime.config" {
            assert_eq!(tap.player().unwrap().played().missing, None, "{what}");
            ask(&tap);
        }
        let missing = tap.player().unwrap().played().missing;
        assert_eq!(missing, Some(Missing { what, recorded }));
    }
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
    let bytes = tap.random::<()>(3, |_| Ok(vec![7, 8, 9]));
    assert_eq!(bytes, Ok(vec![1, 2, 9]));
    assert_eq!(
        tap.setting("key", Some("x".to_owned())).as_deref(),
        Some("x")
    );
    assert_eq!(tap.player().unwrap().waited(2), None);
    assert_eq!(tap.player().unwrap().played().missing, None);
}

#[test]
fn what_is_too_much_is_given_back_at_once() {
    let tap = Tap::Recording(Recorder::new(100));
    for _ in 0..10_000 {
        tap.begin(&call("heart", "/a"));
        tap.now_ms(|| 1);
    }
    let recorder = tap.recorder().unwrap();
    assert!(recorder.size() < 200, "{}", recorder.size());
    assert_eq!(recorder.tape().unwrap_err(), TooMuch { limit: 100 });
}
