//! The field `cache-control`, of requests and of answers (RFC 9111 section 5.2).
//!
//! What is not understood is left out, and an invalid value is read as the shorter lifetime.

use std::time::Duration;

use http::HeaderMap;
use http::header::{CACHE_CONTROL, PRAGMA};

/// The largest number of seconds; larger ones are cut to it (RFC 9111 section 1.2.2).
const MOST_SECONDS: u64 = 1 << 31;

/// The directives of `cache-control`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Nothing may be stored. Also set when a quoted string has no end, because it may hide
    /// directives.
    pub no_store: bool,
    /// Not to be used without validation. Naming fields makes no difference (section 5.2.2.4 allows
    /// that).
    pub no_cache: bool,
    /// Not for a shared cache. Naming fields makes no difference (section 5.2.2.7 allows that).
    pub private: bool,
    /// May be stored although something else would forbid it.
    pub public: bool,
    /// Not to be used when stale, even when the service fails.
    pub must_revalidate: bool,
    /// The same, for shared caches only.
    pub proxy_revalidate: bool,
    /// No call may be made.
    pub only_if_cached: bool,
    /// Age up to which it is fresh.
    pub max_age: Option<Duration>,
    /// The same, for shared caches only.
    pub s_maxage: Option<Duration>,
    /// RFC 5861 section 3.
    pub stale_while_revalidate: Option<Duration>,
    /// RFC 5861 section 4.
    pub stale_if_error: Option<Duration>,
    /// How long it must still be fresh.
    pub min_fresh: Option<Duration>,
    /// How stale it may be.
    pub max_stale: Option<Duration>,
}

impl Directives {
    /// Those of an answer. Its `pragma` means nothing (section 5.4).
    pub fn of_answer(headers: &HeaderMap) -> Self {
        Self::parse(headers)
    }

    /// Those of a request. Without `cache-control`, `pragma: no-cache` is `cache-control: no-cache`
    /// (section 5.4).
    pub fn of_request(headers: &HeaderMap) -> Self {
        let mut directives = Self::parse(headers);
        if !headers.contains_key(CACHE_CONTROL) {
            directives.no_cache = pragma_no_cache(headers);
        }
        directives
    }

    fn parse(headers: &HeaderMap) -> Self {
        let mut directives = Self::default();
        for line in headers.get_all(CACHE_CONTROL) {
            let mut rest = line.as_bytes();
            while !rest.is_empty() {
                let (member, after, ended) = member(rest);
                directives.no_store |= !ended;
                directives.add(member);
                rest = after;
            }
        }
        directives
    }

    fn add(&mut self, member: &[u8]) {
        let (name, value) = match member.iter().position(|byte| *byte == b'=') {
            Some(at) => (&member[..at], Some(&member[at + 1..])),
            None => (member, None),
        };
        // A space at the `=` is not legal. The directive is meant all the same, but its value is
        // not trusted.
        let spaced = name.trim_ascii_end().len() < name.len();
        let value = if spaced && value.is_some() {
            Some(&b""[..])
        } else {
            value
        };
        let name = name.trim_ascii();
        let is = |directive: &str| name.eq_ignore_ascii_case(directive.as_bytes());
        match name.len() {
            6 if is("public") => self.public = value.is_none(),
            7 if is("private") => self.private = true,
            7 if is("max-age") => repeat(&mut self.max_age, seconds(value)),
            8 if is("no-store") => self.no_store = true,
            8 if is("no-cache") => self.no_cache = true,
            8 if is("s-maxage") => repeat(&mut self.s_maxage, seconds(value)),
            9 if is("min-fresh") => repeat(&mut self.min_fresh, seconds(value)),
            // Without a value, an answer of any age will do (section 5.2.1.2).
            9 if is("max-stale") => {
                let most = value.map_or(Duration::MAX, |_| seconds(value));
                repeat(&mut self.max_stale, most);
            }
            14 if is("only-if-cached") => self.only_if_cached = true,
            14 if is("stale-if-error") => repeat(&mut self.stale_if_error, seconds(value)),
            15 if is("must-revalidate") => self.must_revalidate = true,
            16 if is("proxy-revalidate") => self.proxy_revalidate = true,
            22 if is("stale-while-revalidate") => {
                repeat(&mut self.stale_while_revalidate, seconds(value));
            }
            _ => {}
        }
    }
}

/// Whether `pragma` holds `no-cache`.
pub fn pragma_no_cache(headers: &HeaderMap) -> bool {
    headers.get_all(PRAGMA).iter().any(|line| {
        let mut members = line.as_bytes().split(|byte| *byte == b',');
        members.any(|member| member.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
    })
}

/// A number of seconds (section 1.2.2), too large ones cut.
pub fn delta_seconds(digits: &[u8]) -> Option<Duration> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = digits.iter().fold(0_u64, |seconds, digit| {
        (seconds * 10 + u64::from(digit - b'0')).min(MOST_SECONDS)
    });
    Some(Duration::from_secs(seconds))
}

/// The value of a directive, as a token or quoted (section 5.2). What is no number of seconds is
/// none (section 4.2.1).
fn seconds(value: Option<&[u8]>) -> Duration {
    let value = value.unwrap_or_default();
    let bare = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""));
    delta_seconds(bare.unwrap_or(value)).unwrap_or_default()
}

/// The same directive twice with two values is not to be trusted (section 4.2.1).
fn repeat(slot: &mut Option<Duration>, value: Duration) {
    *slot = match *slot {
        Some(earlier) if earlier != value => Some(Duration::ZERO),
        _ => Some(value),
    };
}

/// The first member of a list and what follows, and whether each quoted string in it has an end.
fn member(list: &[u8]) -> (&[u8], &[u8], bool) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in list.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return (list[..at].trim_ascii(), &list[at + 1..], true),
            _ => {}
        }
    }
    (list.trim_ascii(), &[], !quoted)
}
