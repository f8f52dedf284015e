//! One endpoint of a service: an address, with its connections and statistics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::address::Address;
use super::balance::Load;
use super::ejection::Mark;
use super::health::Health;
use super::pool::Pools;
use super::rank::Rank;
use super::rest::RequestedPause;
use super::slow_start::SlowStart;
use crate::config;

/// One endpoint.
pub struct Endpoint {
    /// Unique among all endpoints, former ones included. Never 0.
    pub id: usize,
    /// Its address and names.
    pub address: Address,
    /// The value of `host`: host and port of the `url`, or of the target of an SRV record.
    pub authority: HeaderValue,
    /// The name that its certificate must have; `None` without TLS.
    pub server_name: Option<ServerName<'static>>,
    /// The statistics of its calls.
    pub record: Arc<Record>,
    /// The connections to it.
    pub pools: Arc<Pools>,
    /// Its health checks; `None` without any.
    pub health: Option<Health>,
}

/// The address and names of an endpoint, from the settings or a lookup.
#[derive(Clone)]
pub struct Site {
    /// See [`Endpoint::address`].
    pub address: Address,
    /// See [`Endpoint::authority`].
    pub authority: HeaderValue,
    /// See [`Endpoint::server_name`].
    pub server_name: Option<ServerName<'static>>,
    /// See [`Rank::priority`].
    pub priority: u16,
    /// See [`Rank::weight`].
    pub weight: u32,
}

impl Site {
    /// Whether it is that of an endpoint.
    pub fn is_of(&self, endpoint: &Endpoint) -> bool {
        self.address == endpoint.address && self.authority == endpoint.authority
    }
}

/// The statistics of an endpoint from its calls and lookups.
pub struct Record {
    /// How busy it is. Not kept up to date when it is the only one.
    pub load: Load,
    /// Whether it recovered recently.
    pub slow_start: SlowStart,
    /// Whether it is an outlier.
    pub mark: Mark,
    /// Whether it requested a pause.
    pub rest: RequestedPause,
    /// Its rank.
    pub rank: Rank,
}

impl Endpoint {
    /// A new endpoint.
    pub fn new(
        site: Site,
        pools: Arc<Pools>,
        health: Option<&config::Health>,
        now: Instant,
    ) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            address: site.address,
            authority: site.authority,
            server_name: site.server_name,
            record: Arc::new(Record {
                load: Load::new(now),
                slow_start: SlowStart::new(now),
                mark: Mark::new(now),
                rest: RequestedPause::new(now),
                rank: Rank::new(site.priority, site.weight),
            }),
            pools,
            health: health.cloned().map(Health::new),
        }
    }

    /// The same endpoint with new checks. Results of the old ones are dropped.
    pub fn with_health(&self, health: Option<&config::Health>) -> Self {
        Self {
            id: self.id,
            address: self.address.clone(),
            authority: self.authority.clone(),
            server_name: self.server_name.clone(),
            record: self.record.clone(),
            pools: self.pools.clone(),
            health: health.cloned().map(Health::new),
        }
    }

    /// It recovered. Its failures would make it the costliest for minutes, and no call would find
    /// out that it is healthy.
    pub fn is_back(&self, now: Instant) {
        self.record.load.forget();
        self.record.slow_start.begin(now);
    }

    /// Whether its checks succeed, or there are none.
    pub fn healthy(&self) -> bool {
        self.health.as_ref().is_none_or(Health::good)
    }

    /// Whether it is neither ejected nor unhealthy.
    pub fn good(&self, now: Instant) -> bool {
        self.healthy() && self.record.mark.left_out(now).is_none()
    }

    /// Its status for operators.
    pub fn state(&self, now: Instant) -> EndpointState {
        let bad = self.health.as_ref().filter(|health| !health.good());
        EndpointState {
            authority: text(&self.authority),
            address: Some(self.address.clone()),
            status: match (bad, self.record.mark.left_out(now)) {
                (Some(bad), _) => EndpointStatus::Unhealthy { why: bad.why() },
                (None, Some(left)) => EndpointStatus::Ejected { left },
                (None, None) => EndpointStatus::Good,
            },
            in_flight: self.record.load.in_flight(),
            latency: self.record.load.expected(now),
        }
    }
}

/// An authority as text.
pub fn text(authority: &HeaderValue) -> String {
    String::from_utf8_lossy(authority.as_bytes()).into_owned()
}

/// The status of an endpoint for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointState {
    /// Host and port of the `url`, or of the target of an SRV record; `localhost` for a socket
    /// file.
    pub authority: String,
    /// Its address; `None` for a name that no lookup found.
    pub address: Option<Address>,
    /// Whether it gets calls.
    pub status: EndpointStatus,
    /// Calls under way. Not counted, so 0, when it is the only endpoint of its service.
    pub in_flight: usize,
    /// The latency to the head of an answer that balancing expects. Not measured, so 0, when it is
    /// the only one.
    pub latency: Duration,
}

/// Whether an endpoint gets calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// It does.
    Good,
    /// It is ejected as an outlier.
    Ejected {
        /// For how long it is still left out.
        left: Duration,
    },
    /// Its checks fail.
    Unhealthy {
        /// The error of the last failed check.
        why: String,
    },
    /// No lookup of the name gave an address yet.
    Unresolved {
        /// Why the last one failed; `None` when none ended yet.
        why: Option<String>,
    },
}
