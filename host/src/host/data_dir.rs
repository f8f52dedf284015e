//! The folders of the data directory that a host uses.

use std::path::Path;

use crate::bff::compiled::CompiledCache;
use crate::bff::error::LoadError;
use crate::bff::store::Store;
use crate::config::Engine;

/// Opens the folders of compiled code and, for a host that serves, of the last good components.
pub(super) async fn open_data_dir(
    engine: &Engine,
    serves: bool,
) -> Result<(CompiledCache, Option<Store>), LoadError> {
    let (data_dir, limits) = (engine.data_dir.clone(), engine.compiled.clone());
    // They may be on a file system that does not answer.
    let open = move || {
        let cache = CompiledCache::open(&data_dir, limits)?;
        Ok((cache, serves.then(|| store(&data_dir)).flatten()))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.unwrap_or_else(|panic| Err(LoadError::DataDir(panic.to_string())))
}

/// Without one, a restart has no component to go back to, and all else is as it should be.
fn store(data_dir: &Path) -> Option<Store> {
    let store = Store::open(data_dir);
    let store =
        store.inspect_err(|error| tracing::warn!("last good components are not kept: {error}"));
    store.ok()
}
