//! The JavaScript engine in a component, as it lies in memory when the component is built: given a
//! limit of its stack, and a function that it asks now and then whether it has to end.
//!
//! Built for WASI, QuickJS has neither: endless recursion and endless loops end in the host, where
//! no function of the author's is known. With them the engine throws, and the kit logs the line.
//! Both are fields of the engine's `JSRuntime`, at its end:
//!
//! ```text
//! stack_size, stack_top, stack_limit       the stack; 0 is no limit
//! current_exception                        eight bytes: none, which is tag 4
//! in_out_of_memory, ..., current_stack_frame
//! interrupt_handler, interrupt_opaque
//! ```
//!
//! What is interrupted cannot be caught. So the kit has left a function in the engine's hook for
//! stacks, which sees it. The hook would cost every error, and there is no room for it where the
//! stack is used up: so it is taken away here, and put back when something is interrupted. It is a
//! field of `JSContext`:
//!
//! ```text
//! error_ctor, error_back_trace             values of eight bytes: number or address, and tag
//! error_prepare_stack                      the hook; tag 3 is nothing
//! error_stack_trace_limit                  a number: 10
//! ```
//!
//! A third hook is that for promises that nobody handles ([`super::rejections`]).
//!
//! A component where these values are not found exactly once stays as it is, and the build says so.

use wasm_encoder::{
    BlockType, CodeSection, ElementSection, Function, FunctionSection, GlobalSection, MemArg,
    TypeSection, ValType,
};

use super::FuseError;
use super::free::{Free, add_flag};
use super::image::{OBJECT, Target, UNDEFINED, only, put, words};
use super::layout::{Layout, number};
use super::memory::Spare;
use super::module::Module;
use super::places::{Known, known};
use super::rejections::Tracker;

/// The function that the engine asks through: it says that the CPU time is used up by the largest
/// number.
const CLOCK: &str = "elapsed-ns";
/// The interface that has it, whatever its version.
const RUNTIME: &str = "tailor:bff/runtime@";
/// The part of its stack in memory that the engine may use, bytes. Calls use the host's stack
/// beside it (see `bff::engine`), which must not end first.
const STACK: u32 = 128 << 10;
/// Where two of the fields are behind the first one, bytes.
const STACK_LIMIT: u32 = 8;
const INTERRUPT_HANDLER: u32 = 28;
/// Bytes behind those fields in which the hook is: the engine makes its context at once. What a BFF
/// has made later may look like it.
const CONTEXT: usize = 64 << 10;
/// The tag of no value, in a field of the engine's.
const NOTHING: u32 = 4;
/// The calls that a stack has.
const CALLS: u32 = 10;

/// Where the engine is in memory, and what is put into it.
pub(super) struct Engine {
    /// The address of `stack_size`, the first field.
    fields: u32,
    /// The top of its stack.
    top: u32,
    /// The address of the hook for stacks.
    hook: u32,
    handler: Option<Handler>,
    tracker: Option<Tracker>,
    /// Which table has the functions that the engine calls, and tables so far.
    table: u32,
    tables: u32,
}

impl Engine {
    /// Finds the engine in memory, if there is one.
    pub(super) fn find(
        image: &[u8],
        spare: Option<Spare>,
        layout: &Layout<'_>,
        free: &mut Free,
    ) -> Result<Option<Self>, FuseError> {
        let Some((fields, top)) = only(runtimes(image)) else {
            return Ok(None);
        };
        let Some(hook) = only(hooks(image, fields)) else {
            return Ok(None);
        };
        let modules = layout.kept.iter().map(|kept| &layout.modules[*kept]);
        let Some((table, mut slot)) = largest_table(modules) else {
            return Ok(None);
        };
        let is_clock = |(module, name, _): &(String, String, u32)| {
            module.starts_with(RUNTIME) && name == CLOCK
        };
        let clock = layout.hosts.iter().position(is_clock);
        let clock = clock.map(number).transpose()?;
        let handler = clock.map(|clock| {
            slot += 1;
            Handler {
                field: fields + INTERRUPT_HANDLER,
                hook,
                spare: spare.map(|spare| spare.hook),
                clock,
                table,
                slot: slot - 1,
                function: free.function(),
                ty: free.ty(),
                said: free.global(),
            }
        });
        Ok(Some(Self {
            fields,
            top,
            hook: hook.0,
            handler,
            tracker: Tracker::find(image, fields, spare, (table, slot), free),
            table,
            tables: 0,
        }))
    }

