//! The host's functions with the signatures of the bindings, answered by the [`Offline`] that is
//! running on this thread.
//!
//! Time is counted, not waited for: calls side by side take as long as the slowest of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::json::Node;
use super::{Offline, Respond, failure};
use crate::hand_back::is_hosts;
use crate::{
    Call, Failure, FailureKind, Fetched, Level, Method, Payload, Reply, Request, Response,
};

/// The limits of the contract: pointers of a call, calls that one `wait-any` waits for, and random
/// bytes at once.
const MAX_SELECT: usize = 64;
const MAX_WAITED: usize = 1024;
const MAX_RANDOM: u32 = 64 << 10;

/// The record of a handler's run.
pub struct Run {
    /// Its answer.
    pub response: Response,
    /// All calls, in the order in which they were made.
    pub calls: Vec<Call>,
    /// How often the handler called out: a `fetch_all` counts once.
    pub round_trips: usize,
    /// All log lines, in order.
    pub logs: Vec<LogLine>,
    /// Milliseconds that the handler waited, as the answers' delays have it.
    pub waited_ms: u32,
}

/// One log line of a handler.
#[derive(Debug)]
pub struct LogLine {
    /// Its importance.
    pub level: Level,
    /// Its text.
    pub message: String,
    /// Its fields, in order.
    pub fields: Vec<(String, String)>,
}

struct State {
    respond: Respond,
    config: BTreeMap<String, String>,
    now_ms: u64,
    time_left_ms: u32,
    /// The state of the generator of random bytes.
    random: Cell<u32>,
    waited_ms: Cell<u32>,
    round_trips: Cell<usize>,
    calls: RefCell<Vec<Call>>,
    logs: RefCell<Vec<LogLine>>,
}

thread_local! {
    // Each test has a thread of its own, and a component has one thread: nothing is shared in
    // either.
    static RUNNING: RefCell<Option<Rc<State>>> = const { RefCell::new(None) };
}

pub(super) fn run(offline: &Offline, handle: fn(Request) -> Response, request: Request) -> Run {
    let state = Rc::new(State {
        respond: Rc::clone(&offline.respond),
        config: offline.config.clone(),
        now_ms: offline.now_ms,
        time_left_ms: offline.time_left_ms,
        random: Cell::new(offline.seed),
        waited_ms: Cell::new(0),
        round_trips: Cell::new(0),
        calls: RefCell::default(),
        logs: RefCell::default(),
    });
    RUNNING.set(Some(Rc::clone(&state)));
    let response = handle(request);
    RUNNING.set(None);
    let illegal = illegal_answer(&response).unwrap_or_default();
    assert!(
        illegal.is_empty(),
        "the host would not pass this answer on: {illegal}"
    );
    Run {
        response,
        calls: state.calls.take(),
        round_trips: state.round_trips.get(),
        logs: state.logs.take(),
        waited_ms: state.waited_ms.get(),
    }
}

fn state() -> Rc<State> {
    RUNNING
        .with_borrow(Clone::clone)
        .expect("the host is there while testing::Offline::run runs a handler")
}

pub(crate) fn fetch(call: &Call) -> Fetched {
    start(call).wait()
}

pub(crate) fn fetch_all(calls: &[Call]) -> Vec<Fetched> {
    let round_trips = state().round_trips.get();
    let exchanges: Vec<Exchange> = calls.iter().map(start).collect();
    let results = exchanges.iter().map(Exchange::wait).collect();
    state().round_trips.set(round_trips + 1);
    results
}

/// A call that is under way.
pub struct Exchange {
    /// When the result is there, in milliseconds since the request arrived, and the result until it
    /// is taken.
    result: Cell<Option<(u32, Fetched)>>,
    service: String,
}

impl Exchange {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// There is no reply, or the result was taken already (`invalid`).
    pub fn wait(&self) -> Fetched {
        let Some((ready_ms, result)) = self.result.take() else {
            return Err(failure(FailureKind::Invalid, &self.service));
        };
        let state = state();
        state.waited_ms.set(ready_ms.max(state.waited_ms.get()));
        state.round_trips.set(state.round_trips.get() + 1);
        result
    }

