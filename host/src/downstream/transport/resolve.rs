//! The addresses of an endpoint: its name is looked up on first use, and again now and then in the background.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::dial::DialError;

/// A name and what is known of it.
pub struct Name {
    host: String,
    port: u16,
    known: OnceCell<Mutex<Addresses>>,
    /// Whether a lookup is under way in the background.
    busy: AtomicBool,
    /// An address needs no lookup.
    literal: bool,
}

impl Name {
    /// Nothing is looked up yet.
    pub fn new(host: &str, port: u16) -> Self {
        let literal = host.parse::<IpAddr>().ok();
        let known = literal
            .map(|ip| Mutex::new(Addresses::new(vec![(ip, port).into()], Instant::now())))
            .map_or_else(OnceCell::new, |known| OnceCell::new_with(Some(known)));
        Self {
            host: host.to_owned(),
            port,
            known,
            busy: AtomicBool::new(false),
            literal: literal.is_some(),
        }
    }

    /// The addresses in the order in which they should be tried. Never empty.
    ///
    /// The first time this waits for the lookup, one for all who ask; the caller bounds the time.
    ///
    /// # Errors
    ///
    /// When the name is not known, now or at all.
    pub async fn addresses(&self) -> Result<Vec<SocketAddr>, DialError> {
        let known = self
            .known
            .get_or_try_init(async || {
                let found = self.lookup().await?;
                Ok::<_, DialError>(Mutex::new(Addresses::new(found, Instant::now())))
            })
            .await?;
        Ok(lock(known).in_turn())
    }

    /// An address did not take a connection: it is the last to be tried, until the name is looked up again.
    pub fn failed(&self, address: SocketAddr) {
        if let Some(known) = self.known.get() {
            lock(known).failed(address);
        }
    }

    /// Whether a lookup in the background should begin. Who is told so has to call [`Self::refresh`].
    pub fn due(&self, now: Instant, interval: Duration) -> bool {
        let known = self.known.get().filter(|_| !self.literal);
        known.is_some_and(|known| now.saturating_duration_since(lock(known).at) >= interval)
            && !self.busy.swap(true, Ordering::Relaxed)
    }

    /// Looks the name up again. Without an answer, what was known goes on.
    pub async fn refresh(&self) {
        let found = self.lookup().await;
        if let Some(known) = self.known.get() {
            lock(known).replace(found.ok(), Instant::now());
        }
        self.busy.store(false, Ordering::Relaxed);
    }

    async fn lookup(&self) -> Result<Vec<SocketAddr>, DialError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(DialError::Name)?;
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            let none = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            return Err(DialError::Name(none));
        }
        Ok(found)
    }
}

/// The addresses of a name, those that failed behind the others.
#[derive(Debug)]
struct Addresses {
    list: Vec<SocketAddr>,
    /// How many of the list have not failed.
    good: usize,
    /// Which of these is the next to be tried first.
    turn: usize,
    /// When this was known.
    at: Instant,
}

impl Addresses {
    fn new(list: Vec<SocketAddr>, at: Instant) -> Self {
        Self {
            good: list.len(),
            list,
            turn: 0,
            at,
        }
    }

    fn in_turn(&mut self) -> Vec<SocketAddr> {
        let mut list = self.list.clone();
        if let Some(turn) = self.turn.checked_rem(self.good) {
            list[..self.good].rotate_left(turn);
            self.turn = turn + 1;
        }
        list
    }

    fn failed(&mut self, address: SocketAddr) {
        let Some(index) = self.list.iter().position(|known| *known == address) else {
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

    fn replace(&mut self, found: Option<Vec<SocketAddr>>, now: Instant) {
        self.at = now;
        if let Some(found) = found {
            self.good = found.len();
            self.list = found;
        }
    }
}

fn lock(known: &Mutex<Addresses>) -> MutexGuard<'_, Addresses> {
    // A panic while holding this lock leaves a list that is still whole.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
