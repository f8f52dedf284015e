//! A component, invoked in process: no sockets, no files but its own, the same limits as in
//! production.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use tailor::bff::load::Loaded;
use tailor::bff::run::Fixed;
use tailor::bff::runtime::Runtime;
use tailor::config::Bff;
use tailor::contract::{Client, Method, Payload, Request};
use tailor::downstream::{Canned, Cause, ServiceRequest, ServiceResponse};
use tailor::fixture::Fixture;
use tailor::invoke::{Invoked, detached, invoke};
use tailor::sync;

use crate::loading::{load_kept, loader, runtime};

/// A BFF with its services, ready for requests.
pub struct Offline {
    runtime: Arc<Runtime>,
    loaded: Arc<Loaded>,
    settings: Bff,
    services: BTreeMap<String, Canned>,
    asked: Arc<Mutex<Vec<RecordedCall>>>,
    fixed: Fixed,
}

/// A call that a BFF made.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// The service.
    pub service: String,
    /// The method.
    pub method: http::Method,
    /// Path and query.
    pub target: String,
    /// All fields, those of the host too.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Offline {
    /// A component from a file.
    ///
    /// # Errors
    ///
    /// Why the host would refuse it.
    pub fn from_file(path: &Path) -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let loaded = loader(&runtime, None)?.load("offline", path, None)?;
        Ok(Self::new(runtime, loaded, path))
    }

    /// A component from a file, whose code is kept in a folder: for one that takes seconds to
    /// compile.
    ///
    /// # Errors
    ///
    /// Why the host would refuse it.
    pub fn kept(path: &Path, folder: &Path) -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let loaded = load_kept(&runtime, path, folder)?;
        Ok(Self::new(runtime, loaded, path))
    }

    /// A component from its bytes.
    ///
    /// # Errors
    ///
    /// Why the host would refuse it.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let loaded = loader(&runtime, None)?.load_bytes("offline", bytes)?;
        Ok(Self::new(
            runtime,
            Arc::new(loaded),
            Path::new("bytes.wasm"),
        ))
    }

    fn new(runtime: Arc<Runtime>, loaded: Arc<Loaded>, path: &Path) -> Self {
        Self {
            runtime,
            loaded,
            settings: Bff::with_defaults("offline", path, &[]),
            services: BTreeMap::new(),
            asked: Arc::default(),
            fixed: Fixed::default(),
        }
    }

    /// The same component as it was loaded: without services, with the default settings, without
    /// recorded calls. It is compiled only once.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(
            self.runtime.clone(),
            self.loaded.clone(),
            self.settings.component.as_deref().unwrap_or(Path::new("")),
        )
    }

    /// Grants a service, answered by a closure.
    #[must_use]
    pub fn service<F, R>(mut self, name: &str, answer: F) -> Self
    where
        F: Fn(ServiceRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<ServiceResponse, Cause>> + Send + 'static,
    {
        let (asked, service) = (self.asked.clone(), name.to_owned());
        self.grant(
            name,
            Arc::new(move |outbound| {
                note(&asked, &service, &outbound);
                Box::pin(answer(outbound))
            }),
        );
        self
    }

    /// Grants the services that a fixture answers for, and takes over its settings, its time and its
    /// seed.
    ///
    /// # Errors
    ///
    /// When the fixture's time is malformed.
    pub fn fixture(mut self, fixture: &Arc<Fixture>) -> anyhow::Result<Self> {
        for name in fixture.services() {
            let (asked, service, canned) =
                (self.asked.clone(), name.clone(), fixture.canned(&name));
            self.grant(
                &name,
                Arc::new(move |outbound| {
                    note(&asked, &service, &outbound);
                    canned(outbound)
                }),
            );
        }
        self.settings.config.extend(fixture.config.clone());
        self.fixed.now_ms = fixture.now_ms()?.or(self.fixed.now_ms);
        self.fixed.seed = Some(fixture.seed);
        Ok(self)
    }

    fn grant(&mut self, name: &str, canned: Canned) {
        self.services.insert(name.to_owned(), canned);
        self.settings.downstreams = self.services.keys().cloned().collect();
    }

    /// Changes the operator's settings: limits, deadline, config.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Bff)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Sets the time of day that the BFF sees, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(mut self, now_ms: u64) -> Self {
        self.fixed.now_ms = Some(now_ms);
        self
    }

    /// Has the BFF's random numbers made from a seed, instead of the system's.
    #[must_use]
    pub fn seed(mut self, seed: u32) -> Self {
        self.fixed.seed = Some(seed);
        self
    }

    /// Sends a GET. `target` is the path below the route's prefix, with its query.
    pub async fn get(&self, target: &str) -> Invoked {
        self.ask(request(target)).await
    }

    /// Sends a request.
    pub async fn ask(&self, request: Request) -> Invoked {
        let version = detached(self.settings.clone(), self.loaded.clone(), |name| {
            self.services[name].clone()
        });
        invoke(&self.runtime, &version, request, self.fixed.clone(), 0).await
    }

    /// Sends the request of a fixture, and compares the answer with what it expects.
    ///
    /// # Errors
    ///
    /// When there is no answer, or another one.
    pub async fn check(&self, fixture: &Fixture) -> anyhow::Result<Invoked> {
        let invoked = self.ask(fixture.request()?).await;
        let answer = invoked
            .result
            .as_ref()
            .map_err(|error| anyhow::anyhow!("{error}\n{}", error.backtrace()))?;
        let expect = fixture
            .expect
            .as_ref()
            .context("the fixture has no `expect`")?;
        let differences = expect.differences(answer);
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        anyhow::ensure!(
            lines.is_empty(),
            "{}\nlog: {:#?}",
            lines.join("\n"),
            invoked.log
        );
        Ok(invoked)
    }

    /// The calls made so far by all requests, in the order in which they began.
    pub fn asked(&self) -> Vec<RecordedCall> {
        sync::lock(&self.asked).clone()
    }
}

fn note(asked: &Mutex<Vec<RecordedCall>>, service: &str, outbound: &ServiceRequest) {
    sync::lock(asked).push(RecordedCall {
        service: service.to_owned(),
        method: outbound.method.clone(),
        target: outbound.target.to_string(),
        headers: outbound.headers.clone(),
        body: outbound.body.clone(),
    });
}

/// A GET of `target`, path and query, as a BFF gets it.
fn request(target: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        });
    Request {
        id: "offline".to_owned(),
        method: Method::Get,
        path: path.to_owned(),
        query: query.collect(),
        headers: Vec::new(),
        body: Payload::None,
        client: Client {
            name: "offline".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// A service's reply with a status and a text.
pub fn reply(status: StatusCode, body: impl Into<Bytes>) -> ServiceResponse {
    ServiceResponse {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

/// A service's reply with 200 and JSON.
pub fn json(body: impl Into<Bytes>) -> ServiceResponse {
    let mut answer = reply(StatusCode::OK, body);
    answer.headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    answer
}
