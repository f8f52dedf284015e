//! A rule inherits what it leaves out from its service.

use http::{Method, StatusCode};

use super::*;

fn service(settings: &str) -> Downstream {
    let text = format!("[downstream.x]\nurl = \"http://127.0.0.1\"\n{settings}");
    parse_with(&text).downstreams.remove("x").unwrap()
}

/// The policy of a service with these settings, and that of its only rule.
fn policies(of_service: &str, of_rule: &str) -> (Policy, Policy) {
    let rule = format!("[[downstream.x.rule]]\ncall = \"GET /a\"\n{of_rule}");
    let mut service = service(&format!("{of_service}\n{rule}"));
    (service.policy, service.rules.remove(0).policy)
}

#[test]
fn a_rule_that_says_nothing_is_as_the_service() {
    for written in [
        "",
        "timeout = \"900ms\"\nfirst-byte-timeout = \"300ms\"\ncoalesce = false",
        "cache = { enabled = false }\nbreaker.enabled = false\nhedge.enabled = true",
        "cache.ttl = \"5s\"\nretry = { max = 3, methods = [], statuses = [500], budget = 7 }",
    ] {
        let (service, rule) = policies(written, "");
        assert_eq!(rule, service, "{written}");
    }
}

#[test]
fn a_rule_changes_what_it_says_and_nothing_else() {
    let (service, rule) = policies(
        "retry = { max = 3, statuses = [500], budget = 7 }\ncache.ttl = \"5s\"\nbreaker.min-calls = 9",
        "retry = { methods = [\"GET\", \"PUT\"] }\ncache.negative-ttl = \"1s\"\nbreaker.window = \"1s\"",
    );
    let mut expected = service;
    expected.retry.methods = vec![Method::GET, Method::PUT];
    expected.cache.as_mut().unwrap().negative_ttl = Some(ms(1_000));
    expected.breaker.as_mut().unwrap().window = ms(1_000);
    assert_eq!(rule, expected);
    assert_eq!(rule.retry.statuses, [StatusCode::INTERNAL_SERVER_ERROR]);
    assert_eq!((rule.retry.max, rule.retry.budget), (3, 7));
}

#[test]
fn times_of_the_service_give_way_to_a_shorter_timeout_of_a_rule() {
    let written = "connect-timeout = \"400ms\"\nfirst-byte-timeout = \"500ms\"\n\
                   between-bytes-timeout = \"450ms\"\nqueue-timeout = \"600ms\"\n\
                   breaker.slow-call = \"1s\"\nhedge = { enabled = true, min-delay = \"350ms\" }\n\
                   retry.backoff = \"80ms\"";
    let (_, rule) = policies(written, "timeout = \"300ms\"\nretry.max-backoff = \"30ms\"");
    let all = ms(300);
    let timeouts = Timeouts {
        connect: all,
        first_byte: all,
        between_bytes: all,
        queue: all,
        total: all,
    };
    assert_eq!(rule.timeouts, timeouts);
    assert_eq!(rule.breaker.unwrap().slow_call, all);
    assert_eq!(rule.hedge.unwrap().min_delay, all);
    assert_eq!(rule.retry.backoff, ms(30));
}

#[test]
fn a_longer_timeout_of_a_rule_says_what_is_slow_where_nothing_else_does() {
    let (service, rule) = policies("timeout = \"500ms\"", "timeout = \"5s\"");
    assert_eq!(service.breaker.unwrap().slow_call, ms(500));
    assert_eq!(rule.breaker.unwrap().slow_call, ms(5_000));
    assert_eq!(rule.timeouts.queue, ms(5_000));
}

#[test]
fn answers_are_kept_somewhere_if_any_call_keeps_them() {
    let rule =
        |enabled| format!("[[downstream.x.rule]]\ncall = \"GET /a\"\ncache.enabled = {enabled}");
    let off = "cache.enabled = false";
    assert_eq!(service(&format!("{off}\n{}", rule(false))).cache, None);
    let kept = service(&format!("{off}\n{}", rule(true)));
    assert!(kept.cache.is_some() && kept.policy.cache.is_none());
    assert!(service(&rule(false)).rules[0].policy.cache.is_none());
}
