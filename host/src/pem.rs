//! Certificates and keys from PEM files, and the clock that they are compared with.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::time_provider::TimeProvider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::file;

/// Largest file of certificates or keys, bytes: that of a system with all its authorities is
/// smaller.
const MAX_SIZE: u64 = 4 << 20;

/// Why a file of certificates or keys cannot be used.
#[derive(Debug, Error)]
pub enum PemError {
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
}

/// Distinguishes one content of a file from another; `None` when it cannot be read.
pub type Stamp = Option<[u8; 32]>;

/// The stamp of a file. Its size and time can be those of before.
pub fn stamp(file: &Path) -> Stamp {
    let content = file::read(file, MAX_SIZE).ok()?;
    Some(Sha256::digest(&content.bytes).into())
}

/// The certificates of a file, at least one.
///
/// # Errors
///
/// What is wrong with the file.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let certificates = CertificateDer::pem_slice_iter(&read(file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| wrong(file, source))?;
    if certificates.is_empty() {
        return Err(PemError::NoCertificate {
            file: file.to_owned(),
        });
    }
    Ok(certificates)
}

/// The first private key of a file.
///
/// # Errors
///
/// What is wrong with the file.
pub fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|source| wrong(file, source))
}

fn read(file: &Path) -> Result<Vec<u8>, PemError> {
    let content = file::read(file, MAX_SIZE);
    let content = content.map_err(|source| wrong(file, pem::Error::Io(source)))?;
    Ok(content.bytes)
}

fn wrong(file: &Path, source: pem::Error) -> PemError {
    PemError::File {
        file: file.to_owned(),
        source,
    }
}

/// The machine's clock, for the validity of certificates. It has no time before 1970: the library's
/// own would panic.
#[derive(Debug)]
pub struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(since))
    }
}
