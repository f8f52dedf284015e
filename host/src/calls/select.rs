//! Which values of an answer cross into the guest: RFC 6901 pointers, and the JSON text at each of
//! them. The token `*` stands for each element of an array, and its pointer picks a column: an array
//! with one item for each element.
//!
//! One pass from the first byte to the last finds the values, because a body that is cut off behind
//! the wanted value still means a service that broke. What is wanted, and what lies on the way to
//! it, is checked to the letter; arrays and objects that no pointer leads into are skipped by their
//! brackets ([`skip`]). Nothing is decoded: a value is the text between two offsets, so `1.10`
//! stays `1.10`. It must not recurse by the body's depth, only by a pointer's.
//!
//! # Why neither sonic-rs nor simd-json
//!
//! Both were meant for this and both were measured against this module's scan of a whole body,
//! which is what a wanted value still gets: time for one body, as a multiple of it. Medians of 21
//! interleaved rounds, release build for plain x86-64, a Xeon with other work on it; built for that
//! very processor, the two are faster by less than a tenth. simd-json is not in the benchmark that
//! repeats the others, because it lost: `cargo bench -p tailor --features compare --bench select`.
//! It also shows what skipping brings: in a heart day of 12 KB nearly all is skipped.
//!
//! | body, wanted | scan | sonic-rs check | serde_json check | simd-json | serde_json | no check |
//! |---|---|---|---|---|---|---|
//! | activity day 0.4 KB, 1 early | 0.4 us | 1.3 | 0.9 | 1.5 | 4.4 | 0.27 |
//! | heart day 12 KB, 1 early | 8.6 us | 1.4 | 1.2 | 1.8 | 7.6 | 0.02 |
//! | heart day 12 KB, 3 early | 8.6 us | 1.4 | 1.3 | 2.0 | 10 | 0.07 |
//! | 20 KB, 3 at the end | 14 us | 1.5 | 1.2 | 1.9 | 10 | 1.5 |
//! | 200 KB, 3 at the end | 140 us | 1.5 | 1.3 | 2.0 | 11 | 1.5 |
//! | 20 KB of prose, 3 at the end | 4.4 us | 0.8 | 1.0 | 1.7 | 4.7 | 0.8 |
//! | heart day indented 19 KB, 3 | 11 us | 2.4 | 1.5 | 1.6 | 8.2 | 2.4 |
//!
//! A check reads the whole body and picks nothing, so it is the least that a checked pick costs.
//! "No check" is `get_many` of sonic-rs, which ends at the last wanted value: that is the price of
//! noticing a body that is not JSON. simd-json fills a tape (buffers reused), serde_json a `Value`.
//! Answers of services are short tokens, where branches decide and wide registers do not; sonic-rs
//! is ahead where strings are long.
//!
//! What decides beside speed: the check of sonic-rs recurses without a limit (8 KB of `[` overflow
//! half a megabyte of stack) and takes `"\uZZZZ"` for a string, so a scan like this one would have
//! to come before it, and its `get_many` fails as a whole where one pointer meets a scalar.
//! simd-json writes to a copy of the body, does not keep the text of a number, and refuses integers
//! of more than 64 bits.

mod found;
mod node;
mod pointer;
mod scan;
mod skip;

#[cfg(test)]
mod tests;
mod walk;

use self::found::{Found, Stop};
use self::node::Node;
pub use self::pointer::{MAX_POINTER_SIZE, MAX_POINTERS, MAX_TOKENS, SelectError};
use self::walk::Walk;

/// What overlapping pointers and the `null`s of columns may add to the size of the body, bytes.
/// Values that do not overlap are never larger than the body together; without a bound, 64 times the
/// pointer `""` would make 64 copies of it.
pub const MAX_OVERLAP: usize = 1 << 20;

