//! The rules that each run must keep, checked on its log. They do not depend on the implementation
//! of the pipeline.

use std::time::Duration;

use tokio::time::Instant;

use super::log::{Broken, Call, Ended, Kind, Log, Request, Sequence};
use super::steps::{Plan, Theme};
use crate::downstream::error::{Phase, TimeLimit};
use crate::downstream::policy::breaker::Position;

pub const SHARING: &str = "an answer is only for those who may have it";
pub const AGE: &str = "no answer is used for longer than it may be";
pub const WRITES: &str = "after a write no caller gets what was before it";
pub const FORGOTTEN: &str = "no caller gets what the operator invalidated";
pub const FRESH: &str = "what is stored and fresh costs no request";
pub const IN_TIME: &str = "each caller is done in its time";
pub const NOT_EARLY: &str = "no caller times out because another does";
pub const ANSWERED: &str = "an answer that comes in time is given to its caller";
pub const ATTEMPTS: &str = "a call is sent as often as it may be, and a write once";
pub const BUDGET: &str = "further attempts stay in the budget of their BFF";
pub const AT_ONCE: &str = "no more calls are under way at once than there may be";
pub const BREAKER: &str = "the breaker opens for faults of the service only";
pub const SHORT_TIMEOUTS: &str =
    "callers with short timeouts open no breaker and put no endpoint out";
pub const ONE_BAD: &str = "one bad endpoint fails few calls";
pub const RELOAD: &str = "a reload keeps what means the same";
pub const NOTHING_LOST: &str = "a reload fails no call";
pub const RECOVERS: &str = "a service that is good again is called again";
pub const ALL_END: &str = "all calls end, and give back what they hold";

/// The tolerance of a timer, and the extra one of a caller of a shared call.
const SLACK: Duration = Duration::from_millis(5);
/// The breaker's window, and its tolerance for being counted in tenths.
const WINDOW: Duration = Duration::from_secs(11);
/// The shortest `first-byte-timeout` of a run.
const FIRST_BYTE: Duration = Duration::from_millis(900);

