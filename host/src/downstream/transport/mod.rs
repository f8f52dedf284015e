//! The transport of one service: its endpoints, their connections, and one attempt of a call on them.
//!
//! An attempt passes through these files in this order: [`selection`] picks an endpoint by [`balance`],
//! of those that neither [`ejection`] nor [`health`] leaves out, and spares one in [`slow_start`] ->
//! [`pool`] has a connection to it, or a permit to open one, which [`checkout`] decides for [`http2`];
//! calls that wait are woken by [`changed`] -> [dial](mod@dial) opens a [`socket`], with the addresses of
//! [`resolve`], and speaks [`tls`] -> [`attempt`] sends the request and reads the response, by
//! [`exchange`], with [`interim`] in front of HTTP itself; [`head`] checks what came first, [mod@decode]
//! undoes how the body is coded. [`endpoint`] is what is known of an endpoint, [`probe`] checks one. Whether
//! there is a further attempt is not decided here.

mod address;
mod attempt;
mod balance;
mod bounds;
mod changed;
mod checkout;
mod connection;
mod connector;
mod course;
mod decode;
mod dial;
mod ejection;
mod endpoint;
mod error;
mod exchange;
mod head;
mod health;
mod host_failures;
mod http2;
mod interim;
mod parts;
mod pool;
mod probe;
mod proxy;
mod resolve;
mod selection;
mod slow_start;
mod socket;
mod tls;
mod trailers;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::time::Instant;

pub use self::bounds::{Bounds, Timing};
pub use self::course::Course;
pub use self::endpoint::{EndpointState, EndpointStatus};
pub use self::tls::TlsError;

use self::attempt::Attempt;
use self::connector::Connector;
use self::ejection::Ejections;
use self::endpoint::Endpoint;
use self::probe::check;
use super::error::Cause;
use super::request::ServiceRequest;
use super::response::ServiceResponse;
use super::status::{Judgement, judge};
use crate::config;

/// The transport of one service, shared by all workers.
pub struct Transport {
    connector: Connector,
    ejections: Arc<Ejections>,
    /// Whether so few endpoints are good that all are used.
    panicking: AtomicBool,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Attempted {
    /// The answer, or why there is none.
    pub result: Result<ServiceResponse, Cause>,
    /// What it says of the service as a whole.
    pub judgement: Judgement,
    /// What took how long.
    pub timing: Timing,
}

impl Transport {
    /// A transport that takes over what means the same from the one before it, if there is one. Reads the
    /// files of TLS, and blocks for that.
    ///
    /// # Errors
    ///
    /// When TLS can't be spoken as the settings say.
    pub fn new(
        settings: &config::Downstream,
        workers: usize,
        previous: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let now = Instant::now();
        let kept = previous.map(|previous| &previous.connector);
        let connector = Connector::new(settings, workers, now, kept)?;
        let endpoints = connector.endpoints.len();
        Ok(Self {
            ejections: previous
                .filter(|previous| {
                    let before = &previous.connector.settings;
                    (&before.endpoints, &before.ejection)
                        == (&settings.endpoints, &settings.ejection)
                })
                .map_or_else(
                    || Arc::new(Ejections::new(settings.ejection.clone(), endpoints, now)),
                    |previous| previous.ejections.clone(),
                ),
            connector,
            panicking: AtomicBool::new(false),
        })
    }

