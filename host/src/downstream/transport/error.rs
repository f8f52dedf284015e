//! Errors of connections that cannot be opened, or break.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::time::Duration;

use h2::Reason;
use rustls::{AlertDescription, CertificateError, Error as Fault};
use thiserror::Error;

/// No connection. Messages hold no address and no name of a host: a guest reads them.
#[derive(Debug, Error)]
pub enum DialError {
    /// The address does not accept.
    #[error(transparent)]
    Connect(io::Error),
    /// The TLS handshake failed.
    #[error("TLS: {0}")]
    Tls(String),
    /// The service speaks another protocol than the configured one.
    #[error("TLS: the service does not agree to HTTP/2")]
    NotHttp2,
    /// The HTTP handshake failed.
    #[error(transparent)]
    Http(#[from] WireError),
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Connect(error) => error,
            other => Self::other(other),
        }
    }
}

/// Why an exchange broke off.
#[derive(Debug, Error)]
pub enum WireError {
    /// The connection broke, or the answer is no HTTP.
    #[error(transparent)]
    Http1(hyper::Error),
    /// The connection or the stream broke, or the answer is no HTTP/2.
    #[error(transparent)]
    Http2(#[from] h2::Error),
    /// The connection takes no more requests.
    #[error(transparent)]
    NotSent(h2::Error),
    /// The answer to another call on the connection is no HTTP/2, or the one to this call: no one
    /// knows.
    #[error("one of several answers on it is not HTTP: {0}")]
    Bystander(h2::Error),
    /// The service is gone.
    #[error("a ping was not answered in {}ms (ping-timeout)", after.as_millis())]
    Silent {
        /// The limit in force.
        after: Duration,
    },
    /// The head of the answer is larger than allowed.
    #[error("the head of the answer is too large")]
    HeadTooLarge,
}

impl WireError {
    /// Whether the request was not sent, or the service says that it did not process it (RFC 9113
    /// section 8.7). Only before the head of an answer: after it, the service did.
    pub fn is_unprocessed(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            // Streams up to the last one that GOAWAY names go on, and do not fail by it.
            Self::Http2(error) => {
                let refused = error.reason() == Some(Reason::REFUSED_STREAM);
                error.is_remote() && (error.is_go_away() || refused)
            }
            _ => false,
        }
    }

    /// Whether the connection is unusable: not when only a stream was reset.
    pub fn ends_connection(&self) -> bool {
        match self {
            Self::Http1(_) => self.is_closed_early(),
            Self::Http2(error) => error.is_go_away() || error.is_io(),
            Self::HeadTooLarge => false,
            _ => true,
        }
    }

    /// Whether the head of the answer is larger than allowed.
    pub fn is_head_too_large(&self) -> bool {
        match self {
            Self::Http1(error) => error.is_parse_too_large(),
            Self::HeadTooLarge => true,
            _ => false,
        }
    }

    /// What the connection itself reported.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Http1(error) => error.source()?.downcast_ref(),
            Self::Http2(error) | Self::NotSent(error) => error.get_io(),
            _ => None,
        }
    }

    /// Whether the connection ended before there was an answer. A connection that the service just
    /// closed is reset as soon as something is sent, and ends TLS without the required alert (RFC
    /// 8446 section 6.1).
    pub fn is_closed_early(&self) -> bool {
        let of_http1 = |error: &hyper::Error| {
            error.is_incomplete_message() || error.is_canceled() || error.is_closed()
        };
        matches!(self, Self::Http1(error) if of_http1(error))
            || matches!(
                self.io_error().map(io::Error::kind),
                Some(
                    ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::BrokenPipe
                        | ErrorKind::UnexpectedEof
                )
            )
    }

    /// Whether the service sent something that is no HTTP. hyper reports a bad head as such, and a
    /// bad chunk of a body as bad input of the connection; h2 reports what is no HTTP/2 as a fault
    /// that its own side detected. What TLS reports as bad input is not about HTTP.
    pub fn is_not_http(&self) -> bool {
        let bad_input = |error: &io::Error| {
            matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::InvalidData
            ) && !of_tls(error)
        };
        match self {
            Self::Http1(error) if error.is_parse() => true,
            Self::Http2(error) if error.is_library() => true,
            _ => self.io_error().is_some_and(bad_input),
        }
    }
}

/// Describes a TLS error. The library's own text may have host names.
pub fn refused(error: &io::Error) -> DialError {
    let what = match fault(error) {
        Some(fault) => explain(fault),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the service closed the connection".to_owned()
        }
        None => error.to_string(),
    };
    DialError::Tls(what)
}

/// Whether it is TLS that reported this error of a connection. HTTP/2 keeps only the text.
pub fn of_tls(error: &io::Error) -> bool {
    fault(error).is_some() || alert(error).is_some()
}

/// Whether the service refuses the host as a client. In TLS 1.3 it does so only after the handshake
/// has ended on the host's side (RFC 8446 section 4.4.2.4), but before it reads a request.
pub fn refusal(error: &io::Error) -> Option<DialError> {
    let alert = alert(error)?;
    let known = REFUSALS
        .iter()
        .find(|known| format!("{known:?}") == alert)?;
    Some(DialError::Tls(explain(&Fault::AlertReceived(*known))))
}

/// The alerts of a service that does not accept the host as its client (RFC 8446 section 6.2).
const REFUSALS: [AlertDescription; 9] = [
    AlertDescription::AccessDenied,
    AlertDescription::BadCertificate,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRequired,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    // A certificate of another authority with the name of one that the service trusts.
    AlertDescription::DecryptError,
    AlertDescription::UnknownCA,
    AlertDescription::UnsupportedCertificate,
];

/// The name of the alert that the service sent.
fn alert(error: &io::Error) -> Option<String> {
    let text = error.to_string();
    let alert = text.strip_prefix("received fatal alert: ")?;
    Some(alert.to_owned())
}

fn fault(error: &io::Error) -> Option<&Fault> {
    error.get_ref()?.downcast_ref()
}

fn explain(fault: &Fault) -> String {
    match fault {
        Fault::InvalidCertificate(wrong) => format!("the service's certificate {}", judge(wrong)),
        Fault::AlertReceived(AlertDescription::CertificateRequired) => {
            "the service wants a certificate of the client".to_owned()
        }
        Fault::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the service does not agree to the protocol".to_owned()
        }
        Fault::AlertReceived(alert) => format!("the service refuses: {alert:?}"),
        Fault::InvalidMessage(_) => "the service does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

fn judge(wrong: &CertificateError) -> &'static str {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        // A wrong signature is that of an authority with the name of a trusted one.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is from an authority that is not trusted"
        }
        CertificateError::Revoked => "is revoked",
        _ => "is not valid",
    }
}
