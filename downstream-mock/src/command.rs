//! A command to a listener.

use std::io;

use tokio::sync::oneshot;

/// Commands of a listener's owner. Each is acknowledged when it is done.
pub(crate) enum Command {
    /// Listen again on the same port.
    Open(oneshot::Sender<io::Result<()>>),
    /// Refuse connections, and close those that are open.
    Close(oneshot::Sender<io::Result<()>>),
    /// Close everything for good.
    Stop(oneshot::Sender<()>),
}
