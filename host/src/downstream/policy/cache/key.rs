//! The cache key of a call: method, target and the identity of the caller.
//!
//! Every header field is part of the key unless it is known to be harmless. So an answer to one
//! user's credentials never serves another user, whatever field carries them. Keys are hashed for
//! speed and compared in full.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

// Tests are the same each time.
#[cfg(test)]
use foldhash::quality::FixedState as RandomState;
#[cfg(not(test))]
use foldhash::quality::RandomState;

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, Uri};

/// Seeded at random per process, so that collisions cannot be precomputed.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// The largest body that may be part of a key, bytes. Keys are kept as long as the answers.
pub const MAX_QUERY: usize = 64 << 10;

/// Room for an ordinary call on the stack, bytes and fields.
const USUAL_BYTES: usize = 512;
const USUAL_FIELDS: usize = 16;

/// The cache key of a call: its target and its identity, which is every field except those that the
/// host adds to each call and those that `vary` governs.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Text);

/// The identity of a call in everything that a service sees, negotiation included: equal calls can
/// be coalesced.
#[derive(Clone, PartialEq, Eq)]
pub struct ExactKey(Text);

/// Bytes and their hash.
#[derive(Clone)]
struct Text {
    hash: u64,
    bytes: Arc<[u8]>,
}

impl Key {
    /// The key of a call that reads. `None` when it is not cacheable: it requests a part (RFC 9110
    /// section 14.2), or for a certain state of the resource that only the service knows (section
    /// 13.1.1).
    ///
    /// `query` is the body of a POST that is a read. Such a call has no key where the body is too
    /// large for it, nor with a condition of its own: other methods than GET and HEAD are answered
    /// 412 then and not 304 (section 13.1.2).
    pub fn new(target: &Uri, headers: &HeaderMap, query: Option<&[u8]>) -> Option<Self> {
        let other = [
            header::RANGE,
            header::IF_RANGE,
            header::IF_MATCH,
            header::IF_UNMODIFIED_SINCE,
        ];
        let conditions = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
        let has = |names: &[HeaderName]| names.iter().any(|name| headers.contains_key(name));
        if has(&other) || query.is_some() && has(&conditions) || !fits(query) {
            return None;
        }
        Some(Self(Text::new(&[], target, headers, query, |name| {
            !added_to_each_call(name.as_str()) && !negotiation(name)
        })))
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        let bytes = &self.0.bytes;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let target = &bytes[..end.unwrap_or(bytes.len())];
        str::from_utf8(target).unwrap_or_default()
    }

    /// The size of the key in memory, bytes.
    pub fn size(&self) -> usize {
        self.0.bytes.len()
    }
}

impl ExactKey {
    /// The key of a call, whatever its method. Calls of another `kind` are never the same. `query`
    /// is the body of a POST that is a read; `None` where that is too large for a key.
    pub fn new(
        method: &Method,
        target: &Uri,
        headers: &HeaderMap,
        query: Option<&[u8]>,
        kind: u64,
    ) -> Option<Self> {
        let kind = kind.to_le_bytes();
        fits(query).then(|| {
            Self(Text::new(
                &[&kind, method.as_str().as_bytes(), b" "],
                target,
                headers,
                query,
                |name| !added_to_each_call(name.as_str()),
            ))
        })
    }

    /// The hash, for sharding and for records without the text.
    pub fn spread(&self) -> u64 {
        self.0.hash
    }
}

fn fits(query: Option<&[u8]>) -> bool {
    query.is_none_or(|query| query.len() <= MAX_QUERY)
}

/// The hash of a path, keyed as that of a key.
pub fn hash_of_path(path: &str) -> u64 {
    HASHER.hash_one(path)
}

/// Fields that the host adds to every call, with different values each time.
pub fn added_to_each_call(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b't') => name == "traceparent" || name == "tracestate" || name.starts_with("tailor-"),
        Some(b'x') => name == "x-request-id",
        _ => false,
    }
}

/// Fields of content negotiation, which `vary` covers (RFC 9110 section 12.5), and directives for
/// the cache itself (RFC 9111 sections 4.3 and 5.2).
fn negotiation(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::ACCEPT
            | header::ACCEPT_ENCODING
            | header::ACCEPT_LANGUAGE
            | header::USER_AGENT
            | header::CACHE_CONTROL
            | header::PRAGMA
            | header::IF_NONE_MATCH
            | header::IF_MODIFIED_SINCE
            | header::IF_MATCH
            | header::IF_UNMODIFIED_SINCE
            | header::IF_RANGE
            | header::RANGE
    )
}

impl Text {
    /// `before` and the target, a line for each field in the order of names, and after an empty
    /// line the body where it counts. None of the parts before that can hold a line break, and a
    /// name no colon, so different calls have different texts.
    fn new(
        before: &[&[u8]],
        target: &Uri,
        headers: &HeaderMap,
        query: Option<&[u8]>,
        counts: impl Fn(&HeaderName) -> bool,
    ) -> Self {
        let mut text = Scratch::new();
        for part in before {
            text.push(part);
        }
        let target = target
            .path_and_query()
            .map_or("/", |target| target.as_str());
        text.push(target.as_bytes());
        text.push(b"\n");

        // The order in which a BFF set the fields is not part of the key. That of one field's
        // values is.
        let mut usual = [("", &[][..]); USUAL_FIELDS];
        let mut many = Vec::new();
        let mut count = 0;
        for (name, value) in headers {
            if !counts(name) {
                continue;
            }
            let field = (name.as_str(), value.as_bytes());
            if count < USUAL_FIELDS {
                usual[count] = field;
            } else {
                if count == USUAL_FIELDS {
                    many.extend(usual);
                }
                many.push(field);
            }
            count += 1;
        }
        let fields = if many.is_empty() {
            &mut usual[..count]
        } else {
            &mut many[..]
        };
        fields.sort_by_key(|(name, _)| *name);
        for (name, value) in fields {
            text.push(name.as_bytes());
            text.push(b":");
            text.push(value);
            text.push(b"\n");
        }
        if let Some(query) = query {
            text.push(b"\n");
            text.push(query);
        }
        let bytes: Arc<[u8]> = text.bytes().into();
        Self {
            hash: HASHER.hash_one(&*bytes),
            bytes,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.bytes == other.bytes
    }
}

impl Eq for Text {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl Hash for ExactKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The identity may be a credential.
        f.debug_tuple("Key").field(&self.target()).finish()
    }
}

impl fmt::Debug for ExactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactKey").finish_non_exhaustive()
    }
}

/// A hasher that returns the key's own hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys write one number. Other input would still be hashed, only slowly.
        self.0 = HASHER.hash_one((self.0, bytes));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A buffer on the stack that spills to the heap.
struct Scratch {
    usual: [u8; USUAL_BYTES],
    used: usize,
    many: Vec<u8>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            usual: [0; USUAL_BYTES],
            used: 0,
            many: Vec::new(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        if self.many.is_empty() && end <= USUAL_BYTES {
            self.usual[self.used..end].copy_from_slice(bytes);
            self.used = end;
            return;
        }
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.usual[..self.used]);
        }
        self.many.extend_from_slice(bytes);
    }

    fn bytes(&self) -> &[u8] {
        if self.many.is_empty() {
            &self.usual[..self.used]
        } else {
            &self.many
        }
    }
}
