//! Makes a component of a module for WASI's first preview, as tools of others do.

use std::path::PathBuf;

use anyhow::Context as _;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

fn main() -> anyhow::Result<()> {
    let mut files = std::env::args_os().skip(1).map(PathBuf::from);
    let (module, component) = files
        .next()
        .zip(files.next())
        .context("usage: MODULE COMPONENT")?;
    let bytes = ComponentEncoder::default()
        .validate(true)
        .module(&std::fs::read(module)?)?
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )?
        .encode()?;
    Ok(std::fs::write(component, bytes)?)
}
