//! The tree of a call's pointers.

use std::collections::BTreeMap;

/// One place in a document. The numbers in `wanted` and `below` are positions in the list of
/// pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The pointers that end here.
    pub(super) wanted: Vec<usize>,
    /// The pointers that go on from here.
    pub(super) below: Vec<usize>,
    /// The next node by token, for an object.
    pub(super) members: BTreeMap<Vec<u8>, usize>,
    /// The next node by index, for an array: those tokens that are an index.
    pub(super) elements: BTreeMap<usize, usize>,
    /// The next node for each element of an array: the token `*`.
    pub(super) column: Option<usize>,
}
