//! Marks a degraded answer: one field says what was not live, and its cache lifetime is shortened.
//!
//! The field is `tailor-degraded`, a List of RFC 9651 section 3.1. Each member is the Token of a
//! service with parameters:
//!
//! | parameter | type | means |
//! |---|---|---|
//! | `failed` | Token | no answer; the kind of the failure |
//! | `fallback` | Boolean, always true | the operator's answer of last resort |
//! | `stale` | Boolean, always true | a stored answer that is no longer fresh |
//! | `age` | Integer, seconds | with `stale`: how long it was kept, of several the longest |
//! | `n` | Integer, 2 or more | the number of calls that ended like this; one, if it is absent |
//!
//! Members are in the order of their services, and a last member `more` has `n` only: the number of
//! calls that are left out.

mod cache_control;

use std::cmp::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use sfv::{KeyRef, ListSerializer, TokenRef, key_ref, token_ref};

pub use cache_control::cap_cache;

/// The field.
pub const NAME: HeaderName = HeaderName::from_static("tailor-degraded");

/// Members of the field before `more`. About 1 KiB, where common clients and proxies take 8 KiB for
/// all fields together.
const MAX_MEMBERS: usize = 31;

const FAILED: &KeyRef = key_ref("failed");
const FALLBACK: &KeyRef = key_ref("fallback");
const STALE: &KeyRef = key_ref("stale");
const AGE: &KeyRef = key_ref("age");
const COUNT: &KeyRef = key_ref("n");
const MORE: &TokenRef = token_ref("more");

/// A call whose answer was not live, or several with an equal outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub service: &'a str,
    /// What the BFF got instead of a live answer.
    pub what: Degradation,
    /// How many calls.
    pub calls: u32,
}

/// What a BFF got instead of a live answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degradation {
    /// Nothing: a failure of this kind, named as in the contract.
    Failed(&'static str),
    /// An answer of this age.
    Stale {
        /// Time since the service gave it.
        age: Duration,
    },
    /// What the operator declared.
    Fallback,
}

/// The field's value; `None` when every part was live, which costs nothing.
///
/// A service or kind that is no Token is left out. The configuration admits none.
pub fn header(parts: &[Part<'_>]) -> Option<HeaderValue> {
    if parts.is_empty() {
        return None;
    }
    let mut sorted = parts.to_vec();
    sorted.sort_by(order);
    let mut list = ListSerializer::new();
    let mut groups = sorted.chunk_by(|a, b| alike(a, b));
    for group in groups.by_ref().take(MAX_MEMBERS) {
        push_member(&mut list, group);
    }
    let left_out = groups.map(count).fold(0, u32::saturating_add);
    if left_out > 0 {
        list.bare_item(MORE).parameter(COUNT, left_out);
    }
    HeaderValue::from_maybe_shared(Bytes::from(list.finish()?)).ok()
}

/// Writes calls of one service with equal outcomes. They are sorted, so the last is the oldest.
fn push_member(list: &mut ListSerializer<String>, group: &[Part<'_>]) {
    let Some(part) = group.last() else {
        return;
    };
    let Ok(service) = TokenRef::from_str(part.service) else {
        return;
    };
    let member = match part.what {
        Degradation::Failed(kind) => match TokenRef::from_str(kind) {
            Ok(kind) => list.bare_item(service).parameter(FAILED, kind),
            Err(_) => return,
        },
        Degradation::Fallback => list.bare_item(service).parameter(FALLBACK, true),
        Degradation::Stale { age } => list
            .bare_item(service)
            .parameter(STALE, true)
            .parameter(AGE, u32::try_from(age.as_secs()).unwrap_or(u32::MAX)),
    };
    let calls = count(group);
    if calls > 1 {
        let _ = member.parameter(COUNT, calls);
    }
}

/// The calls of a group. An Integer has 15 digits (RFC 9651 section 3.3.1), which 32 bits never
/// fill.
fn count(group: &[Part<'_>]) -> u32 {
    let calls = group.iter().map(|part| part.calls);
    calls.fold(0, u32::saturating_add)
}

/// By service, then by what happened, then by age: the same calls always give the same text, in any
/// order of their ends.
fn order(a: &Part<'_>, b: &Part<'_>) -> Ordering {
    let rank = |what: &Degradation| match what {
        Degradation::Stale { age } => (0, "", *age),
        Degradation::Fallback => (1, "", Duration::ZERO),
        Degradation::Failed(kind) => (2, *kind, Duration::ZERO),
    };
    let by_service = a.service.cmp(b.service);
    by_service.then_with(|| rank(&a.what).cmp(&rank(&b.what)))
}

/// Whether two calls share a member.
fn alike(a: &Part<'_>, b: &Part<'_>) -> bool {
    let what = match (a.what, b.what) {
        (Degradation::Stale { .. }, Degradation::Stale { .. }) => true,
        (a, b) => a == b,
    };
    what && a.service == b.service
}

#[cfg(test)]
mod tests;
