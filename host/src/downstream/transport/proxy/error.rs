//! What can go wrong with a proxy.

use std::io;

use thiserror::Error;

/// Why a proxy opens no connection. Messages hold no address and no secret: a guest reads them.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// It cannot be reached, or broke the connection.
    #[error("proxy: {0}")]
    Connection(#[source] io::Error),
    /// It refuses.
    #[error("the proxy answered {0}")]
    Refused(u16),
    /// Its answer is not HTTP.
    #[error("the answer of the proxy is not HTTP")]
    NotHttp,
    /// The head of its answer is too large.
    #[error("the head of the proxy's answer is larger than {limit} bytes")]
    HeadTooLarge {
        /// The limit in force.
        limit: usize,
    },
    /// Its credentials cannot be read.
    #[error("the credentials for the proxy cannot be used")]
    Credentials,
}
