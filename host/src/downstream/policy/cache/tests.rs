//! The cache against the RFCs, on a clock that only the test moves.
//!
//! The cases follow those of the published HTTP caching tests that apply to a shared cache which
//! stores no partial content. Each names its section, of RFC 9111 unless it says another.

mod freshness;
mod identity;
mod invalidation;
mod requests;
mod sharing;
mod stale;
mod storing;
mod validation;
mod vary;
mod writes;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::{Cache, CacheLookup, CacheableCall, Key, Stale};
use crate::config::{self, CacheTimes};
use crate::downstream::response::ServiceResponse;

/// The result of a second call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// An answer that needs no call.
    Fresh,
    /// Nothing that may be used without the service, even if it fails.
    Nothing,
    /// An answer to use while a new one is fetched, and when the service fails.
    StaleAnyhow,
    /// An answer to use when the service fails.
    StaleIfError,
    /// An answer to use while a new one is fetched, but not when the service fails.
    StaleWhile,
    /// A 504.
    Unavailable,
}

/// One call that the service answers, and a second one that finds that answer or not.
///
/// In a table each is a line of `section | name | fields of the answer`, and then what is not as
/// usual: `status`, `asked` (the fields of the first call), `took` (seconds), `after` (when the
/// second call is made), `then` (its fields), `ttl`, `negative` and `windows` (of the operator),
/// and what it `finds` if not a fresh answer. Fields are separated by ` & `.
struct Case<'a> {
    line: &'a str,
    ttl: Option<u64>,
    negative: Option<u64>,
    windows: (u64, u64),
    first: &'a str,
    took: u64,
    status: u16,
    answer: &'a str,
    after: u64,
    second: &'a str,
    expect: Expect,
}

impl<'a> Case<'a> {
    fn parse(line: &'a str) -> Self {
        let mut parts = line.split('|').map(str::trim);
        let answer = parts.nth(2).unwrap();
        let mut case = Self {
            line,
            ttl: None,
            negative: None,
            windows: (0, 0),
            first: "",
            took: 0,
            status: 200,
            answer,
            after: 0,
            second: "",
            expect: Expect::Fresh,
        };
        for part in parts {
            let (what, value) = part.split_once(' ').unwrap();
            let number = || value.parse().unwrap();
            match what {
                "ttl" => case.ttl = Some(number()),
                "negative" => case.negative = Some(number()),
                "windows" => {
                    let (one, other) = value.split_once(' ').unwrap();
                    case.windows = (one.parse().unwrap(), other.parse().unwrap());
                }
                "asked" => case.first = value,
                "took" => case.took = number(),
                "status" => case.status = value.parse().unwrap(),
                "after" => case.after = number(),
                "then" => case.second = value,
                "finds" => case.expect = Expect::parse(value),
                other => panic!("unknown: {other}"),
            }
        }
        case
    }

    /// What went wrong.
    fn run(&self) -> Option<String> {
        let mut host = Host::with(|_, settings| {
            settings.ttl = self.ttl.map(Duration::from_secs);
            settings.negative_ttl = self.negative.map(Duration::from_secs);
            settings.stale_while_revalidate = Duration::from_secs(self.windows.0);
            settings.stale_if_error = Duration::from_secs(self.windows.1);
        });
        let answer = answer(self.status, self.answer, host.now, "first");
        host.call_taking(self.took, "/", self.first, &answer);
        host.wait(self.after);
        let found = host.look("/", self.second);
        let was = match &found {
            CacheLookup::Fresh(hit) if hit.answer.body == "first" => Some(Expect::Fresh),
            CacheLookup::Fresh(_) => None,
            CacheLookup::Miss(_) => Some(Expect::Nothing),
            CacheLookup::Unavailable => Some(Expect::Unavailable),
            CacheLookup::Stale(stale) => Some(match (stale.while_revalidate, stale.if_error) {
                (false, false) => Expect::Nothing,
                (true, true) => Expect::StaleAnyhow,
                (false, true) => Expect::StaleIfError,
                (true, false) => Expect::StaleWhile,
            }),
        };
        (was != Some(self.expect)).then(|| format!("{}: {found:?}", self.line))
    }
}

impl Expect {
    fn parse(text: &str) -> Self {
        match text {
            "nothing" => Self::Nothing,
            "stale anyhow" => Self::StaleAnyhow,
            "stale if error" => Self::StaleIfError,
            "stale while" => Self::StaleWhile,
            "unavailable" => Self::Unavailable,
            other => panic!("unknown: {other}"),
        }
    }
}

