//! The compiled code that commands for one component keep, so that it is compiled once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tailor::bff::compiled::CompiledCache;
use tailor::bff::compiler::CompileIn;
use tailor::bff::load::{Loaded, Loader};
use tailor::bff::runtime::Runtime;
use tailor::build::BuildOptions;
use tailor::config::{Compile, CompiledCode, Config};

/// Where the code of components is kept.
pub struct KeptCode {
    /// The data directory of the host, or the user's cache; nothing when neither can be used.
    folder: Option<PathBuf>,
    limits: CompiledCode,
    /// Whether the folder is for calls alone, so that old code is removed here.
    own: bool,
}

impl KeptCode {
    /// The data directory of a configuration, which its host uses, too; else the user's cache.
    pub fn open(config: Option<&Config>) -> Self {
        let engine = config.map(|config| &config.engine);
        let cache = || BuildOptions::from_env().cache_dir;
        let folder = engine.map(|engine| engine.data_dir.clone()).or_else(cache);
        let limits = engine.map(|engine| engine.compiled.clone());
        let mut kept = Self {
            folder,
            limits: limits.unwrap_or_default(),
            own: engine.is_none(),
        };
        if let Err(error) = kept.cache().transpose() {
            eprintln!("compiled code is not kept: {error}");
            kept.folder = None;
        }
        kept
    }

    fn cache(&self) -> Option<Result<CompiledCache, tailor::bff::error::LoadError>> {
        let folder = self.folder.as_deref()?;
        Some(CompiledCache::open(folder, self.limits.clone()))
    }

    /// A loader that takes code from here, and compiles in a process of its own with these limits.
    pub fn loader(
        &self,
        runtime: &Arc<Runtime>,
        max_size: u64,
        compile: &Compile,
    ) -> anyhow::Result<Loader> {
        let loader = Loader::new(runtime.clone(), self.cache().transpose()?, max_size);
        Ok(loader.compiling(CompileIn::ChildProcess, compile))
    }

    /// Loads a component, and says where its code is when it had to be compiled.
    pub fn load(&self, runtime: &Arc<Runtime>, component: &Path) -> anyhow::Result<Arc<Loaded>> {
        let loader = self.loader(runtime, Config::MAX_COMPONENT_SIZE, &Compile::default())?;
        let loaded = loader.load("call", component, None)?;
        self.keep(runtime, &loaded, component)?;
        Ok(loaded)
    }

    /// Says where the code of a component is when it had to be compiled, and removes older code.
    pub fn keep(
        &self,
        runtime: &Arc<Runtime>,
        loaded: &Loaded,
        component: &Path,
    ) -> anyhow::Result<()> {
        let (Some(took), Some(folder)) = (loaded.compiled_in, &self.folder) else {
            return Ok(());
        };
        eprintln!(
            "compiled {} in {:.1} s; its code is kept in {}",
            component.display(),
            took.as_secs_f64(),
            folder.join("compiled").display()
        );
        if self.own
            && let Some(cache) = self.cache().transpose()?
        {
            cache.keep(runtime.engine(), &BTreeSet::from([loaded.digest.clone()]));
        }
        Ok(())
    }
}