    /// When the result is there, unless it was taken.
    fn ready_ms(&self) -> Option<u32> {
        let result = self.result.take();
        let ready_ms = result.as_ref().map(|(ready_ms, _)| *ready_ms);
        self.result.set(result);
        ready_ms
    }
}

pub(crate) fn wait_any(exchanges: &[&Exchange], timeout_ms: Option<u32>) -> Option<u32> {
    let count = exchanges.len();
    assert!(
        count <= MAX_WAITED,
        "wait-any: {count} calls at once are more than {MAX_WAITED}"
    );
    let state = state();
    let now = state.waited_ms.get();
    let ready = (0..).zip(exchanges);
    let ready = ready.filter_map(|(place, it)| Some((it.ready_ms()?.max(now), place)));
    let first = ready.min();
    let limit = timeout_ms.map(|limit| now.saturating_add(limit.min(time_left_ms())));
    let (end, place) = match (first, limit) {
        (Some((ready, place)), limit) if limit.is_none_or(|limit| ready <= limit) => {
            (ready, Some(place))
        }
        (_, Some(limit)) => (limit, None),
        (_, None) => (now, None),
    };
    state.waited_ms.set(end);
    place
}

pub(crate) fn start(call: &Call) -> Exchange {
    let state = state();
    state.calls.borrow_mut().push(call.clone());
    let limit = call.timeout_ms.unwrap_or(u32::MAX).min(time_left_ms());
    let (took_ms, result) = match illegal(call) {
        Some(why) => (0, Err(invalid(call, why))),
        None => match (state.respond)(call) {
            (delay, _) if delay >= limit => {
                (limit, Err(failure(FailureKind::Timeout, &call.service)))
            }
            (delay, result) => (delay, result.and_then(|reply| selected(call, reply))),
        },
    };
    Exchange {
        result: Cell::new(Some((
            state.waited_ms.get().saturating_add(took_ms),
            result,
        ))),
        service: call.service.clone(),
    }
}

pub(crate) fn config(key: &str) -> Option<String> {
    state().config.get(key).cloned()
}

pub(crate) fn now_ms() -> u64 {
    let state = state();
    state.now_ms + u64::from(state.waited_ms.get())
}

pub(crate) fn time_left_ms() -> u32 {
    let state = state();
    state.time_left_ms.saturating_sub(state.waited_ms.get())
}

pub(crate) fn elapsed_ns() -> u64 {
    u64::from(state().waited_ms.get()) * 1_000_000
}

pub(crate) fn random(length: u32) -> Vec<u8> {
    assert!(
        length <= MAX_RANDOM,
        "random: {length} bytes at once are more than {MAX_RANDOM}"
    );
    let state = state();
    (0..length).map(|_| mulberry32(&state.random)).collect()
}

/// The bytes that the host makes from a seed, too.
fn mulberry32(state: &Cell<u32>) -> u8 {
    let seed = state.get().wrapping_add(0x6d2b_79f5);
    state.set(seed);
    let mut mixed = (seed ^ (seed >> 15)).wrapping_mul(seed | 1);
    mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
    ((mixed ^ (mixed >> 14)) >> 24) as u8
}

pub(crate) fn log(level: Level, message: &str, fields: &[(String, String)]) {
    state().logs.borrow_mut().push(LogLine {
        level,
        message: message.to_owned(),
        fields: fields.to_vec(),
    });
}

