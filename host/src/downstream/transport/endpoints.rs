//! The endpoints of one service: one for each address of each host that the settings name.
//!
//! The list is a value that is replaced as a whole, so that a call sees one list from its begin to its end.
//! An address that a lookup finds again keeps its endpoint with all that is known of it. One that is gone is
//! drained: calls under way on it end as they would, and it gets no others.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls_pki_types::ServerName;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::address::Address;
use super::endpoint::{Endpoint, EndpointState, EndpointStatus, text};
use super::pool::Pools;
use super::pool::slots::Slots;
use super::resolve::{Lookup, MAX_ADDRESSES, Name, no_address};
use super::tls::TlsError;
use crate::config;
use crate::downstream::log_interval::LogInterval;

/// Endpoints, in the order of the settings.
pub type List = Vec<Arc<Endpoint>>;

/// The endpoints of one service.
pub struct Endpoints {
    service: String,
    sources: Box<[Source]>,
    /// Those of all sources.
    list: ArcSwap<List>,
    /// Those of each source. Locked while the list is replaced.
    by_source: Mutex<Vec<List>>,
    /// Tells those who wait that a lookup ended.
    ended: Notify,
    lookup: Lookup,
    slots: Arc<Slots>,
    workers: usize,
    health: Option<config::Health>,
}

/// A host of the settings, which gives endpoints.
struct Source {
    at: config::Endpoint,
    name: Name,
    server_name: Option<ServerName<'static>>,
    /// When the log is told of lookups that fail.
    failures: LogInterval,
}

impl Endpoints {
    /// Endpoints of which those of `previous` keep what is known of them. Addresses are there at once, names
    /// are looked up later.
    ///
    /// # Errors
    ///
    /// When TLS is spoken and no certificate could hold the name of one.
    pub fn new(
        settings: &config::Downstream,
        slots: &Arc<Slots>,
        workers: usize,
        now: Instant,
        (previous, lookup): (Option<&Self>, Lookup),
    ) -> Result<Self, TlsError> {
        let sources = settings.endpoints.iter();
        let sources = sources.map(|at| Source::new(at, settings));
        let endpoints = Self {
            service: settings.name.clone(),
            sources: sources.collect::<Result<_, _>>()?,
            list: ArcSwap::default(),
            by_source: Mutex::default(),
            ended: Notify::new(),
            lookup,
            slots: slots.clone(),
            workers,
            health: settings.health.clone(),
        };
        let sources = endpoints.sources.iter();
        let mut lists: Vec<_> = sources
            .map(|source| previous.map_or_else(List::new, |from| endpoints.kept(source, from)))
            .collect();
        let are_more = lists.iter().any(|list| !list.is_empty());
        for (source, list) in endpoints.sources.iter().zip(&mut lists) {
            if let (Some(address), true) = (source.name.literal(), list.is_empty()) {
                let endpoint = endpoints.make(source, address.clone(), now);
                if are_more {
                    endpoint.record.slow_start.begin(now);
                }
                list.push(endpoint);
            }
        }
        endpoints.list.store(Arc::new(lists.concat()));
        *endpoints.by_source() = lists;
        Ok(endpoints)
    }

    /// The endpoints of a source that it had before.
    fn kept(&self, source: &Source, previous: &Self) -> List {
        let mut sources = previous.sources.iter();
        let Some(index) = sources.position(|before| before.at == source.at) else {
            return List::new();
        };
        source.name.follow(&previous.sources[index].name);
        let list = &previous.by_source()[index];
        match previous.health == self.health {
            true => list.clone(),
            false => {
                let same = |it: &Arc<Endpoint>| Arc::new(it.with_health(self.health.as_ref()));
                list.iter().map(same).collect()
            }
        }
    }

    /// Those that are known. Empty until the first lookup, where there is no address in the settings.
    pub fn list(&self) -> Arc<List> {
        self.list.load_full()
    }

    /// Those that are known, once there are any. The first time this waits for a lookup, one for all who
    /// ask; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// Why no lookup gave one.
    pub async fn ready(self: &Arc<Self>) -> io::Result<Arc<List>> {
        let mut begun = false;
        loop {
            // From here on no end of a lookup is missed.
            let ended = self.ended.notified();
            let list = self.list();
            if !list.is_empty() {
                return Ok(list);
            }
            if !begun {
                (0..self.sources.len()).for_each(|source| self.look_up(source));
                begun = true;
            } else if !self.sources.iter().any(|source| source.name.busy()) {
                let mut failures = self.sources.iter().filter_map(|it| it.name.failure());
                return Err(failures.next().unwrap_or_else(no_address));
            }
            ended.await;
        }
    }

