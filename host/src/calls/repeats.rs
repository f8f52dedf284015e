//! Detects N+1 calls: one request fetches many items from a service one by one that it could fetch
//! together.
//!
//! Two paths have one pattern when they differ only in segments that look like ids, or when all of
//! their segments are the same but one, which is not the first: that one names a collection. The
//! first case covers `/users/7`, the second `/users/ada`.

#[cfg(test)]
mod tests;

/// Patterns that are counted for one request. Those that come after are not.
const MOST_PATTERNS: usize = 64;
/// Segments of a path that are checked one by one for variation.
const MOST_SEGMENTS: usize = 12;
/// A segment longer than this is an id.
const LONGEST_NAME: usize = 20;
/// The placeholder for a segment that varies.
const ANY: &str = "*";
/// The hash of an empty path.
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// The calls of one request so far. Recording one costs a hash of the path and a scan of a small
/// table.
pub struct Repeats {
    limit: u32,
    /// Hashes of patterns, the first `known` of them.
    keys: [u64; MOST_PATTERNS],
    counts: [u32; MOST_PATTERNS],
    known: usize,
}

/// A pattern was called too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The path with `*` for variable segments. The others may still be a guest's text.
    pub pattern: String,
    /// How often it was called.
    pub times: u32,
}

impl Repeats {
    /// Reports when a pattern is called for the `limit`-th time; zero never reports.
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            keys: [0; MOST_PATTERNS],
            counts: [0; MOST_PATTERNS],
            known: 0,
        }
    }

    /// Records a call of a service, given by its index among the granted ones. A query in the path
    /// is left out.
    ///
    /// Reports each pattern once. When several reach the limit with the same call, the one with the
    /// ids replaced is reported.
    pub fn note(&mut self, service: usize, path: &str) -> Option<Repeated> {
        if self.limit == 0 {
            return None;
        }
        // For each segment its hash, and that of its placeholder in a pattern without ids.
        let mut hashes = [(0, 0); MOST_SEGMENTS];
        let mut length = 0;
        let mut exact = 0_u64;
        let mut without_ids = 0_u64;
        for (place, segment) in segments(path).enumerate() {
            let hash = at(place, segment);
            let general = if is_id(segment) { any(place) } else { hash };
            if let Some(hashes) = hashes.get_mut(place) {
                *hashes = (hash, general);
            }
            exact = exact.wrapping_add(hash);
            without_ids = without_ids.wrapping_add(general);
            length += 1;
        }
        let shape = mix(service as u64 ^ mix(length as u64));
        let mut repeated = self
            .count(without_ids ^ shape)
            .then(|| pattern(path, |_, segment| is_id(segment)));
        for (place, (hash, general)) in hashes.into_iter().enumerate().take(length).skip(1) {
            if hash != general {
                // An id, which the first pattern covers.
                continue;
            }
            let key = exact.wrapping_sub(hash).wrapping_add(any(place));
            if self.count(key ^ shape) && repeated.is_none() {
                repeated = Some(pattern(path, |varies, _| varies == place));
            }
        }
        repeated.map(|pattern| Repeated {
            pattern,
            times: self.limit,
        })
    }

    /// Counts a pattern, and returns whether that reached the limit.
    fn count(&mut self, key: u64) -> bool {
        let known = self.keys[..self.known]
            .iter()
            .position(|known| *known == key);
        let place = match known {
            Some(place) => place,
            None if self.known < MOST_PATTERNS => {
                self.keys[self.known] = key;
                self.known += 1;
                self.known - 1
            }
            None => return false,
        };
        self.counts[place] = self.counts[place].saturating_add(1);
        self.counts[place] == self.limit
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Numbers and identifiers with digits in them, UUIDs among them, and what is too long for a name.
fn is_id(segment: &str) -> bool {
    segment.len() > LONGEST_NAME || segment.bytes().any(|byte| byte.is_ascii_digit())
}

fn pattern(path: &str, varies: impl Fn(usize, &str) -> bool) -> String {
    let mut pattern = String::with_capacity(path.len());
    for (place, segment) in segments(path).enumerate() {
        pattern.push('/');
        pattern.push_str(if varies(place, segment) { ANY } else { segment });
    }
    pattern
}

/// The hash of a segment at its place. The hash of a path is the sum of those, so that one segment
/// can be replaced in it.
fn at(place: usize, segment: &str) -> u64 {
    // FNV-1a. A guest that finds a collision can only cause a wrong log line.
    let hash = segment.bytes().fold(FNV_START, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash.wrapping_add(place as u64))
}

/// The hash of any segment at its place.
fn any(place: usize) -> u64 {
    mix(place as u64)
}

/// Spreads the bits of a number over all of it (the last step of SplitMix64).
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
