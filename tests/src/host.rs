//! The real host on free ports, in the test's own process.

mod builder;
mod files;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use downstream_mock::scripted::ScriptedService;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tailor::config;
use tailor::host::{Host, StartOptions};

use crate::loading::compiling_once;

pub use builder::TestHostBuilder;
pub use files::Files;

/// A running host. Its files and its scripted services are gone when it is dropped.
pub struct TestHost {
    host: Host,
    files: Files,
    http1: Client<HttpConnector, Full<Bytes>>,
    http2: Client<HttpConnector, Full<Bytes>>,
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The protocol.
    pub version: Version,
    /// All fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A field as text, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl TestHost {
    /// Starts a host in a directory that was written, as `tailor serve` does.
    ///
    /// # Errors
    ///
    /// The error of `tailor serve`.
    pub async fn start(files: Files) -> anyhow::Result<TestHost> {
        let path = files.path().join("tailor.toml");
        let config = config::load_but_components(&path)?;
        let options = StartOptions {
            compile_in: compiling_once()?,
            ..StartOptions::default()
        };
        let host = Host::start(config, Some(path), options).await?;
        Ok(Self::new(host, files))
    }

    /// Stops it, and starts another one with the same files.
    ///
    /// # Errors
    ///
    /// The error of `tailor serve`.
    pub async fn restart(self) -> anyhow::Result<TestHost> {
        self.restart_after(|_| ()).await
    }

    /// The same, with something done to the folder of its files between the two.
    ///
    /// # Errors
    ///
    /// As [`Self::restart`].
    pub async fn restart_after(self, change: impl FnOnce(&Path)) -> anyhow::Result<TestHost> {
        let Self { host, files, .. } = self;
        host.stop().await;
        change(files.path());
        Self::start(files).await
    }

    fn new(host: Host, files: Files) -> TestHost {
        let http2 = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        TestHost {
            host,
            files,
            http1: Client::builder(TokioExecutor::new()).build_http(),
            http2,
        }
    }

    /// The scripted service of this name.
    ///
    /// # Panics
    ///
    /// When the builder was given none.
    pub fn service(&self, name: &str) -> &ScriptedService {
        self.files.service(name)
    }

    /// The host itself.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.host.address()
    }

    /// The host's directory: the configuration, the components, the data directory.
    pub fn dir(&self) -> &Path {
        self.files.path()
    }

    /// Sends a GET over HTTP/1.1.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(self.request("GET", path).body(Full::default())?)
            .await
    }

    /// Sends a GET over HTTP/2.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn get_http2(&self, path: &str) -> anyhow::Result<Reply> {
        let mut request = self.request("GET", path).body(Full::default())?;
        *request.version_mut() = Version::HTTP_2;
        self.send(request).await
    }

    /// Begins a request to this host.
    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address()))
    }

    /// Sends a request, by its version over HTTP/1.1 or HTTP/2, on a kept connection.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Reply> {
        let client = if request.version() == Version::HTTP_2 {
            &self.http2
        } else {
            &self.http1
        };
        receive(client.request(request).await?).await
    }

    /// Sends a GET to the admin listener.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn admin(&self, path: &str) -> anyhow::Result<Reply> {
        let address = self
            .host
            .admin_address()
            .context("the host has no admin listener")?;
        receive(
            self.http1
                .get(format!("http://{address}{path}").parse()?)
                .await?,
        )
        .await
    }

    /// Sends an order to the admin listener, with POST.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn steer(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Reply> {
        let address = self
            .host
            .admin_address()
            .context("the host has no admin listener")?;
        let mut request = Request::post(format!("http://{address}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        receive(self.http1.request(request.body(Full::default())?).await?).await
    }

    /// Replaces a file of the host's directory at once, as a deployment should.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn replace(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.dir())?;
        std::io::Write::write_all(&mut file, content)?;
        file.persist(self.dir().join(name))?;
        Ok(())
    }

    /// Stops the host; returns how many connections had to be cut.
    pub async fn stop(self) -> usize {
        drop((self.http1, self.http2));
        self.host.stop().await
    }
}

async fn receive(response: http::Response<hyper::body::Incoming>) -> anyhow::Result<Reply> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Reply {
        status: parts.status,
        version: parts.version,
        headers: parts.headers,
        body,
    })
}
