//! The transport of one service: its endpoints, their connections, and one attempt of a call on
//! them.
//!
//! An attempt passes through these files in this order: [`endpoints`] has the list of them, from
//! the lookups of [`resolve`], which queries [`dns`] for SRV records, and a [`source`] for each
//! name -> [`selection`] picks one by [`balance`], of those that neither [`ejection`] nor
//! [`health`] leaves out, and spares one in [`slow_start`]; one may request a [`rest`] -> [`pool`]
//! has a connection to it, or a permit to open one, which [`checkout`] decides for [`http2`]; calls
//! that wait are woken by [`changed`] -> [`connect`] opens one otherwise, in a [race](mod@race) of
//! the endpoints of a name, of which [`charge`] records the winner: [dial](mod@dial) opens a
//! [`socket`], and speaks [`tls`] -> [`attempt`] sends the request and reads the response, by
//! [`exchange`], with [`interim`] in front of HTTP itself; [`head`] checks the response's head,
//! [mod@decode] decodes its body. [`endpoint`] has the state of one endpoint, [`probe`] checks it.
//! Whether there is a further attempt is not decided here.

mod address;
mod attempt;
mod balance;
mod bounds;
mod changed;
mod charge;
mod checkout;
mod connect;
mod connection;
mod connector;
mod course;
mod decode;
mod dial;
mod dns;
mod ejection;
mod endpoint;
mod endpoints;
mod error;
mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod head;
mod health;
mod host_failures;
mod http2;
mod interim;
mod parts;
mod pool;
mod probe;
mod proxy;
mod race;
mod rank;
mod resolve;
mod rest;
mod selection;
mod sender;
mod slow_start;
mod socket;
mod source;
mod tls;
mod trailers;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::Instant;

pub use self::bounds::{Bounds, Timing};
pub use self::course::Course;
pub use self::endpoint::{EndpointState, EndpointStatus};
#[cfg(any(test, feature = "fuzzing"))]
pub use self::socket::memory;
pub use self::tls::{TlsError, trusting};

use self::attempt::Attempt;
use self::charge::Charge;
use self::connector::Connector;
use self::endpoints::List;
use self::probe::check;
use self::resolve::Lookup;
use super::error::{Cause, Phase, TimeLimit};
use super::request::ServiceRequest;
use super::response::ServiceResponse;
use super::status::{Judgement, judge};
use crate::config;

/// The transport of one service, shared by all workers.
pub struct Transport {
    connector: Connector,
    /// Whether so few endpoints are good that all are used.
    panicking: AtomicBool,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Attempted {
    /// The answer, or why there is none.
    pub result: Result<ServiceResponse, Cause>,
    /// Its judgement of the service as a whole.
    pub judgement: Judgement,
    /// The pause that the service requests.
    pub rest: Option<Duration>,
    /// The durations of its phases.
    pub timing: Timing,
}

impl Transport {
    /// A transport that takes over from its predecessor what the new settings leave unchanged.
    /// Reads the files of TLS, and blocks for that.
    ///
    /// # Errors
    ///
    /// When the TLS settings cannot be used.
    pub fn new(
        settings: &config::Downstream,
        workers: usize,
        previous: Option<&Self>,
    ) -> Result<Self, TlsError> {
        Self::with_lookup(settings, workers, previous, Lookup::System)
    }

    /// The same, with another resolver than the system's.
    fn with_lookup(
        settings: &config::Downstream,
        workers: usize,
        previous: Option<&Self>,
        lookup: Lookup,
    ) -> Result<Self, TlsError> {
        let now = Instant::now();
        let kept = previous.map(|previous| &previous.connector);
        Ok(Self {
            connector: Connector::new(settings, workers, now, kept, lookup)?,
            panicking: AtomicBool::new(false),
        })
    }

