//! Several endpoints.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use super::*;

fn answers(code: u16) -> ScriptedService {
    service(move |_| Response::new(code))
}

#[tokio::test]
async fn of_three_endpoints_a_bad_one_fails_few_calls() {
    let (one, two) = (answers(200), answers(200));
    let (busy, broken) = (answers(503), answers(500));
    let hangs_up = ScriptedService::connections(async |_| {}).unwrap();
    let hangs = service(|_| Response::hang());
    let nobody = answers(200);
    let refuses = nobody.address();
    nobody.stop().await;
    for bad in [
        busy.address(),
        broken.address(),
        hangs_up.address(),
        hangs.address(),
        refuses,
    ] {
        let mut settings = settings(&[one.address(), bad, two.address()]);
        settings.policy.timeouts.first_byte = Duration::from_millis(250);
        let transport = transport(&settings);
        let mut failures = 0;
        for _ in 0..300 {
            let bounds = Bounds {
                first_byte: Duration::from_millis(250),
                ..bounds()
            };
            let attempted = call(&transport, 0, Method::GET, bounds, None).await;
            let good = matches!(&attempted.result, Ok(answer) if answer.status == 200);
            assert_eq!(good, attempted.endpoint != 1);
            failures += usize::from(!good);
        }
        assert!((1..=5).contains(&failures), "{failures}");
        let state = transport.endpoints();
        assert!(state.iter().all(|endpoint| endpoint.in_flight == 0));
        assert!(state[1].latency > state[0].latency.max(state[2].latency));
    }
}

#[tokio::test]
async fn an_endpoint_that_recovered_is_used_again() {
    let healthy = answers(200);
    let bad = answers(502);
    let address = bad.address();
    let transport = transport(&settings(&[healthy.address(), address]));
    let avoid = Some(0);
    let attempt = async || {
        let attempt = call(&transport, 0, Method::GET, bounds(), avoid);
        attempt.await.endpoint
    };
    for _ in 0..5 {
        assert_eq!(attempt().await, 1);
    }
    let left = Duration::from_secs(59);
    assert!(
        matches!(transport.endpoints()[1].status, EndpointStatus::Ejected { left: long } if long > left)
    );
    assert_eq!(attempt().await, 0, "the other one is left out now");
    bad.stop().await;
    let again = ScriptedService::builder().at(address);
    let _good = again.start(|_| Response::text("good")).unwrap();
    pass(Duration::from_secs(61)).await;
    assert_eq!(attempt().await, 1);
    assert_eq!(transport.endpoints()[1].status, EndpointStatus::Good);
}

#[tokio::test]
async fn a_503_asks_for_a_rest_of_the_service_when_no_good_endpoint_is_left_that_did_not() {
    let codes = [503, 200].map(|code| Arc::new(AtomicU16::new(code)));
    let places = codes.clone().map(|code| {
        service(move |_| Response::new(code.load(Ordering::SeqCst)).header("retry-after", "9"))
    });
    let transport = transport(&settings(&[places[0].address(), places[1].address()]));
    let asked = async |place: usize, code: u16| {
        codes[place].store(code, Ordering::SeqCst);
        let made = call(&transport, 0, Method::GET, bounds(), Some(1 - place)).await;
        assert_eq!(made.endpoint, place);
        made.rest
    };
    let nine = Duration::from_secs(9);
    assert_eq!(asked(0, 503).await, None);
    // Until the first of them is ready.
    let of_both = asked(1, 503).await.expect("both asked");
    assert!(of_both <= nine && of_both > nine / 2, "{of_both:?}");
    // One that answers again does not rest any more.
    assert_eq!(asked(0, 200).await, None);
    assert_eq!(asked(1, 503).await, None);
    assert_eq!(asked(0, 429).await, Some(nine));
}

#[tokio::test]
async fn a_retry_goes_to_another_endpoint() {
    let (one, two) = (answers(200), answers(200));
    let transport = transport(&settings(&[one.address(), two.address()]));
    for avoid in [0, 1, 1, 0, 0, 1] {
        let attempt = call(&transport, 0, Method::GET, bounds(), Some(avoid));
        assert_eq!(attempt.await.endpoint, 1 - avoid);
    }
}

#[tokio::test]
async fn the_service_is_judged_by_its_good_endpoints() {
    let (healthy, bad) = (answers(200), answers(500));
    let mut settings = settings(&[healthy.address(), bad.address()]);
    settings.ejection.failures = 3;
    let transport = transport(&settings);
    let mut judged = vec![];
    for _ in 0..4 {
        let attempt = call(&transport, 0, Method::GET, bounds(), Some(0)).await;
        judged.push((attempt.endpoint, attempt.judgement));
    }
    let fault = (1, Judgement::Fault);
    let expected = [fault, fault, (1, Judgement::Nothing), (0, Judgement::Good)];
    assert_eq!(judged, expected);
}

