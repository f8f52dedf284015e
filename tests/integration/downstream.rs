//! The client for services, over real sockets: connections, limits, what is sent, and what a
//! service may send back.

mod coded;
mod connections;
mod headers;
mod http2;
mod limits;
pub mod relay;
mod wire;

use bytes::Bytes;
use downstream_mock::scripted::{Response, ScriptedService};
use http_body_util::Full;
use tailor_harness::{Reply, TestHost, TestHostBuilder};

use relay::relay;

/// A host with one worker and a relay to each of these services (name, URL, settings) below
/// `/<name>`. All limits are far away unless the settings say otherwise, and each call is one on
/// the wire: none is coalesced, stored, rejected or retried.
pub async fn host(services: &[(&str, String, &str)]) -> TestHost {
    host_with(&relay("v1", None), services).await
}

async fn host_with(component: &[u8], services: &[(&str, String, &str)]) -> TestHost {
    let mut builder = TestHost::builder().unwrap().workers(1);
    for (name, url, settings) in services {
        builder = plain(builder, name, url, settings).route(&format!(
            "bff = \"relay\"\nclient = \"{name}\"\npath = \"/{name}\"\nmethods = [\"GET\", \"POST\", \"PUT\", \"DELETE\"]"
        ));
    }
    let builder = builder.bff("relay", component, "deadline = \"40s\"");
    builder.start().await.unwrap()
}

/// A service each of whose calls is exactly one on the wire.
fn plain(builder: TestHostBuilder, name: &str, url: &str, settings: &str) -> TestHostBuilder {
    let builder = builder.service_at(name, &[url]).settings(
        name,
        "coalesce = false\ncache.enabled = false\nbreaker.enabled = false\nretry.max = 0",
    );
    patient(builder, name, settings, "30s")
}

/// Settings of a service. Where they name no timeouts, these are `long`; where they name the one of
/// the whole call, the others are equal to it.
pub fn patient(
    builder: TestHostBuilder,
    name: &str,
    settings: &str,
    long: &str,
) -> TestHostBuilder {
    let given: toml::Table = settings.parse().unwrap();
    let total = given.get("timeout").and_then(|total| total.as_str());
    let total = total.unwrap_or(long);
    let timeouts = ["timeout", "first-byte-timeout", "connect-timeout"];
    let timeouts = timeouts.map(|key| format!("{key} = \"{total}\"\n"));
    builder
        .settings(name, &timeouts.concat())
        .settings(name, settings)
}

async fn post(host: &TestHost, path: &str, body: &'static str) -> Reply {
    let request = host.request("POST", path);
    let request = request.body(Full::new(Bytes::from_static(body.as_bytes())));
    host.send(request.unwrap()).await.unwrap()
}

/// A service that answers everything with `ok`.
fn ok() -> ScriptedService {
    ScriptedService::start(|_| Response::text("ok")).unwrap()
}

/// A service that answers each request with these bytes.
pub fn answering(answer: &'static str) -> ScriptedService {
    ScriptedService::start(move |_| Response::raw(answer)).unwrap()
}
