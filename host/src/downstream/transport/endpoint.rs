//! One endpoint of a service, with all that is known of it.

use std::time::Duration;

use http::HeaderValue;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::address::Address;
use super::balance::Load;
use super::health::Health;
use super::resolve::Name;
use super::slow_start::SlowStart;
use super::tls::TlsError;
use crate::config;

/// One endpoint.
pub struct Endpoint {
    /// What the `host` header says.
    pub authority: HeaderValue,
    /// Where it is.
    pub name: Name,
    /// What its certificate must hold; `None` without TLS.
    pub server_name: Option<ServerName<'static>>,
    /// How busy it is. Not kept up to date when it is the only one.
    pub load: Load,
    /// Whether it came back a moment ago.
    pub slow_start: SlowStart,
    /// What checks say of it; `None` when there are none.
    pub health: Option<Health>,
}

impl Endpoint {
    /// An endpoint of which nothing is known.
    ///
    /// # Errors
    ///
    /// When TLS is spoken and no certificate could hold its name.
    pub fn new(
        endpoint: &config::Endpoint,
        settings: &config::Downstream,
        now: Instant,
    ) -> Result<Self, TlsError> {
        let server_name = match &settings.tls {
            None => None,
            Some(tls) => {
                let name = tls.server_name.as_ref().unwrap_or(&endpoint.host);
                let legal = ServerName::try_from(name.clone());
                Some(legal.map_err(|_| TlsError::ServerName { name: name.clone() })?)
            }
        };
        Ok(Self {
            authority: endpoint.authority.clone(),
            name: Name::new(endpoint, settings.proxy.as_ref()),
            server_name,
            load: Load::new(now),
            slow_start: SlowStart::new(now),
            health: settings
                .health
                .as_ref()
                .map(|health| Health::new(health.clone())),
        })
    }

    /// It is good again. What put it out would make it the costliest for minutes, and nobody would see
    /// that it is well.
    pub fn is_back(&self, now: Instant) {
        self.load.forget();
        self.slow_start.begin(now);
    }

    /// Whether checks say that it is good, or there are none.
    pub fn healthy(&self) -> bool {
        self.health.as_ref().is_none_or(Health::good)
    }

    /// Its authority, or its socket file, as text for logs.
    pub fn authority(&self) -> String {
        match self.name.literal() {
            Some(file @ Address::Unix(_)) => file.to_string(),
            _ => String::from_utf8_lossy(self.authority.as_bytes()).into_owned(),
        }
    }
}

/// What an operator sees of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointState {
    /// Host and port, or the socket file.
    pub authority: String,
    /// Whether it gets calls.
    pub status: EndpointStatus,
    /// Calls under way. Not counted, so 0, when it is the only endpoint of its service.
    pub in_flight: usize,
    /// The latency to the head of an answer that balancing expects. Not measured, so 0, when it is the only one.
    pub latency: Duration,
}

/// Whether an endpoint gets calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// It does.
    Good,
    /// It failed where others did not.
    Ejected {
        /// For how long it is still left out.
        left: Duration,
    },
    /// Checks say that it is not well.
    Unhealthy {
        /// What the last bad check found.
        why: String,
    },
}
