//! From a file to a component that can be instantiated: size, surface, machine code, links. Everything slow or fallible
//! about a component happens here, never on the path of a request.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::compiled::{CompiledCache, hex, load_bytes};
use super::compiler::{Compiler, Place};
use super::engine::Runtime;
use super::error::LoadError;
use super::state::State;
use super::surface::Surface;
use crate::config::Compile;
use crate::contract::BffPre;

/// A component, ready to be instantiated. Holds no settings: versions share it.
pub struct Loaded {
    pub(super) pre: BffPre<State>,
    /// The version's name: the first twelve digits of the component's SHA-256.
    pub version: Arc<str>,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Size of the component, bytes.
    pub size: usize,
    /// What it imports and exports.
    pub surface: Surface,
}

/// Loads components for an engine.
pub struct Loader {
    runtime: Arc<Runtime>,
    compiler: Compiler,
    cache: Option<CompiledCache>,
    max_size: u64,
}

impl Loader {
    /// A loader. Without a cache, code is compiled each time and kept in memory only. It is compiled in this process,
    /// without limits, unless [`compiling`](Self::compiling) says otherwise.
    pub fn new(runtime: Arc<Runtime>, cache: Option<CompiledCache>, max_size: u64) -> Self {
        let compiler = Compiler::new(runtime.engine().clone(), Place::Here, &Compile::default());
        Self {
            runtime,
            compiler,
            cache,
            max_size,
        }
    }

    /// The same, with components compiled in the place that is named, under these limits if that is a process of its
    /// own.
    #[must_use]
    pub fn compiling(mut self, place: Place, limits: &Compile) -> Self {
        self.compiler = Compiler::new(self.runtime.engine().clone(), place, limits);
        self
    }

    /// The engine that components are loaded for.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Loads a component of a BFF from a file; `known` is taken again if it is the same. Blocks for as long as
    /// compiling takes.
    ///
    /// # Errors
    ///
    /// Why the component is refused.
    pub fn load(
        &self,
        bff: &str,
        path: &Path,
        known: Option<&Arc<Loaded>>,
    ) -> Result<Arc<Loaded>, LoadError> {
        let unreadable = |source| LoadError::Unreadable {
            path: path.to_owned(),
            source,
        };
        // Looked at before it is opened, since opening a pipe would wait for a writer.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(unreadable(std::io::Error::other("not a file")));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut file = file.take(self.max_size.saturating_add(1));
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > self.max_size {
            let size =
                std::fs::metadata(path).map_or(bytes.len() as u64, |metadata| metadata.len());
            return Err(LoadError::TooLarge {
                path: path.to_owned(),
                size,
                limit: self.max_size,
            });
        }
        match known {
            Some(known) if known.digest == hex(&bytes) => Ok(known.clone()),
            _ => Ok(Arc::new(self.load_bytes(bff, &bytes)?)),
        }
    }

    /// Loads a component of a BFF from its bytes. Blocks for as long as compiling takes.
    ///
    /// # Errors
    ///
    /// Why the component is refused.
    pub fn load_bytes(&self, bff: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let surface = Surface::read(bytes)?;
        surface.check()?;
        let digest = hex(bytes);
        let engine = self.runtime.engine();
        let compile = || self.compiler.compile(bff, bytes);
        let component = match &self.cache {
            Some(cache) => cache.get(engine, &digest, compile)?,
            None => load_bytes(engine, &compile()?)?,
        };
        component
            .initialize_copy_on_write_image()
            .map_err(LoadError::Compile)?;
        let pre = self
            .runtime
            .linker(surface.wants_wasi())
            .instantiate_pre(&component)
            .and_then(BffPre::new)
            .map_err(LoadError::Link)?;
        Ok(Loaded {
            pre,
            version: digest[..12].into(),
            digest,
            size: bytes.len(),
            surface,
        })
    }
}
