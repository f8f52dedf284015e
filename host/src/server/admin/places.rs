//! Who may have a connection to the admin listener: connections that are held open and idle never
//! keep a health check out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config;
use crate::time;

/// What a connection may request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything.
    Whole,
    /// One answer about health.
    Health,
}

/// One admin connection. Its task holds this for as long as it runs.
pub(super) struct AdminConnection {
    pub(super) kind: Kind,
    opened: Instant,
    /// Whether an answer is being made or written.
    busy: AtomicBool,
    /// Whether it is made.
    answered: AtomicBool,
    /// Milliseconds after `opened` since which it is idle.
    idle_since: AtomicU64,
    closed: Notify,
}

impl AdminConnection {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self {
            kind,
            opened: Instant::now(),
            busy: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            closed: Notify::new(),
        })
    }

    /// A request came.
    pub(super) fn begin(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
    }

    /// Its answer is made.
    pub(super) fn answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// All that was written was taken. While an answer is made that is nothing, or `100 Continue`.
    pub(super) fn flush(&self) {
        if self.busy.load(Ordering::Relaxed) && !self.answered.load(Ordering::Relaxed) {
            return;
        }
        let since = time::millis(self.opened.elapsed());
        self.idle_since.store(since, Ordering::Relaxed);
        self.busy.store(false, Ordering::Relaxed);
    }

    /// Waits until it must close for another connection.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    /// Since when it is idle; `None` while it is not.
    fn idle_since(&self) -> Option<Instant> {
        let since = std::time::Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
        (!self.busy.load(Ordering::Relaxed)).then(|| self.opened + since)
    }
}

/// All open admin connections.
pub(super) struct AdminConnections {
    whole: OpenConnections,
    health: OpenConnections,
}

struct OpenConnections {
    most: usize,
    /// In the order in which they were opened.
    places: Vec<Arc<AdminConnection>>,
}

impl AdminConnections {
    pub(super) fn new(settings: &config::Admin) -> Self {
        let taken = |most| OpenConnections {
            most,
            places: Vec::new(),
        };
        Self {
            whole: taken(settings.max_connections),
            health: taken(settings.health_connections),
        }
    }

    /// Registers a new connection. The one that is idle for longest may be closed for it.
    pub(super) fn take(&mut self) -> Arc<AdminConnection> {
        self.whole.forget_ended();
        if self.whole.is_full() && !self.whole.close_longest_idle() {
            return self.take_for_health();
        }
        self.whole.add(Kind::Whole)
    }

    /// Registers a new connection that may only request health.
    pub(super) fn take_for_health(&mut self) -> Arc<AdminConnection> {
        self.health.forget_ended();
        if self.health.is_full() {
            self.health.close(0);
        }
        self.health.add(Kind::Health)
    }
}

impl OpenConnections {
    fn is_full(&self) -> bool {
        self.places.len() >= self.most
    }

    /// An ended task has dropped its clone.
    fn forget_ended(&mut self) {
        self.places.retain(|place| Arc::strong_count(place) > 1);
    }

    /// Closes the connection that is idle for longest; `false` when none is idle.
    fn close_longest_idle(&mut self) -> bool {
        let places = self.places.iter().enumerate();
        let idle = places.filter_map(|(index, place)| Some((place.idle_since()?, index)));
        let longest = idle.min();
        if let Some((_, index)) = longest {
            self.close(index);
        }
        longest.is_some()
    }

    fn close(&mut self, index: usize) {
        self.places.remove(index).closed.notify_one();
    }

    fn add(&mut self, kind: Kind) -> Arc<AdminConnection> {
        let place = AdminConnection::new(kind);
        self.places.push(place.clone());
        place
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places(most: usize, health: usize) -> AdminConnections {
        AdminConnections {
            whole: OpenConnections {
                most,
                places: Vec::new(),
            },
            health: OpenConnections {
                most: health,
                places: Vec::new(),
            },
        }
    }

    async fn is_closed(place: &AdminConnection) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.closed())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_one_gives_way_and_a_busy_one_does_not() {
        let mut places = places(2, 2);
        let first = places.take();
        let second = places.take();
        for place in [&first, &second] {
            place.begin();
        }
        // An answer that is not made yet is none that was taken.
        first.flush();
        second.flush();
        assert_eq!(places.take().kind, Kind::Health);
        for place in [&second, &first] {
            tokio::time::advance(Duration::from_secs(1)).await;
            place.answer();
            place.flush();
        }
        let third = places.take();
        assert!(is_closed(&second).await && !is_closed(&first).await);
        assert_eq!(third.kind, Kind::Whole);

        first.begin();
        third.begin();
        let health = [places.take(), places.take()];
        assert!(health.iter().all(|place| place.kind == Kind::Health));
        let more = places.take();
        assert!(is_closed(&health[0]).await && !is_closed(&health[1]).await);
        assert_eq!(more.kind, Kind::Health);

        // Ended connections make room without closing another.
        drop(third);
        assert_eq!(places.take().kind, Kind::Whole);
        assert!(!is_closed(&first).await);
    }
}
