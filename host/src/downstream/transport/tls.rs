//! TLS settings: one identity and one set of trusted authorities per service, read from files that
//! may be replaced while the host runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::{CryptoProvider, ring};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::time::Instant;

use crate::config::{self, Protocol};
use crate::file;
use crate::sync;

/// The least interval of checks for changed files.
const LOOK: Duration = Duration::from_secs(5);

/// Largest file of certificates or keys, bytes: that of a system with all its authorities is
/// smaller.
const MAX_SIZE: u64 = 4 << 20;

/// The name of the system's authorities in messages.
const SYSTEM: &str = "the authorities of the system";

/// Why the TLS settings cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("{}: {source}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// A file that should hold certificates holds none.
    #[error("{}: holds no certificate", file.display())]
    NoCertificate {
        /// Which.
        file: PathBuf,
    },
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

/// Distinguishes one content of a file from another; `None` when it cannot be read.
type Stamp = Option<[u8; 32]>;

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
    let stamp = |file: &PathBuf| {
        let content = file::read(file, MAX_SIZE).ok()?;
        Some(Sha256::digest(&content.bytes).into())
    };
    files.map(stamp).collect()
}

/// The machine's clock, for the validity of certificates. It has no time before 1970: the library's
/// own would panic.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(since))
    }
}

fn read(settings: &config::Tls, protocol: Protocol) -> Result<ClientConfig, TlsError> {
    let provider: Arc<CryptoProvider> = ring::default_provider().into();
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_root_certificates(roots(settings.ca_file.as_deref())?);
    let mut config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let wrong = |source| TlsError::File {
                file: key.clone(),
                source,
            };
            let private = PrivateKeyDer::from_pem_slice(&pem(key)?).map_err(wrong)?;
            builder
                .with_client_auth_cert(certificates(certificate)?, private)
                .map_err(|source| TlsError::Identity {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    source,
                })?
        }
    };
    config.alpn_protocols = vec![match protocol {
        Protocol::Http1 => b"http/1.1".to_vec(),
        Protocol::Http2 => b"h2".to_vec(),
    }];
    Ok(config)
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca_file {
        for certificate in certificates(file)? {
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

/// Reads a file that should be PEM.
fn pem(file: &Path) -> Result<Vec<u8>, TlsError> {
    let content = file::read(file, MAX_SIZE).map_err(|source| TlsError::File {
        file: file.to_owned(),
        source: pem::Error::Io(source),
    })?;
    Ok(content.bytes)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::File {
        file: file.to_owned(),
        source,
    };
    let certificates = CertificateDer::pem_slice_iter(&pem(file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate {
            file: file.to_owned(),
        });
    }
    Ok(certificates)
}
