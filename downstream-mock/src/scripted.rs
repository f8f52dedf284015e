//! A scripted service: one closure from a request to a [`Response`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use downstream_mock::scripted::{Response, ScriptedService};
//!
//! let service = ScriptedService::start(|request| match request.number {
//!     1 => Response::new(503).header("retry-after", "1"),
//!     2 => Response::text("0123456789").cut_at(3).then_reset(),
//!     3 => Response::hang(),
//!     _ => Response::text("ok"),
//! })?;
//! // .. service.url() is called ..
//! let requests = service.wait_for(1).await;
//! assert_eq!(requests[0].line(), "GET /x HTTP/1.1");
//! # Ok(())
//! # }
//! ```
//!
//! It speaks HTTP/1.1 and HTTP/2 on the same port, with TLS where [`Builder::tls`] is given what
//! [`acceptor`] makes of an [`Authority`]'s certificate. It listens on a free port and ends when it
//! is dropped.
//!
//! - An answer that waits: `Response::text("ok").after(gate.pass())` with a [`Gate`], or
//!   [`Response::later`] with any future.
//! - Bytes that are no HTTP: [`Response::raw`]. A whole connection byte by byte (HTTP/1.1):
//!   [`ScriptedService::connections`] with a [`Connection`].
//! - HTTP/2 alone: [`Response::reset_stream`], [`Response::goaway`], and any frame by
//!   [`frames::frame`] with [`Response::raw_before`].
//! - What came: [`ScriptedService::requests`], [`ScriptedService::count`],
//!   [`ScriptedService::accepted`], [`ScriptedService::open`].

mod certificates;
mod connection;
mod gate;
mod response;
mod service;

pub mod frames;
mod http1;
mod http2;

mod inject;
mod record;
mod stream;

pub use certificates::{Authority, CertificateError, Signed, Validity, acceptor};
pub use connection::Connection;
pub use gate::Gate;
pub use record::Request;
pub use response::Response;
pub use service::{Builder, ScriptedService};
