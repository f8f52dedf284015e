//! The addresses of a name, and of the targets of its SRV records.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(test)]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

#[cfg(test)]
use futures_util::future::BoxFuture;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::address::{Address, SocketFile};
use super::dns::{self, Record};
use super::proxy::Tunnel;
use crate::config;
use crate::sync;

/// Addresses that are taken from one name, so that no DNS server can exhaust the host.
pub const MAX_ADDRESSES: usize = 64;

/// The resolver of names.
#[derive(Clone)]
pub enum Lookup {
    /// The system: its hosts file, and the DNS servers that it knows.
    System,
    /// A scripted resolver of a test.
    #[cfg(test)]
    Scripted(Arc<Script>),
}

/// The scripted addresses of a host and a port.
#[cfg(test)]
pub type Script =
    dyn Fn(&str, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// A host that a name leads to: itself, or the target of one of its SRV records.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub host: String,
    pub port: u16,
    /// Lower ones come first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    pub addresses: io::Result<Vec<SocketAddr>>,
}

impl Lookup {
    /// The addresses of a name: each once, the families by turns, at least one.
    ///
    /// # Errors
    ///
    /// The system's, or that there is no address.
    pub async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match self {
            Self::System => tokio::net::lookup_host((host, port)).await?.collect(),
            #[cfg(test)]
            Self::Scripted(lookup) => lookup(host, port).await?,
        };
        match by_turns(found) {
            found if found.is_empty() => Err(no_address()),
            found => Ok(found),
        }
    }
}

/// A host of the settings, and how its lookups went.
pub struct Name {
    host: String,
    port: u16,
    /// The DNS servers for its SRV records; `None` for a name that has addresses itself.
    srv: Option<Vec<SocketAddr>>,
    /// An address needs no lookup.
    literal: Option<Address>,
    /// Whether a lookup is under way. A lookup of the system cannot be cancelled, so all calls wait
    /// for a hung one instead of beginning others.
    busy: AtomicBool,
    last: Mutex<Last>,
}

/// The last lookup.
#[derive(Default)]
struct Last {
    /// When it ended.
    at: Option<Instant>,
    failure: Option<io::Error>,
}

impl Name {
    /// Nothing is looked up yet.
    pub fn new(at: &config::Endpoint, settings: &config::Downstream) -> Self {
        Self {
            host: at.host.clone(),
            port: at.port,
            srv: at.srv.then(|| settings.connections.dns_servers.clone()),
            literal: literal(at, settings.proxy.as_ref()),
            busy: AtomicBool::new(false),
            last: Mutex::default(),
        }
    }

    /// Its endpoint without a lookup.
    pub fn literal(&self) -> Option<&Address> {
        self.literal.as_ref()
    }

    /// The name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a lookup is under way.
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Whether it is time for a lookup, the first one included.
    pub fn due(&self, now: Instant, interval: Duration) -> bool {
        self.literal.is_none()
            && !self.busy()
            && self
                .lock()
                .at
                .is_none_or(|at| now.saturating_duration_since(at) >= interval)
    }

    /// Whether the caller must make a lookup. One is made at a time.
    #[must_use]
    pub fn begin(&self) -> bool {
        self.literal.is_none() && !self.busy.swap(true, Ordering::AcqRel)
    }

    /// The result of a lookup. It is empty where SRV records say that the service is not offered.
    ///
    /// # Errors
    ///
    /// See [`Lookup::addresses`] and [`dns::records`].
    pub async fn look_up(&self, lookup: &Lookup) -> io::Result<Vec<Target>> {
        let Some(servers) = &self.srv else {
            return Ok(vec![Target {
                host: self.host.clone(),
                port: self.port,
                priority: 0,
                weight: 1,
                addresses: Ok(lookup.addresses(&self.host, self.port).await?),
            }]);
        };
        let target = async |record: Record| Target {
            addresses: lookup.addresses(&record.host, record.port).await,
            host: record.host,
            port: record.port,
            priority: record.priority,
            weight: record.weight,
        };
        let records = dns::records(servers, &self.host).await?;
        Ok(join_all(records.into_iter().map(target)).await)
    }

    /// The lookup that was begun ended.
    pub fn end(&self, now: Instant, failure: Option<io::Error>) {
        *self.lock() = Last {
            at: Some(now),
            failure,
        };
        self.busy.store(false, Ordering::Release);
    }

    /// Takes over the lookup of another one, so that it is not repeated at once.
    pub fn follow(&self, other: &Self) {
        let at = other.lock().at;
        self.lock().at = at;
    }

    /// Why the last lookup failed, if it did.
    pub fn failure(&self) -> Option<io::Error> {
        self.lock().failure.as_ref().map(repeated)
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        sync::lock(&self.last)
    }
}

/// Sorts addresses so that the families take turns, the first one first (RFC 8305 section 4), and
/// leaves repetitions out.
fn by_turns(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let mut seen = HashSet::new();
    let (same, other): (Vec<_>, Vec<_>) = found
        .into_iter()
        .filter(|address| seen.insert(*address))
        .partition(|address| address.is_ipv4() == first_is_v4);
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut sorted = Vec::with_capacity(same.len() + other.len());
    loop {
        match (same.next(), other.next()) {
            (None, None) => return sorted,
            (one, another) => sorted.extend(one.into_iter().chain(another)),
        }
    }
}

/// No lookup failed, but there is no address.
pub fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}

/// The SRV record of the name has the target ".".
pub fn not_offered() -> io::Error {
    let what = "the name says that the service is not offered";
    io::Error::new(io::ErrorKind::NotFound, what)
}

/// A copy of the error, with the system's number where it has one.
fn repeated(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// The address of an endpoint that needs no lookup.
fn literal(at: &config::Endpoint, proxy: Option<&config::Proxy>) -> Option<Address> {
    if let Some(path) = &at.socket {
        return Some(Address::Unix(SocketFile::new(path)));
    }
    if let Some(proxy) = proxy {
        return Some(Address::Tunnel(Tunnel::new(proxy, &at.host, at.port)));
    }
    let address = at.host.parse::<IpAddr>().ok()?;
    Some(Address::Tcp((address, at.port).into()))
}

#[cfg(test)]
mod tests;
