//! The kept connections of one worker to one endpoint.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::shared::SharedConnections;
use crate::downstream::transport::changed::Changed;
use crate::downstream::transport::connection::Lifetime;
use crate::sync::lock;

/// The connections of one worker to one endpoint. Aligned so that no two workers write to the same
/// cache line.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Pool {
    /// HTTP/1.1, the one used last at the end.
    pub(super) idle: Mutex<Vec<Idle>>,
    /// HTTP/2.
    pub(super) shared: Mutex<SharedConnections>,
    /// Notifies calls that wait for HTTP/2.
    pub(super) changed: Arc<Changed>,
}

/// A kept HTTP/1.1 connection.
pub(super) struct Idle {
    pub(super) sender: http1::SendRequest<Full<Bytes>>,
    pub(super) since: Instant,
    pub(super) life: Lifetime,
    pub(super) task: AbortHandle,
}

impl Pool {
    /// The last use of the longest idle connection.
    pub(super) fn oldest(&self) -> Option<Instant> {
        // Connections are given back in the order of time.
        let idle = lock(&self.idle).first().map(|kept| kept.since);
        idle.or_else(|| lock(&self.shared).oldest())
    }

    /// Closes that connection.
    pub(super) fn close_oldest(&self) {
        let mut idle = lock(&self.idle);
        if !idle.is_empty() {
            idle.remove(0);
        }
        lock(&self.shared).close_oldest();
    }
}
