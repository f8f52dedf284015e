//! A host elsewhere, as the commands for releases reach it: the interface `/v1` of its listener for
//! operators, over HTTP/1.1, with TLS where the address says so.

mod access;
mod address;
mod answer;
mod client;
mod documents;
mod error;
mod job;
mod names;
mod problem;
mod shown;
mod table;
mod tls;
mod token;
mod transport;

pub use access::Access;
pub use client::Remote;
pub use documents::{Begun, Bff, Canary, Preview, Previews, Release};
pub use error::{Later, RemoteError};
pub use names::{NameError, Reference, all_releases, resolve};
pub use problem::Problem;
pub use table::table;

/// A BFF's name in an argument.
///
/// # Errors
///
/// When no BFF can have it.
pub fn bff_name(text: &str) -> Result<String, String> {
    let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    match text.bytes().all(is_plain) && !text.is_empty() && !text.starts_with('-') {
        true => Ok(text.to_owned()),
        false => Err("a BFF's name has a-z, 0-9 and -".to_owned()),
    }
}

/// The first digits of a digest, as people name it.
pub fn short(digest: &str) -> &str {
    digest.get(..names::SHORTEST).unwrap_or(digest)
}
