//! The transport of one service: its endpoints, their connections, and one attempt of a call on them.
//!
//! The way of an attempt, in the order of the files: [`balance`] picks an endpoint, of those that neither [`ejection`] nor
//! [`health`] leaves out -> [`pool`] has a connection to it, or the right to open one -> [dial](mod@dial) opens it, with the addresses
//! of [`resolve`] and with [`tls`] -> [`attempt`] sends the request and reads the answer, by [`exchange`]. [`endpoint`] is what
//! is known of an endpoint. It makes one attempt: whether there is a further one is not decided here.

mod attempt;
mod balance;
mod dial;
mod ejection;
mod endpoint;
mod exchange;
mod health;
mod pool;
mod resolve;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::endpoint::{EndpointState, Standing};
pub use self::tls::TlsError;

use self::attempt::Attempt;
use self::dial::{Driver, Sender, dial};
use self::ejection::Ejections;
use self::endpoint::Endpoint;
use self::health::check;
use self::pool::Pools;
use self::tls::Identity;
use super::error::DownstreamError;
use super::policy::coalesce::Until;
use super::{Answer, Outbound};
use crate::config;

/// A call that was given less time than that and less than its service may take says nothing when it times out.
const TELLING: Duration = Duration::from_millis(50);

/// The transport of one service, shared by all workers.
pub struct Transport {
    settings: config::Downstream,
    endpoints: Box<[Endpoint]>,
    ejections: Ejections,
    identity: Option<Identity>,
    pools: Pools,
}

/// The limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// When the call began, of which this is an attempt; what a timeout reports is counted from here.
    pub started: Instant,
    /// When it must have ended. That may become later while it is made, when others wait for the same.
    pub end: &'a Until,
    /// Time from the request sent to the head of the answer.
    pub first_byte: Duration,
    /// Most bytes of the body.
    pub size: usize,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Attempted {
    /// The answer, or why there is none.
    pub result: Result<Answer, DownstreamError>,
    /// The endpoint that it was made on: its place in the settings.
    pub endpoint: usize,
    /// What took how long.
    pub timing: Timing,
}

/// What took how long, as far as the attempt came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// To open a connection; zero when a kept one served.
    pub connect: Duration,
    /// From the request sent to the head of the answer, or to the failure.
    pub first_byte: Duration,
    /// From there to the end of the body; zero when it came with the head.
    pub body: Duration,
}

impl Attempted {
    /// An attempt that was not made.
    pub fn none(why: DownstreamError) -> Self {
        Self {
            result: Err(why),
            endpoint: 0,
            timing: Timing::default(),
        }
    }
}

