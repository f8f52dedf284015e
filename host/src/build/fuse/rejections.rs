//! Rejected promises that nobody handles. The engine has a hook for them, which is a field of its
//! `JSRuntime`, and nobody sets it. A function is put there that notes them in an array of the
//! kit's, where the kit looks for them whenever nothing else can go on.
//!
//! The array begins with numbers that are nowhere else, and an object. Behind them are pairs of a
//! reason and its promise, `undefined` at first. What is noted is kept from being freed by its count
//! of references. Where that is beside what a value of a negative tag points to depends on the
//! version of the engine: it is found by the object, which the kit has put into another array often.

use wasm_encoder::{
    BlockType, CodeSection, ElementSection, Function, FunctionSection, InstructionSink, MemArg,
    TypeSection, ValType,
};

use super::free::Free;
use super::image::{OBJECT, Target, UNDEFINED, only, put, words};
use super::memory::Spare;

/// Where the engine's list of jobs may be behind its first field, bytes. When it is empty, both of
/// its pointers lead to itself. In front of it are the hook and what is passed to it.
const JOBS: std::ops::Range<u32> = 40..96;
const TRACKER_BEFORE_JOBS: u32 = 8;
/// The numbers that the array of the kit begins with (`src/rejections.ts`).
const MARK: [u32; 4] = [0x7461_696c, 0x6f72_2072, 0x656a_6563, 0x7469_6f6e];
/// How often the kit holds the object that is behind them, at least and at most.
const HELD: std::ops::RangeInclusive<u32> = 211..=219;
/// Where the count may be, from what a value points to, bytes.
const COUNTS: [i32; 3] = [-8, -4, 0];
/// Pairs that the array has.
const PAIRS: u32 = 8;
/// Bytes of a value, and of a pair.
const VALUE: u32 = 8;
const PAIR: u32 = 2 * VALUE;
/// The lowest tag of a value with a count of references.
const COUNTED: i32 = -9;

/// The function that the engine calls with each such promise, and again once it is handled.
pub(super) struct Tracker {
    /// The address of the hook.
    hook: u32,
    /// The address of the first pair.
    pairs: u32,
    /// Where that address is kept, if it is not a part of the code.
    spare: Option<u32>,
    /// Where the count of references is, from what a value points to.
    count: i32,
    table: u32,
    slot: u32,
    function: u32,
    ty: u32,
}

impl Tracker {
    /// Finds the array; nothing without one, and where something is in the hook.
    pub(super) fn find(
        image: &[u8],
        fields: u32,
        spare: Option<Spare>,
        (table, slot): (u32, u32),
        free: &mut Free,
    ) -> Option<Self> {
        let held = only(arrays(image))? + u32::try_from(MARK.len()).unwrap_or(0) * VALUE;
        Some(Self {
            hook: only(hooks(image, fields))?,
            pairs: held + VALUE,
            spare: spare.map(|spare| spare.pairs),
            count: only(counts(image, held))?,
            table,
            slot,
            function: free.function(),
            ty: free.ty(),
        })
    }

    /// Puts it into the table, and its slot into the hook.
    pub(super) fn set(&self, memory: &mut Target<'_>, elements: &mut ElementSection) {
        memory.set(self.hook, &self.slot.to_le_bytes());
        if let Some(spare) = self.spare {
            memory.set(spare, &self.pairs.to_le_bytes());
        }
        put(elements, self.table, self.slot, self.function);
    }

    /// Adds its type and code.
    pub(super) fn add(
        &self,
        types: &mut TypeSection,
        functions: &mut FunctionSection,
        code: &mut CodeSection,
    ) {
        let params = [
            ValType::I32,
            ValType::I64,
            ValType::I64,
            ValType::I32,
            ValType::I32,
        ];
        types.ty().function(params, []);
        functions.function(self.ty);
        /// The parameters, and the address of a pair.
        const PROMISE: u32 = 1;
        const REASON: u32 = 2;
        const IS_HANDLED: u32 = 3;
        const PAIR_AT: u32 = 5;
        const WANTED: u32 = 6;
        let none = i64::from(UNDEFINED) << 32;
        let mut body = Function::new([(1, ValType::I32), (1, ValType::I64)]);
        let mut write = body.instructions();
        // The pair of this promise if it is handled now, else one that is free.
        write
            .local_get(PROMISE)
            .i64_const(none)
            .local_get(IS_HANDLED)
            .select()
            .local_set(WANTED);
        self.pairs(&mut write);
        write
            .local_set(PAIR_AT)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(PAIR_AT)
            .i64_load(at(VALUE))
            .local_get(WANTED)
            .i64_eq()
            .br_if(1)
            .local_get(PAIR_AT)
            .i32_const(PAIR.cast_signed())
            .i32_add()
            .local_tee(PAIR_AT);
        self.pairs(&mut write);
        write
            .i32_const((PAIRS * PAIR).cast_signed())
            .i32_add()
            .i32_lt_u()
            .br_if(0)
            .return_()
            .end()
            .end();
        write
            .local_get(IS_HANDLED)
            .if_(BlockType::Empty)
            .local_get(PAIR_AT)
            .i64_const(none)
            .i64_store(at(0))
            .local_get(PAIR_AT)
            .i64_const(none)
            .i64_store(at(VALUE))
            .else_();
        keep(&mut write, REASON, self.count);
        keep(&mut write, PROMISE, self.count);
        write
            .local_get(PAIR_AT)
            .local_get(REASON)
            .i64_store(at(0))
            .local_get(PAIR_AT)
            .local_get(PROMISE)
            .i64_store(at(VALUE))
            .end()
            .end();
        code.function(&body);
    }
}