/// Runs a table of cases, and names all that fail.
fn run(table: &str) {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let wrong: Vec<_> = lines.filter_map(|line| Case::parse(line).run()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A cache and its clock.
struct Host {
    cache: Cache,
    times: CacheTimes,
    now: SystemTime,
}

impl Host {
    fn new(ttl: Option<u64>, windows: (u64, u64)) -> Self {
        Self::with(|_, settings| {
            settings.ttl = ttl.map(Duration::from_secs);
            settings.stale_while_revalidate = Duration::from_secs(windows.0);
            settings.stale_if_error = Duration::from_secs(windows.1);
        })
    }

    fn with(set: impl FnOnce(&mut config::Cache, &mut CacheTimes)) -> Self {
        let mut settings = config::Cache {
            max_size: 1 << 20,
            max_entry_size: 1 << 10,
            keep_set_cookie: false,
            tag_header: HeaderName::from_static("cache-tags"),
            writes: Vec::new(),
        };
        let mut times = CacheTimes {
            ttl: None,
            negative_ttl: None,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
        };
        set(&mut settings, &mut times);
        Self {
            cache: Cache::new(&settings, "/api"),
            times,
            // A whole second, as dates in fields are.
            now: UNIX_EPOCH + Duration::from_secs(1_767_225_600),
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn asked<'a>(&'a self, key: &'a Key, headers: &'a HeaderMap) -> CacheableCall<'a> {
        CacheableCall {
            key,
            headers,
            times: &self.times,
        }
    }

    fn look(&self, target: &str, request: &str) -> CacheLookup {
        let request = fields(request, self.now);
        let key = key(target, &request).unwrap();
        self.cache.lookup(&key, &request, self.now)
    }

    /// A call that the service answers, regardless of the store.
    fn call(&mut self, target: &str, request: &str, answer: &ServiceResponse) {
        self.call_taking(0, target, request, answer);
    }

    fn call_taking(&mut self, took: u64, target: &str, request: &str, answer: &ServiceResponse) {
        let found = self.look(target, request);
        let request = fields(request, self.now);
        let ticket = match found {
            CacheLookup::Miss(ticket) => ticket,
            CacheLookup::Stale(stale) => stale.ticket,
            CacheLookup::Fresh(_) | CacheLookup::Unavailable => {
                panic!("no call to be made: {found:?}")
            }
        };
        self.wait(took);
        let key = key(target, &request).unwrap();
        self.cache.store(
            self.asked(&key, &request),
            answer,
            || true,
            ticket,
            self.now,
        );
    }

    /// The body of a fresh answer.
    fn fresh(&self, target: &str, request: &str) -> Option<Bytes> {
        match self.look(target, request) {
            CacheLookup::Fresh(hit) => Some(hit.answer.body),
            _ => None,
        }
    }

    fn stale(&self, target: &str, request: &str) -> Stale {
        match self.look(target, request) {
            CacheLookup::Stale(stale) => stale,
            found => panic!("not stale: {found:?}"),
        }
    }

    /// A stale answer that the service confirms with these fields.
    fn confirmed(&self, target: &str, request: &str, not_modified: &str) -> ServiceResponse {
        let stale = self.stale(target, request);
        let request = fields(request, self.now);
        let key = key(target, &request).unwrap();
        let not_modified = answer(304, not_modified, self.now, "");
        let cache = &self.cache;
        cache.revalidated(self.asked(&key, &request), &stale, &not_modified, self.now)
    }
}

fn uri(target: &str) -> Uri {
    target.parse().unwrap()
}

fn key(target: &str, request: &HeaderMap) -> Option<Key> {
    Key::new(&uri(target), request, None)
}

fn answer(status: u16, headers: &str, now: SystemTime, body: &str) -> ServiceResponse {
    ServiceResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: fields(headers, now),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// Fields, separated by line breaks or ` & `, with `{+60}` for the date in a minute.
fn fields(lines: &str, now: SystemTime) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let lines = lines.split(['\n', '&']).map(str::trim);
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let value = dated(value.trim(), now);
        headers.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::try_from(value).unwrap(),
        );
    }
    headers
}

fn dated(value: &str, now: SystemTime) -> String {
    let Some((before, rest)) = value.split_once('{') else {
        return value.to_owned();
    };
    let (offset, after) = rest.split_once('}').unwrap();
    let offset: i64 = offset.parse().unwrap();
    let away = Duration::from_secs(offset.unsigned_abs());
    let date = if offset < 0 { now - away } else { now + away };
    format!("{before}{}{after}", httpdate::fmt_http_date(date))
}
