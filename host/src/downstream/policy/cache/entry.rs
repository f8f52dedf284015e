//! The stored answers of one key, selected by `vary` (RFC 9111 section 4.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    DATE, ETAG, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::condition::{self, opaque};
use super::freshness::Freshness;
use super::key::Key;
use crate::downstream::response::ServiceResponse;
use crate::http_fields::strip_connection;
use crate::time::{by_the_clock, date_field};

/// Most answers under one key.
const MAX_VARIANTS: usize = 8;
/// Approximate overhead of an answer beside its bytes: the structures of the store and of a header
/// map.
const OVERHEAD: usize = 512;

/// The answers of one key, the newest first.
#[derive(Clone, Debug)]
pub struct Entry {
    variants: Arc<[Arc<Stored>]>,
    /// Bytes.
    pub size: usize,
    /// How long to keep it, from the newest answer on.
    pub kept: Duration,
}

/// An answer that may be used again.
#[derive(Debug)]
pub struct Stored {
    /// Without fields of the connection and fields that change with time.
    answer: ServiceResponse,
    /// The fields that it varies with, as they were in its request.
    varies: Box<[(HeaderName, Values)]>,
    /// How long it may be used.
    pub freshness: Freshness,
    /// Its target and tags, for invalidation.
    pub origin: Origin,
    /// Whether someone is fetching its successor.
    refreshing: AtomicBool,
}

/// The target of an answer's request, and the count of changes then.
#[derive(Debug)]
pub struct Origin {
    /// The path's index in [`Changes`](super::invalidate::Changes).
    pub place: usize,
    /// The indices of paths above it that the operator invalidates together with all paths below.
    pub above: Box<[usize]>,
    /// The count.
    pub changes: u64,
}

/// The values of a field, in parts as far as white space between them does not matter; `None` when
/// there is no such field, which is not the same as an empty one.
type Values = Option<Box<[Box<[u8]>]>>;

/// The right to fetch the successor of a stale answer, held by one caller at a time. Dropping it
/// gives it back.
#[derive(Debug)]
pub struct Refresh(Arc<Stored>);

/// How long the store keeps an entry.
pub struct Expiration;

impl moka::Expiry<Key, Entry> for Expiration {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.kept)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.kept)
    }
}

impl Entry {
    /// The newest answer that a request may have.
    pub fn select(&self, request: &HeaderMap) -> Option<&Arc<Stored>> {
        self.variants.iter().find(|stored| stored.suits(request))
    }

    /// Iterates over all answers.
    pub fn answers(&self) -> impl ExactSizeIterator<Item = &ServiceResponse> {
        self.variants.iter().map(|stored| &stored.answer)
    }

    /// An entry in which a new answer replaces those that match the request. The oldest is dropped
    /// when there are too many. `None` when nothing is left.
    pub fn replace(
        earlier: Option<&Self>,
        request: &HeaderMap,
        new: Option<Stored>,
        key_size: usize,
    ) -> Option<Self> {
        let others = earlier.map_or(&[][..], |entry| &entry.variants);
        let others = others.iter().filter(|stored| !stored.suits(request));
        let new = new.map(Arc::new);
        let variants: Arc<[_]> = new
            .iter()
            .chain(others)
            .take(MAX_VARIANTS)
            .cloned()
            .collect();
        // Counted from now on for all of them, so no lifetime is cut short. Some may be kept longer
        // than needed.
        let kept = variants.iter().map(|stored| stored.kept()).max()?;
        let size = variants.iter().map(|stored| stored.size()).sum::<usize>() + key_size;
        Some(Self {
            variants,
            size,
            kept,
        })
    }
}

impl Stored {
    /// Makes a stored answer. `body` is its body in memory that holds nothing else.
    pub fn new(
        answer: &ServiceResponse,
        body: Bytes,
        request: &HeaderMap,
        freshness: Freshness,
        origin: Origin,
    ) -> Self {
        let mut headers = lasting(&answer.headers);
        // RFC 9110 section 6.6.1: who keeps an answer without a date dates it.
        if !headers.contains_key(DATE) {
            date(&mut headers, freshness.came());
        }
        // A placeholder for the field that each use sets, to avoid an allocation then.
        headers.insert(AGE, HeaderValue::from(0));
        Self {
            varies: varies(&answer.headers, request, freshness.is_of_operator()),
            answer: ServiceResponse {
                status: answer.status,
                headers: packed(&headers),
                body,
            },
            freshness,
            origin,
            refreshing: AtomicBool::new(false),
        }
    }

