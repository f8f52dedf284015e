//! HTTP/2: services that fall silent on a connection that several calls share.

use super::http2::*;
use super::*;
use crate::downstream::Phase;

/// Waits until a call would find a place on a connection that is there.
async fn place(transport: &Transport) {
    let place = || {
        let pools = &endpoint(transport, 0).pools;
        pools.share(0, Instant::now(), 0, None).is_some()
    };
    until(place).await;
}

#[tokio::test]
async fn a_connection_that_fell_silent_gets_no_more_calls() {
    let service = service(|request| match request.number {
        2 => Response::silent(),
        _ => named(&request),
    });
    let transport = transport(&http2(&service));
    assert_eq!(body(get(&transport, 0).await), "1");
    let late = call(&transport, 0, Method::GET, hurried(), None).await;
    assert!(is_late(&late, Phase::FirstByte));
    for _ in 0..3 {
        let attempted = call(&transport, 0, Method::GET, hurried(), None).await;
        assert_eq!(body(attempted), "2");
    }
    assert_eq!(service.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_fell_silent_within_a_body_gets_no_more_calls() {
    let service = service(|request| match request.number {
        1 => Response::text("0123").cut_at(2).then_silent(),
        _ => named(&request),
    });
    let mut settings = http2(&service);
    settings.policy.timeouts.between_bytes = SHORT;
    let transport = transport(&settings);
    assert!(is_late(&get(&transport, 0).await, Phase::Body));
    assert_eq!(body(get(&transport, 0).await), "2");
}

#[tokio::test]
async fn a_connection_on_which_one_call_hangs_is_kept() {
    let service = service(|request| match request.number {
        2 => Response::hang(),
        _ => named(&request),
    });
    let transport = transport(&http2(&service));
    assert_eq!(body(get(&transport, 0).await), "1");
    let late = call(&transport, 0, Method::GET, hurried(), None).await;
    assert!(is_late(&late, Phase::FirstByte));
    // A ping is answered, by a service that is only slow.
    place(&transport).await;
    assert_eq!(body(get(&transport, 0).await), "1");
    assert_eq!(service.accepted(), 1);
}

#[tokio::test]
async fn a_connection_on_which_something_came_meanwhile_is_not_doubted() {
    let service = service(|request| match request.number {
        1 => Response::hang(),
        _ => named(&request),
    });
    let transport = Arc::new(transport(&http2(&service)));
    let mut hanging = calls(&transport, 1, hurried);
    service.wait_for(1).await;
    assert_eq!(body(get(&transport, 0).await), "1");
    assert!(is_late(
        &hanging.join_next().await.unwrap().unwrap(),
        Phase::FirstByte
    ));
    let pools = &endpoint(&transport, 0).pools;
    assert!(pools.share(0, Instant::now(), 0, None).is_some());
}

#[tokio::test]
async fn a_connection_whose_pings_are_not_answered_is_closed() {
    // The first time, a call that timed out asks for the ping; then, time does.
    for interval in [Duration::from_secs(60), SHORT] {
        let service = service(|request| match request.number {
            1 => Response::hang(),
            _ => Response::silent(),
        });
        let mut settings = http2(&service);
        settings.connections.ping_interval = interval;
        settings.connections.ping_timeout = SHORT;
        let transport = Arc::new(transport(&settings));
        let mut patient = calls(&transport, 1, bounds);
        service.wait_for(1).await;
        let late = call(&transport, 0, Method::POST, hurried(), None).await;
        assert!(is_late(&late, Phase::FirstByte) || is_interrupted(&late, true));
        let broken = patient.join_next().await.unwrap().unwrap();
        assert!(is_interrupted(&broken, true));
        let text = broken.result.unwrap_err().to_string();
        assert!(text.contains("ping-timeout"), "{text}");
        until(|| transport.open() == 0).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_not_pinged() {
    let service = service(|request| match request.number {
        1 => named(&request),
        _ => Response::silent(),
    });
    let mut settings = http2(&service);
    settings.connections.ping_timeout = Duration::from_secs(1);
    let transport = transport(&settings);
    assert_eq!(body(get(&transport, 0).await), "1");
    tokio::select! {
        _ = get(&transport, 0) => panic!("answered"),
        _ = service.wait_for(2) => {}
    }
    for _ in 0..3 {
        // Past the interval of pings, and their limit.
        pass(Duration::from_secs(61)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(transport.open(), 1);
}