    /// Makes room for the functions, if it is that table. Called for each, in order.
    pub(super) fn extend(&mut self, table: &mut wasmparser::Table<'_>) {
        if self.tables == self.table {
            table.ty.initial +=
                u64::from(self.handler.is_some()) + u64::from(self.tracker.is_some());
            table.ty.maximum = table.ty.maximum.map(|most| most.max(table.ty.initial));
        }
        self.tables += 1;
    }

    /// Gives the stack its limit, takes the hook away, and puts the functions into their fields.
    pub(super) fn set(&self, memory: &mut Target<'_>, elements: &mut ElementSection) {
        let limit = self.top.saturating_sub(STACK);
        memory.set(self.fields + STACK_LIMIT, &limit.to_le_bytes());
        let undefined = u64::from(UNDEFINED) << 32;
        memory.set(self.hook, &undefined.to_le_bytes());
        if let Some(handler) = &self.handler {
            handler.set(memory, elements);
        }
        if let Some(tracker) = &self.tracker {
            tracker.set(memory, elements);
        }
    }

    /// Adds the functions.
    pub(super) fn add(
        &self,
        types: &mut TypeSection,
        functions: &mut FunctionSection,
        globals: &mut GlobalSection,
        code: &mut CodeSection,
    ) {
        if let Some(handler) = &self.handler {
            handler.add(types, functions, globals, code);
        }
        if let Some(tracker) = &self.tracker {
            tracker.add(types, functions, code);
        }
    }
}

/// The function that the engine asks now and then: not zero ends what runs.
struct Handler {
    /// The address of the engine's field.
    field: u32,
    /// The address of the hook for stacks, and the value that it had.
    hook: (u32, u64),
    /// Where that value is kept, if it is not a part of the code.
    spare: Option<u32>,
    clock: u32,
    table: u32,
    slot: u32,
    function: u32,
    ty: u32,
    /// The global that notes that it has said yes.
    said: u32,
}

impl Handler {
    /// Puts it into the table, and its slot into the engine's field.
    fn set(&self, memory: &mut Target<'_>, elements: &mut ElementSection) {
        memory.set(self.field, &self.slot.to_le_bytes());
        if let Some(spare) = self.spare {
            memory.set(spare, &self.hook.1.to_le_bytes());
        }
        put(elements, self.table, self.slot, self.function);
    }

    /// Adds its type, global and code. It says yes once: then the kit has to write its line.
    fn add(
        &self,
        types: &mut TypeSection,
        functions: &mut FunctionSection,
        globals: &mut GlobalSection,
        code: &mut CodeSection,
    ) {
        let said = self.said;
        functions.function(self.ty);
        types.ty().function([ValType::I32; 2], [ValType::I32]);
        add_flag(globals);
        let (address, hook) = self.hook;
        let place = MemArg {
            offset: address.into(),
            align: 3,
            memory_index: 0,
        };
        let mut body = Function::new([]);
        let mut write = body.instructions();
        write
            .global_get(said)
            .if_(BlockType::Empty)
            .i32_const(0)
            .return_()
            .end()
            .call(self.clock)
            .i64_const(-1)
            .i64_eq()
            .global_set(said)
            .global_get(said)
            .if_(BlockType::Empty)
            .i32_const(0);
        match self.spare {
            Some(spare) => write
                .i32_const(spare.cast_signed())
                .i64_load(MemArg { offset: 0, ..place }),
            None => write.i64_const(hook.cast_signed()),
        };
        write.i64_store(place).end().global_get(said).end();
        code.function(&body);
    }
}

/// The table with the most slots, and how many. Glue between modules has small ones of its own.
fn largest_table<'a, 'b: 'a>(modules: impl Iterator<Item = &'a Module<'b>>) -> Option<(u32, u32)> {
    let tables = modules.flat_map(|module| &module.tables);
    let sizes = tables.map(|table| u32::try_from(table.ty.initial).unwrap_or(u32::MAX));
    (0..).zip(sizes).max_by_key(|(_, size)| *size)
}

