//! The one engine of the process, with the functions of the host that components may import.

use wasmtime::Engine;
use wasmtime::component::Linker;

use super::error::EngineError;
use super::state::StoreData;
use super::surface::Wants;
use super::{engine, imports, wasi, wasi_http};

/// The engine with all that is linked into components.
pub struct Runtime {
    engine: Engine,
    plain: Linker<StoreData>,
    with_wasi: Linker<StoreData>,
    with_http: Linker<StoreData>,
}

impl Runtime {
    /// Reserves address space for this many instances at once.
    ///
    /// # Errors
    ///
    /// When there is not enough address space, or the processor lacks a needed feature.
    pub fn new(instances: u32) -> Result<Self, EngineError> {
        let runtime = Self::without_ticker(instances)?;
        engine::start_ticker(runtime.engine.weak()).map_err(EngineError::Ticker)?;
        Ok(runtime)
    }

    /// The same, but nothing interrupts a guest, which may then run for ever. For counting
    /// instructions, which is repeatable only without a clock.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn without_ticker(instances: u32) -> Result<Self, EngineError> {
        let engine = engine::for_instances(instances)?;
        let mut plain = Linker::new(&engine);
        imports::add_to_linker(&mut plain).map_err(EngineError::Link)?;
        let mut with_wasi = Linker::new(&engine);
        imports::add_to_linker(&mut with_wasi).map_err(EngineError::Link)?;
        wasi::add_to_linker(&mut with_wasi).map_err(EngineError::Link)?;
        let mut with_http = Linker::new(&engine);
        imports::add_to_linker(&mut with_http).map_err(EngineError::Link)?;
        wasi::add_all_to_linker(&mut with_http).map_err(EngineError::Link)?;
        wasi_http::add_to_linker(&mut with_http).map_err(EngineError::Link)?;
        Ok(Self {
            engine,
            plain,
            with_wasi,
            with_http,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What a component is linked with. Only one that imports WASI gets WASI, which costs each of
    /// its requests a context.
    pub(super) fn linker(&self, wants: Wants) -> &Linker<StoreData> {
        match wants {
            Wants::Contract => &self.plain,
            Wants::Wasi => &self.with_wasi,
            Wants::WasiHttp => &self.with_http,
        }
    }
}