    /// Makes one attempt, on the event loop of the worker. The endpoint of the attempt before, which `course` knows, is
    /// passed over when there is another good one.
    ///
    /// The caller has no more calls under way at once than `bulkhead.max_calls`, all workers together: each may need a
    /// connection of its own, and there are no more.
    pub async fn attempt(
        &self,
        worker: usize,
        request: &ServiceRequest,
        bounds: Bounds<'_>,
        course: &Course,
    ) -> Attempted {
        let now = Instant::now();
        let mut timing = Timing::default();
        let several = self.connector.endpoints.len() > 1;
        let endpoint = match several {
            true => self.pick(now, course.last()),
            false => 0,
        };
        course.begin(endpoint);
        let load = &self.connector.endpoints[endpoint].load;
        let under_way = several.then(|| load.begin(now));
        let attempt = Attempt {
            connector: &self.connector,
            worker,
            endpoint,
            request,
            bounds,
            course,
        };
        let result = attempt.run(now, &mut timing).await;
        let mut judgement = judge(&result);
        if let Some(under_way) = under_way {
            match judgement {
                Judgement::Good => {
                    let end =
                        now + timing.queued + timing.connect + timing.first_byte + timing.body;
                    under_way.answered(end, timing.first_byte);
                    self.ejections.succeeded(endpoint, now, end);
                }
                Judgement::Fault => {
                    let end = Instant::now();
                    under_way.failed(end);
                    let usable = |other: usize| self.connector.endpoints[other].healthy();
                    self.ejections.failed(endpoint, now, end, usable);
                    // The service is what its good endpoints are.
                    if !self.stands_for_the_service(endpoint, end) {
                        judgement = Judgement::Nothing;
                    }
                }
                // Another endpoint may need no new connection, or another port.
                Judgement::Nothing if matches!(result, Err(Cause::Host { .. })) => {
                    under_way.failed(Instant::now());
                }
                // That it took this long is known all the same.
                Judgement::Nothing => drop(under_way),
            }
        }
        Attempted {
            result,
            judgement,
            timing,
        }
    }

    /// Puts the new number of connections in force, for the old settings, too.
    pub fn activate(&self) {
        let max_calls = self.connector.settings.bulkhead.max_calls;
        self.connector.pools.set_slots(max_calls);
    }

    /// The limits of time in force.
    pub fn timeouts(&self) -> &config::Timeouts {
        &self.connector.settings.timeouts
    }

    /// Open connections, of all workers. Those of checks are not counted.
    pub fn open(&self) -> usize {
        self.connector.pools.open()
    }

    /// How the endpoints are, in the order of the settings.
    pub fn endpoints(&self) -> Vec<EndpointState> {
        let now = Instant::now();
        let state = |(index, endpoint): (usize, &Arc<Endpoint>)| EndpointState {
            authority: endpoint.authority(),
            status: self.status(index, now),
            in_flight: endpoint.load.in_flight(),
            latency: endpoint.load.expected(now),
        };
        self.connector
            .endpoints
            .iter()
            .enumerate()
            .map(state)
            .collect()
    }

    /// What is to be done now and then. For each worker to call about once a second on its own event loop: closes its
    /// connections that are idle or old. The first worker also starts lookups and checks that are due, one of a kind for an
    /// endpoint at a time, and looks whether the files of TLS changed.
    pub fn tick(self: &Arc<Self>, worker: usize) {
        let now = Instant::now();
        self.connector
            .pools
            .close_idle(worker, now, self.connector.identity_number());
        if worker != 0 {
            return;
        }
        if self
            .connector
            .identity
            .as_ref()
            .is_some_and(|tls| tls.due(now))
        {
            let transport = self.clone();
            tokio::task::spawn_blocking(move || {
                if let Some(tls) = &transport.connector.identity {
                    tls.refresh(&transport.connector.settings.name, now);
                }
            });
        }
        let interval = self.connector.settings.connections.resolve_interval;
        for (index, endpoint) in self.connector.endpoints.iter().enumerate() {
            endpoint.name.tick(now, interval);
            if endpoint
                .health
                .as_ref()
                .is_some_and(|health| health.due(now))
            {
                let transport = self.clone();
                spawn(async move { check(&transport.connector, index).await });
            }
        }
    }

    fn status(&self, index: usize, now: Instant) -> EndpointStatus {
        let health = self.connector.endpoints[index].health.as_ref();
        if let Some(bad) = health.filter(|health| !health.good()) {
            EndpointStatus::Unhealthy { why: bad.why() }
        } else if let Some(left) = self.ejections.left_out(index, now) {
            EndpointStatus::Ejected { left }
        } else {
            EndpointStatus::Good
        }
    }
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
