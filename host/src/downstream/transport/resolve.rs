//! The addresses of an endpoint: its name is looked up on first use, and again now and then in the background.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::address::{Address, SocketFile};
use super::error::DialError;
use super::proxy::Tunnel;
use crate::config;

/// A name and what is known of it.
pub struct Name(Arc<Shared>);

/// What a lookup outlives its callers with: the system can't be told to give one up, so one that hangs is waited for by
/// all rather than begun again by each.
struct Shared {
    host: String,
    port: u16,
    /// Where it leads without a lookup.
    literal: Option<Address>,
    known: Mutex<Known>,
    /// Whether a lookup is under way.
    busy: AtomicBool,
    /// Tells those who wait that a lookup ended.
    ended: Notify,
}

#[derive(Default)]
struct Known {
    addresses: Option<Addresses>,
    /// What the last lookup said when it failed.
    failure: Option<io::Error>,
}

impl Name {
    /// Nothing is looked up yet.
    pub fn new(at: &config::Endpoint, proxy: Option<&config::Proxy>) -> Self {
        let literal = literal(at, proxy);
        let known = |address: &Address| Addresses::new(vec![address.clone()], Instant::now());
        Self(Arc::new(Shared {
            host: at.host.clone(),
            port: at.port,
            known: Mutex::new(Known {
                addresses: literal.as_ref().map(known),
                failure: None,
            }),
            literal,
            busy: AtomicBool::new(false),
            ended: Notify::new(),
        }))
    }

    /// The addresses in the order in which they should be tried. Never empty.
    ///
    /// The first time this waits for the lookup, one for all who ask; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// When the name is not known, now or at all.
    pub async fn addresses(&self) -> Result<Vec<Address>, DialError> {
        // From here on no end of a lookup is missed.
        let ended = self.0.ended.notified();
        if let Some(known) = &mut self.0.lock().addresses {
            return Ok(known.in_turn());
        }
        self.look_up();
        ended.await;
        let mut known = self.0.lock();
        if let Some(known) = &mut known.addresses {
            return Ok(known.in_turn());
        }
        let failure = known.failure.as_ref().map_or_else(no_address, repeated);
        Err(DialError::Name(failure))
    }

    /// Where it leads without a lookup.
    pub fn literal(&self) -> Option<&Address> {
        self.0.literal.as_ref()
    }

    /// An address did not take a connection: it is the last to be tried, until the name is looked up again.
    pub fn failed(&self, address: &Address) {
        if let Some(known) = &mut self.0.lock().addresses {
            known.failed(address);
        }
    }

    /// Looks the name up in the background if it is time to. Without an answer, what was known goes on.
    pub fn tick(&self, now: Instant, interval: Duration) {
        let due = self.0.literal.is_none()
            && self
                .0
                .lock()
                .addresses
                .as_ref()
                .is_some_and(|known| now.saturating_duration_since(known.at) >= interval);
        if due {
            self.look_up();
        }
    }

    /// Starts a lookup unless one is under way.
    #[expect(
        clippy::disallowed_methods,
        reason = "a lookup ends by itself, serves all callers and carries no span"
    )]
    fn look_up(&self) {
        if !self.0.busy.swap(true, Ordering::AcqRel) {
            let shared = self.0.clone();
            tokio::spawn(async move { shared.look_up().await });
        }
    }
}

impl Shared {
    async fn look_up(&self) {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found = found
            .map(|found| found.map(Address::Tcp).collect::<Vec<_>>())
            .and_then(|found| match found.len() {
                0 => Err(no_address()),
                _ => Ok(found),
            });
        self.lock().learn(found, Instant::now());
        self.busy.store(false, Ordering::Release);
        self.ended.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // A panic while holding this lock leaves a list that is still whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an endpoint is when that needs no lookup.
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

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}

/// The same error once more, with the system's number where it has one.
fn repeated(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl Known {
    fn learn(&mut self, found: io::Result<Vec<Address>>, now: Instant) {
        match (found, &mut self.addresses) {
            (Ok(found), addresses) => *addresses = Some(Addresses::new(found, now)),
            // What was known is as good as it was, and is not doubted again at once.
            (Err(_), Some(addresses)) => addresses.at = now,
            (Err(failure), None) => self.failure = Some(failure),
        }
    }
}

/// The addresses of a name, those that failed behind the others.
#[derive(Debug)]
struct Addresses {
    list: Vec<Address>,
    /// How many of the list have not failed.
    good: usize,
    /// Which of these is the next to be tried first.
    turn: usize,
    /// When this was known.
    at: Instant,
}

impl Addresses {
    fn new(list: Vec<Address>, at: Instant) -> Self {
        Self {
            good: list.len(),
            list,
            turn: 0,
            at,
        }
    }

    fn in_turn(&mut self) -> Vec<Address> {
        let mut list = self.list.clone();
        if let Some(turn) = self.turn.checked_rem(self.good) {
            list[..self.good].rotate_left(turn);
            self.turn = turn + 1;
        }
        list
    }

    fn failed(&mut self, address: &Address) {
        let Some(index) = self.list.iter().position(|known| known == address) else {
            return;
        };
        let address = self.list.remove(index);
        self.list.push(address);
        if index < self.good {
            self.good -= 1;
            // The turn stays with the address that it was at.
            if index < self.turn {
                self.turn -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
