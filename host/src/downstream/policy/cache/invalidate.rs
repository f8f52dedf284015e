//! What makes stored answers void before their time (RFC 9111 section 4.4, and the operator).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderName, HeaderValue, Uri};

use super::key::{Key, hash_of_target};
use crate::downstream::response::ServiceResponse;

/// Places for targets, 256 KiB. Two targets that share one are made void together, which costs a call and no more.
const PLACES: usize = 1 << 15;

/// Which stored answers are void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those to this path, whatever the query, or with a `*` at its end to all paths that begin so.
    Path(String),
    /// Those with this tag.
    Tag(String),
}

impl Which {
    /// Whether a stored answer is among them.
    pub fn includes(&self, key: &Key, answer: &ServiceResponse, tag_header: &HeaderName) -> bool {
        match self {
            Self::All => true,
            Self::Path(path) => {
                let target = key.target();
                let theirs = target.split_once('?').map_or(target, |(path, _)| path);
                match path.strip_suffix('*') {
                    Some(prefix) => theirs.starts_with(prefix),
                    None => theirs == path,
                }
            }
            Self::Tag(tag) => tags(answer, tag_header).any(|theirs| theirs == tag.as_bytes()),
        }
    }
}

/// The tags of an answer: words between spaces or commas.
fn tags<'a>(answer: &'a ServiceResponse, header: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = answer.headers.get_all(header).iter();
    lines.flat_map(|line| {
        line.as_bytes()
            .split(|byte| matches!(byte, b' ' | b'\t' | b','))
    })
}

/// For each target, when it was last changed through us, counted in such changes.
///
/// A changed target voids the answers under all identities, and those that are still under way. To look for them all on each
/// change would cost as much as the store is large; here each answer is compared when it is used.
#[derive(Debug, Default)]
pub struct Changes {
    count: AtomicU64,
    /// Made at the first change: most services are only read.
    places: OnceLock<Box<[AtomicU64]>>,
}

impl Changes {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Takes note that a target changed.
    pub fn note(&self, target: &str) {
        let places = self
            .places
            .get_or_init(|| (0..PLACES).map(|_| AtomicU64::new(0)).collect());
        let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        places[place(target)].fetch_max(count, Ordering::AcqRel);
    }

    /// Whether the target of this place changed after `count` changes.
    pub fn since(&self, place: usize, count: u64) -> bool {
        let places = self.places.get();
        places.is_some_and(|places| places[place].load(Ordering::Acquire) > count)
    }
}

/// The place of a target.
pub fn place(target: &str) -> usize {
    hash_of_target(target) as usize % PLACES
}

/// The targets of the same origin that an answer to an unsafe method changed, beside its own.
pub fn named_by(target: &Uri, authority: &HeaderValue, answer: &ServiceResponse) -> Vec<String> {
    [LOCATION, CONTENT_LOCATION]
        .iter()
        .filter_map(|name| answer.headers.get(name))
        .filter_map(|value| resolve(target, authority, value.to_str().ok()?))
        .collect()
}

/// A reference (RFC 3986 section 4.1) as path and query of this origin; `None` for another origin.
fn resolve(base: &Uri, authority: &HeaderValue, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    let lower = |text: &str| text.to_ascii_lowercase();
    let absolute = ["http://", "https://", "//"]
        .iter()
        .find(|prefix| lower(reference).starts_with(**prefix));
    if let Some(prefix) = absolute {
        let rest = &reference[prefix.len()..];
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (theirs, target) = rest.split_at(end);
        let same = theirs.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
        return same.then(|| match target {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            target => target.to_owned(),
        });
    }
    if reference.starts_with('/') {
        return Some(reference.to_owned());
    }
    let path = base.path();
    if reference.is_empty() {
        return None;
    }
    if reference.starts_with('?') {
        return Some(format!("{path}{reference}"));
    }
    // Another scheme, or dot segments, which no service is known to send here.
    let first = reference.split('/').next().unwrap_or_default();
    if first.contains(':')
        || reference
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
    {
        return None;
    }
    let directory = path.rfind('/').map_or("/", |slash| &path[..=slash]);
    Some(format!("{directory}{reference}"))
}
