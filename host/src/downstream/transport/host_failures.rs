//! Failures of the host itself: it is out of open files, memory or ports. They are the fault of no
//! service and of no endpoint.

use std::fmt::Display;
use std::io;

use rustix::io::Errno;

use crate::downstream::log_interval::LogInterval;

/// Errors of the system that are not faults of the peer. Local firewalls report a missing
/// permission.
const OF_HOST: [Errno; 9] = [
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOMEM,
    Errno::NOBUFS,
    Errno::ADDRNOTAVAIL,
    Errno::AGAIN,
    Errno::NETDOWN,
    Errno::PERM,
    Errno::ACCESS,
];

/// Whether an error of a connection is a failure of the host itself.
pub fn of_host(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|error| OF_HOST.contains(&error))
}

/// Logs a service's calls that fail in the host itself.
#[derive(Default)]
pub struct HostFailures(LogInterval);

impl HostFailures {
    /// Warns, at most once a minute.
    pub fn warn(&self, service: &str, error: &impl Display) {
        if self.0.is_due() {
            let error = error.to_string();
            tracing::warn!(
                service,
                error,
                "the host itself cannot call: look at its limits (open files, memory, local ports, firewall)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_lacks_is_known_from_what_a_service_does() {
        for errno in OF_HOST {
            assert!(of_host(&errno.into()), "{errno:?}");
        }
        for errno in [
            Errno::CONNREFUSED,
            Errno::CONNRESET,
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::TIMEDOUT,
            Errno::PIPE,
        ] {
            assert!(!of_host(&errno.into()), "{errno:?}");
        }
        assert!(!of_host(&io::ErrorKind::PermissionDenied.into()));
    }
}
