//! HTTP/2: connections that several calls share, and services that refuse streams.

use downstream_mock::scripted::frames;
use tokio::task::JoinSet;

use super::*;
use crate::downstream::{Phase, TimeLimit};

pub const SHORT: Duration = Duration::from_millis(50);
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

pub fn http2(service: &ScriptedService) -> Downstream {
    Downstream {
        protocol: Protocol::Http2,
        ..settings(&[service.address()])
    }
}

/// An answer that names its connection.
pub fn named(request: &Request) -> Response {
    Response::text(request.connection.to_string())
}

pub fn hurried() -> Bounds<'static> {
    Bounds {
        first_byte: SHORT,
        ..bounds()
    }
}

async fn post(transport: &Transport) -> Made {
    call(transport, 0, Method::POST, bounds(), None).await
}

/// Makes calls side by side, of one worker, which run on while the test goes on.
pub fn calls(
    transport: &Arc<Transport>,
    count: usize,
    bounds: fn() -> Bounds<'static>,
) -> JoinSet<Made> {
    let one = |_| {
        let transport = transport.clone();
        async move { call(&transport, 0, Method::GET, bounds(), None).await }
    };
    (0..count).map(one).collect()
}

pub fn is_late(made: &Made, expected: Phase) -> bool {
    matches!(&made.result, Err(Cause::Timeout { phase, .. }) if *phase == expected)
}

pub fn is_interrupted(made: &Made, expected: bool) -> bool {
    matches!(&made.result, Err(Cause::Interrupted { sent, .. }) if *sent == expected)
}

#[tokio::test]
async fn a_stream_that_was_refused_is_opened_on_another_connection() {
    let service = service(|request| match request.number {
        1 => Response::reset_stream(REFUSED_STREAM),
        _ => named(&request),
    });
    let transport = transport(&http2(&service));
    assert_eq!(body(post(&transport).await), "2");
    assert_eq!(service.count(), 2);
}

#[tokio::test]
async fn a_call_that_no_connection_takes_was_not_sent() {
    let refuse = |_| Response::reset_stream(REFUSED_STREAM);
    let leave = |_| Response::goaway(0, 0);
    let services = [service(refuse), service(leave)];
    for service in services {
        let transport = transport(&http2(&service));
        let refused = post(&transport).await;
        assert!(is_interrupted(&refused, false), "{:?}", refused.result);
        assert_eq!((service.count(), service.accepted()), (2, 2));
    }
}

#[tokio::test]
async fn a_stream_that_a_service_began_to_answer_was_processed() {
    let service = service(|_| {
        let begun = Response::text("0123").cut_at(2);
        begun.then_reset_stream(REFUSED_STREAM)
    });
    let transport = transport(&http2(&service));
    assert!(is_interrupted(&post(&transport).await, true));
    assert_eq!(service.count(), 1);
}

#[tokio::test]
async fn goaway_takes_back_the_streams_above_it_only() {
    let gate = Gate::new();
    let pass = gate.clone();
    let service = service(move |request| match request.number {
        1 => named(&request).after(pass.pass()),
        2 => Response::goaway(1, 0),
        _ => named(&request),
    });
    let transport = Arc::new(transport(&http2(&service)));
    let mut first = calls(&transport, 1, bounds);
    service.wait_for(1).await;
    assert_eq!(body(post(&transport).await), "2");
    assert_eq!(body(post(&transport).await), "2");
    gate.open(1);
    assert_eq!(body(first.join_next().await.unwrap().unwrap()), "1");
    assert_eq!((service.count(), service.accepted()), (4, 2));
}

/// A service that takes one call per connection at a time.
fn one_by_one(gate: &Gate) -> ScriptedService {
    let gate = gate.clone();
    let builder = ScriptedService::builder().max_streams(1);
    let answer = move |request: Request| named(&request).after(gate.pass());
    builder.start(answer).unwrap()
}

#[tokio::test]
async fn where_no_more_calls_may_be_on_a_connection_a_further_one_is_opened() {
    let gate = Gate::new();
    let service = one_by_one(&gate);
    let transport = Arc::new(transport(&http2(&service)));
    let mut calls = calls(&transport, 5, bounds);
    // None was refused, and all are there at once.
    assert_eq!(service.wait_for(5).await.len(), 5);
    gate.open_for_all();
    while let Some(answered) = calls.join_next().await {
        assert_eq!(answered.unwrap().result.unwrap().status, 200);
    }
    assert_eq!((service.count(), service.accepted()), (5, 5));
}

#[tokio::test]
async fn connections_of_a_service_that_takes_many_calls_are_not_opened_for_each() {
    let gate = Gate::new();
    let pass = gate.clone();
    let builder = ScriptedService::builder().max_streams(10);
    let answer = move |request: Request| named(&request).after(pass.pass());
    let service = builder.start(answer).unwrap();
    let transport = Arc::new(transport(&http2(&service)));
    let mut calls = calls(&transport, 30, bounds);
    assert_eq!(service.wait_for(30).await.len(), 30);
    gate.open_for_all();
    while let Some(answered) = calls.join_next().await {
        answered.unwrap().result.unwrap();
    }
    assert!(
        (3..=5).contains(&service.accepted()),
        "{}",
        service.accepted()
    );
}