    /// Makes one attempt, on the event loop of the worker. The endpoint of the previous attempt,
    /// from `course`, is skipped when there is another good one.
    ///
    /// The caller has no more calls under way at once than `bulkhead.max_calls`, all workers
    /// together: each may need a connection of its own, and there are no more.
    pub async fn attempt(
        &self,
        worker: usize,
        request: &ServiceRequest,
        bounds: Bounds<'_>,
        course: &Course,
    ) -> Attempted {
        let now = Instant::now();
        let mut timing = Timing::default();
        let mut list = self.connector.endpoints.list();
        if list.is_empty() {
            // Boxed, because it happens once.
            list = match Box::pin(self.first_lookup(bounds)).await {
                Ok(list) => list,
                Err(cause) => {
                    timing.connect = now.elapsed();
                    let result = Err(cause);
                    let judgement = judge(&result);
                    return Attempted {
                        result,
                        judgement,
                        rest: None,
                        timing,
                    };
                }
            };
        }
        let is_only = list.len() == 1;
        let index = match is_only {
            true => 0,
            false => self.pick(&list, now, course.last()),
        };
        let mut charge = Charge::begin(&list[index], is_only, course, now);
        let attempt = Attempt {
            connector: &self.connector,
            worker,
            endpoints: &list,
            request,
            bounds,
            course,
        };
        let result = attempt.run(&mut charge, now, &mut timing).await;
        let mut judgement = judge(&result);
        if !is_only {
            match judgement {
                Judgement::Good => {
                    let end =
                        now + timing.queued + timing.connect + timing.first_byte + timing.body;
                    charge.answered(end, timing.first_byte);
                    charge.endpoint.record.mark.succeeded(now, end);
                }
                Judgement::Fault => {
                    let end = Instant::now();
                    charge.failed(end);
                    if !charge.counted {
                        self.connector.failed(&list, charge.endpoint, now, end);
                    }
                    // The service is judged by its good endpoints.
                    if !self.counts_for_service(&list, charge.endpoint, end) {
                        judgement = Judgement::Nothing;
                    }
                }
                // Another endpoint may need no new connection, or another port.
                Judgement::Nothing if matches!(result, Err(Cause::Host { .. })) => {
                    charge.failed(Instant::now());
                }
                // Its duration still counts.
                Judgement::Nothing => {}
            }
        }
        Attempted {
            rest: Self::requested_pause(&list, charge.endpoint, &result),
            result,
            judgement,
            timing,
        }
    }

    /// Waits until a name of the service is known.
    async fn first_lookup(&self, bounds: Bounds<'_>) -> Result<Arc<List>, Cause> {
        let began = Instant::now();
        let allowed = bounds.timeouts.connect;
        let lookup = bounds
            .end
            .timeout(Some(began + allowed), self.connector.endpoints.ready());
        match lookup.await {
            Some(Ok(list)) => Ok(list),
            Some(Err(source)) => Err(Cause::Unreachable { source }),
            None => Err(Cause::Timeout {
                phase: Phase::Connect,
                after: bounds.started.elapsed(),
                limit: TimeLimit::after(began.elapsed(), allowed),
            }),
        }
    }

    /// Applies the new number of connections, for the old settings, too.
    pub fn activate(&self) {
        let max_calls = self.connector.settings.bulkhead.max_calls;
        self.connector.slots.set(max_calls);
    }

    /// The limits of time in force.
    pub fn timeouts(&self) -> &config::Timeouts {
        &self.connector.settings.policy.timeouts
    }

    /// Open connections, of all workers. Those of checks are not counted.
    pub fn open(&self) -> usize {
        self.connector.slots.open()
    }

    /// The status of the endpoints, in the order of the settings. A name without an address is one,
    /// too.
    pub fn endpoints(&self) -> Vec<EndpointState> {
        self.connector.endpoints.states(Instant::now())
    }

    /// Periodic maintenance. For each worker to call about once per second on its own event loop:
    /// closes its connections that are idle or old. The first worker also starts lookups and checks
    /// that are due, one of a kind for an endpoint at a time, and checks whether the TLS files
    /// changed.
    pub fn tick(self: &Arc<Self>, worker: usize) {
        let now = Instant::now();
        let endpoints = self.connector.endpoints.list();
        let terms = self.connector.terms();
        for endpoint in &*endpoints {
            endpoint.pools.close_idle(worker, now, terms);
        }
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
        self.connector.endpoints.tick(now, interval);
        for endpoint in &*endpoints {
            let mut health = endpoint.health.iter();
            if health.any(|health| health.due(now)) {
                let (transport, endpoint) = (self.clone(), endpoint.clone());
                spawn(async move { check(&transport.connector, &endpoint).await });
            }
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
