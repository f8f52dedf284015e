//! Invalidation of stored answers before they expire (RFC 9111 section 4.4, and the operator).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderName;

use super::key::{Key, hash_of_path};
use crate::downstream::response::ServiceResponse;

/// Slots for paths, 256 KiB. Two paths that share one are invalidated together, which costs one
/// call.
const PLACES: usize = 1 << 15;

/// Which stored answers are invalidated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalidation {
    All,
    /// Those to this path, whatever the query, or with a `*` at its end to all paths that begin so.
    Path(String),
    /// Those with this tag.
    Tag(String),
}

impl Invalidation {
    /// Whether a stored answer is among them.
    pub fn includes(&self, key: &Key, answer: &ServiceResponse, tag_header: &HeaderName) -> bool {
        match self {
            Self::All => true,
            Self::Path(path) => {
                let theirs = path_of(key.target());
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

/// For each path, when it was last changed by a call of this host, counted in changes.
///
/// A change of a path voids the answers to it with any query and under all identities, and those
/// that are still under way. A scan on each change would cost as much as the store is large; here
/// each answer is compared when it is used.
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

    /// Records that a path changed.
    pub fn note(&self, path: &str) {
        let places = self
            .places
            .get_or_init(|| (0..PLACES).map(|_| AtomicU64::new(0)).collect());
        let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        places[place(path)].fetch_max(count, Ordering::AcqRel);
    }

    /// Whether the path of this slot changed after `count` changes.
    pub fn since(&self, place: usize, count: u64) -> bool {
        let places = self.places.get();
        places.is_some_and(|places| places[place].load(Ordering::Acquire) > count)
    }
}

/// The slot of a path.
pub fn place(path: &str) -> usize {
    hash_of_path(path) as usize % PLACES
}

/// A target without its query.
pub fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}
