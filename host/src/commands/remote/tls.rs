//! How a host is known to be the one that is meant.

use std::path::Path;

use rustls_pki_types::ServerName;
use tailor::downstream::{TlsError, trusting};
use tokio_rustls::TlsConnector;

use super::address::Address;

/// What connects to an address over TLS; `None` for one without. Reads certificates, and blocks for
/// that.
///
/// # Errors
///
/// When they cannot be used.
pub(super) fn connector(
    address: &Address,
    ca: Option<&Path>,
) -> anyhow::Result<Option<(TlsConnector, ServerName<'static>)>> {
    if !address.is_secure {
        return Ok(None);
    }
    let name = ServerName::try_from(address.host.clone());
    let name = name.map_err(|_| anyhow::anyhow!("{address}: no name of a host"))?;
    let trusted = trusting(ca).map_err(|error| match error {
        TlsError::System(_) | TlsError::NoSystemRoots => anyhow::anyhow!(
            "{address}: the authorities of the system cannot be read; name others with --ca"
        ),
        error => error.into(),
    })?;
    Ok(Some((TlsConnector::from(trusted), name)))
}
