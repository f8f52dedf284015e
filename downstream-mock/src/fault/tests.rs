use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn parse(value: Value) -> Result<Fault, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn effects(fault: Fault, count: usize) -> Vec<(Option<Effect>, bool)> {
    let mut active = Active::new(fault);
    (0..count).map(|_| active.next("/users/ada")).collect()
}

#[test]
fn every_kind_survives_the_way_through_json() {
    let faults = [
        Fault::delay(Duration::from_millis(200))
            .on_path("/users/ada")
            .times(3),
        Fault::heavy_tail(Duration::from_millis(400), 2.5, 7),
        Fault::statuses([503, 503, 200]),
        Fault::refuse(),
        Fault::reset(),
        Fault::new(FaultKind::Reset {
            after_bytes: Some(10),
        }),
        Fault::hang(),
        Fault::trickle(16, Duration::from_millis(5)),
        Fault::html(),
        Fault::oversize(1 << 30),
        Fault::invalid_json(Garbling::Garbage),
        Fault::invalid_json(Garbling::Truncated),
    ];
    for fault in faults {
        assert_eq!(fault.check(), Ok(()));
        let text = serde_json::to_string(&fault).unwrap();
        let back: Fault = serde_json::from_str(&text).unwrap();
        assert_eq!(back, fault, "{text}");
    }
}

#[test]
fn json_defaults_are_those_of_the_documentation() {
    assert_eq!(
        parse(json!({"kind": "trickle"})),
        Ok(Fault::trickle(64, Duration::from_millis(50)))
    );
    assert_eq!(parse(json!({"kind": "content-type"})), Ok(Fault::html()));
    assert_eq!(
        parse(json!({"kind": "invalid-json"})),
        Ok(Fault::invalid_json(Garbling::Truncated))
    );
    assert_eq!(
        parse(json!({"kind": "heavy-tail", "slow_ms": 9, "slow_percent": 1})),
        Ok(Fault::heavy_tail(Duration::from_millis(9), 1.0, 1))
    );
}

#[test]
fn a_wrong_fault_is_answered_with_its_field() {
    let cases = [
        (json!({}), "kind: is missing"),
        (json!({"kind": "slow"}), "kind: `slow` is none of delay"),
        (json!({"kind": 1}), "kind: 1 is not a text"),
        (json!({"kind": "delay"}), "ms: is missing"),
        (
            json!({"kind": "delay", "ms": "9"}),
            "ms: \"9\" is not a whole number",
        ),
        (json!({"kind": "delay", "ms": -1}), "ms: -1 is not"),
        (
            json!({"kind": "delay", "ms": 1, "sm": 2}),
            "sm: is not a field of this kind",
        ),
        (
            json!({"kind": "delay", "ms": 1, "times": 0}),
            "times: must be at least 1",
        ),
        (
            json!({"kind": "delay", "ms": 1, "path": "users"}),
            "path: `users` must begin",
        ),
        (
            json!({"kind": "heavy-tail", "slow_ms": 1, "slow_percent": 101}),
            "slow_percent: 101",
        ),
        (
            json!({"kind": "heavy-tail", "slow_ms": 1}),
            "slow_percent: is missing",
        ),
        (
            json!({"kind": "statuses", "statuses": []}),
            "statuses: must name",
        ),
        (
            json!({"kind": "statuses", "statuses": 503}),
            "statuses: 503 is not a list",
        ),
        (
            json!({"kind": "statuses", "statuses": [503, 99]}),
            "statuses: 99 is not within",
        ),
        (
            json!({"kind": "statuses", "statuses": [70000]}),
            "statuses: [70000] is not a list",
        ),
        (
            json!({"kind": "refuse", "path": "/a"}),
            "path: does not go with refuse",
        ),
        (
            json!({"kind": "refuse", "times": 1}),
            "times: does not go with refuse",
        ),
        (
            json!({"kind": "trickle", "chunk_bytes": 0}),
            "chunk_bytes: must be",
        ),
        (
            json!({"kind": "content-type", "content_type": "a\nb"}),
            "content_type: cannot",
        ),
        (
            json!({"kind": "oversize", "bytes": 15}),
            "bytes: must be at least 16",
        ),
        (
            json!({"kind": "invalid-json", "garbling": "odd"}),
            "garbling: `odd` is neither",
        ),
    ];
    for (value, message) in cases {
        let error = parse(value.clone()).unwrap_err();
        assert!(error.starts_with(message), "{value}: {error}");
    }
}

#[test]
fn statuses_come_in_turn_and_end_unless_times_says_more() {
    let status = |code| Some(Effect::Status(code));
    assert_eq!(
        effects(Fault::statuses([503, 200]), 2),
        [(status(503), false), (status(200), true)]
    );
    let repeated = effects(Fault::statuses([503, 500]).times(3), 3);
    assert_eq!(
        repeated,
        [
            (status(503), false),
            (status(500), false),
            (status(503), true)
        ]
    );
}

#[test]
fn other_paths_are_neither_affected_nor_counted() {
    let mut active = Active::new(Fault::hang().on_path("/users/ada").times(1));
    assert_eq!(active.next("/users/grace"), (None, false));
    assert_eq!(
        active.next("/users/ada/days?from=1"),
        (Some(Effect::Hang), true)
    );
}

#[test]
fn a_heavy_tail_has_its_share_and_repeats_itself() {
    let slow = Duration::from_millis(400);
    let sequence = effects(Fault::heavy_tail(slow, 5.0, 7), 10_000);
    let late = sequence
        .iter()
        .filter(|(effect, _)| *effect == Some(Effect::Wait(slow)))
        .count();
    assert!((400..600).contains(&late), "{late} of 10000 were slow");
    assert_eq!(sequence, effects(Fault::heavy_tail(slow, 5.0, 7), 10_000));
    assert_ne!(sequence, effects(Fault::heavy_tail(slow, 5.0, 8), 10_000));
    let waits = |percent| effects(Fault::heavy_tail(slow, percent, 7), 100);
    assert!(
        waits(100.0)
            .iter()
            .all(|(effect, _)| *effect == Some(Effect::Wait(slow)))
    );
    assert!(
        waits(0.0)
            .iter()
            .all(|(effect, _)| *effect == Some(Effect::Wait(Duration::ZERO)))
    );
}
