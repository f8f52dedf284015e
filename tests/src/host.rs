//! The real host on free ports, in the test's own process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tailor::config;
use tailor::host::Host;
use tempfile::TempDir;

/// A running host. Its files are gone when it is dropped.
pub struct TestHost {
    host: Host,
    dir: TempDir,
    http1: Client<HttpConnector, Full<Bytes>>,
    http2: Client<HttpConnector, Full<Bytes>>,
}

/// What a [`TestHost`] is made of: the text of a configuration, written as an operator would, and component files.
pub struct TestHostBuilder {
    dir: TempDir,
    text: String,
    workers: usize,
    instances: usize,
}

/// An answer, whole.
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

impl TestHostBuilder {
    /// A file in the host's directory, for example `watch.wasm`.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn file(self, name: &str, content: &[u8]) -> anyhow::Result<Self> {
        std::fs::write(self.dir.path().join(name), content)?;
        Ok(self)
    }

    /// A copy of an example BFF in the host's directory, as `<name>.wasm`.
    ///
    /// # Errors
    ///
    /// When it does not build.
    pub fn example(self, name: &str) -> anyhow::Result<Self> {
        std::fs::copy(
            crate::components::example(name)?,
            self.dir.path().join(format!("{name}.wasm")),
        )?;
        Ok(self)
    }

    /// Adds to the configuration's text. The listeners and the data directory are set already.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self.text.push('\n');
        self
    }

    /// Adds the five services of a mock to the configuration, with further settings for each, such as `timeout = "1s"`.
    #[must_use]
    pub fn services(mut self, services: &downstream_mock::Services, settings: &str) -> Self {
        for (name, url) in services.urls() {
            self.text.push_str(&format!(
                "[downstream.{name}]\nurl = \"{url}\"\n{settings}\n"
            ));
        }
        self
    }

    /// The number of workers; two unless set.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Requests that may run at once; 64 unless set.
    #[must_use]
    pub fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// Writes the configuration and starts the host.
    ///
    /// # Errors
    ///
    /// What `tailor serve` would say.
    pub async fn start(self) -> anyhow::Result<TestHost> {
        let path = self.dir.path().join("tailor.toml");
        std::fs::write(&path, self.whole())?;
        let host = Host::start(config::load(&path)?, Some(path)).await?;
        let http2 = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        Ok(TestHost {
            host,
            dir: self.dir,
            http1: Client::builder(TokioExecutor::new()).build_http(),
            http2,
        })
    }

    /// Writes the configuration for a [`crate::Process`] instead, and returns its path with the directory that it lives in.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn write(self) -> anyhow::Result<(PathBuf, TempDir)> {
        let path = self.dir.path().join("tailor.toml");
        std::fs::write(&path, self.whole())?;
        Ok((path, self.dir))
    }

    fn whole(&self) -> String {
        // Tables may be written once only, so a test that sets more of these three writes dotted keys at the very start.
        format!(
            "server.listen = \"127.0.0.1:0\"\nserver.workers = {}\nadmin.listen = \"127.0.0.1:0\"\n\
             engine.data-dir = \"data\"\nengine.instances = {}\nengine.watch-interval = \"20ms\"\n{}",
            self.workers, self.instances, self.text
        )
    }
}

impl TestHost {
    /// A host that is not started yet.
    ///
    /// # Errors
    ///
    /// When there is no temporary directory.
    pub fn builder() -> anyhow::Result<TestHostBuilder> {
        let dir = tempfile::Builder::new().prefix("tailor-test-").tempdir()?;
        Ok(TestHostBuilder {
            dir,
            text: String::new(),
            workers: 2,
            instances: 64,
        })
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
        self.dir.path()
    }

    /// Asks with GET over HTTP/1.1.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(self.request("GET", path).body(Full::default())?)
            .await
    }

    /// Asks with GET over HTTP/2.
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

    /// Asks the admin listener.
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

    /// Tells the admin listener something, with POST.
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
    /// When it can't be written.
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
