//! A host name of the settings and the endpoints that it resolves to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use rustls_pki_types::ServerName;

use super::address::Address;
use super::endpoint::{Endpoint, EndpointState, EndpointStatus, Site, text};
use super::resolve::{MAX_ADDRESSES, Name, Target, no_address};
use super::tls::TlsError;
use crate::config;
use crate::downstream::log_interval::LogInterval;

/// The factor of a weight, so that the weight 0 has a very small chance (RFC 2782).
const UNIT: u32 = 256;

/// Sites that are considered. Not all of them become endpoints, but known ones should.
const MAX_SITES: usize = 4 * MAX_ADDRESSES;

/// A host of the settings, which gives endpoints.
pub struct Source {
    /// As the settings have it.
    pub at: config::Endpoint,
    /// How it is looked up.
    pub name: Name,
    /// Whether TLS is spoken.
    tls: bool,
    /// The name that certificates must have; `None` for the target's name in the record.
    server_name: Option<ServerName<'static>>,
    /// Limits the log lines about failed lookups.
    failures: LogInterval,
}

impl Source {
    /// One of the hosts of these settings.
    ///
    /// # Errors
    ///
    /// When TLS is spoken and no certificate could hold its name.
    pub fn new(at: &config::Endpoint, settings: &config::Downstream) -> Result<Self, TlsError> {
        let host = Some(&at.host).filter(|_| !at.srv);
        let names = settings.tls.as_ref();
        let name = names.and_then(|tls| tls.server_name.as_ref().or(host));
        Ok(Self {
            name: Name::new(at, settings),
            server_name: name.map(|name| server_name(name)).transpose()?,
            tls: settings.tls.is_some(),
            at: at.clone(),
            failures: LogInterval::new(),
        })
    }

    /// Its endpoint, if it needs no lookup.
    pub fn literal(&self) -> Option<Site> {
        Some(Site {
            address: self.name.literal()?.clone(),
            authority: self.at.authority.clone(),
            server_name: self.server_name.clone(),
            priority: 0,
            weight: 1,
        })
    }

    /// The sites of a lookup's targets, each once. A target whose lookup failed keeps its `known`
    /// addresses.
    ///
    /// # Errors
    ///
    /// When there are targets and no address of any.
    pub fn sites(&self, targets: &[Target], known: &[Arc<Endpoint>]) -> io::Result<Vec<Site>> {
        let mut sites: Vec<Site> = vec![];
        let mut failure = None;
        for target in targets {
            let Some((authority, server_name)) = self.identity(target) else {
                continue;
            };
            let addresses: Vec<Address> = match &target.addresses {
                Ok(found) => found.iter().copied().map(Address::Tcp).collect(),
                Err(error) => {
                    failure = Some(io::Error::new(error.kind(), error.to_string()));
                    let of_target = known.iter().filter(|it| it.authority == authority);
                    of_target.map(|it| it.address.clone()).collect()
                }
            };
            // The weight is that of the target, however many addresses it has.
            let weight = u32::from(target.weight) * UNIT / addresses.len().max(1) as u32;
            let room = MAX_SITES.saturating_sub(sites.len());
            for address in addresses.into_iter().take(room) {
                let is_same = |it: &Site| it.address == address && it.authority == authority;
                if !sites.iter().any(is_same) {
                    sites.push(Site {
                        address,
                        authority: authority.clone(),
                        server_name: server_name.clone(),
                        priority: target.priority,
                        weight: weight.max(1),
                    });
                }
            }
        }
        match sites.is_empty() && !targets.is_empty() {
            true => Err(failure.unwrap_or_else(no_address)),
            false => Ok(sites),
        }
    }

    /// The authority of a target; `None` where it is not legal in a message.
    fn identity(&self, target: &Target) -> Option<(HeaderValue, Option<ServerName<'static>>)> {
        if !self.at.srv {
            return Some((self.at.authority.clone(), self.server_name.clone()));
        }
        let usual_port = if self.tls { 443 } else { 80 };
        let authority = match target.port == usual_port {
            true => target.host.clone(),
            false => format!("{}:{}", target.host, target.port),
        };
        let name = match (self.tls, &self.server_name) {
            (false, _) => None,
            (true, Some(name)) => Some(name.clone()),
            (true, None) => Some(server_name(&target.host).ok()?),
        };
        Some((HeaderValue::try_from(authority).ok()?, name))
    }

    /// The name that operators see while there is no address.
    pub fn unresolved(&self) -> EndpointState {
        EndpointState {
            authority: text(&self.at.authority),
            address: None,
            status: EndpointStatus::Unresolved {
                why: self.name.failure().map(|error| error.to_string()),
            },
            in_flight: 0,
            latency: Duration::ZERO,
        }
    }

    /// Logs that a lookup of a name failed, its own or that of a target, at most once a minute.
    pub fn warn(&self, service: &str, name: &str, error: &io::Error) {
        if self.failures.is_due() {
            let error = error.to_string();
            tracing::warn!(
                service,
                name,
                error,
                "a name cannot be looked up: the addresses that are known of it stay in use"
            );
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests;
