//! The data of the store of one request, for the functions of the host.

use std::sync::Arc;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use super::guest_log::GuestLog;
use super::limits::GuestLimits;
use super::meter::Awaited;
use super::random::Random;
use super::wasi_http::outgoing::Http;
use crate::calls::Session;
use crate::config;

/// The data of a store.
pub(super) struct StoreData {
    /// Of the BFF.
    pub(super) settings: Arc<config::Bff>,
    pub(super) session: Arc<Session>,
    pub(super) log: Arc<GuestLog>,
    /// The slot for futures of host functions that the guest waits for.
    pub(super) awaited: Arc<Awaited>,
    pub(super) limits: GuestLimits,
    pub(super) table: ResourceTable,
    /// Set for components that import WASI.
    pub(super) wasi: Option<WasiCtx>,
    /// Set for components that import `wasi:http`.
    pub(super) wasi_http: Option<Http>,
    /// The result of `now-ms` instead of the time of day, for tests and fixtures.
    pub(super) now_ms: Option<u64>,
    /// When the request arrived.
    pub(super) arrived: Instant,
    pub(super) random: Random,
}

impl StoreData {
    /// Whether the request has used its CPU time. It is ended soon, and may say where it is.
    pub(super) fn is_cpu_spent(&self) -> bool {
        self.limits.usage.cpu() > self.settings.limits.cpu
    }
}

impl WasiView for StoreData {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self
            .wasi
            .as_mut()
            .expect("WASI is linked only into components whose stores have its context");
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for StoreData {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let http = self
            .wasi_http
            .as_mut()
            .expect("wasi:http is linked only into components whose stores have its context");
        http.view(&mut self.table)
    }
}
