//! The clock of a connection: the time limits that hyper lacks.
//!
//! A connection is closed when its first head is not whole `header-timeout` after its worker began
//! to serve it, when a later one is not whole `header-timeout` after its first byte, and when it is idle for
//! `idle-timeout`. A client that does not take its answer counts as idle, and so does one that only
//! keeps its connection alive. The clock is set once and checked again when it runs out, not reset
//! with each request.

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Context;

use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use crate::config;

/// What happens to a connection next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionAction {
    /// It stays as it is.
    Keep,
    /// It takes no more requests, and ends when those it has are answered.
    Drain,
    /// It ends now.
    Cut,
}

/// The clock of a connection.
pub(super) struct Idle {
    activity: Arc<Activity>,
    settings: Arc<config::Server>,
    clock: Pin<Box<Sleep>>,
    closing: bool,
    /// The connection must make room, and its socket was looked at once more.
    looked: bool,
}

impl Idle {
    pub(super) fn new(activity: Arc<Activity>, settings: Arc<config::Server>) -> Self {
        let clock = Box::pin(sleep_until(activity.due(&settings, false)));
        Self {
            activity,
            settings,
            clock,
            closing: false,
            looked: false,
        }
    }

    /// The connection must end: from now on it has `header-timeout`.
    pub(super) fn closing(&mut self) {
        self.closing = true;
        self.activity.touch();
    }

    /// Decides about the connection, and wakes its task when it must decide again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> ConnectionAction {
        self.activity.register(context.waker());
        if self.activity.makes_room() && !std::mem::replace(&mut self.looked, true) {
            // A request may lie in the socket since before the order: this thread may not have run.
            // This wakes the task when the event loop has looked at its sockets.
            let _ = pin!(yield_now()).poll(context);
            return ConnectionAction::Keep;
        }
        loop {
            let due = self.activity.due(&self.settings, self.closing);
            if due < self.clock.deadline() {
                self.clock.as_mut().reset(due);
            }
            if self.clock.as_mut().poll(context).is_pending() {
                return ConnectionAction::Keep;
            }
            if due > Instant::now() {
                self.clock.as_mut().reset(due);
                continue;
            }
            if self.closing || self.activity.stuck_in_a_head() {
                // It did not end in time, or its request did not arrive in time.
                return ConnectionAction::Cut;
            }
            self.closing();
            return ConnectionAction::Drain;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn who_makes_room_has_its_socket_looked_at_once_more() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.wasm"), "").unwrap();
        let text = "[[route]]\nbff = \"a\"\n[bff.a]\ncomponent = \"a.wasm\"\n";
        let settings = config::parse(text, &folder.path().join("a.toml")).unwrap();
        let activity = Arc::new(Activity::new());
        let mut idle = Idle::new(activity.clone(), Arc::new(settings.server));

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = std::net::TcpStream::connect(address).unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        // Both while the event loop does not run, as on a thread that waits for its core.
        client.write_all(b"GET").unwrap();
        activity.make_room();
        let mut seen = Vec::new();
        let action = poll_fn(|context| {
            let mut bytes = [0; 8];
            seen.push(socket.try_read(&mut bytes).ok());
            match idle.poll(context) {
                ConnectionAction::Keep => Poll::Pending,
                action => Poll::Ready(action),
            }
        })
        .await;
        assert_eq!(action, ConnectionAction::Cut);
        assert!(seen.contains(&Some(3)), "{seen:?}");
    }
}