impl Transport {
    /// A transport without connections. Reads the files of TLS, and blocks for that.
    ///
    /// # Errors
    ///
    /// When TLS can't be spoken as the settings say.
    pub fn new(settings: &config::Downstream, workers: usize) -> Result<Self, TlsError> {
        let now = Instant::now();
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
            ejections: Ejections::new(settings.ejection.clone(), endpoints.len(), now),
            identity: identity.transpose()?,
            pools: Pools::new(settings, workers, endpoints.len()),
            endpoints,
            settings: settings.clone(),
        })
    }

    /// Makes one attempt, on the event loop of the worker. `avoid` is the endpoint of the attempt before, which is passed
    /// over when there is another good one.
    ///
    /// The caller has no more calls under way at once than `bulkhead.max_calls`, all workers together: each may need a
    /// connection of its own, and there are no more.
    pub async fn attempt(
        &self,
        worker: usize,
        outbound: &Outbound,
        bounds: Bounds<'_>,
        avoid: Option<usize>,
    ) -> Attempted {
        let now = Instant::now();
        let mut timing = Timing::default();
        let several = self.endpoints.len() > 1;
        let endpoint = if several { self.pick(now, avoid) } else { 0 };
        let load = &self.endpoints[endpoint].load;
        let under_way = several.then(|| load.begin(now));
        let attempt = Attempt {
            transport: self,
            worker,
            endpoint,
            outbound,
            bounds,
        };
        let result = attempt.run(now, &mut timing).await;
        if let Some(under_way) = under_way {
            let spent = timing.connect + timing.first_byte + timing.body;
            let end = Instant::now();
            if says_well(&result) {
                under_way.answered(now + spent, timing.first_byte);
                self.ejections.succeeded(endpoint, now);
            } else if !is_haste(&result, end - now, bounds.first_byte) {
                under_way.failed(end);
                let usable = |other: usize| self.endpoints[other].healthy();
                self.ejections.failed(endpoint, now, end, usable);
            }
        }
        Attempted {
            result,
            endpoint,
            timing,
        }
    }

    /// The limits of time in force.
    pub fn timeouts(&self) -> &config::Timeouts {
        &self.settings.timeouts
    }

    /// Open connections, of all workers. Those of checks are not counted.
    pub fn open(&self) -> usize {
        self.pools.open()
    }

    /// How the endpoints are, in the order of the settings.
    pub fn endpoints(&self) -> Vec<EndpointState> {
        let now = Instant::now();
        let state = |(index, endpoint): (usize, &Endpoint)| EndpointState {
            authority: endpoint.authority(),
            standing: self.standing(index, now),
            in_flight: endpoint.load.in_flight(),
            latency: endpoint.load.expected(now),
        };
        self.endpoints.iter().enumerate().map(state).collect()
    }

    /// What is to be done now and then. For each worker to call about once a second on its own event loop: closes its
    /// connections that are idle or old. The first worker also starts lookups and checks that are due, one of a kind for an
    /// endpoint at a time, and looks whether the files of TLS changed.
    pub fn tick(self: &Arc<Self>, worker: usize) {
        let now = Instant::now();
        self.pools.close_idle(worker, now, self.identity_number());
        if worker != 0 {
            return;
        }
        if self.identity.as_ref().is_some_and(|tls| tls.due(now)) {
            let transport = self.clone();
            tokio::task::spawn_blocking(move || {
                if let Some(tls) = &transport.identity {
                    tls.refresh(&transport.settings.name, now);
                }
            });
        }
        let interval = self.settings.connections.resolve_interval;
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            endpoint.name.tick(now, interval);
            if endpoint
                .health
                .as_ref()
                .is_some_and(|health| health.due(now))
            {
                let transport = self.clone();
                spawn(async move { check(&transport, index).await });
            }
        }
    }

    fn pick(&self, now: Instant, avoid: Option<usize>) -> usize {
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if self.ejections.is_back(index, now) {
                // The failures that put it out would make it the costliest for minutes, and nobody would see that it is well.
                endpoint.load.forget();
            }
        }
        balance::pick(
            self.endpoints.len(),
            avoid,
            |index| {
                self.endpoints[index].healthy() && self.ejections.left_out(index, now).is_none()
            },
            |index| self.endpoints[index].load.cost(now),
        )
    }

    fn standing(&self, index: usize, now: Instant) -> Standing {
        let health = self.endpoints[index].health.as_ref();
        if let Some(bad) = health.filter(|health| !health.good()) {
            Standing::Unhealthy { why: bad.why() }
        } else if let Some(left) = self.ejections.left_out(index, now) {
            Standing::Ejected { left }
        } else {
            Standing::Good
        }
    }

    /// Opens a connection; says which number of TLS files it was made with.
    async fn dial(&self, endpoint: usize, until: Instant) -> io::Result<((Sender, Driver), u32)> {
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

    fn identity_number(&self) -> u32 {
        self.identity.as_ref().map_or(0, Identity::number)
    }
}

/// Whether the outcome tells that the endpoint works. Of statuses, those that proxies and servers give that are in trouble
/// tell the opposite; an answer that is too large for this call is an answer.
fn says_well(result: &Result<Answer, DownstreamError>) -> bool {
    match result {
        Ok(answer) => !matches!(answer.status.as_u16(), 502..=504),
        Err(error) => matches!(error, DownstreamError::TooLarge { .. }),
    }
}

/// Whether a call timed out because its caller gave it next to no time. That says nothing about the service: a guest, which may
/// be hostile, chooses how long it waits.
pub fn is_haste(
    result: &Result<Answer, DownstreamError>,
    took: Duration,
    first_byte: Duration,
) -> bool {
    matches!(result, Err(DownstreamError::Timeout { .. })) && took < first_byte.min(TELLING)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a check ends by itself and carries no span"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

#[cfg(test)]
mod tests;
