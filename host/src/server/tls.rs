//! TLS of a listener: a certificate and its key, from files that may be replaced while the host
//! runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use thiserror::Error;

use crate::config::ListenerTls;
use crate::pem::{self, Clock, PemError, Stamp};
use crate::sync;

/// The interval of checks for changed files.
pub(super) const LOOK: Duration = Duration::from_secs(5);

/// Why a listener's certificate cannot be used.
#[derive(Debug, Error)]
pub enum ListenerTlsError {
    /// A file cannot be used.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The certificate and the key cannot be used, or not with each other.
    #[error("{} and {}: {source}; write a chain and its own key", cert.display(), key.display())]
    Identity {
        /// The file of the certificate chain.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// The certificate of a listener.
pub struct ListenerIdentity {
    settings: ListenerTls,
    current: ArcSwap<ServerConfig>,
    stamps: Mutex<[Stamp; 2]>,
}

impl ListenerIdentity {
    /// Reads the files; blocks.
    ///
    /// # Errors
    ///
    /// What is wrong with one of them.
    pub fn new(settings: ListenerTls) -> Result<Self, ListenerTlsError> {
        // Stamps come first: what changes in between is then seen as a change.
        let stamps = Mutex::new(stamps(&settings));
        let current = ArcSwap::from_pointee(read(&settings)?);
        Ok(Self {
            settings,
            current,
            stamps,
        })
    }

    /// The configuration of a new connection.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Reads the files again if they changed; blocks. Unusable new files change nothing, and are
    /// logged once.
    pub fn refresh(&self) {
        let now = stamps(&self.settings);
        let mut known = sync::lock(&self.stamps);
        if *known == now {
            return;
        }
        *known = now;
        match read(&self.settings) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!("the new certificate of the admin listener is in force");
            }
            Err(error) => tracing::warn!(
                "admin.tls: changed files are of no use, the old ones stay in force: {error}"
            ),
        }
    }
}

fn stamps(settings: &ListenerTls) -> [Stamp; 2] {
    [pem::stamp(&settings.cert), pem::stamp(&settings.key)]
}

fn read(settings: &ListenerTls) -> Result<ServerConfig, ListenerTlsError> {
    let (certificates, key) = (
        pem::certificates(&settings.cert)?,
        pem::private_key(&settings.key)?,
    );
    let unusable = |source| ListenerTlsError::Identity {
        cert: settings.cert.clone(),
        key: settings.key.clone(),
        source,
    };
    let provider: Arc<CryptoProvider> = ring::default_provider().into();
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests;
