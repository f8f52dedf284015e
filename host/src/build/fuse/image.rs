//! Memory as it lies in a module: how values are found there and written over.

use wasm_encoder::{ConstExpr, DataSection, ElementSection, Elements};

/// The tags of the engine's values: an object, and `undefined`.
pub(super) const OBJECT: u32 = u32::MAX;
pub(super) const UNDEFINED: u32 = 3;

/// Puts a function into a slot of a table.
pub(super) fn put(elements: &mut ElementSection, table: u32, slot: u32, function: u32) {
    let offset = ConstExpr::i32_const(slot.cast_signed());
    let table = (table != 0).then_some(table);
    let functions = [function];
    elements.active(
        table,
        &offset,
        Elements::Functions(functions.as_slice().into()),
    );
}

/// Memory that numbers are written over.
pub(super) enum Target<'a> {
    /// By segments that come after the others.
    Segments(&'a mut DataSection),
    /// In its place.
    Memory(&'a mut [u8]),
}

impl Target<'_> {
    /// Writes a number over what is in memory.
    pub(super) fn set(&mut self, address: u32, value: &[u8]) {
        match self {
            Self::Segments(data) => {
                let address = ConstExpr::i32_const(address.cast_signed());
                data.active(0, &address, value.iter().copied());
            }
            Self::Memory(memory) => {
                let place = memory.get_mut(address as usize..);
                let place = place.and_then(|rest| rest.get_mut(..value.len()));
                // What is found in memory is in it.
                if let Some(place) = place {
                    place.copy_from_slice(value);
                }
            }
        }
    }
}

/// The only one, if there is one.
pub(super) fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// The words from an address on.
pub(super) fn words<const COUNT: usize>(image: &[u8], at: usize) -> Option<[u32; COUNT]> {
    let bytes = image.get(at..at + 4 * COUNT)?;
    let mut words = [0; COUNT];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(words)
}