/// A rule, and its check.
type Rule = (&'static str, fn(&Plan, &Log) -> Option<String>);

/// The first rule that is broken.
pub fn broken(plan: &Plan, log: &Log) -> Option<Broken> {
    let rules: [Rule; 15] = [
        (SHARING, sharing),
        (AGE, age),
        (WRITES, writes),
        (FORGOTTEN, forgotten),
        (FRESH, fresh),
        (IN_TIME, in_time),
        (NOT_EARLY, not_early),
        (ANSWERED, in_vain),
        (ATTEMPTS, attempts),
        (BUDGET, budget),
        (BREAKER, breaker),
        (SHORT_TIMEOUTS, short_timeouts),
        (ONE_BAD, one_bad),
        (NOTHING_LOST, nothing_lost),
        (AT_ONCE, at_once),
    ];
    let mut rules = rules.into_iter();
    rules.find_map(|(rule, broken)| {
        let what = broken(plan, log)?;
        Some(Broken { rule, what })
    })
}

/// The calls that got an answer of the service, with the request that it was the answer to.
fn answered(log: &Log) -> impl Iterator<Item = (usize, &Call, &Request)> {
    log.calls.iter().enumerate().filter_map(|(number, call)| {
        let Some((_, _, Ended::Answer(answer, ..))) = call.ended else {
            return None;
        };
        Some((number, call, &log.requests[answer]))
    })
}

fn sharing(_: &Plan, log: &Log) -> Option<String> {
    answered(log).find_map(|(number, call, request)| {
        let (ours, theirs) = (call.asked, request.asked);
        let own = request.call == number;
        let equal = (ours.path, ours.who, ours.write) == (theirs.path, theirs.who, theirs.write);
        let for_others = match request.kind {
            Kind::Private | Kind::NoStore | Kind::Cookie => false,
            Kind::Varied(_) => ours.language == theirs.language,
            Kind::Silent | Kind::Fresh(_) => true,
        };
        let allowed = equal && (own || for_others && !ours.write);
        (!allowed).then(|| format!("call {number} {ours:?} got {request:?}"))
    })
}

fn age(plan: &Plan, log: &Log) -> Option<String> {
    answered(log).find_map(|(number, call, request)| {
        let from_store = request
            .answered
            .is_some_and(|(place, ..)| place < call.started.0);
        let age = call.started.1.saturating_duration_since(request.came.1);
        let lifetime = match lifetime(request) {
            Duration::ZERO => Duration::ZERO,
            fresh => fresh + Duration::from_secs(plan.settings.stale),
        };
        let allowed = !from_store || age <= lifetime + SLACK;
        (!allowed).then(|| format!("call {number} {call:?} got {request:?}"))
    })
}

fn lifetime(request: &Request) -> Duration {
    match request.kind {
        Kind::Fresh(seconds) | Kind::Varied(seconds) => Duration::from_secs(seconds),
        _ => Duration::ZERO,
    }
}

/// The requests that may have changed something, and when their callers knew of it.
fn changes(log: &Log) -> impl Iterator<Item = (&Request, Sequence)> {
    let writes = log
        .requests
        .iter()
        .filter(|request| request.asked.write && !request.refused);
    writes.filter_map(|request| {
        let (ended, ..) = log.calls[request.call].ended.as_ref()?;
        Some((request, *ended))
    })
}

fn writes(_: &Plan, log: &Log) -> Option<String> {
    answered(log).find_map(|(number, call, read)| {
        let (write, _) = changes(log).find(|(write, known)| {
            write.asked.path == call.asked.path
                && call.started.0 > *known
                && read.came.0 < write.came.0
        })?;
        let what = format!("call {number} got {read:?}, asked after {write:?}");
        (!call.asked.write).then_some(what)
    })
}

fn forgotten(_: &Plan, log: &Log) -> Option<String> {
    answered(log).find_map(|(number, call, read)| {
        let mut forgotten = log.forgotten.iter();
        let between = |place: &Sequence| read.came.0 < *place && *place < call.started.0;
        let what = || format!("call {number} got {read:?}");
        forgotten.any(between).then(what)
    })
}

/// Whether an answer has been stored, and was certainly not invalidated since.
fn is_kept(log: &Log, answer: usize, call: &Call) -> bool {
    let request = &log.requests[answer];
    let asked_at = log.calls[request.call].started;
    let delivered = log.calls.iter().any(|other| match &other.ended {
        Some((place, _, Ended::Answer(got, 200, _))) => *got == answer && *place < call.started.0,
        _ => false,
    });
    let written = log.calls.iter().any(|other| {
        other.asked.write
            && other.asked.path == request.asked.path
            && other.started.0 < call.started.0
            && other
                .ended
                .as_ref()
                .is_none_or(|(place, ..)| *place > asked_at.0)
    });
    let forgotten = log.forgotten.iter().any(|place| *place > asked_at.0);
    let replaced = log.requests.iter().any(|other| {
        other.asked.path == request.asked.path
            && other.came.0 > request.came.0
            && other.came.0 < call.started.0
    });
    // A path with answers of several kinds drops what it stored.
    let steady = super::world::PATHS[request.asked.path].1.is_some();
    let left = (asked_at.1 + lifetime(request)).saturating_duration_since(call.started.1);
    delivered && !written && !forgotten && !replaced && steady && left > SLACK
}

fn fresh(_: &Plan, log: &Log) -> Option<String> {
    log.requests.iter().find_map(|sent| {
        let call = &log.calls[sent.call];
        let before = log.requests.iter().position(|stored| {
            stored.asked == sent.asked
                && !stored.asked.write
                && stored
                    .answered
                    .is_some_and(|(place, ..)| place < call.started.0)
        })?;
        // Of those that were stored one after the other, the last counts.
        let last = log.requests.iter().rposition(|stored| {
            stored.asked == sent.asked
                && stored
                    .answered
                    .is_some_and(|(place, _, status)| place < call.started.0 && status == 200)
        });
        let stored = last.unwrap_or(before);
        is_kept(log, stored, call)
            .then(|| format!("{sent:?}, although there was {:?}", log.requests[stored]))
    })
}

fn in_time(_: &Plan, log: &Log) -> Option<String> {
    log.calls
        .iter()
        .enumerate()
        .find_map(|(number, call)| match &call.ended {
            Some((_, at, _)) if *at <= call.end + SLACK => None,
            _ => Some(format!("call {number} {call:?}")),
        })
}

fn not_early(_: &Plan, log: &Log) -> Option<String> {
    log.calls.iter().enumerate().find_map(|(number, call)| {
        let Some((place, at, Ended::Late(phase, limit))) = call.ended.clone() else {
            return None;
        };
        let passed = |time: Instant| at + Duration::from_millis(1) >= time;
        let right = match (phase, limit) {
            (Phase::Queue, _) => passed(call.end_of_queue),
            (_, TimeLimit::Caller) => passed(call.end),
            (Phase::FirstByte, TimeLimit::Service) => log.requests.iter().any(|request| {
                request.asked == call.asked
                    && passed(request.came.1 + FIRST_BYTE)
                    && request
                        .answered
                        .is_none_or(|(answered, ..)| answered > place)
            }),
            (_, TimeLimit::Service) => true,
        };
        (!right).then(|| format!("call {number} {call:?}"))
    })
}

fn in_vain(_: &Plan, log: &Log) -> Option<String> {
    log.requests.iter().find_map(|request| {
        let call = &log.calls[request.call];
        let (_, answered, status) = request.answered?;
        let (_, ended, Ended::Late(..)) = call.ended.as_ref()? else {
            return None;
        };
        let lost = status == 200 && answered + SLACK < *ended;
        lost.then(|| format!("{call:?}, although {request:?}"))
    })
}

fn attempts(plan: &Plan, log: &Log) -> Option<String> {
    let most = 1 + plan.settings.retries as usize + usize::from(plan.settings.hedge);
    (0..log.calls.len()).find_map(|number| {
        let sent = log
            .requests
            .iter()
            .filter(|request| request.call == number)
            .count();
        let most = if log.calls[number].asked.write {
            1
        } else {
            most
        };
        (sent > most).then(|| format!("call {number} was sent {sent} times, not {most} at most"))
    })
}

/// A BFF may begin with five, and then has a tenth of its calls and two per second.
fn budget(_: &Plan, log: &Log) -> Option<String> {
    (0..2).find_map(|bff| {
        let calls = log
            .calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.bff == bff);
        let sent = |number| {
            log.requests
                .iter()
                .filter(|request| request.call == number)
                .count()
        };
        let further: usize = calls
            .clone()
            .map(|(number, _)| sent(number).saturating_sub(1))
            .sum();
        let first = log.calls.first()?.started.1;
        let seconds = log.calls.last()?.end.duration_since(first).as_secs() as usize + 1;
        let most = 5 + calls.count().div_ceil(10) + 2 * seconds;
        (further > most).then(|| format!("BFF {bff} had {further} further attempts, not {most}"))
    })
}

