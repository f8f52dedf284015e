//! What connections to the endpoints of one service are made with, and those that are kept.

use std::io;

use tokio::time::Instant;

use super::dial::{Driver, Sender, dial};
use super::endpoint::Endpoint;
use super::pool::Pools;
use super::tls::{Identity, TlsError};
use crate::config;

/// The endpoints of one service, and its connections to them.
pub struct Connector {
    /// What the operator set.
    pub settings: config::Downstream,
    /// The endpoints, in the order of the settings.
    pub endpoints: Box<[Endpoint]>,
    /// What TLS is spoken with; `None` without TLS.
    pub identity: Option<Identity>,
    /// The kept connections.
    pub pools: Pools,
}

impl Connector {
    /// Without connections. Reads the files of TLS, and blocks for that.
    ///
    /// # Errors
    ///
    /// When TLS cannot be spoken as the settings say.
    pub fn new(
        settings: &config::Downstream,
        workers: usize,
        now: Instant,
    ) -> Result<Self, TlsError> {
        let endpoints = settings
            .endpoints
            .iter()
            .map(|endpoint| Endpoint::new(endpoint, settings, now))
            .collect::<Result<Box<[_]>, _>>()?;
        let identity = settings
            .tls
            .as_ref()
            .map(|tls| Identity::new(tls.clone(), settings.protocol, now));
        Ok(Self {
            identity: identity.transpose()?,
            pools: Pools::new(settings, workers, endpoints.len()),
            endpoints,
            settings: settings.clone(),
        })
    }

    /// Opens a connection; says which number of TLS files it was made with.
    pub async fn dial(
        &self,
        endpoint: usize,
        until: Instant,
    ) -> io::Result<((Sender, Driver), u32)> {
        let (tls, number) = match &self.identity {
            None => (None, 0),
            Some(identity) => {
                let (tls, number) = identity.current();
                (Some(tls), number)
            }
        };
        let dialed = dial(&self.endpoints[endpoint], &self.settings, tls, until).await?;
        Ok((dialed, number))
    }

    /// The number that the TLS files of a connection must have for it to be used.
    pub fn identity_number(&self) -> u32 {
        self.identity.as_ref().map_or(0, Identity::number)
    }
}
