//! From a component to its machine code: in this process, or in a process of its own under limits.
//!
//! Compiling is the one cost of a component before anything checked it: a few KB can take minutes
//! and GiB. A host therefore starts the same program as a compiler ([`child`]), which drops all
//! rights that compiling does not need. The host ends it at its limits ([`parent`]). [`queue`]
//! decides how many run at once and which is next.

mod again;
pub mod child;
mod confine;
pub mod error;
mod hello;
mod parent;
mod queue;
mod talk;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use wasmtime::Engine;

use self::hello::Hello;
use self::queue::Queue;
use super::error::LoadError;
use super::mark::Mark;
use crate::config::Compile;

pub use again::CodeInMemory;
pub use hello::compatibility;
pub use queue::Job;

/// Machine code that any component may have, bytes.
const CODE: usize = 16 << 20;
/// Machine code that a component may have for each byte of its own. Those of common toolchains have
/// 2 to 4.
const CODE_PER_BYTE: usize = 8;

/// Where components are compiled.
#[derive(Clone)]
pub enum CompileIn {
    /// In this process, without limits: for programs that are not `tailor`, and trusted components.
    ThisProcess,
    /// The same, with what was compiled kept for the next component: for the loop of an author,
    /// whose components have most of their code in common.
    ThisProcessAgain(Arc<CodeInMemory>),
    /// In a child process. The program that runs must be `tailor`.
    ChildProcess,
}

/// Compiles components for an engine.
pub struct Compiler {
    engine: Engine,
    place: Place,
}

/// Where it compiles.
enum Place {
    ThisProcess,
    ThisProcessAgain(Arc<CodeInMemory>),
    ChildProcess { limits: Compile, queue: Queue },
}

impl Compiler {
    /// A compiler in this or a child process; the limits apply to a child process.
    pub fn new(engine: Engine, compile_in: CompileIn, limits: &Compile) -> Self {
        let place = match compile_in {
            CompileIn::ThisProcess => Place::ThisProcess,
            CompileIn::ThisProcessAgain(code) => Place::ThisProcessAgain(code),
            CompileIn::ChildProcess => Place::ChildProcess {
                limits: limits.clone(),
                queue: Queue::new(limits.jobs),
            },
        };
        Self { engine, place }
    }

    /// The machine code of a component. Blocks for as long as the queue and compiling take.
    ///
    /// # Errors
    ///
    /// When the component does not compile, or not within the limits, or when it is given up.
    pub fn compile(&self, job: Job, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
        let code = match &self.place {
            Place::ThisProcess => self.engine.precompile_component(wasm),
            Place::ThisProcessAgain(code) => code.compile(wasm),
            Place::ChildProcess { limits, queue } => {
                let turn = queue.wait(job)?;
                let hello = Hello::new(&self.engine, &[]).engine;
                let mut command = parent::command(limits);
                let most = most_code(wasm.len());
                return parent::compile(&mut command, limits, turn.job(), &hello, most, wasm);
            }
        };
        code.map_err(LoadError::Compile)
    }

    /// Where components wait for a child process.
    fn queue(&self) -> Option<&Queue> {
        match &self.place {
            Place::ChildProcess { queue, .. } => Some(queue),
            Place::ThisProcess | Place::ThisProcessAgain(_) => None,
        }
    }

    /// Ends running and queued compiles of a BFF's file whose mark has changed.
    pub fn supersede(&self, bff: &str, path: &Path, mark: &Mark) {
        if let Some(queue) = self.queue() {
            queue.supersede(bff, path, mark);
        }
    }

    /// Whether a compile of this file is queued or running.
    pub fn compiles(&self, path: &Path) -> bool {
        self.queue().is_some_and(|queue| queue.has(path))
    }

    /// Ends running and queued compiles of BFFs and files that are not wanted.
    pub fn withdraw(&self, is_wanted: impl Fn(&str, &Path) -> bool) {
        if let Some(queue) = self.queue() {
            queue.withdraw(is_wanted);
        }
    }
}

fn most_code(component: usize) -> usize {
    component.saturating_mul(CODE_PER_BYTE).saturating_add(CODE)
}
