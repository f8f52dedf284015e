//! How tests load components: what was compiled once in a process of tests is taken again.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tailor::bff::compiled::CompiledCache;
use tailor::bff::compiler::{CodeInMemory, CompileIn};
use tailor::bff::load::{Loaded, Loader};
use tailor::bff::runtime::Runtime;
use tailor::config::{Compile, CompiledCode, Config};

/// How all hosts and loaders of a process of tests compile: what one of them compiled, the next one
/// takes.
///
/// # Errors
///
/// When the machine has no compiler for its processor.
pub(crate) fn compiling_once() -> anyhow::Result<CompileIn> {
    static CODE: OnceLock<Arc<CodeInMemory>> = OnceLock::new();
    let code = match CODE.get() {
        Some(code) => code,
        None => {
            let new = Arc::new(CodeInMemory::new()?);
            CODE.get_or_init(|| new)
        }
    };
    Ok(CompileIn::ThisProcessAgain(code.clone()))
}

pub(crate) fn runtime() -> anyhow::Result<Arc<Runtime>> {
    Ok(Arc::new(Runtime::new(4)?))
}

/// Loads a component, and keeps its code in a folder: as good as the user's cache, where nothing of
/// other components goes away.
///
/// # Errors
///
/// Why the host would refuse it.
pub fn load_kept(
    runtime: &Arc<Runtime>,
    path: &Path,
    folder: &Path,
) -> anyhow::Result<Arc<Loaded>> {
    let cache = CompiledCache::open(folder, CompiledCode::default())?;
    Ok(loader(runtime, Some(cache))?.load("offline", path, None)?)
}

/// A loader for tests: what another one has compiled, it takes.
///
/// # Errors
///
/// When the machine has no compiler for its processor.
pub fn loader(runtime: &Arc<Runtime>, cache: Option<CompiledCache>) -> anyhow::Result<Loader> {
    let loader = Loader::new(runtime.clone(), cache, Config::MAX_COMPONENT_SIZE);
    Ok(loader.compiling(compiling_once()?, &Compile::default()))
}
