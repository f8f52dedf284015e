//! Kept connections, their limit, and their end.

use super::*;

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = names_connections();
    let transport = transport(&settings(&[server.address()]));
    let first = get(&transport, 0).await;
    assert!(first.timing.connect > Duration::ZERO);
    assert_eq!(body(first), "1");
    let second = get(&transport, 0).await;
    assert_eq!(second.timing.connect, Duration::ZERO);
    assert_eq!(body(second), "1");
    assert_eq!(transport.open(), 1);
}

#[tokio::test]
async fn http2_calls_share_a_connection_of_a_worker() {
    let server = names_connections();
    let mut settings = settings(&[server.address()]);
    settings.protocol = Protocol::Http2;
    let transport = transport(&settings);
    let (one, other) = tokio::join!(get(&transport, 0), get(&transport, 0));
    assert_eq!((body(one), body(other)), ("1".to_owned(), "1".to_owned()));
    assert_eq!(body(get(&transport, 0).await), "1");
    assert_eq!(body(get(&transport, 1).await), "2");
}

#[tokio::test]
async fn a_connection_past_its_age_is_not_used_again() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let server = names_connections();
        let mut settings = settings(&[server.address()]);
        settings.protocol = protocol;
        settings.connections.idle_timeout = Duration::from_secs(3600);
        let transport = transport(&settings);
        assert_eq!(body(get(&transport, 0).await), "1");
        pass(Duration::from_secs(530)).await;
        assert_eq!(body(get(&transport, 0).await), "1");
        pass(Duration::from_secs(80)).await;
        assert_eq!(body(get(&transport, 0).await), "2");
    }
}

#[tokio::test]
async fn tick_closes_idle_connections_of_its_worker() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let server = names_connections();
        let mut settings = settings(&[server.address()]);
        settings.protocol = protocol;
        let transport = Arc::new(transport(&settings));
        assert_eq!(body(get(&transport, 1).await), "1");
        pass(Duration::from_secs(59)).await;
        transport.tick(1);
        assert_eq!(body(get(&transport, 1).await), "1");
        pass(Duration::from_secs(61)).await;
        transport.tick(0);
        assert_eq!(transport.open(), 1);
        transport.tick(1);
        until(|| transport.open() == 0).await;
    }
}

#[tokio::test]
async fn a_service_that_restarted_fails_no_call() {
    for (protocol, method) in [
        (Protocol::Http1, Method::GET),
        (Protocol::Http1, Method::POST),
        (Protocol::Http2, Method::GET),
    ] {
        let server = names_connections();
        let address = server.address();
        let mut settings = settings(&[address]);
        settings.protocol = protocol;
        let transport = transport(&settings);
        let calls: [_; 4] = std::array::from_fn(|_| get(&transport, 0));
        let [a, b, c, d] = calls;
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        for answered in [a, b, c, d] {
            answered.result.unwrap();
        }
        server.stop().await;
        // The restart is seen by the connections' tasks before the next call of a POST; nothing
        // could be repeated otherwise.
        until(|| transport.open() == 0).await;
        let server = ScriptedService::builder().at(address);
        let server = server.start(|_| Response::text("new")).unwrap();
        for _ in 0..4 {
            let again = call(&transport, 0, method.clone(), bounds(), None);
            assert_eq!(body(again.await), "new");
        }
        server.stop().await;
    }
}

/// A service that answers once on a connection, and closes it as soon as it is asked again. The
/// first connections, as many as this, are open at once.
fn closes_when_asked_again(at_once: usize) -> ScriptedService {
    let both = Arc::new(tokio::sync::Barrier::new(at_once));
    service(move |request| match request.turn {
        1 if request.connection <= at_once => {
            let both = both.clone();
            Response::later(async move {
                both.wait().await;
                Response::text("ok")
            })
        }
        1 => Response::text("ok"),
        _ => Response::close(),
    })
}

#[tokio::test]
async fn what_a_kept_connection_breaks_under_after_it_was_sent_is_an_attempt() {
    for method in [Method::GET, Method::POST] {
        let server = closes_when_asked_again(2);
        let transport = transport(&settings(&[server.address()]));
        // Two are kept, and both are dead: the next attempt of the same call meets neither.
        let (one, other) = tokio::join!(get(&transport, 0), get(&transport, 0));
        assert_eq!((body(one), body(other)), ("ok".to_owned(), "ok".to_owned()));
        let (request, course) = (ask(method), Course::default());
        let next = async || attempt(&transport, 0, &request, bounds(), &course).await;
        let error = next().await.result.unwrap_err();
        assert!(matches!(error, Cause::Interrupted { sent: true, .. }));
        assert!(course.sent());
        assert_eq!(server.accepted(), 2);
        assert_eq!(body(next().await), "ok");
        assert_eq!(server.accepted(), 3);
    }
}

