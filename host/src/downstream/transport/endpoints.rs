//! The endpoints of one service: one for each address of each host that the settings name.
//!
//! The list is a value that is replaced as a whole, so that a call sees one list from its begin to
//! its end. An address that a lookup finds again keeps its endpoint and its statistics. One that is
//! gone is drained: its calls end, and it gets no new ones.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::endpoint::{Endpoint, EndpointState, Site};
use super::pool::Pools;
use super::pool::slots::Slots;
use super::resolve::{Lookup, MAX_ADDRESSES, Target, no_address, not_offered};
use super::source::Source;
use super::tls::TlsError;
use crate::config;
use crate::sync;

/// Endpoints, in the order of the settings.
pub type List = Vec<Arc<Endpoint>>;

/// The endpoints of one service.
pub struct Endpoints {
    service: String,
    sources: Box<[Source]>,
    are_ranked: bool,
    /// Those of all sources.
    list: ArcSwap<List>,
    /// Those of each source. Locked while the list is replaced.
    by_source: Mutex<Vec<List>>,
    /// Notifies waiting calls that a lookup ended.
    ended: Notify,
    lookup: Lookup,
    slots: Arc<Slots>,
    workers: usize,
    health: Option<config::Health>,
}

impl Endpoints {
    /// Endpoints that take over the statistics of `previous`. Addresses are there at once, names
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
            are_ranked: settings.endpoints.iter().any(|at| at.srv),
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
            if let (Some(site), true) = (source.literal(), list.is_empty()) {
                let endpoint = endpoints.make(site, now);
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

    /// Whether an SRV name ranks them.
    pub fn are_ranked(&self) -> bool {
        self.are_ranked
    }

    /// The known ones. Empty until the first lookup, unless the settings have an address.
    pub fn list(&self) -> Arc<List> {
        self.list.load_full()
    }

    /// The known ones, once there are any. The first time, this waits for a lookup, one for all
    /// callers; the caller bounds the time.
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

    /// Their status for operators, and that of names without an address.
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
                let learnt = found.and_then(|targets| {
                    for target in &targets {
                        if let Err(error) = &target.addresses {
                            source.warn(&endpoints.service, &target.host, error);
                        }
                    }
                    endpoints.learn(index, &targets, now)?;
                    Ok(targets.is_empty())
                });
                let failure = match learnt {
                    Ok(false) => None,
                    Ok(true) => Some(not_offered()),
                    Err(error) => {
                        source.warn(&endpoints.service, source.name.host(), &error);
                        Some(error)
                    }
                };
                source.name.end(now, failure);
                endpoints.ended.notify_waiters();
            });
        }
    }

    /// Applies the result of a lookup.
    ///
    /// # Errors
    ///
    /// Why nothing changes.
    fn learn(&self, index: usize, targets: &[Target], now: Instant) -> io::Result<()> {
        let source = &self.sources[index];
        let mut by_source = self.by_source();
        let known = &by_source[index];
        let found = source.sites(targets, known)?;
        // A drained one is gone for good: where a reload and a lookup crossed, a new one takes its
        // place.
        let kept = |site: &Site| {
            let mut kept = known.iter().filter(|it| !it.pools.is_drained());
            kept.find(|it| site.is_of(it))
        };
        for (site, endpoint) in found.iter().filter_map(|it| Some((it, kept(it)?))) {
            endpoint.record.rank.set(site.priority, site.weight);
        }
        let (old, new): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| kept(it).is_some());
        let wanted: Vec<_> = old
            .iter()
            .chain(&new)
            .take(MAX_ADDRESSES)
            .cloned()
            .collect();
        let added = wanted.len().saturating_sub(old.len());
        let is_wanted = |it: &&Arc<Endpoint>| {
            !it.pools.is_drained() && wanted.iter().any(|site| site.is_of(it))
        };
        let gone: List = known.iter().filter(|it| !is_wanted(it)).cloned().collect();
        if added == 0 && gone.is_empty() {
            return Ok(());
        }
        // Where all are new, none can spare another.
        let spared = !old.is_empty();
        let next = wanted.iter().map(|site| {
            kept(site).cloned().unwrap_or_else(|| {
                let endpoint = self.make(site.clone(), now);
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
        Ok(())
    }

    fn make(&self, site: Site, now: Instant) -> Arc<Endpoint> {
        Arc::new(Endpoint::new(
            site,
            Pools::new(&self.slots, self.workers),
            self.health.as_ref(),
            now,
        ))
    }

    fn by_source(&self) -> MutexGuard<'_, Vec<List>> {
        sync::lock(&self.by_source)
    }
}
