//! Components that are released to a running host: orders and their refusals, restarts, disks, and
//! a host that is killed at any point.

mod api;
mod canary;
pub mod ci;
mod cli;
mod consent;
mod day;
mod disks;
mod empty;
mod events;
mod grants;
mod kills;
mod names;
mod orders;
mod others;
mod previews;
mod proof;
mod registries;
mod restarts;
mod rollbacks;
mod shadow;
mod shares;
mod signatures;
mod teams;
mod tls;
mod tokens;
mod uploads;

use std::net::SocketAddr;
use std::path::Path;

use downstream_mock::scripted::ScriptedService;
use rusqlite::Connection;
use tailor_harness::{Process, TestHost, TestHostBuilder};

use crate::swap::page::body;
use crate::wire::{Wire, get, until};
use api::Api;

/// The part of a configuration with a BFF that is released to, at `/page`.
const PAGE: &str = r#"
[bff.page]
releases = true
[[route]]
bff = "page"
path = "/page"
"#;

fn builder(more: &str) -> TestHostBuilder {
    TestHost::builder().unwrap().config(more).config(PAGE)
}

/// A host whose BFF has a smoke request that a service holds.
fn held(service: &ScriptedService) -> TestHostBuilder {
    let settings = "[bff.page]\nreleases = true\ndownstreams = [\"smoke\"]\ndeadline = \"60s\"\n\
                    [bff.page.smoke]\npath = \"/held\"\n[[route]]\nbff = \"page\"\n";
    let builder = TestHost::builder().unwrap();
    let builder = builder.config("log.format = \"json\"\n").config(settings);
    let builder = builder.service_at("smoke", &[service.url()]);
    builder.settings("smoke", "timeout = \"50s\"\nfirst-byte-timeout = \"50s\"")
}

async fn start() -> (TestHost, Api) {
    let host = builder("").start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

/// The version of the page that answers, whole; `None` while there is none.
async fn served(address: SocketAddr) -> Option<String> {
    let answer = Wire::ask(address, &get("/page/x", "")).await;
    if answer.code() == "bff-unavailable" {
        return None;
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    let version = answer.header("x-version").to_owned();
    assert_eq!(answer.body, body(&version));
    Some(version)
}

/// The same of a process.
async fn served_by(process: &Process) -> Option<String> {
    served(process.address().unwrap()).await
}

async fn admin_page(address: SocketAddr, path: &str) -> String {
    Wire::ask(address, &get(path, "")).await.body
}

/// The components in the store of a data directory, and files that are half written.
fn components(data_dir: &Path) -> Vec<String> {
    let kept = std::fs::read_dir(data_dir.join("releases")).unwrap();
    let mut names: Vec<String> = kept
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".wasm") || name.starts_with(".unfinished"))
        .collect();
    names.sort();
    names
}

/// Holds the lock of the journal, as an operator's `sqlite3` in a transaction does.
fn lock(dir: &Path, kind: &str) -> Connection {
    let journal = Connection::open(dir.join("data/releases/journal.db")).unwrap();
    journal.execute_batch(&format!("BEGIN {kind}")).unwrap();
    journal
}

fn unlock(journal: &Connection) {
    journal.execute_batch("ROLLBACK").unwrap();
}

fn some(version: &str) -> Option<String> {
    Some(version.to_owned())
}
