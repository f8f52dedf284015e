//! How often a cache helped.

use std::sync::atomic::AtomicU64;

/// How often so far.
#[derive(Default)]
pub struct Counters {
    /// See [`Stats::hits`].
    pub hits: AtomicU64,
    /// See [`Stats::misses`].
    pub misses: AtomicU64,
    /// See [`Stats::stale`].
    pub stale: AtomicU64,
}

/// The size of a cache, and its hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Keys with answers.
    pub entries: u64,
    /// Their size, bytes.
    pub bytes: u64,
    /// Lookups that found a fresh answer, or one that was fresh enough for the caller.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Lookups that found a stale one.
    pub stale: u64,
}
