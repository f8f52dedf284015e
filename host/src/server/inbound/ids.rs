//! The identifiers of a request: its id and its trace context.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The field that carries a request's id, in both directions.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The field that carries a trace (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field that carries the vendor data of a trace.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Longest id that is taken over from a client, bytes.
const MAX_REQUEST_ID: usize = 64;
/// Longest `tracestate` that is passed on, bytes: the minimum that W3C Trace Context demands.
const MAX_TRACESTATE: usize = 512;

/// A request's id: 1 to 64 characters of `A-Z a-z 0-9 . _ -`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's `x-request-id` if there is exactly one and it is well-formed; else a new one of
    /// 32 hex digits.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        match only(headers, &X_REQUEST_ID) {
            Some(value)
                if (1..=MAX_REQUEST_ID).contains(&value.len())
                    && value.as_bytes().iter().all(legal) =>
            {
                Self(value.clone())
            }
            _ => Self(text(format!("{:032x}", random_u128()))),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("an id is made of ASCII letters")
    }

    /// The id as a value of [`X_REQUEST_ID`].
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The host's own span of a trace: the client's trace if it sent one, with a span id of the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// Continues the trace of `traceparent`, or begins a new one if the field is absent, repeated
    /// or not exactly of version 00. A new trace is not marked as sampled: the host records no
    /// spans.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let span_id = random_u64();
        match only(headers, &TRACEPARENT).and_then(parse_traceparent) {
            Some((trace_id, sampled)) => Self {
                trace_id,
                span_id,
                sampled,
                state: tracestate(headers),
            },
            None => Self {
                trace_id: random_u128(),
                span_id,
                sampled: false,
                state: None,
            },
        }
    }

    /// The `traceparent` of the request's calls to services.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        let flags = u8::from(self.sampled);
        text(format!(
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.span_id
        ))
    }

    /// The `tracestate` that goes with it.
    #[must_use]
    pub fn state(&self) -> Option<&HeaderValue> {
        self.state.as_ref()
    }

    /// The trace's id, for logs.
    #[must_use]
    pub fn trace_id(&self) -> impl fmt::Display {
        fmt::from_fn(|f| write!(f, "{:032x}", self.trace_id))
    }
}

/// Trace id and sampled flag of `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not zero.
fn parse_traceparent(value: &HeaderValue) -> Option<(u128, bool)> {
    let value = value.to_str().ok().filter(|value| value.len() == 55)?;
    let mut parts = value.split('-');
    let mut hex = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        let legal = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        part.bytes().all(legal).then_some(part)
    };
    let version = hex(2)?;
    let trace_id = u128::from_str_radix(hex(32)?, 16).ok()?;
    let parent_id = u64::from_str_radix(hex(16)?, 16).ok()?;
    let flags = u8::from_str_radix(hex(2)?, 16).ok()?;
    (version == "00" && trace_id != 0 && parent_id != 0).then_some((trace_id, flags & 1 == 1))
}

/// All `tracestate` fields as one, if that is short enough.
fn tracestate(headers: &HeaderMap) -> Option<HeaderValue> {
    if let Some(value) = only(headers, &TRACESTATE) {
        return (1..=MAX_TRACESTATE)
            .contains(&value.len())
            .then(|| value.clone());
    }
    let values: Vec<&[u8]> = headers
        .get_all(TRACESTATE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let joined = values.join(&b","[..]);
    let whole = (1..=MAX_TRACESTATE).contains(&joined.len());
    whole
        .then(|| HeaderValue::from_bytes(&joined).ok())
        .flatten()
}

/// The value of a field that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn text(ascii: String) -> HeaderValue {
    HeaderValue::try_from(ascii).expect("hex digits and dashes are legal in a header")
}

fn random_u128() -> u128 {
    u128::from(random_u64()) << 64 | u128::from(random_u64())
}

/// A number that is not zero and that no other request gets, as far as a random number can ensure
/// it (xoroshiro128++).
///
/// Each thread has its own generator, seeded from the operating system's randomness by way of
/// [`RandomState`], so runs and threads differ. It is fast and not cryptographic: an id can be
/// guessed from others, and must never serve as a secret.
fn random_u64() -> u64 {
    thread_local! {
        static STATE: Cell<(u64, u64)> = {
            let seed = RandomState::new();
            // The generator has one bad state, all zero.
            Cell::new((seed.hash_one(0), seed.hash_one(1) | 1))
        };
    }
    STATE.with(|state| {
        let (a, mut b) = state.get();
        let result = a.wrapping_add(b).rotate_left(17).wrapping_add(a);
        b ^= a;
        state.set((a.rotate_left(49) ^ b ^ (b << 21), b.rotate_left(28)));
        result.max(1)
    })
}
