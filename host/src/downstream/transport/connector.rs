//! What connections to the endpoints of one service are made with, and those that are kept.

use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::changed::Changed;
use super::dial::{Driver, Sender, dial};
use super::endpoint::Endpoint;
use super::host_failures::HostFailures;
use super::pool::Pools;
use super::tls::{Identity, TlsError};
use crate::config;

/// The endpoints of one service, and its connections to them.
pub struct Connector {
    /// What the operator set.
    pub settings: config::Downstream,
    /// The endpoints, in the order of the settings.
    pub endpoints: Box<[Arc<Endpoint>]>,
    /// What TLS is spoken with; `None` without TLS.
    pub identity: Option<Arc<Identity>>,
    /// The kept connections.
    pub pools: Pools,
    /// Says when the host itself is short of something.
    pub host_failures: HostFailures,
}

impl Connector {
    /// Takes over from `previous` what means the same under the new settings: endpoints with what is known
    /// of them, their connections, and what TLS is spoken with. Reads the files of TLS otherwise, and blocks
    /// for that.
    ///
    /// # Errors
    ///
    /// When TLS cannot be spoken as the settings say.
    pub fn new(
        settings: &config::Downstream,
        workers: usize,
        now: Instant,
        previous: Option<&Self>,
    ) -> Result<Self, TlsError> {
        // Whom a connection leads to, and as whom.
        let previous = previous.filter(|previous| {
            let before = &previous.settings;
            (before.protocol, &before.tls, &before.proxy)
                == (settings.protocol, &settings.tls, &settings.proxy)
        });
        let kept: Vec<Option<usize>> = settings
            .endpoints
            .iter()
            .map(|endpoint| {
                let mut before = previous?.settings.endpoints.iter();
                before.position(|before| before == endpoint)
            })
            .collect();
        let same_checks = |previous: &Self| previous.settings.health == settings.health;
        let endpoints = settings
            .endpoints
            .iter()
            .zip(&kept)
            .map(|(endpoint, kept)| match (previous, *kept) {
                (Some(previous), Some(kept)) if same_checks(previous) => {
                    Ok(previous.endpoints[kept].clone())
                }
                _ => Endpoint::new(endpoint, settings, now).map(Arc::new),
            })
            .collect::<Result<Box<[_]>, _>>()?;
        let identity = match previous {
            Some(previous) => previous.identity.clone(),
            None => settings
                .tls
                .as_ref()
                .map(|tls| Identity::new(tls.clone(), settings.protocol, now))
                .transpose()?
                .map(Arc::new),
        };
        let pools = match previous {
            Some(previous) => previous.pools.with_endpoints(settings, &kept),
            None => Pools::new(settings, workers, endpoints.len()),
        };
        Ok(Self {
            identity,
            pools,
            host_failures: HostFailures::default(),
            endpoints,
            settings: settings.clone(),
        })
    }

    /// Opens a connection; says which number of TLS files it was made with. See [`dial`] for the rest.
    pub async fn dial(
        &self,
        endpoint: usize,
        until: Instant,
        changed: Arc<Changed>,
    ) -> io::Result<((Sender, Driver), u32)> {
        let (tls, number) = match &self.identity {
            None => (None, 0),
            Some(identity) => {
                let (tls, number) = identity.current();
                (Some(tls), number)
            }
        };
        let dialed = dial(
            &self.endpoints[endpoint],
            &self.settings,
            tls,
            until,
            changed,
        )
        .await?;
        Ok((dialed, number))
    }

    /// The number that the TLS files of a connection must have for it to be used.
    pub fn identity_number(&self) -> u32 {
        self.identity
            .as_ref()
            .map_or(0, |identity| identity.number())
    }
}
