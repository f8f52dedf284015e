//! Memory and globals of a linked module after it ran, as what another one begins with.

use std::collections::BTreeMap;

use wasm_encoder::{ConstExpr, DataSection};

use super::places::Known;

/// So many zeros end a segment: fewer take less room than the start of another one.
const GAP: usize = 32;

/// Begins the names that globals are exported by.
const GLOBAL: &str = "global-";

/// What a module that ran has left.
pub(in crate::build) struct State {
    /// Its whole memory.
    pub(in crate::build) memory: Vec<u8>,
    /// The values of those globals that may change, by their places.
    pub(in crate::build) globals: BTreeMap<usize, Value>,
}

/// Bytes of memory up to which all of it is one segment: of two modules that ran the same way, only
/// the bytes of that segment differ then, and a host may compile them once.
const WHOLE: usize = 48 << 20;

/// Places in memory that are free, for numbers that would be a part of the code otherwise: at the
/// bottom of the stack, which the engine's limit keeps it away from.
#[derive(Clone, Copy)]
pub(super) struct Spare {
    /// Eight bytes.
    pub(super) hook: u32,
    /// Four bytes.
    pub(super) pairs: u32,
}

impl State {
    /// The free places, if nothing is there.
    pub(super) fn spare(&self) -> Option<Spare> {
        let spare = Spare {
            hook: 16,
            pairs: 24,
        };
        let bottom = self.memory.get(..32)?;
        bottom.iter().all(|byte| *byte == 0).then_some(spare)
    }
}

/// The value of a global.
#[derive(Clone, Copy)]
pub(in crate::build) enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl Value {
    pub(super) fn known(self) -> Known {
        match self {
            Self::I32(value) => Known::I32(value),
            Self::I64(value) => Known::I64(value),
            Self::F32(bits) => Known::F32(bits),
            Self::F64(bits) => Known::F64(bits),
        }
    }
}

/// The name that a global is exported by.
pub(super) fn global(place: usize) -> String {
    format!("{GLOBAL}{place}")
}

/// The place of the global that has this name, if it is one of those.
pub(in crate::build) fn place_of_global(name: &str) -> Option<usize> {
    name.strip_prefix(GLOBAL)?.parse().ok()
}

/// Writes memory as one segment, or, where it is large, as several ones without its zeros.
pub(super) fn write(memory: &[u8], data: &mut DataSection) {
    if memory.len() <= WHOLE {
        data.active(0, &ConstExpr::i32_const(0), memory.iter().copied());
        return;
    }
    for (start, bytes) in filled(memory) {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        data.active(
            0,
            &ConstExpr::i32_const(start.cast_signed()),
            bytes.iter().copied(),
        );
    }
}

/// The parts of memory that are not zero, each with where it begins.
fn filled(memory: &[u8]) -> Vec<(usize, &[u8])> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for (word, bytes) in memory.chunks(8).enumerate() {
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        let (start, end) = (word * 8, word * 8 + bytes.len());
        match parts.last_mut() {
            Some((_, last)) if start - *last < GAP => *last = end,
            _ => parts.push((start, end)),
        }
    }
    parts
        .into_iter()
        .map(|(start, end)| (start, &memory[start..end]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_and_everything_else_is_kept() {
        let mut memory = vec![0; 1000];
        for at in [0, 40, 41, 500, 520, 999] {
            memory[at] = 1;
        }
        let parts = filled(&memory);
        let mut again = vec![0; 1000];
        for (start, bytes) in &parts {
            again[*start..][..bytes.len()].copy_from_slice(bytes);
        }
        assert_eq!(again, memory);
        let starts: Vec<usize> = parts.iter().map(|(start, _)| *start).collect();
        assert_eq!(starts, [0, 40, 496, 992]);
        assert!(filled(&[0; 64]).is_empty());
    }
}
