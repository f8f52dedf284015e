//! The BFFs: components with their settings, from the file on disk to the answer of one request.
//!
//! In the order of a version's life: [`surface`] (what does the component import) -> [`compiled`]
//! (its machine code, cached) -> [`compiler`] (where it is not) -> [`load`] (both, and linked) ->
//! [`version`] (with the operator's settings) -> [`swap`] (which version is live, and with
//! [`trial`] which one gets a share) -> [`store`] (its bytes, for the next start) -> and for each
//! request [`admission`], [`run`] with [`state`], [`imports`], [`wasi_http`] and [`unlinked`] for
//! components of others, [`limits`], [`meter`], [`scheduler`] and [`guest_log`], and [`response`]
//! or, when it failed, [`classify`] and [`python`].
//!
//! One store and one instance for each request, dropped after it: nothing that a guest wrote is
//! there for the next one.

pub(crate) mod admission;
mod classify;
pub mod compiled;
pub mod compiler;
mod engine;
pub mod error;
pub(crate) mod guest_log;
mod imports;
mod limits;
pub mod load;
pub(crate) mod look;
pub mod mark;
pub mod meter;
mod python;
mod random;
pub mod response;
pub mod run;
pub mod runtime;
pub mod scheduler;
mod start;
mod state;
pub(crate) mod store;
pub(crate) mod streamed;
pub mod surface;
pub(crate) mod swap;
mod tick;
pub(crate) mod trial;
mod unlinked;
pub mod version;
mod wasi;
mod wasi_http;
