//! Compiles components of which most was compiled before: those of an author's loop, or of many
//! hosts in one process. Whole code is taken again where only data has changed ([`template`]), else
//! that of each function ([`function_cache`]).

mod function_cache;
mod template;

use std::sync::{Arc, Mutex};

use wasmtime::Engine;

use self::function_cache::FunctionCache;
use self::template::Template;
use super::super::engine;
use super::super::error::EngineError;
use crate::sync;

/// Components whose code is kept at most: one for each BFF that an author works on, and some that
/// they go back to.
const MOST: usize = 8;

/// What was compiled in this process, for the next component. The code of a component is the same
/// as without, and any number of loaders may share it.
pub struct CodeInMemory {
    engine: Engine,
    /// The newest last.
    templates: Mutex<Vec<Template>>,
}

impl CodeInMemory {
    /// None yet. It grows to some hundred MB.
    ///
    /// # Errors
    ///
    /// When the machine has no compiler for its processor.
    pub fn new() -> Result<Self, EngineError> {
        Ok(Self {
            engine: engine::for_compiling_again(Arc::new(FunctionCache::default()))?,
            templates: Mutex::default(),
        })
    }

    pub(super) fn compile(&self, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let known = || {
            let templates = sync::lock(&self.templates);
            templates.iter().rev().find_map(|it| it.code_of(wasm))
        };
        if let Some(code) = known() {
            return Ok(code);
        }
        let code = self.engine.precompile_component(wasm)?;
        if let Some(template) = Template::new(wasm, &code) {
            let mut templates = sync::lock(&self.templates);
            if templates.len() == MOST {
                templates.remove(0);
            }
            templates.push(template);
        }
        Ok(code)
    }
}