impl Tracker {
    /// The address of the first pair, as an operand.
    fn pairs(&self, write: &mut InstructionSink<'_>) {
        match self.spare {
            Some(spare) => write.i32_const(spare.cast_signed()).i32_load(word()),
            None => write.i32_const(self.pairs.cast_signed()),
        };
    }
}

/// Counts one more reference to a value, if it has a count, which is at `count` from its pointer.
fn keep(write: &mut InstructionSink<'_>, value: u32, count: i32) {
    let count_of = |write: &mut InstructionSink<'_>| {
        write
            .local_get(value)
            .i32_wrap_i64()
            .i32_const(count)
            .i32_add();
    };
    write
        .local_get(value)
        .i64_const(32)
        .i64_shr_u()
        .i32_wrap_i64()
        .i32_const(COUNTED)
        .i32_ge_u()
        .if_(BlockType::Empty);
    count_of(write);
    count_of(write);
    write
        .i32_load(word())
        .i32_const(1)
        .i32_add()
        .i32_store(word())
        .end();
}

fn at(offset: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 3,
        memory_index: 0,
    }
}

fn word() -> MemArg {
    MemArg { align: 2, ..at(0) }
}

/// The addresses of what may be the hook, in which nothing is.
fn hooks(image: &[u8], fields: u32) -> impl Iterator<Item = u32> {
    JOBS.step_by(4).filter_map(move |offset| {
        let jobs = fields + offset;
        let hook = jobs - TRACKER_BEFORE_JOBS;
        let [tracker, opaque, next, last] = words(image, hook as usize)?;
        (tracker == 0 && opaque == 0 && next == jobs && last == jobs).then_some(hook)
    })
}

/// Where the count of references may be of the object at `held`.
fn counts(image: &[u8], held: u32) -> impl Iterator<Item = i32> {
    let object = words(image, held as usize);
    COUNTS.into_iter().filter(move |offset| {
        let Some([pointer, OBJECT]) = object else {
            return false;
        };
        let at = pointer.checked_add_signed(*offset);
        let count = at.and_then(|at| words(image, at as usize));
        count.is_some_and(|[count]: [u32; 1]| HELD.contains(&count))
    })
}

/// The addresses of what may be the array, as the kit made it.
fn arrays(image: &[u8]) -> impl Iterator<Item = u32> {
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let marks: Vec<u8> = bytes(&MARK.map(|mark| [mark, 0]).concat());
    let pairs: Vec<u8> = bytes(&[0, UNDEFINED].repeat(2 * PAIRS as usize));
    let first = marks.first().copied();
    (0..image.len())
        .step_by(VALUE as usize)
        .filter_map(move |address| {
            if image.get(address).copied() != first {
                return None;
            }
            let rest = image[address..].strip_prefix(marks.as_slice())?;
            let rest = rest.get(VALUE as usize..)?;
            rest.starts_with(&pairs)
                .then(|| u32::try_from(address).ok())?
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_is_found_by_its_mark() {
        let mut image = vec![0; 4096];
        let at = 0x208;
        for (index, word) in MARK.into_iter().enumerate() {
            image[at + 8 * index..][..4].copy_from_slice(&word.to_le_bytes());
        }
        assert_eq!(arrays(&image).count(), 0);
        for index in 0..2 * PAIRS as usize {
            image[at + 40 + 8 * index + 4] = 3;
        }
        assert_eq!(arrays(&image).collect::<Vec<_>>(), [0x208]);
        // Its object, and the count in front of that.
        let held = u32::try_from(at + 32).unwrap();
        image[at + 32..at + 36].copy_from_slice(&0x800_u32.to_le_bytes());
        image[at + 36..at + 40].copy_from_slice(&OBJECT.to_le_bytes());
        assert_eq!(counts(&image, held).count(), 0);
        image[0x7fc] = 213;
        assert_eq!(counts(&image, held).collect::<Vec<_>>(), [-4]);
        // Something was noted before.
        image[at + 40] = 1;
        assert_eq!(arrays(&image).count(), 0);
    }
}