/// Three endpoints, the last two of them unhealthy by a check.
async fn one_of_three_is_healthy(change: impl FnOnce(&mut Downstream)) -> Transport {
    let server = answers(200);
    let mut settings = settings(&[server.address(); 3]);
    settings.health = Some(crate::config::Health {
        path: "/health".to_owned(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        unhealthy_after: 1,
        healthy_after: 1,
    });
    change(&mut settings);
    let transport = transport(&settings);
    for endpoint in &transport.connector.endpoints.list()[1..] {
        let health = endpoint.health.as_ref().unwrap();
        assert!(health.ended(Err("status 500".to_owned())));
    }
    transport
}

/// How many of a thousand calls each endpoint is picked for.
fn picks(transport: &Transport, now: Instant) -> [u32; 3] {
    let mut picks = [0; 3];
    for _ in 0..1000 {
        let endpoints = transport.connector.endpoints.list();
        picks[transport.pick(&endpoints, now, None)] += 1;
    }
    picks
}

#[tokio::test]
async fn when_too_few_endpoints_are_good_all_are_used() {
    let transport = one_of_three_is_healthy(|_| {}).await;
    let now = Instant::now();
    let picked = picks(&transport, now);
    assert!(picked.iter().all(|picks| *picks > 100), "{picked:?}");
    let endpoints = transport.connector.endpoints.list();
    assert!(transport.counts_for_service(&endpoints, &endpoints[1], now));
    // Two of three are enough.
    let health = endpoints[1].health.as_ref().unwrap();
    assert!(health.ended(Ok(())));
    let picked = picks(&transport, now);
    assert_eq!(picked[2], 0);
    assert!(!transport.counts_for_service(&endpoints, &endpoints[2], now));

    let never = one_of_three_is_healthy(|settings| settings.ejection.panic_threshold = 0).await;
    assert_eq!(picks(&never, now), [1000, 0, 0]);
}

#[tokio::test]
async fn an_endpoint_that_is_good_again_gets_calls_by_and_by() {
    let transport = one_of_three_is_healthy(|settings| {
        settings.ejection.panic_threshold = 0;
        settings.ejection.slow_start = Duration::from_secs(10);
    })
    .await;
    let now = Instant::now();
    let endpoints = transport.connector.endpoints.list();
    endpoints[0]
        .record
        .load
        .begin(now)
        .answered(now, Duration::from_millis(1));
    assert!(endpoints[1].health.as_ref().unwrap().ended(Ok(())));
    endpoints[1].is_back(now);
    // Of the two, the one of which nothing is known would get all.
    let shares = [0, 5, 9, 10].map(|passed| {
        let picked = picks(&transport, now + Duration::from_secs(passed));
        picked[1] / 100
    });
    assert!(matches!(shares, [0..=2, 3..=7, 7..=9, 10]), "{shares:?}");
}

#[tokio::test]
async fn no_caller_has_an_endpoint_left_out_by_its_own_short_time() {
    let healthy = answers(200);
    let slow = service(|_| Response::hang());
    let transport = transport(&settings(&[healthy.address(), slow.address()]));
    for _ in 0..20 {
        let hurried = Bounds {
            end: end(Instant::now() + Duration::from_millis(5)),
            ..bounds()
        };
        let attempt = call(&transport, 0, Method::GET, hurried, Some(0));
        assert_eq!(attempt.await.endpoint, 1);
    }
    assert_eq!(transport.endpoints()[1].status, EndpointStatus::Good);
}

#[tokio::test]
async fn the_only_endpoint_is_never_left_out() {
    let server = answers(503);
    let transport = transport(&settings(&[server.address()]));
    for _ in 0..20 {
        assert_eq!(get(&transport, 0).await.result.unwrap().status, 503);
    }
    assert_eq!(transport.endpoints()[0].status, EndpointStatus::Good);
}

#[tokio::test]
async fn checks_leave_out_what_is_unhealthy_and_take_it_back() {
    let sick = Arc::new(AtomicBool::new(true));
    let state = sick.clone();
    let is_check = |request: &Request| request.path() == "/api/health";
    let server = service(move |request| {
        let failed = is_check(&request) && state.load(Ordering::SeqCst);
        Response::new(if failed { 500 } else { 200 })
    });
    let checks = || {
        server
            .requests()
            .iter()
            .filter(|request| is_check(request))
            .count()
    };
    let other = names_connections();
    let mut settings = settings(&[server.address(), other.address()]);
    settings.health = Some(crate::config::Health {
        path: "/health".to_owned(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        unhealthy_after: 2,
        healthy_after: 1,
    });
    let transport = Arc::new(transport(&settings));
    let good = || transport.endpoints()[0].status == EndpointStatus::Good;
    let check = async |round: usize| {
        pass(Duration::from_secs(11)).await;
        transport.tick(0);
        transport.tick(0);
        until(|| checks() == round).await;
        // The answer is on its way.
        let first = endpoint(&transport, 0);
        let health = first.health.as_ref().unwrap();
        until(|| !health.busy()).await;
    };
    check(1).await;
    assert!(good());
    check(2).await;
    let why = "status 500".to_owned();
    assert_eq!(
        transport.endpoints()[0].status,
        EndpointStatus::Unhealthy { why }
    );
    for _ in 0..20 {
        assert_eq!(get(&transport, 0).await.endpoint, 1);
    }
    sick.store(false, Ordering::SeqCst);
    check(3).await;
    assert!(good());
    assert!(transport.open() <= 1);
}
