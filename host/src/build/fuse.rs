//! One core module in place of the many that a componentizer links at run time.
//!
//! Componentizers of interpreters (QuickJS, CPython) link the engine, its libraries and their glue
//! as shared libraries: a dozen or more core modules that share one memory and one table, put
//! together anew for every instance. Each instance is then paid for in modules, and in table
//! entries that are written one by one, because only a table that a module defines itself, with
//! offsets known beforehand, is filled lazily. Here the linking is done once, when the component is
//! built. What the component imports and computes stays the same.
//!
//! Of WASI only what the host grants stays an import ([`wasi`]), whatever the interpreter asks for.
//!
//! An asynchronous handler becomes the synchronous one of the contract on the way ([`turns`],
//! [`handle`]), and the engine of JavaScript gets what it lacks ([`engine`], [`rejections`]).
//!
//! [`wiring`] (how are the modules put together) with [`scope`] and [`item`] -> [`layout`] (the
//! merged index spaces) with [`module`] and [`places`] -> [`merge`] (one module) -> a component of
//! the contract's world.

mod engine;
mod free;
mod handle;
mod image;
mod item;
mod layout;
mod memory;
mod merge;
mod module;
mod options;
mod places;
mod rejections;
mod scope;
mod turns;
mod wasi;
mod wiring;

pub(super) use handle::{RETURNED, START};
pub(super) use memory::{State, Value, place_of_global};
pub(in crate::build) use wasi::world_of;

use thiserror::Error;
use turns::Turns;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// Why the modules of a component cannot be linked.
#[derive(Debug, Error)]
pub enum FuseError {
    /// It has an unsupported item.
    #[error("the component has {0}, which cannot be linked beforehand")]
    Unsupported(&'static str),
    /// It is not a component.
    #[error("not a component: {0}")]
    Broken(#[from] wasmparser::Error),
    /// An instruction cannot be encoded.
    #[error("a module cannot be written anew: {0}")]
    Encode(String),
    /// The result is no component of the world.
    #[error("the linked component is not valid: {0}")]
    Result(String),
}

/// A component with its modules linked.
pub struct Fused {
    /// The component.
    pub bytes: Vec<u8>,
    /// How many core modules were linked.
    pub modules: usize,
    /// Whether a JavaScript engine was found, which then has a limit of its stack and a clock.
    pub engine: bool,
}

/// Links the core modules of a component into one, which is a component of the contract's `world`.
/// An asynchronous handler, as a component of the world of `engine.wit` has it, becomes the one that
/// `world` exports.
///
/// # Errors
///
/// Why that is not possible. The component itself may be fine.
pub fn fuse(component: &[u8], contract: &Resolve, world: WorldId) -> Result<Fused, FuseError> {
    component_of(component, contract, world, merge::Purpose::Component)
}

/// As [`fuse`], with memory and globals as they were after [`runnable`] had run.
pub(super) fn fuse_with(
    component: &[u8],
    contract: &Resolve,
    world: WorldId,
    state: &memory::State,
) -> Result<Fused, FuseError> {
    component_of(component, contract, world, merge::Purpose::With(state))
}

/// Links the core modules of a component into one that is run here and now: its engine asks for
/// modules of JavaScript by the imports of [`LOADER`], and it exports its state.
pub(super) fn runnable(component: &[u8], handler: &str) -> Result<Vec<u8>, FuseError> {
    let wiring = wiring::read(component, wiring::Stubs::Loader)?;
    let merged = merge::merge(&wiring, Some(handler), merge::Purpose::Run)?;
    Ok(merged.module.finish())
}

/// The name of the interface by which the engine asks for modules while a component is made.
pub(super) const LOADER: &str = "local:init/module-loader";

fn component_of(
    component: &[u8],
    contract: &Resolve,
    world: WorldId,
    purpose: merge::Purpose<'_>,
) -> Result<Fused, FuseError> {
    let mut wiring = wiring::read(component, wiring::Stubs::Trap)?;
    let exports = contract.worlds[world].exports.keys();
    let exports: Vec<String> = exports.map(|key| contract.name_world_key(key)).collect();
    // What else there is was for the making of the component.
    wiring.exports.retain(|export| {
        let interface = export.name.split('#').next();
        Turns::is_part(&export.name) || exports.iter().any(|it| interface == Some(it.as_str()))
    });
    let handler = exports.into_iter().next();
    let merged = merge::merge(&wiring, handler.as_deref(), purpose)?;
    let mut module = merged.module.finish();
    embed_component_metadata(&mut module, contract, world, StringEncoding::UTF8)
        .map_err(|error| invalid(&error))?;
    let bytes = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| invalid(&error))?;
    Ok(Fused {
        bytes,
        modules: merged.modules,
        engine: merged.engine,
    })
}

fn invalid(error: &dyn std::fmt::Display) -> FuseError {
    FuseError::Result(format!("{error:#}"))
}
