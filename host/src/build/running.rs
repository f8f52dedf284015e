//! A linked module that is run here, so that a component goes on from what it has left.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use wasmtime::{Caller, Config, Engine, Extern, Instance, Memory, Module, OptLevel, Store, Val};

use super::fuse::{self, FuseError, State, Value};

/// Why a module did not do what a component is made of.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error(transparent)]
    Fuse(#[from] FuseError),
    #[error("{0:#}")]
    Run(#[from] wasmtime::Error),
    #[error("module-level code waits for something")]
    Waits,
    #[error("module-level code raised")]
    Raised(String),
    #[error("it has no {0}")]
    Lacks(&'static str),
}

impl RunError {
    /// In one line.
    pub(super) fn told(&self) -> String {
        let said = match self {
            Self::Raised(printed) => printed.trim_end().to_owned(),
            other => other.to_string(),
        };
        said.lines()
            .next_back()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }
}

/// Compiles a module. Its code runs for a moment for each build, so that it is not optimized for
/// longer than that.
pub(super) fn compile(module: &[u8], level: OptLevel) -> wasmtime::Result<Module> {
    let mut config = Config::new();
    config.epoch_interruption(true).cranelift_opt_level(level);
    Module::new(&Engine::new(&config)?, module)
}

/// Runs something of a store whose deadline is the next epoch, for at most this time.
pub(super) fn within<T>(engine: &Engine, time: Duration, run: impl FnOnce() -> T) -> T {
    let (ended, end) = mpsc::channel::<()>();
    let ticker = engine.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if end.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                ticker.increment_epoch();
            }
        });
        let ran = run();
        drop(ended);
        ran
    })
}

/// What an instance has left.
pub(super) fn state<T>(
    module: &Module,
    instance: &Instance,
    store: &mut Store<T>,
) -> Result<State, RunError> {
    let memory = instance.get_memory(&mut *store, "memory");
    let memory = memory.ok_or(RunError::Lacks("memory"))?;
    let mut globals = BTreeMap::new();
    for export in module.exports() {
        let Some(place) = fuse::place_of_global(export.name()) else {
            continue;
        };
        let global = instance.get_global(&mut *store, export.name());
        let value = match global.map(|global| global.get(&mut *store)) {
            Some(Val::I32(value)) => Value::I32(value),
            Some(Val::I64(value)) => Value::I64(value),
            Some(Val::F32(bits)) => Value::F32(bits),
            Some(Val::F64(bits)) => Value::F64(bits),
            _ => return Err(RunError::Lacks("global of this kind")),
        };
        globals.insert(place, value);
    }
    Ok(State {
        memory: memory.data(&store).to_vec(),
        globals,
    })
}

/// Puts bytes into the memory of the module that calls, which allocates room for them.
pub(super) fn place<T: 'static>(caller: &mut Caller<'_, T>, bytes: &[u8]) -> wasmtime::Result<i32> {
    let allocate = caller
        .get_export("cabi_realloc")
        .and_then(Extern::into_func);
    let allocate =
        allocate.ok_or_else(|| wasmtime::Error::msg("the engine exports no allocator"))?;
    let allocate = allocate.typed::<(i32, i32, i32, i32), i32>(&mut *caller)?;
    let at = allocate.call(&mut *caller, (0, 0, 1, i32::try_from(bytes.len())?))?;
    let memory = memory(caller)?;
    memory.write(&mut *caller, at.cast_unsigned() as usize, bytes)?;
    Ok(at)
}

/// The memory of the module that calls.
pub(super) fn memory<T>(caller: &mut Caller<'_, T>) -> wasmtime::Result<Memory> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    memory.ok_or_else(|| wasmtime::Error::msg("the engine exports no memory"))
}
