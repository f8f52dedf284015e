//! The bytes in flight of the whole host, in fair shares.
//!
//! Counted are a request from its head on (a fixed cost, and its fields), its body, and its answer until the client took
//! it. Whoever takes more than there is gets 503 `host-memory`.
//!
//! The shares follow what is left: a BFF may hold as much as is free, so half of all at most, and a connection a third of
//! what is left to the BFF, a fifth of all at most. So the greedy leave something to those that come later, however many
//! they are: each next one gets less, none gets the last byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use http::HeaderMap;
use prometheus_client::metrics::gauge::Gauge;
use thiserror::Error;

/// What a request costs besides its fields, its body and its answer, bytes: its futures, its stream, its place in a queue.
/// Measured: 1.1 GiB for 128,000 of them.
pub(super) const REQUEST: usize = 8 << 10;
/// A connection may hold one part in so many of what is left.
const CONNECTIONS: i64 = 3;

/// What one connection or one BFF holds, bytes.
pub(super) type Share = Arc<AtomicUsize>;

/// The bytes in flight of a host. The count is the gauge that operators see.
pub(super) struct Budget {
    limit: i64,
    used: Gauge,
}

/// There is no room for so many more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("memory: the host holds as many bytes of requests and answers as it may")]
pub(super) struct Full;

/// Bytes of one request, given back when this is dropped.
pub(super) struct Held {
    budget: Arc<Budget>,
    connection: Share,
    bff: Option<Share>,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes, counted by `used`.
    pub(super) fn new(limit: usize, used: Gauge) -> Self {
        Self {
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            used,
        }
    }

    /// Takes what a request costs whatever comes of it. It counts as its connection's.
    pub(super) fn request(
        self: &Arc<Self>,
        connection: &Share,
        fields: &HeaderMap,
    ) -> Result<Held, Full> {
        let mut held = Held {
            budget: self.clone(),
            connection: connection.clone(),
            bff: None,
            bytes: 0,
        };
        let sizes = fields
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        held.grow(REQUEST + sizes.sum::<usize>())?;
        Ok(held)
    }

    fn used(&self) -> &AtomicI64 {
        self.used.inner()
    }

    /// Takes bytes of the whole, and says what is left then.
    fn take(&self, bytes: i64) -> Option<i64> {
        let taken = self
            .used()
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                let used = used.checked_add(bytes)?;
                (used <= self.limit).then_some(used)
            });
        Some(self.limit - (taken.ok()? + bytes))
    }
}

impl Held {
    /// What it is now.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes more.
    pub(super) fn grow(&mut self, more: usize) -> Result<(), Full> {
        let bytes = i64::try_from(more).map_err(|_| Full)?;
        let mut left = self.budget.take(bytes).ok_or(Full)?;
        if let Some(bff) = &self.bff {
            left -= add(bff, more);
        }
        let fits = left >= 0 && add(&self.connection, more) <= left / CONNECTIONS;
        self.bytes += more;
        if fits {
            return Ok(());
        }
        if left < 0 {
            // It was not added there yet.
            add(&self.connection, more);
        }
        self.shrink(self.bytes - more);
        Err(Full)
    }

    /// Gives back what is over `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes -= less;
        self.connection.fetch_sub(less, Ordering::Relaxed);
        if let Some(bff) = &self.bff {
            bff.fetch_sub(less, Ordering::Relaxed);
        }
        let less = i64::try_from(less).unwrap_or(i64::MAX);
        self.budget.used().fetch_sub(less, Ordering::Relaxed);
    }

    /// Counts what is held, and what will be, as a BFF's, too.
    pub(super) fn routed(&mut self, bff: &Share) {
        if self.bff.is_none() {
            add(bff, self.bytes);
            self.bff = Some(bff.clone());
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// Adds to a share; returns what it is then.
fn add(share: &AtomicUsize, more: usize) -> i64 {
    let before = share.fetch_add(more, Ordering::Relaxed);
    i64::try_from(before.saturating_add(more)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