    /// The fields of this answer, updated by a 304 (section 3.2). `None` when the 304 is about
    /// another answer (section 4.3.4).
    pub fn updated_by(&self, update: &HeaderMap, came: SystemTime) -> Option<ServiceResponse> {
        if !self.confirmed_by(update) {
            return None;
        }
        let mut headers = self.answer.headers.clone();
        headers.remove(AGE);
        // Without a date in the 304, its life would be counted from the old one.
        date(&mut headers, came);
        let update = lasting(update);
        for name in update.keys() {
            // Fields that describe the unchanged stored body.
            if matches!(*name, CONTENT_LENGTH | CONTENT_ENCODING | CONTENT_RANGE) {
                continue;
            }
            headers.remove(name);
            for value in update.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        Some(ServiceResponse {
            status: self.answer.status,
            headers,
            body: self.answer.body.clone(),
        })
    }

    fn confirmed_by(&self, update: &HeaderMap) -> bool {
        let ours = &self.answer.headers;
        match (ours.get(ETAG), update.get(ETAG)) {
            (Some(ours), Some(theirs)) => opaque(ours) == opaque(theirs),
            (None, Some(_)) => false,
            (_, None) => match (ours.get(LAST_MODIFIED), update.get(LAST_MODIFIED)) {
                (Some(ours), Some(theirs)) => ours == theirs,
                _ => true,
            },
        }
    }

    /// The body, in memory of its own.
    pub fn body(&self) -> Bytes {
        self.answer.body.clone()
    }

    /// The answer at its current age, or 304 without a body when the request's condition matches
    /// (section 4.3.2).
    pub fn serve(&self, request: &HeaderMap, now: SystemTime) -> ServiceResponse {
        let mut answer = self.answer.clone();
        let age = self.freshness.age(now).as_secs();
        answer.headers.insert(AGE, HeaderValue::from(age));
        condition::answer(answer, request)
    }

    /// The stored fields.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// Whether its request and this one have the same fields that it varies with.
    fn suits(&self, request: &HeaderMap) -> bool {
        self.varies.iter().all(|(name, then)| match then {
            None => !request.contains_key(name),
            Some(then) => {
                let then = then.iter().map(|part| &**part);
                request.contains_key(name) && then.eq(parts(name, request))
            }
        })
    }

    /// For how long it is worth keeping.
    fn kept(&self) -> Duration {
        let headers = &self.answer.headers;
        let validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        self.freshness.kept(validator)
    }

    /// Bytes in memory, about.
    fn size(&self) -> usize {
        let headers = self.answer.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 64);
        OVERHEAD + self.answer.body.len() + headers.sum::<usize>()
    }

    /// Takes the right to fetch its successor.
    pub fn begin_refresh(self: &Arc<Self>) -> Option<Refresh> {
        let taken = self.refreshing.swap(true, Ordering::AcqRel);
        (!taken).then(|| Refresh(self.clone()))
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.0.refreshing.store(false, Ordering::Release);
    }
}

/// The request's values of the fields that its answer varies with. A service without any caching
/// fields may still negotiate content: answers that the operator has stored also vary with the
/// negotiation fields.
fn varies(
    answer: &HeaderMap,
    request: &HeaderMap,
    of_operator: bool,
) -> Box<[(HeaderName, Values)]> {
    let lines = answer.get_all(VARY).iter();
    let names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let forms = [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE];
    let silent = of_operator && !answer.contains_key(VARY);
    names
        // A malformed name cannot be in a request.
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .chain(forms.into_iter().filter(|_| silent))
        .map(|name| {
            let values = request
                .contains_key(&name)
                .then(|| parts(&name, request).map(Into::into).collect());
            (name, values)
        })
        .collect()
}

/// The values of a field. Only of those that are known to be lists of tokens, lists are taken apart
/// (section 4.1).
fn parts<'a>(name: &HeaderName, headers: &'a HeaderMap) -> impl Iterator<Item = &'a [u8]> {
    let list = matches!(*name, ACCEPT | ACCEPT_ENCODING | ACCEPT_LANGUAGE);
    let lines = headers.get_all(name).iter();
    lines
        .flat_map(move |line| line.as_bytes().split(move |byte| list && *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(move |part| !list || !part.is_empty())
}

/// The fields that a cache keeps (section 3.1).
fn lasting(headers: &HeaderMap) -> HeaderMap {
    let mut lasting = headers.clone();
    strip_connection(&mut lasting);
    lasting
}

/// A copy with all values in one piece of memory of their own.
fn packed(headers: &HeaderMap) -> HeaderMap {
    let mut memory = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
    for value in headers.values() {
        memory.extend_from_slice(value.as_bytes());
    }
    let mut memory = memory.freeze();
    let mut copy = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let bytes = memory.split_to(value.len());
        // The bytes were a value before, so they are one.
        if let Ok(mut packed) = HeaderValue::from_maybe_shared(bytes) {
            packed.set_sensitive(value.is_sensitive());
            copy.append(name, packed);
        }
    }
    copy
}

/// Dates an answer that came at this time.
fn date(headers: &mut HeaderMap, came: SystemTime) {
    headers.remove(DATE);
    if let Some(date) = date_field(by_the_clock(came)) {
        headers.insert(DATE, date);
    }
}
