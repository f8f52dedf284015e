//! The bytes in flight of the whole host, in fair shares.
//!
//! A request counts from its head on: a fixed cost, its fields, its body, and its answer until the
//! client has received it. A request that wants more than its share gets 503 `host-memory`.
//!
//! A BFF may hold half of all bytes. A connection may hold a share of the free bytes that is as
//! large as the free part of the whole: half of them when half is free, a tenth when a tenth is.
//! The same holds within its BFF's half. So the free bytes shrink ever more slowly, and the next
//! client still gets some: 80 connections that take as much as they can of 256 MiB leave enough for
//! a small request on another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use http::HeaderMap;
use prometheus_client::metrics::gauge::Gauge;
use thiserror::Error;

/// Fixed cost of a request besides its fields, its body and its answer, bytes: its futures, its
/// stream, its entry in a queue. Measured: 11 KiB.
pub(super) const REQUEST: usize = 12 << 10;

/// The part of [`REQUEST`] that a request does not need any more when its answer is there, bytes.
const ANSWER: usize = 4 << 10;

/// A piece that the allocator keeps for itself as a whole, bytes.
const LUMP: usize = 1 << 20;

/// Bytes that one connection or one BFF holds.
pub(super) type Share = Arc<AtomicUsize>;

/// The bytes in flight of a host. The count is the gauge that operators see.
pub(super) struct Budget {
    limit: i64,
    used: Gauge,
}

/// The budget has no room for the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("memory: the host holds as many bytes of requests and answers as it may")]
pub(super) struct Full;

/// Bytes of one request, given back when this is dropped.
pub(super) struct HeldBytes {
    budget: Arc<Budget>,
    connection: Share,
    bff: Option<Share>,
    bytes: usize,
}

impl Budget {
    /// A budget of `limit` bytes, counted by `used`.
    pub(super) fn new(limit: usize, used: Gauge) -> Self {
        Self {
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            used,
        }
    }

    /// Takes the fixed cost of a request, which counts for its connection.
    pub(super) fn request(
        self: &Arc<Self>,
        connection: &Share,
        fields: &HeaderMap,
    ) -> Result<HeldBytes, Full> {
        let mut held = HeldBytes {
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

    /// Takes bytes of the whole, and returns what is left.
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

impl HeldBytes {
    /// What it is now.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes more.
    pub(super) fn grow(&mut self, more: usize) -> Result<(), Full> {
        if more == 0 {
            return Ok(());
        }
        let bytes = i64::try_from(more).map_err(|_| Full)?;
        let free = self.budget.take(bytes).ok_or(Full)?;
        self.bytes += more;
        let of_connection = add(&self.connection, more);
        let of_bff = self.bff.as_ref().map_or(0, |bff| add(bff, more));
        if self.fits(of_connection, free, of_bff) {
            return Ok(());
        }
        self.shrink(self.bytes - more);
        Err(Full)
    }

    /// Also counts what is held, now and later, for a BFF.
    pub(super) fn routed(&mut self, bff: &Share) -> Result<(), Full> {
        let of_bff = add(bff, self.bytes);
        let of_connection = count(self.connection.load(Ordering::Relaxed));
        if self.fits(of_connection, self.budget.limit, of_bff) {
            self.bff = Some(bff.clone());
            return Ok(());
        }
        bff.fetch_sub(self.bytes, Ordering::Relaxed);
        Err(Full)
    }

    /// Whether a connection may hold this much of the free bytes and of its BFF's.
    fn fits(&self, of_connection: i64, free: i64, of_bff: i64) -> bool {
        let (whole, half) = (self.budget.limit, self.budget.limit / 2);
        of_connection <= share(free, whole) && of_connection <= share(half - of_bff, half)
    }

    /// Takes what an answer needs: the request behind it is over, so a short answer needs no more
    /// than that did.
    pub(super) fn answer(&mut self, bytes: usize) -> Result<(), Full> {
        self.grow(bytes.saturating_sub(ANSWER))
    }

    /// Gives back what is over `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        if less == 0 {
            return;
        }
        self.bytes -= less;
        self.connection.fetch_sub(less, Ordering::Relaxed);
        if let Some(bff) = &self.bff {
            bff.fetch_sub(less, Ordering::Relaxed);
        }
        let less = i64::try_from(less).unwrap_or(i64::MAX);
        self.budget.used().fetch_sub(less, Ordering::Relaxed);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// Has the allocator give memory back to the system that has been free for a while. It does so only
/// when a block as large as this one is freed, which may never happen after a peak. Nothing is
/// written to the block, so it costs no memory.
pub(super) fn give_back() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LUMP)));
}

/// The part of the free bytes that one connection may hold.
fn share(left: i64, whole: i64) -> i64 {
    let left = i128::from(left.max(0));
    i64::try_from(left * left / i128::from(whole.max(1))).unwrap_or(i64::MAX)
}

/// Adds to a share; returns the sum.
fn add(share: &AtomicUsize, more: usize) -> i64 {
    count(
        share
            .fetch_add(more, Ordering::Relaxed)
            .saturating_add(more),
    )
}

fn count(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
