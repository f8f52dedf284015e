//! The client for services, over real sockets: connections, limits, what is sent, and what a service may send back.

mod connections;
mod headers;
mod http2;
mod limits;
pub mod raw;
pub mod relay;
mod wire;

use bytes::Bytes;
use http_body_util::Full;
use tailor_harness::{Reply, TestHost};

use relay::relay;

/// A host with one worker and a relay to each of these services (name, URL, settings) below `/<name>`. All limits are far
/// away unless the settings say otherwise, and each call is one on the wire: equal ones are not made as one, and none is
/// stored, rejected or made again.
pub async fn host(services: &[(&str, String, &str)]) -> TestHost {
    host_with(&relay("v1", None), services).await
}

async fn host_with(component: &[u8], services: &[(&str, String, &str)]) -> TestHost {
    let names: Vec<String> = services
        .iter()
        .map(|(name, ..)| format!("{name:?}"))
        .collect();
    let mut config = format!(
        "[bff.relay]\ncomponent = \"relay.wasm\"\ndeadline = \"40s\"\ndownstreams = [{}]\n",
        names.join(", ")
    );
    for (name, url, settings) in services {
        config.push_str(&format!(
            "[[route]]\nbff = \"relay\"\nclient = \"{name}\"\npath = \"/{name}\"\nmethods = [\"GET\", \"POST\"]\n\
             [downstream.{name}]\nurl = \"{url}\"\n{PLAIN}\n{}\n",
            patient(settings)
        ));
    }
    let builder = TestHost::builder().unwrap().workers(1);
    let builder = builder.file("relay.wasm", component).unwrap();
    builder.config(&config).start().await.unwrap()
}

/// What makes of each call exactly one on the wire.
const PLAIN: &str =
    "coalesce = false\ncache.enabled = false\nbreaker.enabled = false\nretry.max = 0";

/// Settings, with long timeouts where they name none.
fn patient(settings: &str) -> String {
    let timeouts = ["timeout", "first-byte-timeout", "connect-timeout"];
    let key = |line: &str| line.split('=').next().unwrap().trim().to_owned();
    if settings.lines().any(|line| timeouts.contains(&&*key(line))) {
        return settings.to_owned();
    }
    let long = timeouts.map(|key| format!("{key} = \"30s\"\n")).concat();
    format!("{settings}\n{long}")
}

async fn post(host: &TestHost, path: &str, body: &'static str) -> Reply {
    let request = host.request("POST", path);
    let request = request.body(Full::new(Bytes::from_static(body.as_bytes())));
    host.send(request.unwrap()).await.unwrap()
}

/// An answer with a length.
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
