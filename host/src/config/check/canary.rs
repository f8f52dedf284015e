//! The plan of a BFF's canaries.

use std::time::Duration;

use super::Context;
use crate::config::field::{Field, Located};
use crate::config::raw::RawCanary;
use crate::config::{Canary, ClientKey};

/// Steps of one canary.
const MAX_STEPS: usize = 10;

pub(super) fn check(raw: &RawCanary, cx: &mut Context<'_>) -> Canary {
    let default = Canary::default();
    check_steps(&raw.steps, cx);
    let steps: Vec<u8> = match raw.steps.written() {
        Some(steps) => steps.value.iter().map(|step| step.value).collect(),
        None => default.steps,
    };
    let canary = Canary {
        step_time: raw.step_time.or(default.step_time),
        bake_time: raw.bake_time.or(default.bake_time),
        max_duration: raw.max_duration.or(default.max_duration),
        min_requests: raw.min_requests.or(default.min_requests),
        max_extra_failures: raw.max_extra_failures.or(default.max_extra_failures),
        tolerance: raw.tolerance.or(default.tolerance),
        promotes_without_evidence: raw.without_evidence.or(default.promotes_without_evidence),
        flapping: raw.flapping.or(default.flapping),
        client: client(raw, cx),
        steps,
    };
    let least = least(&canary);
    if least >= canary.max_duration
        && let Some(at) = raw
            .max_duration
            .written()
            .or(raw.step_time.written())
            .or(raw.bake_time.written())
    {
        let what = "the steps alone last as long";
        cx.report(at, what, "give max-duration more time than all steps need");
    }
    canary
}

/// The time that the steps need at least.
fn least(canary: &Canary) -> Duration {
    let others = u32::try_from(canary.steps.len().saturating_sub(1)).unwrap_or(u32::MAX);
    canary.step_time * others + canary.bake_time
}

fn check_steps(steps: &Field<Vec<Located<u8>>>, cx: &mut Context<'_>) {
    let Some(steps) = steps.written() else {
        return;
    };
    if steps.value.is_empty() || steps.value.len() > MAX_STEPS {
        let what = format!(
            "{} shares, but 1 to {MAX_STEPS} are possible",
            steps.value.len()
        );
        cx.report(steps, what, "write shares in percent: steps = [10, 50, 95]");
    }
    for pair in steps.value.windows(2) {
        if pair[1].value <= pair[0].value {
            let what = format!("{} is not more than {}", pair[1].value, pair[0].value);
            cx.report(
                &pair[1],
                what,
                "write each share greater than the one before",
            );
        }
    }
}

fn client(raw: &RawCanary, cx: &mut Context<'_>) -> ClientKey {
    let header = raw.client_header.written();
    let (cookie, claim) = (raw.client_cookie.written(), raw.client_claim.written());
    let only = "a client is told by one of client-header, client-cookie and client-claim";
    if let (Some(_), Some(second)) = (header, cookie.or(claim)) {
        cx.report(second, only, "leave all but one out");
    } else if let (Some(_), Some(second)) = (cookie, claim) {
        cx.report(second, only, "leave all but one out");
    }
    let value = |field: &Located<String>| field.value.clone();
    match (header, cookie, claim) {
        (Some(header), ..) => ClientKey::Header(header.value.clone()),
        (_, Some(cookie), _) => ClientKey::Cookie(value(cookie)),
        (.., Some(claim)) => ClientKey::Claim(value(claim)),
        _ => ClientKey::None,
    }
}
