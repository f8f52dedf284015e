//! One pass over one document: enters the objects and arrays that pointers lead through, reads the
//! wanted values, skips all others, and notes where the wanted ones are. It recurses as deep as the
//! pointers, never as deep as the document.

use super::found::{Found, Stop, text};
use super::node::Node;
use super::scan::Scan;
use crate::contract::BYTE_ORDER_MARK;

/// One pass over one document.
pub(super) struct Walk<'a> {
    nodes: &'a [Node],
    text: &'a [u8],
    scan: Scan<'a>,
    /// What each pointer has found in `text`.
    found: Vec<Found>,
    /// The bytes that columns may still have.
    left: usize,
}

impl<'a> Walk<'a> {
    /// A pass over `text` for `count` pointers, whose tree is `nodes`. Columns have at most `limit`
    /// bytes together.
    pub(super) fn new(nodes: &'a [Node], count: usize, text: &'a [u8], limit: usize) -> Self {
        Self {
            nodes,
            text,
            scan: Scan::new(text),
            found: vec![Found::Nothing; count],
            left: limit,
        }
    }

    /// Passes the whole text and returns what each pointer has found.
    pub(super) fn document(mut self) -> Result<Vec<Found>, Stop> {
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
            Err(Stop::Fault(end))
        }
    }

    /// Passes the value that begins at `start`, which is the place of `node`, and returns where it
    /// ends. `within` says that it is a part of a wanted value.
    fn value(&mut self, start: usize, node: usize, within: bool) -> Result<usize, Stop> {
        let nodes = self.nodes;
        let node = &nodes[node];
        let wanted = within || !node.wanted.is_empty();
        let end = match (self.scan.peek(start), node.column) {
            (b'{', _) if !node.members.is_empty() => self.object(start, node, wanted)?,
            (b'[', Some(column)) => self.columns(start, column, wanted)?,
            (b'[', None) if !node.elements.is_empty() => self.array(start, node, wanted)?,
            _ => self.other(start, wanted)?,
        };
        for &position in &node.wanted {
            self.found[position] = Found::Value(start..end);
        }
        Ok(end)
    }

    /// Passes a value that no pointer leads into.
    fn other(&mut self, start: usize, wanted: bool) -> Result<usize, Stop> {
        let end = if wanted {
            self.scan.value(start)
        } else {
            self.scan.unwanted(start)
        };
        Ok(end?)
    }

    fn object(&mut self, start: usize, node: &Node, wanted: bool) -> Result<usize, Stop> {
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
                        self.forget(position);
                    }
                    self.value(value, child, wanted)?
                }
                None => self.other(value, wanted)?,
            };
            at = self.scan.space(end);
            match self.scan.peek(at) {
                b',' => at = self.scan.space(at + 1),
                b'}' => return Ok(at + 1),
                _ => return Err(Stop::Fault(at)),
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

    fn array(&mut self, start: usize, node: &Node, wanted: bool) -> Result<usize, Stop> {
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
        Err(Stop::Fault(at))
    }

    /// Passes an array of which pointers want a column. `child` is the node of each element.
    fn columns(&mut self, start: usize, child: usize, wanted: bool) -> Result<usize, Stop> {
        let nodes = self.nodes;
        let Node {
            wanted: here,
            below,
            ..
        } = &nodes[child];
        let positions = || here.iter().chain(below).copied();
        let mut columns: Vec<String> = positions().map(|_| "[".to_owned()).collect();
        let mut at = self.scan.space(start + 1);
        let mut ended = self.scan.peek(at) == b']';
        while !ended {
            let end = self.value(at, child, wanted)?;
            for (position, column) in positions().zip(&mut columns) {
                self.add(position, column)?;
            }
            at = self.scan.space(end);
            match self.scan.peek(at) {
                b',' => at = self.scan.space(at + 1),
                b']' => ended = true,
                _ => return Err(Stop::Fault(at)),
            }
        }
        for (position, mut column) in positions().zip(columns) {
            column.push(']');
            self.found[position] = Found::Column(column);
        }
        Ok(at + 1)
    }

    /// Moves what a pointer found in an element to its column.
    fn add(&mut self, position: usize, column: &mut String) -> Result<(), Stop> {
        let item = match std::mem::take(&mut self.found[position]) {
            Found::Value(place) => text(self.text, place)?,
            Found::Nothing | Found::Column(_) => "null",
        };
        self.left = self
            .left
            .checked_sub(item.len() + 1)
            .ok_or(Stop::TooLarge)?;
        if column.len() > 1 {
            column.push(',');
        }
        column.push_str(item);
        Ok(())
    }

    /// Drops what a pointer found in a member that does not count.
    fn forget(&mut self, position: usize) {
        if let Found::Column(text) = std::mem::take(&mut self.found[position]) {
            // As much as `add` took: each item, and the bracket or the comma before it.
            self.left += if text == "[]" { 0 } else { text.len() - 1 };
        }
    }
}
