//! A BFF is replaced while the host runs: clients see it only in the answers, a bad file changes
//! nothing, and what was replaced goes with its last request.

mod beside;
mod files;
mod last_good;
pub mod page;
mod refused;
mod reload;
pub mod running;
mod series;
mod smoke_request;
mod storm;

use tailor_harness::TestHost;

use crate::observe::{bff, metric};
use page::page;

pub const PAGE: &str =
    "[bff.page]\ncomponent = \"page.wasm\"\n[[route]]\nbff = \"page\"\npath = \"/page\"\n";

/// A host with the page `v1`, which is `page.wasm`. `before` and `after` are put around its
/// configuration.
async fn host(before: &str, after: &str) -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.config(before).config(PAGE).config(after);
    builder.start().await.unwrap()
}

/// The version in an answer. The whole page must be of that version.
async fn served(host: &TestHost, path: &str) -> String {
    let reply = host.get(path).await.unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    let version = reply.header("x-version").to_owned();
    assert_eq!(reply.text(), page::body(&version));
    version
}

/// `tailor_swaps_total` of a BFF with this result.
async fn swaps(host: &TestHost, name: &str, result: &str) -> f64 {
    let labels = [("bff", name), ("result", result)];
    metric(host, "tailor_swaps_total", &labels)
        .await
        .unwrap_or_default()
}

/// The name that the host gives to the live version of a BFF.
async fn live(host: &TestHost, name: &str) -> String {
    bff(host, name).await["version"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// How many versions of a BFF are alive.
async fn versions(host: &TestHost, name: &str) -> f64 {
    metric(host, "tailor_bff_versions", &[("bff", name)])
        .await
        .unwrap()
}

/// Changes the text of the configuration, as an editor does.
fn edit(host: &TestHost, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(host.dir().join("tailor.toml")).unwrap();
    host.replace("tailor.toml", change(text).as_bytes())
        .unwrap();
}