    /// Looks up the names that are due, in the background.
    pub fn tick(self: &Arc<Self>, now: Instant, interval: Duration) {
        for (index, source) in self.sources.iter().enumerate() {
            if source.name.due(now, interval) {
                self.look_up(index);
            }
        }
    }

    /// What an operator sees of them, and of the names that gave none.
    pub fn states(&self, now: Instant) -> Vec<EndpointState> {
        let by_source = self.by_source();
        let states = |(source, list): (&Source, &List)| match list.is_empty() {
            true => vec![source.unresolved()],
            false => list.iter().map(|endpoint| endpoint.state(now)).collect(),
        };
        self.sources
            .iter()
            .zip(&*by_source)
            .flat_map(states)
            .collect()
    }

    /// Starts a lookup unless one is under way.
    #[expect(
        clippy::disallowed_methods,
        reason = "a lookup ends by itself, serves all callers and carries no span"
    )]
    fn look_up(self: &Arc<Self>, index: usize) {
        if self.sources[index].name.begin() {
            let endpoints = self.clone();
            tokio::spawn(async move {
                let source = &endpoints.sources[index];
                let found = source.name.look_up(&endpoints.lookup).await;
                let now = Instant::now();
                let failure = match found {
                    Ok(found) => {
                        endpoints.learn(index, found, now);
                        None
                    }
                    Err(error) => {
                        source.warn(&endpoints.service, &error);
                        Some(error)
                    }
                };
                source.name.end(now, failure);
                endpoints.ended.notify_waiters();
            });
        }
    }

    /// Takes over what a lookup found.
    fn learn(&self, index: usize, found: Vec<SocketAddr>, now: Instant) {
        let source = &self.sources[index];
        let mut by_source = self.by_source();
        let known = &by_source[index];
        // A drained one is gone for good: where a reload and a lookup crossed, a new one takes its place.
        let kept = |address: &Address| {
            let mut kept = known.iter().filter(|it| !it.pools.is_drained());
            kept.find(|it| it.address == *address)
        };
        let found = found.into_iter().map(Address::Tcp);
        let (old, new): (Vec<_>, Vec<_>) = found.partition(|it| kept(it).is_some());
        let wanted: Vec<_> = old
            .iter()
            .chain(&new)
            .take(MAX_ADDRESSES)
            .cloned()
            .collect();
        let added = wanted.len().saturating_sub(old.len());
        let is_wanted =
            |it: &&Arc<Endpoint>| wanted.contains(&it.address) && !it.pools.is_drained();
        let gone: List = known.iter().filter(|it| !is_wanted(it)).cloned().collect();
        if added == 0 && gone.is_empty() {
            return;
        }
        // Where all are new, none can spare another.
        let spared = !old.is_empty();
        let next = wanted.iter().map(|address| {
            kept(address).cloned().unwrap_or_else(|| {
                let endpoint = self.make(source, address.clone(), now);
                if spared {
                    endpoint.record.slow_start.begin(now);
                }
                endpoint
            })
        });
        by_source[index] = next.collect();
        self.list.store(Arc::new(by_source.concat()));
        drop(by_source);
        for endpoint in &gone {
            endpoint.pools.drain();
        }
        let (service, name) = (&*self.service, source.name.host());
        let (removed, addresses) = (gone.len(), wanted.len());
        tracing::info!(
            service,
            name,
            added,
            removed,
            addresses,
            "the addresses of a name changed"
        );
    }

    fn make(&self, source: &Source, address: Address, now: Instant) -> Arc<Endpoint> {
        Arc::new(Endpoint::new(
            address,
            source.at.authority.clone(),
            source.server_name.clone(),
            Pools::new(&self.slots, self.workers),
            self.health.as_ref(),
            now,
        ))
    }

    fn by_source(&self) -> MutexGuard<'_, Vec<List>> {
        // A panic while holding this lock leaves lists that are still whole.
        self.by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn new(at: &config::Endpoint, settings: &config::Downstream) -> Result<Self, TlsError> {
        let server_name = settings.tls.as_ref().map(|tls| {
            let name = tls.server_name.as_ref().unwrap_or(&at.host);
            ServerName::try_from(name.clone())
                .map_err(|_| TlsError::ServerName { name: name.clone() })
        });
        Ok(Self {
            name: Name::new(at, settings.proxy.as_ref()),
            server_name: server_name.transpose()?,
            at: at.clone(),
            failures: LogInterval::new(),
        })
    }

    fn unresolved(&self) -> EndpointState {
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

    /// Tells the operator of a lookup that failed, at most once a minute.
    fn warn(&self, service: &str, error: &io::Error) {
        if self.failures.is_due() {
            let (name, error) = (self.name.host(), error.to_string());
            tracing::warn!(
                service,
                name,
                error,
                "a name cannot be looked up: the addresses that are known of it stay in use"
            );
        }
    }
}