#[tokio::test]
async fn a_call_whose_first_connection_breaks_is_not_repeated_here() {
    let server = service(|_| Response::close());
    let transport = transport(&settings(&[server.address()]));
    let error = get(&transport, 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Interrupted { sent: true, .. }));
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_waiting_call_gets_the_slot_of_a_call_that_ended() {
    let server = names_connections();
    let mut settings = settings(&[server.address()]);
    settings.bulkhead.max_calls = 1;
    settings.policy.timeouts.connect = Duration::from_secs(5);
    let transport = transport(&settings);
    let (one, other) = tokio::join!(get(&transport, 0), get(&transport, 1));
    assert_eq!((body(one), body(other)), ("1".to_owned(), "2".to_owned()));
    assert_eq!(server.most_open(), 1);
}

#[tokio::test]
async fn there_are_never_more_connections_than_calls_may_be_under_way() {
    let one = names_connections();
    let two = names_connections();
    let mut settings = settings(&[one.address(), two.address()]);
    settings.bulkhead.max_calls = 2;
    let transport = transport(&settings);
    for round in 0..50 {
        let avoid = Some(round % 2);
        let bodies = tokio::join!(
            call(&transport, 0, Method::GET, bounds(), avoid),
            call(&transport, 1, Method::GET, bounds(), avoid),
        );
        bodies.0.result.unwrap();
        bodies.1.result.unwrap();
        assert!(transport.open() <= 2);
    }
    assert!(one.most_open() <= 2 && two.most_open() <= 2);
}

#[tokio::test]
async fn at_the_cap_an_idle_connection_of_another_worker_is_taken() {
    let server = names_connections();
    let mut settings = settings(&[server.address()]);
    settings.bulkhead.max_calls = 1;
    let transport = transport(&settings);
    for worker in [0, 1, 0, 0, 1] {
        assert_eq!(body(get(&transport, worker).await), "1");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn at_the_cap_the_connection_that_is_idle_for_longest_makes_room() {
    let servers = [
        names_connections(),
        names_connections(),
        names_connections(),
    ];
    let mut settings = settings(&servers.each_ref().map(|server| server.address()));
    settings.bulkhead.max_calls = 2;
    let transport = transport(&settings);
    let request = ask(Method::GET);
    let endpoints = transport.connector.endpoints.list();
    for endpoint in [1, 0, 2, 0] {
        let course = Course::default();
        let now = Instant::now();
        let mut charge = Charge::begin(&endpoints[endpoint], false, &course, now);
        let attempt = Attempt {
            connector: &transport.connector,
            worker: 0,
            endpoints: &endpoints,
            request: &request,
            bounds: bounds(),
            course: &course,
        };
        let mut timing = Timing::default();
        let answered = attempt.run(&mut charge, now, &mut timing).await;
        assert_eq!(answered.unwrap().body, "1");
    }
    assert_eq!(servers.map(|server| server.accepted()), [1, 1, 1]);
}

#[tokio::test]
async fn at_the_cap_a_dead_connection_makes_room_for_a_fresh_one() {
    let server = closes_when_asked_again(1);
    let mut settings = settings(&[server.address()]);
    settings.bulkhead.max_calls = 1;
    let transport = transport(&settings);
    assert_eq!(body(get(&transport, 0).await), "ok");
    for worker in [1, 1, 0] {
        let (request, course) = (ask(Method::GET), Course::default());
        let next = async || attempt(&transport, worker, &request, bounds(), &course).await;
        assert!(next().await.result.is_err());
        assert_eq!(body(next().await), "ok");
    }
    assert_eq!(server.accepted(), 4);
}

#[tokio::test]
async fn a_call_that_is_given_up_frees_its_connection() {
    let server = service(|_| Response::hang());
    let mut settings = settings(&[server.address()]);
    settings.bulkhead.max_calls = 1;
    let transport = transport(&settings);
    for number in 1..=3 {
        tokio::select! {
            _ = get(&transport, 0) => panic!("answered"),
            _ = server.wait_for(number) => {}
        }
    }
    until(|| transport.open() == 0).await;
}