/// Why nothing was picked. It holds no text of the body, which may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickError {
    /// A wanted value is not UTF-8.
    #[error("invalid UTF-8 at byte {at} of {size}")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
        /// Size of the body in bytes.
        size: usize,
    },
    /// The body stops in the middle of a value, or is empty.
    #[error("unexpected end after {size} bytes")]
    Truncated {
        /// Size of the body in bytes.
        size: usize,
    },
    /// The body breaks the grammar, or has bytes after the document.
    #[error("unexpected byte at {at} of {size}")]
    NotJson {
        /// Offset of the first wrong byte.
        at: usize,
        /// Size of the body in bytes.
        size: usize,
    },
    /// The values exceed the body by more than [`MAX_OVERLAP`]: pointers overlap, or columns have
    /// gaps.
    #[error("overlapping pointers and columns select more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// The pointers of one call, as a tree: every object and array on the way is entered once.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The root is the first node.
    nodes: Vec<Node>,
    count: usize,
}

impl Selection {
    /// Parses pointers in their plain form (`/a/0/b~1c`, not the URI fragment `#/a`). Equal and
    /// overlapping ones are allowed.
    pub fn parse(pointers: &[String]) -> Result<Self, SelectError> {
        if pointers.len() > MAX_POINTERS {
            return Err(SelectError::TooMany {
                count: pointers.len(),
            });
        }
        let mut nodes = vec![Node::default()];
        for (position, pointer) in pointers.iter().enumerate() {
            let mut current = 0;
            for token in pointer::tokens(pointer)? {
                nodes[current].below.push(position);
                current = match nodes[current].members.get(token.as_bytes()) {
                    Some(&known) => known,
                    None => {
                        let new = nodes.len();
                        if token == pointer::EACH {
                            nodes[current].column = Some(new);
                        } else if let Some(index) = pointer::index(&token) {
                            nodes[current].elements.insert(index, new);
                        }
                        // Each element then has one node, and is passed once.
                        if nodes[current].column.is_some() && !nodes[current].elements.is_empty() {
                            return Err(SelectError::Mixed {
                                pointer: pointer.clone(),
                            });
                        }
                        nodes[current]
                            .members
                            .insert(token.into_owned().into_bytes(), new);
                        nodes.push(Node::default());
                        new
                    }
                };
            }
            nodes[current].wanted.push(position);
        }
        Ok(Self {
            nodes,
            count: pointers.len(),
        })
    }

    /// How many pointers there are, which is how many items [`pick`](Self::pick) returns.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none, in which case the whole body is wanted.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The JSON text of each value in `body`, in the order of the pointers and without white space
    /// around it; `None` where the document has no such value.
    ///
    /// A token is a name in an object and an index in an array: `0`, or digits without a leading
    /// zero; `-` and anything else name no element, and no token goes into a scalar. The token `*`
    /// is a name in an object, too, and in an array stands for each element: the value is an array
    /// of what the rest of the pointer picks in each, `null` where that is nothing. Of members
    /// with one name the last counts, as in JavaScript and serde. A name is compared after
    /// decoding; one with a lone surrogate equals no token.
    ///
    /// A byte order mark in front of the document is skipped (RFC 8259 section 8.1).
    ///
    /// Fails when `body` is not strict JSON (RFC 8259), or ends early. In arrays and objects
    /// without a selected value, only strings and brackets are checked. Depth and numbers are not
    /// limited.
    pub fn pick(&self, body: &[u8]) -> Result<Vec<Option<String>>, PickError> {
        let size = body.len();
        let limit = size.saturating_add(MAX_OVERLAP);
        let stopped = |stop| match stop {
            Stop::Fault(at) if at >= size => PickError::Truncated { size },
            Stop::Fault(at) => PickError::NotJson { at, size },
            Stop::NotUtf8(at) => PickError::NotUtf8 { at, size },
            Stop::TooLarge => PickError::TooLarge { limit },
        };
        let walk = Walk::new(&self.nodes, self.count, body, limit);
        let found = walk.document().map_err(stopped)?;
        if found.iter().map(Found::size).sum::<usize>() > limit {
            return Err(PickError::TooLarge { limit });
        }
        let texts = found.into_iter().map(|found| match found {
            Found::Nothing => Ok(None),
            Found::Value(place) => found::text(body, place).map(|text| Some(text.to_owned())),
            Found::Column(text) => Ok(Some(text)),
        });
        texts.map(|text| text.map_err(stopped)).collect()
    }
}
