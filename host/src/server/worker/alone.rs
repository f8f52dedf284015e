//! A worker without a thread of its own, for the targets of fuzzing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::{Peers, Worker};
use crate::bff::scheduler::Scheduler;
use crate::config;
use crate::server::budget::Budget;
use crate::snapshot::SharedState;

impl Worker {
    /// The only worker of a host. Its requests run on the thread that polls its connections.
    pub(in crate::server) fn alone(
        shared: &Arc<SharedState>,
        settings: config::Server,
        stopped: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let used = shared.metrics.bytes_in_flight.clone();
        // The orders have no reader: there is no other worker to give any.
        let (peers, _) = Peers::new(1);
        Arc::new(Self {
            index: 0,
            scheduler: Arc::new(Scheduler::new(0)),
            shared: shared.clone(),
            budget: Arc::new(Budget::new(settings.max_bytes_in_flight, used)),
            settings: Arc::new(settings),
            stopped,
            peers: Arc::new(peers),
        })
    }

    /// Requests that it runs.
    pub(in crate::server) fn running(&self) -> usize {
        let posts = self.peers.posts.iter();
        posts.map(|post| post.running.load(Ordering::Relaxed)).sum()
    }
}