/// Memory as it is before anything runs.
pub(super) fn image(layout: &Layout<'_>) -> Result<Vec<u8>, FuseError> {
    let mut image = Vec::new();
    for &instance in layout.kept {
        for segment in &layout.modules[instance].data {
            let wasmparser::DataKind::Active { offset_expr, .. } = &segment.kind else {
                continue;
            };
            let offset = known(&layout.places[&instance], &layout.globals, offset_expr)?;
            let Known::I32(offset) = offset else {
                continue;
            };
            let start = offset.cast_unsigned() as usize;
            let end = start.saturating_add(segment.data.len());
            if end > MAX_IMAGE {
                return Ok(Vec::new());
            }
            if image.len() < end {
                image.resize(end, 0);
            }
            image[start..end].copy_from_slice(segment.data);
        }
    }
    Ok(image)
}

/// Bytes of memory that are looked at.
const MAX_IMAGE: usize = 256 << 20;

/// The addresses where the fields have the values that they have in an engine that waits, each with
/// the top of its stack.
fn runtimes(image: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    // `current_exception` is aligned to 8, and 12 bytes behind.
    let addresses = (4..image.len()).step_by(8);
    addresses.filter_map(move |at| {
        // Most of memory is something else: look at one byte first.
        if image.get(at + 16) != Some(&4) {
            return None;
        }
        let [size, top, limit, value, tag, flags, frame, handler, opaque] = words(image, at)?;
        let none = [size, limit, value, flags, frame, handler, opaque];
        let waits = none.iter().all(|word| *word == 0) && tag == NOTHING;
        // Its stack is below it, and larger than the limit.
        (waits && top > STACK && (top as usize) < at).then_some((u32::try_from(at).ok()?, top))
    })
}

/// The addresses of what may be the hook of the engine at `runtime`, each with its value: between a
/// function with a text, and the number of calls in a stack.
fn hooks(image: &[u8], runtime: u32) -> impl Iterator<Item = (u32, u64)> {
    let start = (runtime as usize).next_multiple_of(8);
    let end = image.len().min(start.saturating_add(CONTEXT));
    (start..end).step_by(8).filter_map(move |at| {
        if image.get(at + 24) != Some(&CALLS.to_le_bytes()[0]) {
            return None;
        }
        let [_, made, _, _, hook, tag, calls, number] = words(image, at)?;
        let is_hook = made == OBJECT && tag == OBJECT && calls == CALLS && number == 0;
        let value = u64::from(tag) << 32 | u64::from(hook);
        is_hook.then_some((u32::try_from(at + 16).ok()?, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_found_by_the_values_of_its_fields() {
        let mut image = vec![0; 2 << 20];
        let at = 0x125_824;
        image[at + 4..at + 8].copy_from_slice(&0xf_fe10_u32.to_le_bytes());
        assert_eq!(runtimes(&image).count(), 0);
        image[at + 16] = 4;
        assert_eq!(
            runtimes(&image).collect::<Vec<_>>(),
            [(0x125_824, 0xf_fe10)]
        );
        // It runs, or has a handler of its own.
        image[at + 28] = 1;
        assert_eq!(runtimes(&image).count(), 0);
    }

    #[test]
    fn a_hook_is_found_by_what_is_around_it() {
        let mut image = vec![0; 128 << 10];
        let at = 0x1000;
        for (index, word) in [
            0x12a690,
            OBJECT,
            0x1aa920,
            0xffff_fff9,
            0x17d030,
            OBJECT,
            CALLS,
        ]
        .into_iter()
        .enumerate()
        {
            image[at + 4 * index..][..4].copy_from_slice(&u32::to_le_bytes(word));
        }
        // Objects of the BFF's own: before the engine, and behind its context.
        image.copy_within(at..at + 28, at - 0x100);
        image.copy_within(at..at + 28, at + CONTEXT);
        let runtime = 0xf44;
        let found: Vec<_> = hooks(&image, runtime).collect();
        assert_eq!(found, [(0x1010, 0xffff_ffff_0017_d030)]);
        image[at + 20] = 0;
        assert_eq!(hooks(&image, runtime).count(), 0);
    }
}
