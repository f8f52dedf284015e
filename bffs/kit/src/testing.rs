//! Tests of a BFF without a host, a network or WebAssembly: `cargo test` runs its handler natively,
//! and [`Offline`] replaces the host with closures, or a [`Fixture`] with a file.
//!
//! It stands in for the contract, not for the operator's policy: no grants, caches, retries,
//! breakers or size limits. The harness in `tests/` runs the component itself under the real host.
//! This module is not part of components.

mod columns;
pub(crate) mod double;
mod expect;
mod fixture;
mod json;
pub(crate) mod locale;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use double::{LogLine, Run};
pub use expect::{FixtureError, Mismatches, check_folder};
pub use fixture::Fixture;

use crate::{
    Call, Client, Date, Failure, FailureKind, Fetched, Method, Payload, Reply, Request, Response,
    Source, percent,
};

/// The time in a test that sets none.
const NOW: &str = "2026-01-15T12:00:00Z";
/// The milliseconds left in a test that sets none: about what a client waits for a screen.
const TIME_LEFT_MS: u32 = 2_000;

/// Answers a call after this time, milliseconds, on a clock that only the test has.
pub(crate) type Respond = Rc<dyn Fn(&Call) -> (u32, Fetched)>;

/// A host for one test: what the services answer, the settings and the time.
pub struct Offline {
    pub(crate) respond: Respond,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) now_ms: u64,
    pub(crate) time_left_ms: u32,
    pub(crate) seed: u32,
}

impl Offline {
    /// A host whose services answer as `respond` says, at once. `select` is applied to what it
    /// returns.
    pub fn new(respond: impl Fn(&Call) -> Fetched + 'static) -> Offline {
        Offline::with_delays(move |call| (0, respond(call)))
    }

    /// [`Offline::new`] with the milliseconds that each answer takes. A call that takes longer than
    /// its limit or than what is left of the request fails as `timeout`; no test waits for any of
    /// it.
    pub fn with_delays(respond: impl Fn(&Call) -> (u32, Fetched) + 'static) -> Offline {
        Offline {
            respond: Rc::new(respond),
            config: BTreeMap::new(),
            now_ms: time_ms(NOW).expect("the constant is a time"),
            time_left_ms: TIME_LEFT_MS,
            seed: 0,
        }
    }

    /// Adds a setting of the operator's file.
    pub fn config(mut self, key: &str, value: &str) -> Offline {
        self.config.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets the time of day when the request arrives, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(mut self, now_ms: u64) -> Offline {
        self.now_ms = now_ms;
        self
    }

    /// Sets the milliseconds that are left until the deadline when the request arrives.
    pub fn time_left_ms(mut self, time_left_ms: u32) -> Offline {
        self.time_left_ms = time_left_ms;
        self
    }

    /// Sets what the random bytes are made from; 0 unless set, so that each run has the same.
    pub fn seed(mut self, seed: u32) -> Offline {
        self.seed = seed;
        self
    }

    /// Has `handle` (`Watch::handle`) answer the request.
    pub fn run(&self, handle: fn(Request) -> Response, request: Request) -> Run {
        double::run(self, handle, request)
    }
}

/// A GET request of this path, which may have a query: `/ada?date=2026-01-15`.
pub fn get(path: &str) -> Request {
    request(Method::Get, path)
}

/// A request without headers and body. What follows `?` in `path` becomes the query.
pub fn request(method: Method, path: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent::decode(&text).unwrap_or(text)
    };
    Request {
        id: "test-1".to_owned(),
        method,
        path: path.to_owned(),
        query: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect(),
        headers: Vec::new(),
        body: Payload::None,
        client: Client {
            name: "test".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// A POST of a JSON document, with its content type.
pub fn post(path: &str, json: &serde_json::Value) -> Request {
    let json_type = ("content-type".to_owned(), "application/json".to_owned());
    Request {
        headers: vec![json_type],
        body: Payload::Text(json.to_string()),
        ..request(Method::Post, path)
    }
}

/// A live reply with a JSON document as its body.
pub fn reply(status: u16, json: &serde_json::Value) -> Reply {
    Reply {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Payload::Text(json.to_string()),
        selected: Vec::new(),
        source: Source::Live,
    }
}

/// A failure of this kind, with a detail that names the service.
pub fn failure(kind: FailureKind, service: &str) -> Failure {
    use FailureKind::{Interrupted, Malformed, Timeout, TooLarge};
    Failure {
        kind,
        sent: matches!(kind, Interrupted | Malformed | Timeout | TooLarge),
        detail: format!("service `{service}`: {}", kind.name()),
    }
}

/// The body of an answer as text; empty where there is none.
pub fn body_text(response: &Response) -> &str {
    match &response.body {
        Payload::Text(text) => text,
        Payload::Bytes(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        Payload::None => "",
    }
}

/// The body of an answer as JSON, or `None` where it is none.
pub fn body_json(response: &Response) -> Option<serde_json::Value> {
    serde_json::from_str(body_text(response)).ok()
}

/// The value of the first header of an answer that has this name (lower case).
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    crate::header(&response.headers, name)
}

/// `2026-01-15T12:00:00Z` in milliseconds since 1970-01-01T00:00:00Z. A time has the one form that
/// all readers of fixtures take: of RFC 3339 that in UTC with `Z`, to the second or with up to nine
/// more digits, without leap seconds.
pub(crate) fn time_ms(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let date: Date = date.parse().ok()?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=9).contains(&fraction.len()) || !digits(fraction) {
        return None;
    }
    let fields: Vec<&str> = time.split(':').collect();
    let &[hour, minute, second] = &fields[..] else {
        return None;
    };
    let field = |text: &str, most: u64| -> Option<u64> {
        let number = text.parse().ok()?;
        (text.len() == 2 && digits(text) && number <= most).then_some(number)
    };
    let of_day = field(hour, 23)? * 3_600 + field(minute, 59)? * 60 + field(second, 59)?;
    let ms: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some((u64::try_from(date.days()).ok()? * 86_400 + of_day) * 1_000 + ms)
}
