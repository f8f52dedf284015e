use bytes::Bytes;

use super::*;
use crate::contract::{Call, Client, Method, Payload, Source};
use crate::tape::{Answered, CallResult};

/// Bytes of one answer.
const ANSWER: usize = 64 << 10;

fn request() -> Request {
    Request {
        id: "r".to_owned(),
        method: Method::Post,
        path: "/".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Payload::Text("x".repeat(1000)),
        client: Client {
            name: "web".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// Its guest makes a call, and the answer comes.
fn call(capture: &Capture) {
    let number = capture.tap.begin(&Call {
        service: "heart".to_owned(),
        method: Method::Get,
        path: "/".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Payload::None,
        select: Vec::new(),
        timeout_ms: None,
        profile: None,
    });
    let answered = CallResult::Answered(Answered {
        status: 200,
        headers: Vec::new(),
        body: Bytes::from(vec![b'1'; ANSWER]),
        source: Source::Live,
    });
    capture.tap.recorder().unwrap().end(number, answered);
}

/// Bytes of the bodies that captures hold.
fn held(captures: &[Capture]) -> usize {
    let tapes = captures.iter().map(|it| it.tap.recorder()?.tape().ok());
    let calls = tapes.flatten().flat_map(|tape| tape.calls);
    let bodies = calls.map(|call| match call.result {
        Some(CallResult::Answered(answered)) => answered.body.len(),
        _ => 0,
    });
    bodies.sum::<usize>() + captures.len() * 1000
}

#[test]
fn slow_requests_side_by_side_hold_no_more_than_all_may() {
    let (recordings, max_total) = (Recordings::default(), 1 << 20);
    let settings = Arc::new(config::Record {
        enabled: true,
        max_size: 512 << 10,
        max_total,
        ..config::Record::default()
    });
    let begin = || recordings.begin(&settings, &request());
    let used = || recordings.state().used();
    let mut captures: Vec<Capture> = (0..500).filter_map(|_| begin()).collect();
    assert_eq!(captures.len(), 500);
    for _ in 0..16 {
        for capture in &captures {
            call(capture);
            assert!(used() <= max_total, "{}", used());
        }
        assert!(held(&captures) <= used(), "{} {}", held(&captures), used());
    }
    // Each was past its own limit, or found no room, and gave back what its guest learned.
    assert_eq!((held(&captures), used()), (500_000, 500_500));
    assert!(captures.iter().any(|it| !it.had_room()));
    captures.truncate(100);
    assert_eq!(used(), 100 * 1001);
    // There is room again, for the next ones.
    captures.extend(begin());
    call(captures.last().unwrap());
    assert!(held(&captures) > ANSWER && captures.last().unwrap().had_room());
    // Where there is none for the request itself, it has no recorder.
    let more: Vec<Capture> = (0..1000).filter_map(|_| begin()).collect();
    assert!(more.len() < 1000 && used() <= max_total, "{}", used());
    drop((captures, more));
    assert_eq!(used(), 0);
}
