//! TLS settings: one identity and one set of trusted authorities per service, read from files that
//! may be replaced while the host runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::time::Instant;

use crate::config::{self, Protocol};
use crate::file;
use crate::pem::{self, Clock, PemError, Stamp};
use crate::sync;

/// The least interval of checks for changed files.
const LOOK: Duration = Duration::from_secs(5);

/// The name of the system's authorities in messages.
const SYSTEM: &str = "the authorities of the system";

/// Why the TLS settings cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A certificate of an authority cannot be used as one.
    #[error("{}: holds a certificate that is no authority's: {source}", file.display())]
    Authority {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The client's certificate and key cannot be used, or not with each other.
    #[error("{} and {}: {source}", certificate.display(), key.display())]
    Identity {
        /// The file of the certificate chain.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The file system of the system's authorities does not answer.
    #[error("the authorities of the system: {0}; set `ca-file`")]
    System(std::io::Error),
    /// The system has no trusted certificates.
    #[error("the system has no certificates of authorities; set `ca-file`")]
    NoSystemRoots,
    /// No name that a certificate could hold.
    #[error("{name:?} is neither a host name nor an address")]
    ServerName {
        /// The name: that of the settings, or an endpoint's host.
        name: String,
    },
    /// The library lacks a needed feature.
    #[error("no common version of TLS: {0}")]
    Versions(#[source] rustls::Error),
}

/// TLS of one service.
pub struct Identity {
    settings: config::Tls,
    protocol: Protocol,
    current: Mutex<Current>,
    /// The version of the files; a connection of another version is not used again.
    number: AtomicU32,
    /// Whether the files are being checked.
    busy: AtomicBool,
}

struct Current {
    config: Arc<ClientConfig>,
    stamps: Vec<Stamp>,
    looked: Instant,
}

impl Identity {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// The first unusable file, and why.
    pub fn new(settings: config::Tls, protocol: Protocol, now: Instant) -> Result<Self, TlsError> {
        // Stamps come first: what changes in between is then seen as a change.
        let stamps = stamps(&settings);
        let config = Arc::new(read(&settings, protocol)?);
        Ok(Self {
            settings,
            protocol,
            current: Mutex::new(Current {
                config,
                stamps,
                looked: now,
            }),
            number: AtomicU32::new(0),
            busy: AtomicBool::new(false),
        })
    }

    /// The configuration of a new connection, and its version.
    pub fn current(&self) -> (Arc<ClientConfig>, u32) {
        let current = self.lock();
        (current.config.clone(), self.number())
    }

    /// The version that connections must have to be used.
    pub fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    /// Whether the files are being checked.
    #[cfg(test)]
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Whether a check of the files is due. On `true` the caller must call [`Self::refresh`].
    pub fn due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.lock().looked) >= LOOK
            && !self.busy.swap(true, Ordering::Relaxed)
    }

    /// Reads the files again if they changed; blocks. Unusable new files change nothing, and are
    /// logged once.
    pub fn refresh(&self, service: &str, now: Instant) {
        let stamps = stamps(&self.settings);
        let changed = {
            let mut current = self.lock();
            current.looked = now;
            let changed = current.stamps != stamps;
            current.stamps = stamps;
            changed
        };
        if changed {
            match read(&self.settings, self.protocol) {
                Ok(config) => {
                    let mut current = self.lock();
                    current.config = Arc::new(config);
                    self.number.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    tracing::warn!(
                        service,
                        %error,
                        "changed TLS files are of no use, the old ones stay in force"
                    );
                }
            }
        }
        self.busy.store(false, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        sync::lock(&self.current)
    }
}

/// Reads the files: their sizes and times can be those of before.
fn stamps(settings: &config::Tls) -> Vec<Stamp> {
    let client = settings.client.iter().flat_map(|(chain, key)| [chain, key]);
    let files = settings.ca_file.iter().chain(client);
    files.map(|file| pem::stamp(file)).collect()
}

fn read(settings: &config::Tls, protocol: Protocol) -> Result<ClientConfig, TlsError> {
    let provider: Arc<CryptoProvider> = ring::default_provider().into();
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_root_certificates(roots(settings.ca_file.as_deref())?);
    let mut config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(pem::certificates(certificate)?, pem::private_key(key)?)
            .map_err(|source| TlsError::Identity {
                certificate: certificate.clone(),
                key: key.clone(),
                source,
            })?,
    };
    config.alpn_protocols = vec![match protocol {
        Protocol::Http1 => b"http/1.1".to_vec(),
        Protocol::Http2 => b"h2".to_vec(),
    }];
    Ok(config)
}

/// What a client of HTTP/1.1 without a certificate of its own trusts: the authorities of the file,
/// else those of the system. Reads files, and blocks for that.
///
/// # Errors
///
/// When they cannot be used.
pub fn trusting(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let settings = config::Tls {
        ca_file: ca_file.map(Path::to_owned),
        client: None,
        server_name: None,
    };
    read(&settings, Protocol::Http1).map(Arc::new)
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca_file {
        for certificate in pem::certificates(file)? {
            roots
                .add(certificate)
                .map_err(|source| TlsError::Authority {
                    file: file.to_owned(),
                    source,
                })?;
        }
    } else {
        // A system has dozens of them, and now and then one that the library does not take; the
        // others still count.
        let read = |_: &Path| rustls_native_certs::load_native_certs().certs;
        let certificates = file::within(Path::new(SYSTEM), read).map_err(TlsError::System)?;
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            return Err(TlsError::NoSystemRoots);
        }
    }
    Ok(roots)
}
