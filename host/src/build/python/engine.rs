//! CPython, kept for an author's loop.
//!
//! componentize-py compiles the interpreter to run module-level code in it, each time. Here it makes
//! one component, whose author's modules come in a first request. That is linked and compiled once;
//! for each build a fresh instance of it gets the modules, and its memory becomes that of the
//! component. Its code is the same in each, so that a host compiles it once, too.
//!
//! Where anything is other than expected, the caller makes the component in the usual way, which
//! tells what is wrong with module-level code.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::{
    Caller, Instance, Linker, Module, OptLevel, Store, StoreLimits, StoreLimitsBuilder,
};
use wit_parser::{Resolve, WorldId};

use super::super::folder::Bounds;
use super::super::fuse::{self, world_of};
use super::super::pyproject::PyProject;
use super::super::running::{self, RunError, memory};
use super::super::{BuildError, Report};
use super::componentize::{self, Entry, HANDLER};
use super::sources::Sources;
use super::tools::Tools;

/// Memory is rounded up to a multiple of this, and ends with a byte that is not zero: so that it has
/// the same length in most builds, and only its bytes differ.
const STEP: usize = 8 << 20;
/// Where the parts of the answer are: its status, the kind of its body, and that one's place.
const BODY: usize = 12;

/// The interpreter, compiled.
pub(super) struct Engine {
    component: Vec<u8>,
    resolve: Resolve,
    world: WorldId,
    module: Module,
    handle: String,
}

impl Engine {
    /// Has componentize-py make the engine, and compiles it. The first error is that of module-level
    /// code, the second why it cannot be kept. `components` is for files on the way.
    pub(super) fn start(
        project: &PyProject,
        tools: &Tools,
        wit: &Path,
        sources: &Sources,
        components: &Path,
        say: Report<'_>,
    ) -> Result<Result<Self, RunError>, BuildError> {
        say("starting the Python interpreter, which is kept from now on");
        let component = componentize::made(project, tools, wit, sources, components, Entry::Kept)?;
        Ok(Self::compiled(component))
    }

    fn compiled(component: Vec<u8>) -> Result<Self, RunError> {
        let (resolve, world) = world_of(&component, HANDLER)?;
        let mut exports = resolve.worlds[world].exports.keys();
        let handler = exports.next().ok_or(RunError::Lacks("handler"))?;
        let handler = resolve.name_world_key(handler);
        let module = fuse::runnable(&component, &handler)?;
        let module = running::compile(&module, OptLevel::None)?;
        Ok(Self {
            component,
            resolve,
            world,
            module,
            handle: format!("{handler}#handle"),
        })
    }

    /// The component of the author's modules.
    pub(super) fn component_of(
        &self,
        sources: &Sources,
        bounds: Bounds,
    ) -> Result<Vec<u8>, RunError> {
        let size = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
        let limits = StoreLimitsBuilder::new().memory_size(size).build();
        let mut store = Store::new(self.module.engine(), limits);
        store.limiter(|limits| limits);
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(self.module.engine());
        grant(&mut linker, &self.module)?;
        // The host is not there yet, and files are not.
        linker.define_unknown_imports_as_traps(&self.module)?;
        let instance = linker.instantiate(&mut store, &self.module)?;
        let engine = self.module.engine().clone();
        running::within(&engine, bounds.time, || {
            self.load(&instance, &mut store, &sources.texts())
        })?;
        let mut state = running::state(&self.module, &instance, &mut store)?;
        let length = (state.memory.len() + 1).next_multiple_of(STEP);
        state.memory.resize(length, 0);
        if let Some(last) = state.memory.last_mut() {
            *last = 1;
        }
        Ok(fuse::fuse_with(&self.component, &self.resolve, self.world, &state)?.bytes)
    }