#[tokio::test]
async fn calls_wait_in_the_queue_where_no_further_connection_may_be_opened() {
    let gate = Gate::new();
    let service = one_by_one(&gate);
    let mut settings = http2(&service);
    settings.bulkhead.max_calls = 1;
    settings.policy.timeouts.queue = SHORT;
    let transport = Arc::new(transport(&settings));
    // One connection is each worker's own, and one is bounded by the number of calls.
    let mut first = calls(&transport, 2, bounds);
    service.wait_for(2).await;
    let late = Bounds {
        queue: SHORT,
        ..bounds()
    };
    let late = call(&transport, 0, Method::GET, late, None).await;
    assert!(is_late(&late, Phase::Queue), "{:?}", late.result);
    assert!(late.timing.queued >= SHORT);
    let error = late.result.unwrap_err();
    assert!(!error.sent());
    assert!(matches!(
        error,
        Cause::Timeout {
            limit: TimeLimit::Service,
            ..
        }
    ));
    let mut waiting = calls(&transport, 1, bounds);
    until(|| endpoint(&transport, 0).pools.waiting(0) == 1).await;
    gate.open_for_all();
    let served = waiting.join_next().await.unwrap().unwrap();
    assert!(served.timing.queued > Duration::ZERO);
    served.result.unwrap();
    while let Some(answered) = first.join_next().await {
        answered.unwrap().result.unwrap();
    }
    assert_eq!((service.count(), service.accepted()), (3, 2));
}

#[tokio::test]
async fn a_call_that_must_not_rely_on_what_is_kept_has_a_new_connection() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let server = names_connections();
        let mut settings = settings(&[server.address()]);
        settings.protocol = protocol;
        let transport = transport(&settings);
        let fresh = async || {
            let course = Course::default();
            course.want_fresh();
            attempt(&transport, 0, &ask(Method::GET), bounds(), &course).await
        };
        assert_eq!(body(get(&transport, 0).await), "1");
        assert_eq!(body(get(&transport, 0).await), "1");
        assert_eq!(body(fresh().await), "2");
        assert_eq!(body(fresh().await), "3");
        assert_eq!(body(get(&transport, 0).await), "3");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_fails_its_own_call_only() {
    let gate = Gate::new();
    let pass = gate.clone();
    let service = service(move |request| match request.number {
        1 => named(&request).after(pass.pass()),
        number => named(&request).header("x-large", "x".repeat(number << 14)),
    });
    let transport = Arc::new(transport(&http2(&service)));
    let mut other = calls(&transport, 1, bounds);
    service.wait_for(1).await;
    for _ in 2..=5 {
        let error = post(&transport).await.result.unwrap_err();
        assert!(
            matches!(error, Cause::HeadTooLarge { limit: 0x8000 }),
            "{error}"
        );
    }
    gate.open(1);
    assert_eq!(body(other.join_next().await.unwrap().unwrap()), "1");
    assert_eq!(service.accepted(), 1);
}

#[tokio::test]
async fn a_head_that_is_far_too_large_interrupts_other_calls() {
    let service = service(|request| match request.number {
        2 | 3 => named(&request).header("x-large", "x".repeat(1 << 20)),
        _ => Response::hang(),
    });
    let transport = Arc::new(transport(&http2(&service)));
    let mut other = calls(&transport, 1, bounds);
    service.wait_for(1).await;
    // Of two, it is unknown which it was.
    assert!(is_interrupted(&post(&transport).await, true));
    let other = other.join_next().await.unwrap().unwrap();
    assert!(is_interrupted(&other, true), "{:?}", other.result);
    let error = post(&transport).await.result.unwrap_err();
    assert!(matches!(error, Cause::HeadTooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_fault_of_the_connection_is_that_of_the_only_call_on_it() {
    // DATA of a stream that was not opened.
    let no_http = || Response::raw(frames::frame(0, 0, 99, b"x"));
    let service = service(move |request| match request.number {
        1 | 3 => no_http(),
        _ => Response::hang(),
    });
    let transport = Arc::new(transport(&http2(&service)));
    let error = post(&transport).await.result.unwrap_err();
    assert!(matches!(error, Cause::Malformed { .. }), "{error}");
    let mut other = calls(&transport, 1, bounds);
    service.wait_for(2).await;
    assert!(is_interrupted(&post(&transport).await, true));
    let other = other.join_next().await.unwrap().unwrap();
    assert!(is_interrupted(&other, true), "{:?}", other.result);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_answer() {
    for code in [0, CANCEL] {
        let service = service(move |_| {
            let whole = Response::text("0123456789").chunked();
            whole.cut_at(4).then_reset_stream(code)
        });
        let transport = transport(&http2(&service));
        let cut = get(&transport, 0).await;
        assert!(is_interrupted(&cut, true), "{:?}", cut.result);
    }
}

#[tokio::test]
async fn bodies_are_sent_and_read_whole() {
    let service = service(|request| {
        assert_eq!(request.header("content-length"), Some("3000000"));
        Response::text(request.body.to_vec()).trailer("x-end", "1")
    });
    let transport = transport(&http2(&service));
    let mut request = ask(Method::POST);
    request.body = vec![7; 3_000_000].into();
    let bounds = Bounds {
        size: 3_000_000,
        ..bounds()
    };
    for _ in 0..3 {
        let answered = attempt(&transport, 0, &request, bounds, &Course::default()).await;
        assert_eq!(answered.result.unwrap().body, request.body);
    }
    assert_eq!(service.accepted(), 1);
    let error = post_of(&transport, &request).await.result.unwrap_err();
    assert!(matches!(error, Cause::TooLarge { .. }), "{error}");
    assert_eq!(service.accepted(), 1);
}

async fn post_of(transport: &Transport, request: &ServiceRequest) -> Made {
    attempt(transport, 0, request, bounds(), &Course::default()).await
}
