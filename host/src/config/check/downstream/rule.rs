//! Rules for some calls of a service: each is resolved against the service, and is reachable.

use super::policy;
use crate::config::CallPattern;
use crate::config::Rule;
use crate::config::check::Context;
use crate::config::field::Located;
use crate::config::raw::{RawDownstream, RawRule};

pub(super) fn check(service: &RawDownstream, cx: &mut Context<'_>) -> Vec<Rule> {
    check_reached(&service.rules, cx);
    let rules = service.rules.iter();
    rules.filter_map(|raw| one(service, raw, cx)).collect()
}

/// `None` without a pattern, which is reported already.
fn one(service: &RawDownstream, raw: &RawRule, cx: &mut Context<'_>) -> Option<Rule> {
    let policy = policy::policy(service, &raw.policy.over(&service.policy), cx);
    Some(Rule {
        pattern: raw.call.value()?,
        policy,
        own_breaker: raw.own_breaker,
        own_hedge: raw.own_hedge,
        rate: policy::rate(&raw.rate, cx),
    })
}

/// Reports rules for calls that an earlier one has.
fn check_reached(rules: &[RawRule], cx: &mut Context<'_>) {
    let mut earlier: Vec<&Located<CallPattern>> = Vec::new();
    for call in rules.iter().filter_map(|rule| rule.call.written()) {
        let first = earlier.iter().find(|it| it.value.covers(&call.value));
        if let Some(first) = first {
            let what = format!(
                "{} (\"{}\") has all of these calls",
                first.place.key, first.value
            );
            cx.report(
                call,
                what,
                "write this rule before that one, or leave it out",
            );
        }
        earlier.push(call);
    }
}