    /// Gives an instance the modules, as the text of a request's body.
    fn load(
        &self,
        instance: &Instance,
        store: &mut Store<StoreLimits>,
        text: &str,
    ) -> Result<(), RunError> {
        let lacks = RunError::Lacks;
        let allocate =
            instance.get_typed_func::<(i32, i32, i32, i32), i32>(&mut *store, "cabi_realloc")?;
        let memory = instance
            .get_memory(&mut *store, "memory")
            .ok_or(lacks("memory"))?;
        let put = |store: &mut Store<StoreLimits>, text: &str| -> Result<(i32, i32), RunError> {
            let length = i32::try_from(text.len()).map_err(|_| lacks("room for such sources"))?;
            let at = allocate.call(&mut *store, (0, 0, 1, length))?;
            let place = at.cast_unsigned() as usize;
            memory
                .write(&mut *store, place, text.as_bytes())
                .map_err(wasmtime::Error::from)?;
            Ok((at, length))
        };
        let (path, path_length) = put(store, "/")?;
        let (body, body_length) = put(store, text)?;
        // Id, method, path, query, headers, body, client: each list and text with its length.
        type Request = (
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        );
        let handle = instance.get_typed_func::<Request, i32>(&mut *store, &self.handle)?;
        let answer = handle.call(
            &mut *store,
            (
                1,
                0,
                0,
                path,
                path_length,
                4,
                0,
                4,
                0,
                1,
                body,
                body_length,
                1,
                0,
                1,
                0,
            ),
        )?;
        let bytes = memory.data(&*store);
        let at = answer.cast_unsigned() as usize;
        let word = |offset: usize| -> Result<usize, RunError> {
            let word = bytes.get(at + offset..).and_then(|it| it.first_chunk());
            Ok(u32::from_le_bytes(*word.ok_or(lacks("answer"))?) as usize)
        };
        let raised = if word(0)? & 0xffff == 200 {
            None
        } else {
            let (begin, length) = (word(BODY + 4)?, word(BODY + 8)?);
            let text = bytes.get(begin..begin + length).ok_or(lacks("answer"))?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        match raised {
            Some(printed) => Err(RunError::Raised(printed)),
            None => {
                let ended = format!("cabi_post_{}", self.handle);
                if let Ok(ended) = instance.get_typed_func::<i32, ()>(&mut *store, &ended) {
                    ended.call(&mut *store, answer)?;
                }
                Ok(())
            }
        }
    }
}

/// Clocks and random numbers, which module-level code may ask for.
fn grant(linker: &mut Linker<StoreLimits>, module: &Module) -> Result<(), RunError> {
    for import in module.imports() {
        let (interface, name) = (import.module(), import.name());
        match (interface.split('@').next().unwrap_or_default(), name) {
            ("wasi:clocks/wall-clock", "now") => {
                linker.func_wrap(interface, name, |mut caller: Caller<'_, _>, result: i32| {
                    let now = SystemTime::now()
                        .duration_since(UNIX_EPOCH)
                        .unwrap_or_default();
                    let at = result.cast_unsigned() as usize;
                    let mut time = now.as_secs().to_le_bytes().to_vec();
                    time.extend(now.subsec_nanos().to_le_bytes());
                    memory(&mut caller)?.write(caller, at, &time)?;
                    Ok(())
                })?;
            }
            ("wasi:clocks/monotonic-clock", "now") => {
                let begin = std::time::Instant::now();
                linker.func_wrap(interface, name, move || {
                    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
                })?;
            }
            ("wasi:random/random", "get-random-u64") => {
                linker.func_wrap(interface, name, random)?;
            }
            ("wasi:random/random", "get-random-bytes") => {
                linker.func_wrap(interface, name, random_bytes)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn random() -> wasmtime::Result<u64> {
    getrandom::u64().map_err(|error| wasmtime::Error::msg(error.to_string()))
}

/// `get-random-bytes: func(length: u64) -> list<u8>`, with the place of its result in memory.
fn random_bytes(
    mut caller: Caller<'_, StoreLimits>,
    length: u64,
    result: i32,
) -> wasmtime::Result<()> {
    let length = usize::try_from(length)?.min(1 << 16);
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
    let at = running::place(&mut caller, &bytes)?;
    let list = [at, i32::try_from(length)?].map(i32::to_le_bytes).concat();
    memory(&mut caller)?.write(caller, result.cast_unsigned() as usize, &list)?;
    Ok(())
}
