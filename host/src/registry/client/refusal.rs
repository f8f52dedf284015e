//! What an answer means that is none to a pull, and none that comes: which host it is about, and
//! the way out.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Client;
use crate::config::{show_duration, show_size};
use crate::downstream::{Cause, bounded_rest};
use crate::oci::{ManifestError, PullError};
use crate::registry::address::Address;
use crate::registry::fault::not_found;
use crate::registry::wanted::{Part, Who};

/// How long a host is left alone that has had too many requests and names no time.
const REST: Duration = Duration::from_secs(10);

impl Client<'_> {
    /// A status that is no answer to a pull.
    pub(super) fn refused(
        &self,
        who: Who,
        address: &Address,
        response: &Response<Bytes>,
    ) -> PullError {
        let status = response.status();
        let asked = bounded_rest(status, response.headers());
        let is_too_much = status == StatusCode::TOO_MANY_REQUESTS;
        if let Some(wait) = asked.or(is_too_much.then_some(REST)) {
            return busy(address, status, wait);
        }
        let code = status.as_u16();
        let (registry, name) = (&self.settings.host, &self.settings.name);
        let repository = self.reference.repository();
        let is_refusal = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
        let is_absence = [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status);
        let what = match who {
            _ if status.is_server_error() => {
                format!("it fails ({code}); look at it, and try again")
            }
            Who::Registry if is_refusal => format!(
                "it does not let the host pull from {repository} ({code}); give the host \
                 credentials for that in releases.registry.{name}.credentials"
            ),
            Who::Registry => format!(
                "its answer is none of a registry ({code}); correct releases.registry.{name}.host"
            ),
            Who::Realm if is_refusal => format!(
                "it gives the host no token to pull from {repository} ({code}); give the host \
                 credentials for that in releases.registry.{name}.credentials"
            ),
            Who::Realm => format!(
                "its answer is none to who asks for a token ({code}); look at {registry}, which \
                 sends there for tokens"
            ),
            Who::Storage if is_refusal => format!(
                "it does not give out what {registry} redirects there for ({code}); look at \
                 {registry}: what it signs may end too soon, or be of another clock"
            ),
            Who::Storage if is_absence => format!(
                "it does not have what {registry} redirects there for ({code}); look at the \
                 storage of {registry}"
            ),
            Who::Storage => format!(
                "its answer is not what {registry} redirects there for ({code}); look at both"
            ),
        };
        self.failed(address, what)
    }

    /// What the registry itself does not have.
    pub(super) fn absent(&self, address: &Address, part: Part<'_>) -> PullError {
        match part {
            Part::Component { digest } => PullError::NoLayer {
                reference: self.reference.to_string(),
                host: address.host(),
                digest: digest.to_owned(),
            },
            Part::Manifest | Part::Token => not_found(self.settings, self.reference),
        }
    }

    /// There is no whole answer.
    pub(super) fn broken(&self, address: &Address, part: Part<'_>, cause: &Cause) -> PullError {
        let name = &self.settings.name;
        match cause {
            Cause::Timeout { .. } => self.late(part),
            Cause::TooLarge { limit } => self.too_large(address, part, *limit),
            // Of other hosts, its section has no more than their names.
            cause if !address.is_on(&self.settings.host) => {
                let what =
                    format!("{cause}; look at it, and at ca-file in releases.registry.{name}");
                self.failed(address, what)
            }
            cause => {
                let what = format!(
                    "{cause}; look at it, and at host and ca-file in releases.registry.{name}"
                );
                self.failed(address, what)
            }
        }
    }

    fn too_large(&self, address: &Address, part: Part<'_>, limit: usize) -> PullError {
        let reference = self.reference.to_string();
        let limit = show_size(limit as u64);
        match part {
            Part::Manifest => PullError::Manifest {
                reference,
                source: ManifestError::TooLarge(limit),
            },
            Part::Component { .. } => PullError::OtherBytes {
                reference,
                host: address.host(),
                what: format!("more than {limit}"),
                wanted: part.name(),
            },
            Part::Token => {
                let what = format!("its answer to who asks for a token has more than {limit}");
                self.failed(address, format!("{what}; look at it"))
            }
        }
    }

    /// The time of the pull is over.
    pub(super) fn late(&self, part: Part<'_>) -> PullError {
        PullError::Late {
            host: self.asked.clone(),
            what: part.name(),
            registry: self.settings.name.clone(),
            timeout: show_duration(self.settings.timeout),
        }
    }
}

/// A host wants no more requests for a while.
fn busy(address: &Address, status: StatusCode, wait: Duration) -> PullError {
    let code = status.as_u16();
    let what = match status {
        StatusCode::TOO_MANY_REQUESTS => format!("it has had too many requests ({code})"),
        _ => format!("it takes no requests for now ({code})"),
    };
    PullError::Busy {
        host: address.host(),
        what,
        wait,
    }
}
