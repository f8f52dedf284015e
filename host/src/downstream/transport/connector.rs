//! The settings that connections to the endpoints of one service are opened with.

use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::changed::Changed;
use super::dial::dial;
use super::ejection::Ejections;
use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use super::host_failures::HostFailures;
use super::pool::Terms;
use super::pool::slots::Slots;
use super::race::Progress;
use super::resolve::Lookup;
use super::sender::Dialed;
use super::tls::{Identity, TlsError};
use crate::config;

/// The endpoints of one service, and its connections to them.
pub struct Connector {
    /// What the operator set.
    pub settings: config::Downstream,
    /// The endpoints, with their connections.
    pub endpoints: Arc<Endpoints>,
    /// Their outlier ejection.
    pub ejections: Ejections,
    /// The TLS settings; `None` without TLS.
    pub identity: Option<Arc<Identity>>,
    /// The limit of connections.
    pub slots: Arc<Slots>,
    /// Logs lacking resources of the host.
    pub host_failures: HostFailures,
}

impl Connector {
    /// Takes over from `previous` what the new settings leave unchanged: endpoints with their
    /// statistics and connections, and the TLS settings. Otherwise it reads the TLS files, and
    /// blocks for that.
    ///
    /// # Errors
    ///
    /// When the TLS settings cannot be used.
    pub fn new(
        settings: &config::Downstream,
        workers: usize,
        now: Instant,
        previous: Option<&Self>,
        lookup: Lookup,
    ) -> Result<Self, TlsError> {
        // The peer of a connection, and the host's identity.
        let previous = previous.filter(|previous| {
            let before = &previous.settings;
            (before.protocol, &before.tls, &before.proxy)
                == (settings.protocol, &settings.tls, &settings.proxy)
        });
        // The slots are the same, so that all connections together are bounded also while old ones
        // are in use.
        let slots = match previous {
            Some(previous) => previous.slots.clone(),
            None => Slots::new(settings.bulkhead.max_calls),
        };
        let kept = previous.map(|previous| &*previous.endpoints);
        let endpoints = Endpoints::new(settings, &slots, workers, now, (kept, lookup))?;
        let identity = match previous {
            Some(previous) => previous.identity.clone(),
            None => settings
                .tls
                .as_ref()
                .map(|tls| Identity::new(tls.clone(), settings.protocol, now))
                .transpose()?
                .map(Arc::new),
        };
        Ok(Self {
            endpoints: Arc::new(endpoints),
            ejections: Ejections::new(settings.ejection.clone()),
            identity,
            slots,
            host_failures: HostFailures::default(),
            settings: settings.clone(),
        })
    }

    /// Opens a connection. See [`dial`].
    pub async fn dial(
        &self,
        endpoint: &Endpoint,
        changed: Arc<Changed>,
        progress: &Progress,
    ) -> io::Result<Dialed> {
        let identity = self.identity.as_ref().map(|identity| identity.current());
        Ok(dial(endpoint, &self.settings, identity, changed, progress).await?)
    }

    /// A call that began at `began` failed at an endpoint, one of these.
    pub fn failed(
        &self,
        endpoints: &[Arc<Endpoint>],
        endpoint: &Endpoint,
        began: Instant,
        now: Instant,
    ) {
        let others = endpoints.iter().filter(|other| other.id != endpoint.id);
        let others = others.map(|other| (&other.record.mark, other.healthy()));
        self.ejections
            .failed(&endpoint.record.mark, others, began, now);
    }

    /// How long connections are kept.
    pub fn terms(&self) -> Terms {
        Terms {
            identity: self.identity_number(),
            idle_timeout: self.settings.connections.idle_timeout,
            max_age: self.settings.connections.max_age,
        }
    }

    /// The required version of a connection's TLS files.
    pub fn identity_number(&self) -> u32 {
        self.identity
            .as_ref()
            .map_or(0, |identity| identity.number())
    }
}
