//! From a file to a component that can be instantiated: size, surface, machine code, links.
//! Everything slow or fallible about a component happens here, never on the path of a request.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::compiled::{CompiledCache, load_bytes};
use super::compiler::{CompileIn, Compiler, Job};
use super::error::LoadError;
use super::mark::Mark;
use super::python::has_cpython;
use super::runtime::Runtime;
use super::state::StoreData;
use super::store::Store;
use super::surface::{Contract, Surface, Wants};
use super::unlinked;
use crate::config;
use crate::config::Compile;
use crate::contract::BffPre;
use crate::digest::hex;
use crate::file;
use crate::sync;

/// A component that can be instantiated, by the contract that it answers by.
pub(super) enum Handler {
    /// The host's own.
    Tailor(BffPre<StoreData>),
    /// `wasi:http`.
    WasiHttp(ProxyPre<StoreData>),
}

impl Handler {
    fn of(surface: &Surface, linked: InstancePre<StoreData>) -> wasmtime::Result<Self> {
        match surface.contract() {
            Contract::Tailor => BffPre::new(linked).map(Self::Tailor),
            Contract::WasiHttp => ProxyPre::new(linked).map(Self::WasiHttp),
        }
    }
}

/// A component, ready to be instantiated. Holds no settings: versions share it.
pub struct Loaded {
    pub(super) handler: Handler,
    /// What it is linked with.
    pub(super) wants: Wants,
    /// Whether it has CPython in it, which is looked for when it fails.
    pub(super) has_cpython: bool,
    /// The version's name: the first twelve digits of the component's SHA-256.
    pub version: Arc<str>,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Size of the component, bytes.
    pub size: usize,
    /// What it imports and exports.
    pub surface: Surface,
    /// The largest memory that it begins with, bytes.
    pub memory: u64,
    /// How long compiling it took; nothing when its code was kept from before.
    pub compiled_in: Option<Duration>,
    /// The component itself, until the store has it.
    unsaved: Mutex<Option<Vec<u8>>>,
}

/// A page of WebAssembly's memory, bytes.
const PAGE: u64 = 64 << 10;

impl Loaded {
    /// Checks that it can begin under the limits of a BFF.
    ///
    /// # Errors
    ///
    /// Which limit is too low.
    pub fn fits(&self, limits: &config::Limits) -> Result<(), LoadError> {
        let limit = limits.memory as u64;
        match self.memory > limit {
            true => Err(LoadError::Memory {
                needs: self.memory,
                limit,
            }),
            false => Ok(()),
        }
    }

    fn unsaved(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        sync::lock(&self.unsaved)
    }
}

/// Loads components for an engine.
pub struct Loader {
    runtime: Arc<Runtime>,
    compiler: Compiler,
    cache: Option<CompiledCache>,
    store: Option<Store>,
    max_size: u64,
}

impl Loader {
    /// A loader. Without a cache, code is compiled each time and kept in memory only. It is
    /// compiled in this process, without limits, unless [`compiling`](Self::compiling) says
    /// otherwise.
    pub fn new(runtime: Arc<Runtime>, cache: Option<CompiledCache>, max_size: u64) -> Self {
        let compiler = Compiler::new(
            runtime.engine().clone(),
            CompileIn::ThisProcess,
            &Compile::default(),
        );
        Self {
            runtime,
            compiler,
            cache,
            store: None,
            max_size,
        }
    }

    /// The same, with components compiled as `compile_in` says; the limits apply to a child
    /// process.
    #[must_use]
    pub fn compiling(mut self, compile_in: CompileIn, limits: &Compile) -> Self {
        self.compiler = Compiler::new(self.runtime.engine().clone(), compile_in, limits);
        self
    }

    /// The same, with a store for the last good components.
    #[must_use]
    pub fn with_store(mut self, store: Option<Store>) -> Self {
        self.store = store;
        self
    }

    /// Size of a component, bytes.
    pub fn max_size(&self) -> u64 {
        self.max_size
    }

