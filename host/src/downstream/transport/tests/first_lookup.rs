//! Names before their first lookup.

use super::names::{Dns, addresses, answers, at, list, named};
use super::*;

#[tokio::test]
async fn the_first_calls_wait_for_one_lookup() {
    let server = answers(200);
    let mut dns = Dns::of(&addresses([&server]));
    dns.gate = Gate::new();
    let transport = dns.transport(&named(), None);
    let open = async {
        until(|| dns.asked() == 1).await;
        dns.gate.open(1);
    };
    let (one, other, ()) = tokio::join!(get(&transport, 0), get(&transport, 1), open);
    assert_eq!(one.result.unwrap().status, 200);
    assert_eq!(other.result.unwrap().status, 200);
    assert!(one.timing.connect > Duration::ZERO);
    assert_eq!(dns.asked(), 1);
}

#[tokio::test]
async fn an_unknown_name_is_unreachable_and_looked_up_again_by_the_next_call() {
    let dns = Dns::of(&[]);
    let transport = dns.transport(&named(), None);
    let state = || transport.endpoints().remove(0);
    assert_eq!(state().status, EndpointStatus::Unresolved { why: None });
    for asked in 1..=2 {
        let made = get(&transport, 0).await;
        assert_eq!(made.judgement, Judgement::Fault);
        let error = made.result.unwrap_err();
        assert!(matches!(error, Cause::Unreachable { .. }), "{error}");
        assert!(!error.sent());
        assert_eq!(dns.asked(), asked);
    }
    let why = Some("the name has no address".to_owned());
    assert_eq!(state().status, EndpointStatus::Unresolved { why });
    assert_eq!(
        (state().authority.as_str(), state().address),
        ("users.test", None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_is_bounded_and_one_for_all_who_wait() {
    let mut dns = Dns::of(&[]);
    dns.gate = Gate::new();
    let mut settings = named();
    settings.policy.timeouts.connect = Duration::from_millis(250);
    let transport = dns.transport(&settings, None);
    for _ in 0..3 {
        let made = get(&transport, 0).await;
        let (phase, connect) = (
            crate::downstream::Phase::Connect,
            Duration::from_millis(250),
        );
        assert!(matches!(made.result, Err(Cause::Timeout { phase: at, .. }) if at == phase));
        assert!(made.timing.connect >= connect);
    }
    assert_eq!(dns.asked(), 1);
}

#[tokio::test]
async fn of_several_names_one_that_is_known_is_enough() {
    let server = answers(200);
    let dns = Dns::of(&addresses([&server]));
    let mut settings = named();
    settings.endpoints = vec![at("a.test"), at("b.test")];
    let mut gated = dns.clone();
    gated.gate = Gate::new();
    let transport = gated.transport(&settings, None);
    let open = async {
        until(|| gated.asked() == 2).await;
        gated.gate.open(1);
    };
    let (made, ()) = tokio::join!(get(&transport, 0), open);
    assert_eq!(made.result.unwrap().status, 200);
    let found = |state: &EndpointState| state.address.is_some();
    assert_eq!(
        transport.endpoints().iter().filter(|it| found(it)).count(),
        1
    );
    gated.gate.open(1);
    until(|| list(&transport).len() == 2).await;
    // The other one is no newcomer that has to be spared.
    let length = Duration::from_secs(10);
    let share = |it: &Arc<Endpoint>| it.record.slow_start.share(Instant::now(), length);
    assert!(list(&transport).iter().all(|it| share(it).is_none()));
}
