//! How the WebAssembly engine is set up, and its clock tick. [`super::runtime`] has the one engine
//! of the process with what components may import.

use std::sync::Arc;

use wasmtime::{
    CacheStore, Config, Engine, EngineWeak, InstanceAllocationStrategy, ModuleVersionStrategy,
    PoolingAllocationConfig, WasmBacktraceDetails,
};

use super::error::EngineError;
use super::tick::TICK;
use crate::sync;

/// Stack of a guest. Five times the default of the engine: QuickJS limits the part of its stack that
/// is in linear memory to 128 KiB, and throws an error with the author's line there. This one must
/// not end before: a level of JSON takes 16 bytes of that and up to 261 of this.
const WASM_STACK: usize = 2560 << 10;
/// Stack on which guest and host functions run: room for the host above the guest's limit. Only
/// what was used takes memory, and a slot keeps the deepest that it ever had. Giving the rest back
/// after each request (`async_stack_zeroing`) costs 9 to 16 % of the CPU of a BFF in Rust.
const FIBER_STACK: usize = WASM_STACK + (512 << 10);
/// Memory of a slot that is cleared rather than given back to the system after a request, counted
/// from the start of its linear memory. A page that is given back costs its next user a fault of 2
/// to 4 us; clearing costs about 35 us a MiB, of what an instance really has. Guests made with the
/// kit have 0.2 MiB. QuickJS has 1.6, and a request dirties 80 pages at its end: with less than all
/// of it, such a request costs half as much again. With Hono and its like it has 3 to 4.
/// `docs/inside/performance.md` has the figures.
const KEEP_RESIDENT: usize = 4 << 20;
/// Slots that wait for the next request of the component that they ran last, with its image mapped.
/// Another component's image has to be mapped anew, which costs five times as much as a whole
/// request without calls: with the engine's default of 100, a hundred busy BFFs take slots from
/// each other. Each holds what a guest of that component touched, at most [`KEEP_RESIDENT`].
const WARM_SLOTS: u32 = 256;
/// Core instances of a component: those of a plain guest are three, a componentised Python's about
/// thirty.
pub(super) const MAX_INSTANCES: u32 = 64;
/// Tables of a component, likewise.
pub(super) const MAX_TABLES: u32 = 20;
/// Memories of a component: one for each module that brings its own, such as a stub for WASI. A
/// BFF's limit of memory is for all together. (Modules that the engine makes to connect them see
/// two, so the proposal for several memories stays on.)
pub(super) const MAX_MEMORIES: u32 = 4;
/// Elements that a table slot has room for; a BFF's own limit is smaller or equal.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;

/// An engine that reserves address space for this many instances at once.
pub(super) fn for_instances(instances: u32) -> Result<Engine, EngineError> {
    Engine::new(&config(instances)?).map_err(|source| EngineError::Engine { instances, source })
}

/// An engine that only compiles, for engines that run: without room for instances.
pub(super) fn for_compiling() -> Result<Engine, EngineError> {
    Engine::new(&code()?).map_err(EngineError::Link)
}

/// An engine that only compiles, and takes the code of functions that it compiled before.
pub(super) fn for_compiling_again(functions: Arc<dyn CacheStore>) -> Result<Engine, EngineError> {
    let mut config = code()?;
    config
        .enable_incremental_compilation(functions)
        .map_err(EngineError::Link)?;
    Engine::new(&config).map_err(EngineError::Link)
}

fn config(instances: u32) -> Result<Config, EngineError> {
    // The permits of requests are the limit; the pool itself never refuses. One more is for a smoke
    // request, and one for the run of a shadow: they take no permit.
    let instances = instances.saturating_add(2);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(MAX_INSTANCES))
        .total_memories(instances.saturating_mul(MAX_MEMORIES))
        .total_tables(instances.saturating_mul(MAX_TABLES))
        .total_stacks(instances)
        .max_core_instances_per_component(MAX_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_tables_per_module(4)
        .max_memories_per_module(1)
        .table_elements(MAX_TABLE_ELEMENTS)
        // The whole of a slot's reservation: a BFF's own limit is enforced when its memory grows.
        .max_memory_size(1 << 32)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(16 << 10);
    let mut config = code()?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(config)
}

/// All settings that machine code depends on, and no others with a cost.
fn code() -> Result<Config, EngineError> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // The contract is synchronous; without the machinery for concurrent tasks a store is
        // cheaper, and that class of bugs cannot occur.
        .concurrency_support(false)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        // Memory is read after a trap, for where an interpreter was (`bff::python`). Of the dump
        // itself only the list of memories is made, and none is written.
        .coredump_on_trap(true)
        // Otherwise this is read from the environment.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    // By default code compiled by any 48.x loads into any other, and would keep bugs that a patch
    // release fixed.
    config
        .module_version(ModuleVersionStrategy::Custom(
            concat!("wasmtime-48.0.8+tailor-", env!("CARGO_PKG_VERSION")).to_owned(),
        ))
        .map_err(EngineError::Link)?;
    Ok(config)
}

/// Starts the ticker that interrupts running guests. It has a thread of its own: a task of a busy
/// event loop would stop ticking.
pub(super) fn start_ticker(engine: EngineWeak) -> std::io::Result<()> {
    let ticker = sync::thread("tailor-ticker", move || {
        // The engine is held weakly, so the thread ends with it.
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            #[expect(
                clippy::disallowed_methods,
                reason = "this thread does nothing but sleep and tick"
            )]
            std::thread::sleep(TICK);
        }
    });
    ticker.map(drop)
}