fn at_once(plan: &Plan, log: &Log) -> Option<String> {
    log.requests.iter().find_map(|request| {
        let now = request.came.1;
        let before = log
            .requests
            .iter()
            .filter(|other| other.came.0 <= request.came.0);
        let open = before.filter(|other| other.left.is_none_or(|left| left > now));
        let (open, most) = (open.count(), plan.settings.max_calls);
        (open > most).then(|| format!("{open} at once, with {request:?}"))
    })
}

/// Requests and dials that failed by the operator's own limits, between two times.
fn faults(log: &Log, from: Instant, to: Instant) -> usize {
    let within = |at: Instant| from <= at && at <= to;
    let requests = log
        .requests
        .iter()
        .filter(|request| match request.answered {
            Some((_, at, status)) => {
                let slow = request.came.1 + FIRST_BYTE <= at;
                (status >= 500 || slow) && within(at)
            }
            None => request.lost && request.came.1 <= to && request.came.1 + WINDOW >= from,
        });
    let dials = log.dials.iter().filter(|dial| dial.failed);
    let dials = dials.filter(|dial| dial.at <= to && dial.at + WINDOW >= from);
    requests.count() + dials.count()
}

fn breaker(plan: &Plan, log: &Log) -> Option<String> {
    let needed = plan.settings.min_calls.div_ceil(2);
    log.breaker.windows(2).find_map(|change| {
        let [(_, Position::Closed), (at, Position::Open)] = change else {
            return None;
        };
        let found = faults(log, at.checked_sub(WINDOW).unwrap_or(*at), *at);
        (found < needed).then(|| format!("it opened after {found} faults, not {needed} at least"))
    })
}

fn short_timeouts(plan: &Plan, log: &Log) -> Option<String> {
    if !matches!(plan.theme, Theme::Impatient | Theme::Reloads) {
        return None;
    }
    let open = log
        .breaker
        .iter()
        .find(|(_, position)| *position != Position::Closed);
    open.map(|open| format!("{open:?}"))
}

fn one_bad(plan: &Plan, log: &Log) -> Option<String> {
    if plan.theme != Theme::OneBad {
        return None;
    }
    let to_bad = log
        .requests
        .iter()
        .filter(|request| request.endpoint == 0)
        .count()
        + log.dials.iter().filter(|dial| dial.failed).count();
    let is_good = |call: &&Call| matches!(call.ended, Some((_, _, Ended::Answer(_, 200, _))));
    let failed = log.calls.len() - log.calls.iter().filter(is_good).count();
    let most = 8 + log.calls.len() / 10;
    let opened = log
        .breaker
        .iter()
        .any(|(_, position)| *position != Position::Closed);
    (to_bad > most || failed > most || opened).then(|| {
        let calls = log.calls.len();
        format!("of {calls} calls {to_bad} went there, {failed} failed; opened: {opened}")
    })
}

fn nothing_lost(plan: &Plan, log: &Log) -> Option<String> {
    if plan.theme != Theme::Reloads {
        return None;
    }
    let is_good = |call: &Call| matches!(call.ended, Some((_, _, Ended::Answer(_, 200, _))));
    let lost = log.calls.iter().find(|call| !is_good(call));
    // A connection that is open and that no call has is used before another is opened.
    let dialed = log.dials.iter().find(|dial| dial.open >= dial.under_way);
    lost.map(|call| format!("{call:?}"))
        .or_else(|| dialed.map(|dial| format!("{dial:?}")))
}
