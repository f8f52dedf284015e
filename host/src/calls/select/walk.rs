//! One pass over one document: enters the objects and arrays that pointers lead through, reads the
//! wanted values, skips all others, and notes where the wanted ones are. It recurses as deep as the
//! pointers, never as deep as the document.

use std::ops::Range;

use super::node::Node;
use super::scan::{Fault, Scan};
use crate::contract::BYTE_ORDER_MARK;

/// One pass over one document.
pub(super) struct Walk<'a> {
    nodes: &'a [Node],
    text: &'a [u8],
    scan: Scan<'a>,
    /// The place of each pointer's value in `text`.
    found: Vec<Option<Range<usize>>>,
}

impl<'a> Walk<'a> {
    /// A pass over `text` for `count` pointers, whose tree is `nodes`.
    pub(super) fn new(nodes: &'a [Node], count: usize, text: &'a [u8]) -> Self {
        Self {
            nodes,
            text,
            scan: Scan::new(text),
            found: vec![None; count],
        }
    }

    /// Passes the whole text and returns the place of each pointer's value.
    pub(super) fn document(mut self) -> Result<Vec<Option<Range<usize>>>, Fault> {
        let mark = if self.text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let start = self.scan.space(mark);
        let end = self.value(start, 0, false)?;
        let end = self.scan.space(end);
        if end == self.text.len() {
            Ok(self.found)
        } else {
            Err(Fault(end))
        }
    }

    /// Passes the value that begins at `start`, which is the place of `node`, and returns where it
    /// ends. `within` says that it is a part of a wanted value.
    fn value(&mut self, start: usize, node: usize, within: bool) -> Result<usize, Fault> {
        let node = &self.nodes[node];
        let wanted = within || !node.wanted.is_empty();
        let end = match self.scan.peek(start) {
            b'{' if !node.members.is_empty() => self.object(start, node, wanted)?,
            b'[' if !node.elements.is_empty() => self.array(start, node, wanted)?,
            _ => self.other(start, wanted)?,
        };
        for &position in &node.wanted {
            self.found[position] = Some(start..end);
        }
        Ok(end)
    }

    /// Passes a value that no pointer leads into.
    fn other(&mut self, start: usize, wanted: bool) -> Result<usize, Fault> {
        if wanted {
            self.scan.value(start)
        } else {
            self.scan.unwanted(start)
        }
    }

    fn object(&mut self, start: usize, node: &Node, wanted: bool) -> Result<usize, Fault> {
        let mut at = self.scan.space(start + 1);
        if self.scan.peek(at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            let (name_end, value) = self.scan.name(at)?;
            let end = match self.member(node, &self.text[at..name_end]) {
                Some(child) => {
                    // A member of the same name before this one does not count, nor does anything
                    // that was found in it.
                    for &position in &self.nodes[child].below {
                        self.found[position] = None;
                    }
                    self.value(value, child, wanted)?
                }
                None => self.other(value, wanted)?,
            };
            at = self.scan.space(end);
            match self.scan.peek(at) {
                b',' => at = self.scan.space(at + 1),
                b'}' => return Ok(at + 1),
                _ => return Err(Fault(at)),
            }
        }
    }

    /// The node of the member whose name is `quoted` in the document.
    fn member(&self, node: &Node, quoted: &[u8]) -> Option<usize> {
        let name = &quoted[1..quoted.len() - 1];
        if name.contains(&b'\\') {
            let decoded: String = serde_json::from_slice(quoted).ok()?;
            return node.members.get(decoded.as_bytes()).copied();
        }
        node.members.get(name).copied()
    }

    fn array(&mut self, start: usize, node: &Node, wanted: bool) -> Result<usize, Fault> {
        let mut at = self.scan.space(start + 1);
        if self.scan.peek(at) == b']' {
            return Ok(at + 1);
        }
        let mut known = node.elements.iter().peekable();
        for index in 0.. {
            let end = match known.next_if(|&(&next, _)| next == index) {
                Some((_, &child)) => self.value(at, child, wanted)?,
                None => self.other(at, wanted)?,
            };
            at = self.scan.space(end);
            match self.scan.peek(at) {
                b',' => at = self.scan.space(at + 1),
                b']' => return Ok(at + 1),
                _ => break,
            }
        }
        Err(Fault(at))
    }
}
