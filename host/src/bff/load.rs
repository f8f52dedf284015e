//! From a file to a component that can be instantiated: size, surface, machine code, links. Everything slow or fallible
//! about a component happens here, never on the path of a request.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::compiled::{CompiledCache, hex};
use super::engine::Runtime;
use super::error::LoadError;
use super::state::State;
use super::surface::Surface;
use crate::contract::BffPre;
use crate::file;

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
    cache: Option<CompiledCache>,
    max_size: u64,
}

impl Loader {
    /// A loader. Without a cache, code is compiled each time and kept in memory only.
    pub fn new(runtime: Arc<Runtime>, cache: Option<CompiledCache>, max_size: u64) -> Self {
        Self {
            runtime,
            cache,
            max_size,
        }
    }

    /// The engine that components are loaded for.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Loads a component from a file; `known` is taken again if it is the same. Blocks for as long as compiling takes.
    ///
    /// # Errors
    ///
    /// Why the component is refused.
    pub fn load(&self, path: &Path, known: Option<&Arc<Loaded>>) -> Result<Arc<Loaded>, LoadError> {
        let unreadable = |source| LoadError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let bytes = match file::read(path, self.max_size) {
            Ok(content) => content.bytes,
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                let over = self.max_size.saturating_add(1);
                return Err(LoadError::TooLarge {
                    path: path.to_owned(),
                    size: file::stat(path).map_or(over, |metadata| metadata.len()),
                    limit: self.max_size,
                });
            }
            Err(error) => return Err(unreadable(error)),
        };
        match known {
            Some(known) if known.digest == hex(&bytes) => Ok(known.clone()),
            _ => Ok(Arc::new(self.load_bytes(&bytes)?)),
        }
    }

    /// Loads a component from its bytes. Blocks for as long as compiling takes.
    ///
    /// # Errors
    ///
    /// Why the component is refused.
    pub fn load_bytes(&self, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let surface = Surface::read(bytes)?;
        surface.check()?;
        let digest = hex(bytes);
        let engine = self.runtime.engine();
        let component = match &self.cache {
            Some(cache) => cache.get(engine, &digest, bytes)?,
            None => {
                wasmtime::component::Component::new(engine, bytes).map_err(LoadError::Compile)?
            }
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
