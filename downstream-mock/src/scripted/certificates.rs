//! Certificates: an authority, what it signs, valid or not, and a service's TLS with that.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Why there is no certificate, or no TLS with it.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// It was not made.
    #[error("certificate: cannot be made")]
    Make(#[from] rcgen::Error),
    /// Its text cannot be read.
    #[error("certificate: cannot be read")]
    Read(#[from] pem::Error),
    /// It does not fit its key, or no authority of clients.
    #[error("certificate: cannot be used")]
    Use(#[from] rustls::Error),
    /// The authority of clients cannot be used.
    #[error("certificate of the clients' authority: cannot be used")]
    Clients(#[from] VerifierBuilderError),
}

/// An authority that signs any certificate.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
#[derive(Clone)]
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// On every day of a test.
    Now,
    /// It has expired.
    Past,
    /// Not yet.
    Future,
}

impl Authority {
    /// A new one, not trusted yet.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn new() -> Result<Authority, CertificateError> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Authority { issuer })
    }

    /// Its own certificate, PEM, for clients that must trust it.
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for servers and clients. `name` is a host name or an address.
    ///
    /// # Errors
    ///
    /// When `name` can be neither.
    pub fn sign(&self, name: &str, validity: Validity) -> Result<Signed, CertificateError> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let years = match validity {
            Validity::Now => None,
            Validity::Past => Some((2001, 2002)),
            Validity::Future => Some((4001, 4002)),
        };
        if let Some((from, to)) = years {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        }
        let key = KeyPair::generate()?;
        Ok(Signed {
            certificate: params.signed_by(&key, &self.issuer)?.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// TLS of a service. `alpn` are the protocols that it agrees to, such as `h2`. With an authority of
/// `clients`, it wants a certificate that this one signed.
///
/// # Errors
///
/// When certificate and key do not fit.
pub fn acceptor(
    identity: &Signed,
    alpn: &[&str],
    clients: Option<&Authority>,
) -> Result<TlsAcceptor, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone())?;
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}