/// The refusals of the host for common mistakes of authors.
fn illegal(call: &Call) -> Option<&'static str> {
    let mut segments = call.path.split('/').skip(1);
    if !call.path.starts_with('/') || call.path.starts_with("//") {
        Some("path does not begin with a single `/`")
    } else if call.path.contains("//") {
        Some("path has an empty segment")
    } else if call.path.contains(['?', '#', ' ']) || !call.path.is_ascii() {
        Some("path has a query, a fragment or characters that are not percent-encoded")
    } else if segments.any(|segment| matches!(segment, "." | "..")) {
        Some("path has a segment `.` or `..`")
    } else if ["%2f", "%5c"]
        .iter()
        .any(|slash| call.path.to_ascii_lowercase().contains(slash))
    {
        Some("path has an encoded slash, which a service could take for one")
    } else if call.select.len() > MAX_SELECT {
        Some("select has more than 64 pointers")
    } else if call
        .select
        .iter()
        .any(|pointer| !pointer.is_empty() && !pointer.starts_with('/'))
    {
        Some("select has a pointer that does not begin with `/`")
    } else if matches!(call.method, Method::Get | Method::Head)
        && !matches!(call.body, Payload::None)
    {
        Some("a GET or HEAD call has a body")
    } else if call.headers.iter().any(|(name, _)| is_refused(name)) {
        Some("a header is a credential, or one that only the host sets")
    } else {
        None
    }
}

/// Whether a field may not be set in a call.
fn is_refused(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match &*name {
        "date" | "server" => false,
        "authorization" | "cookie" | "set-cookie" | "www-authenticate" => true,
        name => is_hosts(name),
    }
}

/// Why the host would not pass an answer on, if it would not.
fn illegal_answer(response: &Response) -> Option<String> {
    let status = response.status;
    let is_empty = match &response.body {
        Payload::None => true,
        Payload::Text(text) => text.is_empty(),
        Payload::Bytes(bytes) => bytes.is_empty(),
    };
    if !(200..=599).contains(&status) {
        return Some(format!("status {status}"));
    }
    if !is_empty && matches!(status, 204 | 205 | 304) {
        return Some(format!("a body with status {status}"));
    }
    let is_illegal = |(name, value): &&(String, String)| {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let control = |byte: u8| (byte < b' ' && byte != b'\t') || byte == 0x7f;
        // The host has its own of these, and leaves these out.
        let dropped = ["date", "server", "x-request-id"];
        let dropped = dropped.iter().any(|it| name.eq_ignore_ascii_case(it));
        name.is_empty()
            || !name.bytes().all(token)
            || value.bytes().any(control)
            || (is_hosts(name) && !dropped)
    };
    let illegal = response.headers.iter().find(is_illegal);
    illegal.map(|(name, _)| format!("header `{name}`"))
}

fn invalid(call: &Call, why: &str) -> Failure {
    Failure {
        detail: format!("service `{}`: {why}", call.service),
        ..failure(FailureKind::Invalid, &call.service)
    }
}

/// Applies `select` to a reply as the host does.
fn selected(call: &Call, mut reply: Reply) -> Fetched {
    if call.select.is_empty() {
        return Ok(reply);
    }
    if !(200..300).contains(&reply.status) {
        reply.selected = vec![None; call.select.len()];
        return Ok(reply);
    }
    // Nothing is selected of nothing.
    if matches!(reply.body, Payload::None) {
        reply.selected = vec![None; call.select.len()];
        return Ok(reply);
    }
    let malformed = || failure(FailureKind::Malformed, &call.service);
    let Payload::Text(text) = &reply.body else {
        return Err(malformed());
    };
    let document = Node::read(text).map_err(|_| malformed())?;
    let pick = |pointer: &String| at(&document, pointer).map(Node::compact);
    reply.selected = call.select.iter().map(pick).collect();
    reply.body = Payload::None;
    Ok(reply)
}

/// The value at a JSON pointer (RFC 6901).
fn at<'n, 'a>(document: &'n Node<'a>, pointer: &str) -> Option<&'n Node<'a>> {
    let mut value = document;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        value = match value {
            Node::Array(items) => {
                let index = name.parse::<usize>().ok()?;
                // `01` and `+1` are the names of no item.
                items.get(index).filter(|_| index.to_string() == name)?
            }
            _ => value.member(&name)?,
        };
    }
    Some(value)
}

#[cfg(test)]
#[path = "double_tests.rs"]
mod tests;
