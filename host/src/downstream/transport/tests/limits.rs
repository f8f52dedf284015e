//! The limits of time and size, and the errors at each.

use super::*;
use crate::downstream::{Phase, TimeLimit};

const SHORT: Duration = Duration::from_millis(30);

/// Lets other tasks run for a while.
async fn others() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_wait_has_its_limit() {
    let server = service(|request| match request.number {
        1 => Response::hang(),
        _ => Response::text("part").length(9).then_hang(),
    });
    let mut settings = settings(&[server.address()]);
    settings.policy.timeouts.between_bytes = SHORT;
    let transport = transport(&settings);
    let phase = async |bounds: Bounds| {
        let attempt = call(&transport, 0, Method::GET, bounds, None);
        match attempt.await.result {
            Err(Cause::Timeout { phase, limit, .. }) => (phase, limit),
            other => panic!("{other:?}"),
        }
    };
    let short = Bounds {
        first_byte: SHORT,
        ..bounds()
    };
    let (caller, service) = (TimeLimit::Caller, TimeLimit::Service);
    // That of a profile, while the service's own is longer.
    assert_eq!(phase(short).await, (Phase::FirstByte, caller));
    assert_eq!(phase(bounds()).await, (Phase::Body, service));
    let over = Bounds {
        end: end(Instant::now()),
        ..bounds()
    };
    assert_eq!(phase(over).await, (Phase::Connect, caller));
    assert_eq!(server.accepted(), 2);
    until(|| transport.open() == 0).await;
}

#[tokio::test]
async fn a_limit_of_the_service_is_known_from_one_of_the_caller() {
    let server = service(|_| Response::hang());
    let mut settings = settings(&[server.address()]);
    settings.policy.timeouts.first_byte = SHORT;
    let transport = transport(&settings);
    let whose = async |bounds: Bounds| {
        let attempt = call(&transport, 0, Method::GET, bounds, None);
        match attempt.await.result {
            Err(Cause::Timeout { limit, .. }) => limit,
            other => panic!("{other:?}"),
        }
    };
    let own = Bounds {
        first_byte: SHORT,
        ..bounds()
    };
    assert_eq!(whose(own).await, TimeLimit::Service);
    // A profile gives it more, and it had all that its own settings give.
    let more = Bounds {
        first_byte: SHORT * 2,
        ..bounds()
    };
    assert_eq!(whose(more).await, TimeLimit::Service);
    let hurried = Bounds {
        end: end(Instant::now() + SHORT / 3),
        ..bounds()
    };
    assert_eq!(whose(hurried).await, TimeLimit::Caller);
}

#[tokio::test]
async fn a_joining_caller_extends_the_time_in_every_phase() {
    // What each connection does when it is asked: nothing until the time of the first caller is
    // over, once before and once after the head.
    let gate = Gate::new();
    let held = gate.clone();
    let server = service(move |_| {
        let body = Response::new(200).wait(held.pass()).body("good");
        body.after(held.pass())
    });
    let mut settings = settings(&[server.address()]);
    settings.bulkhead.max_calls = 1;
    let transport = transport(&settings);
    let (request, other) = (ask(Method::GET), ask(Method::GET));
    let shared: [_; 2] = std::array::from_fn(|_| end(Instant::now() + SHORT));
    let courses = [Course::default(), Course::default()];
    let one = |worker: usize, request, end| {
        let bounds = Bounds { end, ..bounds() };
        attempt(&transport, worker, request, bounds, &courses[worker])
    };
    // The second waits for the one connection that there may be.
    let first = one(0, &request, shared[0]);
    let second = one(1, &other, shared[1]);
    let time = async {
        for _ in 0..4 {
            until(|| server.accepted() > 0).await;
            for end in shared {
                assert!(end.extend(Instant::now() + 4 * SHORT));
            }
            pass(3 * SHORT).await;
            gate.open(1);
            others().await;
        }
    };
    let (first, second, ()) = tokio::join!(first, second, time);
    assert_eq!(
        (body(first), body(second)),
        ("good".to_owned(), "good".to_owned())
    );
}

#[tokio::test]
async fn a_body_may_take_longer_than_the_limit_between_its_parts() {
    // Each part comes when the one before has been waited for, so the timer is set again for each.
    let server = service(|_| {
        let add = |answer: Response, digit: u8| answer.wait(others()).body(digit.to_string());
        (0..10).fold(Response::new(200), add)
    });
    let transport = transport(&settings(&[server.address()]));
    assert_eq!(body(get(&transport, 0).await), "0123456789");
}

#[tokio::test]
async fn the_end_holds_for_a_body_that_keeps_coming() {
    let pause = Duration::from_millis(1);
    let server = service(move |_| Response::new(200).repeat("x", pause));
    let transport = transport(&settings(&[server.address()]));
    let bounds = Bounds {
        end: end(Instant::now() + SHORT * 3),
        ..bounds()
    };
    let attempt = call(&transport, 0, Method::GET, bounds, None);
    let error = attempt.await.result.unwrap_err();
    assert!(matches!(
        error,
        Cause::Timeout {
            phase: Phase::Body,
            ..
        }
    ));
}

#[tokio::test]
async fn an_answer_is_no_larger_than_allowed() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n",
    ];
    let server = service(move |request| Response::raw(answers[request.number - 1]).then_hang());
    let transport = transport(&settings(&[server.address()]));
    let small = async || {
        let bounds = Bounds {
            size: 8,
            ..bounds()
        };
        call(&transport, 0, Method::GET, bounds, None).await
    };
    for _ in 0..2 {
        let error = small().await.result.unwrap_err();
        assert!(matches!(error, Cause::TooLarge { limit: 8, .. }));
    }
    assert_eq!(body(small().await), "abcdefgh");
}

#[tokio::test]
async fn a_failure_says_whether_anything_was_sent() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let error = get(&transport(&settings(&[nobody])), 0)
        .await
        .result
        .unwrap_err();
    assert!(matches!(error, Cause::Unreachable { .. }));
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");

    let answers: [&[u8]; 3] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    let server = service(move |request| Response::raw(answers[request.number - 1]).then_close());
    let transport = transport(&settings(&[server.address()]));
    let error = get(&transport, 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Malformed { .. }), "{error}");
    let error = get(&transport, 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Interrupted { sent: true, .. }));
    let error = get(&transport, 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Malformed { .. }), "{error}");
}
