//! Drills: a service fails in a certain way while clients send requests, and then recovers. What is
//! asserted is what a client gets, what an operator sees on `/bffs` and `/metrics`, and how many
//! requests reached the service; never how long anything took, but for the deadline.

mod blame;
mod changed;
mod credentials;
mod endpoints;
mod granted;
mod http2;
mod kept;
mod logged;
mod outages;
mod paced;
mod reads;
mod reloaded;
mod rules;
mod secure;
mod steered;
mod storms;
mod together;
mod told;
mod unreadable;

use std::time::{Duration, Instant};

use downstream_mock::{Service, Services};
use serde_json::Value;
use tailor_harness::{Reply, TestHost, TestHostBuilder};

use crate::downstream::patient;
use crate::downstream::relay::relay;
use crate::observe::{eventually, metric};

/// The deadline of every BFF of a drill.
const DEADLINE: Duration = Duration::from_secs(6);

/// Builds the host of a drill: services, and BFFs that pass requests on to them.
pub struct Setup {
    builder: TestHostBuilder,
    services: Vec<String>,
}

impl Setup {
    /// With nothing in it yet.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same, with settings that come before all tables.
    pub fn with(top: &str) -> Self {
        Self {
            builder: TestHost::builder().unwrap().config(top),
            services: Vec::new(),
        }
    }

    /// A file beside the configuration.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.builder = self.builder.file(name, text.as_bytes()).unwrap();
        self
    }

    /// Requests that may run at once, of all BFFs.
    pub fn instances(mut self, instances: usize) -> Self {
        self.builder = self.builder.instances(instances);
        self
    }

    /// A service. Its limits of time are far away unless `settings` say otherwise, which are those
    /// below `[downstream.<name>]`.
    pub fn service(self, name: &str, url: &str, settings: &str) -> Self {
        self.service_at(name, &[url.to_owned()], settings)
    }

    /// The same, at several addresses.
    pub fn service_at(mut self, name: &str, urls: &[String], settings: &str) -> Self {
        self.builder = patient(self.builder.service_at(name, urls), name, settings, "5s");
        self.services.push(name.to_owned());
        self
    }

    /// The services of a mock.
    pub fn mock(mut self, services: &Services, settings: impl Fn(Service) -> &'static str) -> Self {
        for service in Service::ALL {
            self = self.service(service.name(), &services.url(service), settings(service));
        }
        self
    }

    /// A BFF that passes `/<name>/<service>/..` on to every service that there is so far.
    pub fn relay(self, name: &str, settings: &str) -> Self {
        self.relay_of(name, &relay("v1", None), settings)
    }

    /// The same, with a component of the caller's.
    pub fn relay_of(mut self, name: &str, component: &[u8], settings: &str) -> Self {
        let deadline = format!("deadline = \"{}s\"\n{settings}", DEADLINE.as_secs());
        self.builder = self.builder.bff(name, component, &deadline);
        for service in &self.services {
            self.builder = self.builder.route(&format!(
                "bff = \"{name}\"\nclient = \"{service}\"\npath = \"/{name}/{service}\"\nmethods = [\"GET\", \"POST\"]"
            ));
        }
        self
    }

    /// One of the example BFFs.
    pub fn example(mut self, name: &str, services: &[&str]) -> Self {
        self.builder = self.builder.example(name).unwrap();
        self.config(&format!(
            "[bff.{name}]\ncomponent = \"{name}.wasm\"\ndeadline = \"{}s\"\ndownstreams = {services:?}\n\
             [[route]]\nbff = \"{name}\"\npath = \"/{name}\"",
            DEADLINE.as_secs()
        ))
    }

    /// `watch` and `dashboard`.
    pub fn examples(self) -> Self {
        self.example("watch", &["activity", "heart", "sleep"])
            .example(
                "dashboard",
                &["activity", "goals", "heart", "profile", "sleep"],
            )
    }

    /// Further text of the configuration.
    pub fn config(mut self, text: &str) -> Self {
        self.builder = self.builder.config(text);
        self
    }

    /// The host's builder, with all of that.
    pub fn builder(self) -> TestHostBuilder {
        self.builder
    }

    /// The running host.
    pub async fn start(self) -> TestHost {
        self.builder().start().await.unwrap()
    }
}

/// Sends a request, and checks the deadline: the BFF itself answers, and in time.
pub async fn get(host: &TestHost, path: &str) -> Reply {
    get_as(host, path, &[]).await
}

/// The same, with fields of the client's.
pub async fn get_as(host: &TestHost, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = host.request("GET", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let started = Instant::now();
    let reply = host.send(request.body(Default::default()).unwrap()).await;
    let (reply, took) = (reply.unwrap(), started.elapsed());
    assert!(took < DEADLINE + Duration::from_secs(1), "{path}: {took:?}");
    assert_eq!(reply.header("tailor-error"), "", "{path}: {reply:?}");
    reply
}

/// The degraded parts of the answer.
pub fn degraded(reply: &Reply) -> &str {
    reply.header("tailor-degraded")
}

/// The count of a policy's event.
pub async fn event(host: &TestHost, service: &str, event: &str) -> f64 {
    let labels = [("service", service), ("event", event)];
    let count = metric(host, "tailor_downstream_events_total", &labels).await;
    count.unwrap_or_else(|| panic!("no metric of {service} and {event}"))
}

/// The state of a service in `/bffs`.
pub async fn state(host: &TestHost, service: &str) -> Value {
    host.admin("/bffs").await.unwrap().json()["downstreams"][service].clone()
}

/// What a breaker does with calls.
pub async fn breaker(host: &TestHost, service: &str) -> String {
    let state = state(host, service).await;
    state["breaker"]["state"].as_str().unwrap().to_owned()
}

/// Sends requests until an answer is not degraded: the service is back, without a restart.
pub async fn recovered(host: &TestHost, path: &str) -> Reply {
    eventually("an answer that lacks nothing", async || {
        let reply = get(host, path).await;
        (reply.status == 200 && degraded(&reply).is_empty()).then_some(reply)
    })
    .await
}

/// The attempts at a failing service must not be many more than its calls. Further attempts are a
/// tenth of the calls and five to begin with, so that the check needs a hundred calls. The attempts
/// per second must be switched off.
pub fn not_amplified(calls: u64, requests: u64) {
    assert!(calls >= 100, "{calls} calls are too few");
    assert!(
        requests * 10 < calls * 12,
        "{requests} requests of {calls} calls"
    );
}
