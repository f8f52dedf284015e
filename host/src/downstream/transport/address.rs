//! The address of a connection: IP address and port, a Unix socket, or a target behind a proxy.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use tokio::net::UnixStream;

use super::proxy::Tunnel;
use crate::downstream::log_interval::LogInterval;

/// The address of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A socket file of this machine.
    Unix(SocketFile),
    /// A host and a port that a proxy connects to.
    Tunnel(Tunnel),
}

impl Address {
    /// Whether it is one of IPv4.
    pub fn is_ipv4(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.is_ipv4())
    }
}

/// A configured or resolved address.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(file) => write!(f, "unix:{}", file.path.display()),
            Self::Tunnel(tunnel) => tunnel.fmt(f),
        }
    }
}

/// A socket file.
#[derive(Clone)]
pub struct SocketFile {
    path: Arc<Path>,
    /// Limits the log lines about refused connections.
    failures: Arc<LogInterval>,
}

/// Errors of a connection to a socket file that are not faults of the service. Unlike for TCP, a
/// lacking permission is one to the file, and "try again" means that the service accepts too
/// slowly.
const OF_HOST: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];

impl SocketFile {
    /// The file at this path, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            failures: Arc::default(),
        }
    }

    /// Connects to the service that listens there.
    ///
    /// # Errors
    ///
    /// The system's. The message has no path, because a guest reads it; the log has the path.
    pub async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.path)
            .await
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> io::Error {
        if Errno::from_io_error(&error).is_some_and(|errno| OF_HOST.contains(&errno)) {
            return error;
        }
        if self.failures.is_due() {
            tracing::warn!(
                path = %self.path.display(),
                %error,
                "a socket file takes no connection: look whether its service runs and the host may write to it"
            );
        }
        // As error numbers of the system, some of these would mean a failure of the host.
        io::Error::new(error.kind(), format!("socket file: {error}"))
    }
}

impl PartialEq for SocketFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for SocketFile {}

impl fmt::Debug for SocketFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}
