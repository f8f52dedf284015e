//! A host as the commands ask it: documents, uploads and orders, with the token that they show.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use tailor::sync;

use super::address::Address;
use super::error::RemoteError;
use super::shown::{Renewal, Shown};
use super::transport::{JSON, Transport};

/// Time for an answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Time for an answer to an upload, and to an order for which a component is pulled.
const UPLOAD: Duration = Duration::from_secs(600);
/// Pause before a token is asked for again where none came.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const WASM: HeaderValue = HeaderValue::from_static("application/wasm");

/// A host that is reached over the network.
pub struct Remote {
    transport: Transport,
    shown: Mutex<Option<Shown>>,
    renewal: Option<Box<dyn Renewal>>,
}

impl Remote {
    /// Reads certificates, and blocks for that.
    ///
    /// # Errors
    ///
    /// When they cannot be used.
    pub fn new(
        address: Address,
        authorization: Option<HeaderValue>,
        ca: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let mut transport = Transport::new(address, ca)?;
        if authorization.is_some() {
            transport.keep_secret();
        }
        let shown = authorization.map(|authorization| Shown {
            authorization,
            due: None,
        });
        Ok(Self {
            transport,
            shown: Mutex::new(shown),
            renewal: None,
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.transport.url()
    }

    /// How it is reached, for a secret.
    pub fn secret_transport(&self) -> Transport {
        let mut transport = self.transport.clone();
        transport.keep_secret();
        transport
    }

    /// The same host, shown this token, and those that the renewal brings when it is due.
    pub fn showing(transport: Transport, shown: Shown, renewal: Option<Box<dyn Renewal>>) -> Self {
        Self {
            transport,
            shown: Mutex::new(Some(shown)),
            renewal,
        }
    }

    /// Asks for a document.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        within: Duration,
    ) -> Result<T, RemoteError> {
        let request = self.request(Method::GET, path).await;
        let answer = self
            .transport
            .ask(request, Bytes::new(), within.min(ANSWER))
            .await?;
        self.transport.document(&answer)
    }

    /// Whether something is there. Why it cannot be said, the answer to this has no room for.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn has(&self, path: &str, within: Duration) -> Result<bool, RemoteError> {
        let request = self.request(Method::HEAD, path).await;
        let answer = self
            .transport
            .ask(request, Bytes::new(), within.min(ANSWER))
            .await?;
        Ok(answer.status == StatusCode::OK)
    }

    /// Uploads a component.
    ///
    /// # Errors
    ///
    /// When it is not there then, as far as is known.
    pub async fn put(
        &self,
        path: &str,
        component: Bytes,
        within: Duration,
    ) -> Result<(), RemoteError> {
        let request = self.request(Method::PUT, path).await;
        // Also where it is empty, which would be left out.
        let request = request
            .header(CONTENT_TYPE, WASM)
            .header(CONTENT_LENGTH, component.len());
        let answer = self
            .transport
            .ask(request, component, within.min(UPLOAD))
            .await?;
        let IgnoredAny = self.transport.document(&answer)?;
        Ok(())
    }

    /// Sends an order with its key.
    ///
    /// # Errors
    ///
    /// When it is refused, or nothing is known of it.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        order: Bytes,
        key: &str,
        within: Duration,
    ) -> Result<T, RemoteError> {
        let within = within.min(ANSWER);
        self.post_and_wait(path, order, key, within).await
    }

    /// The same of an order that is not answered at once: the host pulls a component first.
    ///
    /// # Errors
    ///
    /// When it is refused, or nothing is known of it.
    pub async fn post_and_wait<T: DeserializeOwned>(
        &self,
        path: &str,
        order: Bytes,
        key: &str,
        within: Duration,
    ) -> Result<T, RemoteError> {
        let request = self.request(Method::POST, path).await;
        let request = request.header(CONTENT_TYPE, JSON);
        let request = request.header(IDEMPOTENCY_KEY, key);
        let answer = self
            .transport
            .ask(request, order, within.min(UPLOAD))
            .await?;
        self.transport.document(&answer)
    }

    /// Ends what is at a path.
    ///
    /// # Errors
    ///
    /// When it has not ended then, as far as is known.
    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        within: Duration,
    ) -> Result<T, RemoteError> {
        let request = self.request(Method::DELETE, path).await;
        let answer = self
            .transport
            .ask(request, Bytes::new(), within.min(ANSWER))
            .await?;
        self.transport.document(&answer)
    }

    /// A request that shows the token, or another one where that ends soon.
    async fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut shown = sync::lock(&self.shown).clone();
        let due = shown.as_ref().and_then(|it| it.due);
        if let (Some(renewal), Some(due)) = (&self.renewal, due)
            && due <= Instant::now()
        {
            let other = renewal.renew().await;
            let later = Some(Instant::now() + RENEWAL_PAUSE);
            shown = other.or_else(|| {
                Some(Shown {
                    due: later,
                    ..shown?
                })
            });
            sync::lock(&self.shown).clone_from(&shown);
        }
        let request = self.transport.request(method, path);
        match shown {
            Some(shown) => request.header(AUTHORIZATION, shown.authorization),
            None => request,
        }
    }
}