    /// The engine that components are loaded for.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Loads a component of a BFF from a file; `known` is reused if it is the same. Blocks for as
    /// long as compiling takes.
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
        self.load_read(Job::new(bff), self.read(path)?, known)
    }

    /// Reads the file of a component. Blocks.
    ///
    /// # Errors
    ///
    /// That it cannot be read, or is too large.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, LoadError> {
        match file::read(path, self.max_size) {
            Ok(content) => Ok(content.bytes),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                let over = self.max_size.saturating_add(1);
                Err(LoadError::TooLarge {
                    path: path.to_owned(),
                    size: file::stat(path).map_or(over, |metadata| metadata.len()),
                    limit: self.max_size,
                })
            }
            Err(source) => Err(LoadError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Loads a component that was read from a file; `known` is taken again if it is the same.
    pub(super) fn load_read(
        &self,
        job: Job,
        bytes: Vec<u8>,
        known: Option<&Arc<Loaded>>,
    ) -> Result<Arc<Loaded>, LoadError> {
        let digest = hex(&bytes);
        let loaded = match known {
            Some(known) if known.digest == digest => known.clone(),
            _ => Arc::new(self.load_job(job, &bytes)?),
        };
        let store = self.store.as_ref();
        if store.is_some_and(|store| !store.has(&digest, bytes.len())) {
            *loaded.unsaved() = Some(bytes);
        }
        Ok(loaded)
    }

    /// The newest good component that was live as this BFF, and can still be loaded. Blocks for as
    /// long as compiling takes.
    pub fn last_good(&self, bff: &str) -> Option<Arc<Loaded>> {
        let store = self.store.as_ref()?;
        store.was_live(bff).iter().find_map(|digest| {
            let read = store.read(digest, self.max_size);
            let loaded = read.map_err(|error| error.to_string()).and_then(|bytes| {
                let loaded = self.load_bytes(bff, &bytes);
                loaded.map_err(|error| error.to_string())
            });
            match loaded {
                Ok(loaded) => Some(Arc::new(loaded)),
                Err(error) => {
                    tracing::warn!(bff, digest, error, "a kept component cannot be used");
                    None
                }
            }
        })
    }

    /// Whether this component was live as this BFF before, one of the last two.
    pub fn was_live(&self, bff: &str, digest: &str) -> bool {
        let store = self.store.as_ref();
        store.is_some_and(|store| store.was_live(bff).iter().any(|other| other == digest))
    }

    /// Records the live components for the next start, and removes those of no BFF in `all`. One
    /// caller at a time, so that no call removes what another has written. Blocks until all is on
    /// the disk. `false` when that failed, which is logged. The compiled code of `released` stays,
    /// too.
    pub fn keep(
        &self,
        live: &[(String, Arc<Loaded>)],
        all: &[String],
        released: BTreeSet<String>,
    ) -> bool {
        let Some(store) = &self.store else {
            return true;
        };
        let _writing = store.write_lock();
        let note = |(bff, loaded): &(String, Arc<Loaded>)| {
            let bytes = loaded.unsaved().take();
            let noted = store.note(bff, &loaded.digest, bytes.as_deref());
            if noted.is_err() {
                // For the next attempt: its file may be another one by then.
                *loaded.unsaved() = bytes;
            }
            noted
        };
        let noted = live.iter().map(note).fold(Ok(()), std::io::Result::and);
        // A full disk gets room only of what is removed.
        let collected = store.collect(all.iter().map(String::as_str));
        if let (Some(cache), Ok(digests)) = (&self.cache, &collected) {
            let needed = digests.union(&released).cloned().collect();
            cache.keep(self.runtime.engine(), &needed);
        }
        let written = noted.and(collected.map(drop));
        store.report(&written);
        written.is_ok()
    }

    /// Loads a component of a BFF from its bytes. Blocks for as long as compiling takes.
    ///
    /// # Errors
    ///
    /// Why the component is refused.
    pub fn load_bytes(&self, bff: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        self.load_job(Job::new(bff), bytes)
    }

    /// Ends the compile of a BFF's file whose mark has changed: its new content is loaded instead.
    pub fn supersede(&self, bff: &str, path: &Path, mark: &Mark) {
        self.compiler.supersede(bff, path, mark);
    }

    /// Whether a compile of this file is queued or running.
    pub fn compiles(&self, path: &Path) -> bool {
        self.compiler.compiles(path)
    }

    /// Ends compiles of BFFs and files that the configuration does not name any more.
    pub fn withdraw(&self, is_wanted: impl Fn(&str, &Path) -> bool) {
        self.compiler.withdraw(is_wanted);
    }

    fn load_job(&self, job: Job, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let surface = Surface::read(bytes)?;
        surface.check()?;
        let digest = hex(bytes);
        let engine = self.runtime.engine();
        let compiled_in = Cell::new(None);
        let compile = || {
            let started = Instant::now();
            let code = self.compiler.compile(job, bytes);
            compiled_in.set(Some(started.elapsed()));
            code
        };
        let component = match &self.cache {
            Some(cache) => cache.get(engine, &digest, compile)?,
            None => load_bytes(engine, &compile()?)?,
        };
        component
            .initialize_copy_on_write_image()
            .map_err(LoadError::Compile)?;
        let needs = component.resources_required();
        let pages = needs.and_then(|it| it.max_initial_memory_size).unwrap_or(0);
        let wants = surface.wants();
        let unlinked = surface.unlinked();
        let linked = match unlinked.is_empty() {
            true => self.runtime.linker(wants).instantiate_pre(&component),
            false => unlinked::linker(self.runtime.linker(wants), &component, &unlinked)
                .and_then(|linker| linker.instantiate_pre(&component)),
        };
        let handler = linked
            .and_then(|linked| Handler::of(&surface, linked))
            .map_err(LoadError::Link)?;
        Ok(Loaded {
            handler,
            has_cpython: has_cpython(bytes),
            wants,
            version: digest[..12].into(),
            digest,
            size: bytes.len(),
            surface,
            memory: pages.saturating_mul(PAGE),
            compiled_in: compiled_in.get(),
            unsaved: Mutex::default(),
        })
    }
}
