//! One request to a host, on a connection of its own: what a restarted host or a proxy does to an
//! idle connection concerns no order.

use std::error::Error;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::ensure;
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, HeaderValue, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use serde::de::DeserializeOwned;
use tailor::config::show_duration;
use tailor::text::{excerpt, visible};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::{Address, is_of_this_machine};
use super::answer::Answer;
use super::error::RemoteError;
use super::problem::Problem;
use super::tls::connector;

/// Time for a connection, the lookup of its name and TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// Largest answer, bytes: a hundred releases with their texts.
const MAX_ANSWER: usize = 4 << 20;
/// What is shown of an answer that nobody understands, bytes.
const MAX_SHOWN: usize = 200;

/// The type of documents and orders.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How a host is reached.
#[derive(Clone)]
pub struct Transport {
    address: Address,
    /// Whether requests have a secret in them.
    has_secret: bool,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Transport {
    /// Reads certificates, and blocks for that.
    ///
    /// # Errors
    ///
    /// When they cannot be used.
    pub fn new(address: Address, ca: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(
            address.is_secure || ca.is_none(),
            "--ca: {address} is without TLS; write https"
        );
        let tls = connector(&address, ca)?;
        Ok(Self {
            address,
            has_secret: false,
            tls,
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.address.to_string()
    }

    /// Has no request leave this machine without TLS from now on.
    pub fn keep_secret(&mut self) {
        self.has_secret = true;
    }

    /// Begins a request.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let agent = concat!("tailor/", env!("CARGO_PKG_VERSION"));
        let request = Request::builder().method(method).uri(path);
        let request = request.header(HOST, &self.address.authority);
        let request = request.header(CONNECTION, "close").header(ACCEPT, JSON);
        request.header(USER_AGENT, agent)
    }

    /// Reads the document of an answer.
    ///
    /// # Errors
    ///
    /// When it is a refusal, or no document.
    pub fn document<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, RemoteError> {
        let read = || serde_json::from_slice(&answer.body).ok();
        match answer.status.is_success().then(read).flatten() {
            Some(document) => Ok(document),
            None => Err(match Problem::read(answer) {
                Some(problem) if !answer.status.is_success() => RemoteError::Refused {
                    url: self.url(),
                    problem: problem.into(),
                },
                _ => {
                    let text = String::from_utf8_lossy(&answer.body);
                    let text = excerpt(text.trim(), MAX_SHOWN);
                    let status = answer.status.as_u16();
                    self.no_tailor(Some(answer), format!("{status}: {text}"))
                }
            }),
        }
    }

    /// Sends a request, and waits for the answer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn ask(
        &self,
        request: http::request::Builder,
        body: Bytes,
        within: Duration,
    ) -> Result<Answer, RemoteError> {
        let request = request.body(Full::new(body));
        let request = request.map_err(|error| self.lost(told(&error)))?;
        let asking = async {
            let stream = timeout(CONNECT, self.connect()).await;
            let stream = stream.unwrap_or_else(|_| {
                let why = format!("no connection within {}", show_duration(CONNECT));
                Err(self.unreachable(why))
            })?;
            let Some((connector, name)) = &self.tls else {
                return self.exchange(stream, request).await;
            };
            let opening = connector.connect(name.clone(), stream);
            let opened = timeout(CONNECT, opening).await;
            let opened = opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let stream = opened.map_err(|error| self.no_tls(&error))?;
            self.exchange(stream, request).await
        };
        let asked = timeout(within, asking).await;
        asked.unwrap_or_else(|_| {
            let why = format!("no answer within {:.1} s", within.as_secs_f64());
            Err(self.lost(why))
        })
    }

    /// Connects to one of the host's addresses, of which none may be of another machine where the
    /// token would be read on the way.
    async fn connect(&self) -> Result<TcpStream, RemoteError> {
        let Address { host, port, .. } = &self.address;
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let found: Vec<_> = found
            .map_err(|error| self.unreachable(told(&error)))?
            .collect();
        if self.has_secret && self.tls.is_none() {
            let other = found.iter().find(|it| !is_of_this_machine(it.ip()));
            if let Some(other) = other {
                return Err(RemoteError::Unencrypted {
                    url: self.url(),
                    address: other.ip(),
                });
            }
        }
        let connected = TcpStream::connect(&*found).await;
        connected.map_err(|error| self.unreachable(told(&error)))
    }

    async fn exchange<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, RemoteError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: hyper::Error| match error.is_parse() {
            true => self.no_tailor(None, told(&error)),
            false => self.lost(told(&error)),
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let asking = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            self.read(response).await
        };
        beside(asking, connection).await
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Answer, RemoteError> {
        let mut answer = Answer::without_body(response.status(), response.headers());
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => self.lost(told(&*error)),
            Err(_) => self.no_tailor(Some(&answer), "its answer has no end".to_owned()),
        })?;
        answer.body = body.to_bytes();
        Ok(answer)
    }

    fn unreachable(&self, why: String) -> RemoteError {
        let url = self.url();
        RemoteError::Unreachable { url, why }
    }

    fn lost(&self, why: String) -> RemoteError {
        RemoteError::Lost {
            url: self.url(),
            why,
            retry_after: None,
        }
    }

    fn no_tailor(&self, answer: Option<&Answer>, why: String) -> RemoteError {
        RemoteError::NotTailor {
            url: self.url(),
            status: answer.map(|it| it.status),
            why,
            retry_after: answer.and_then(|it| it.retry_after),
        }
    }

    /// TLS was not agreed on. A connection that breaks meanwhile says nothing of TLS.
    fn no_tls(&self, error: &io::Error) -> RemoteError {
        use rustls::{CertificateError, Error as Tls};
        let inner = error.get_ref().and_then(|it| it.downcast_ref::<Tls>());
        let Some(inner) = inner else {
            return self.lost(format!("TLS: {}", told(error)));
        };
        let fix = match inner {
            // The other one is of an authority that has the name of a trusted one.
            Tls::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => "; trust a private authority with --ca",
            Tls::InvalidMessage(_) => "; what listens there may speak http",
            _ => "",
        };
        RemoteError::Tls {
            url: self.url(),
            why: format!("{}{fix}", told(inner)),
        }
    }
}

/// Waits for an answer while the connection does its work. An answer may be there also when the
/// connection has ended: a host that refuses an upload closes it.
async fn beside<T>(asking: impl Future<Output = T>, connection: impl Future) -> T {
    let (mut asking, mut connection) = (pin!(asking), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut asking => return answer,
        _ = &mut connection => {}
    }
    asking.await
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    visible(&text).into_owned()
}
