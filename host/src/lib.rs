//! tailor: a host for Backends for Frontends, each a sandboxed WebAssembly component.
//!
//! The modules in the order of a request: `host` -> `server` -> `snapshot` -> `router`, `bff` ->
//! `calls` -> `downstream`. Lower modules import no higher ones. `coding`, `contract`, `degraded`,
//! `http_fields`, `locale`, `oci`, `path`, `preview`, `query`, `server_timing`, `signature`, `sync`,
//! `telemetry`, `text` and `time` are leaves that all may use, and so is `config`, which knows some
//! of them. `fixture` and `invoke` run a request without a socket, and `suite` many as tests;
//! `registry` pulls components for `server`; `development` is what a host tells the author of a
//! BFF; `build` makes components and knows nothing of the rest; `template` makes folders that it
//! builds.

pub mod bff;
pub mod build;
pub mod calls;
pub mod canary;
pub mod ci;
pub(crate) mod coding;
pub mod config;
pub mod contract;
pub(crate) mod degraded;
pub mod development;
pub mod digest;
pub mod downstream;
pub mod file;
pub mod fixture;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod host;
pub(crate) mod http_fields;
pub mod invoke;
pub mod locale;
pub(crate) mod object;
pub mod oci;
#[cfg(test)]
mod page;
pub mod path;
pub(crate) mod pem;
pub mod preview;
pub(crate) mod query;
pub mod recording;
pub mod registry;
pub mod releases;
pub mod router;
pub mod server;
pub(crate) mod server_timing;
pub mod shadow;
pub mod signature;
pub(crate) mod snapshot;
pub mod suite;
pub mod sync;
pub mod tape;
pub mod telemetry;
pub mod template;
pub mod text;
pub(crate) mod time;
