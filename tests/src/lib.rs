//! Tools for tests of a BFF or of the host.
//!
//! - [`Offline`] invokes a component directly, in process and without sockets, with closures or a
//!   fixture file as its services, under the same limits as in production.
//! - [`TestHost`] runs the real host on a free port, with services of the caller's choice: those of
//!   `downstream-mock`, or a closure for each (see [`TestHostBuilder`]).
//! - [`Process`] runs the program itself, for what is visible only from outside: its log, its
//!   signals, its exit code.
//! - [`Dev`] runs `tailor dev`, and reads its terminal.
//! - [`frames`] is a client that sends any frames of HTTP/2.
//! - [`readers`] are models of how the programs behind the host read a path.
//! - [`components`] builds the example BFFs once, for any number of tests.

mod code;
pub mod components;
pub mod dev;
pub mod frames;
mod host;
mod loading;
mod offline;
mod process;
pub mod readers;

pub use dev::Dev;
pub use host::{Files, Reply, TestHost, TestHostBuilder};
pub use loading::{load_kept, loader};
pub use offline::{Offline, RecordedCall, json, reply};
pub use process::Process;
