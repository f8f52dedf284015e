//! A hundred swaps while 32 clients send requests without a pause, in a process of its own, so that
//! its memory can be measured.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tailor_harness::{Process, TestHost};
use tokio::task::JoinSet;

use super::PAGE;
use super::page::{body, page};
use crate::observe::{eventually, samples};

const SWAPS: usize = 100;
const CLIENTS: usize = 32;
/// After this number of swaps all that is kept for good is there: each slot of the engine's pool
/// has been used, and holds on to a few pages of its last instance.
const WARM: usize = 50;
/// Memory that varies: buffers.
const SLACK: u64 = 10 << 20;

/// The state that the test and its clients share.
#[derive(Default)]
struct Progress {
    /// `/bffs` has shown this version.
    published: AtomicUsize,
    /// The newest version that a client has seen.
    seen: AtomicUsize,
    requests: AtomicUsize,
    stop: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_under_32_clients_show_only_in_the_answers() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page(&name(0))).unwrap();
    let builder = builder.config("log.format = \"json\"\nlog.access = false");
    // 32 clients at once on few cores wait for each other and for other processes, which is not
    // tested here.
    let patient =
        "[bff.page.limits]\nconcurrency = 20\nqueue-timeout = \"20s\"\ncpu-wait = \"20s\"\n";
    let relaxed = PAGE.replace(
        "[[route]]",
        &format!("deadline = \"30s\"\n{patient}[[route]]"),
    );
    let (config, dir) = builder.config(&relaxed).write().unwrap();
    // A pool with few slots, so that all of them are soon in use.
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("engine.instances = 64"));
    let text = text.replace("engine.instances = 64", "engine.instances = 20");
    std::fs::write(&config, text).unwrap();
    let process = tokio::task::block_in_place(|| Process::serve(&config)).unwrap();
    let admin = admin_address(&process);

    let code = loaded_code(process.id());
    assert!(code > 0);

    let progress = Arc::new(Progress::default());
    let mut clients = JoinSet::new();
    for index in 0..CLIENTS {
        let address = process.address().unwrap();
        clients.spawn(client(address, index % 2 == 1, progress.clone()));
    }

    let mut warm = 0;
    for number in 1..=SWAPS {
        replace(&dir.path().join("page.wasm"), &page(&name(number)));
        eventually("a swap", async || {
            let swaps = state(admin).await["swaps"].as_u64();
            (swaps == Some(number as u64)).then_some(())
        })
        .await;
        progress.published.store(number, Ordering::SeqCst);
        eventually("a client that sees the new version", async || {
            (progress.seen.load(Ordering::SeqCst) == number).then_some(())
        })
        .await;
        // A swap for each few requests would test little, however slow the machine is.
        eventually("a request of each client", async || {
            (progress.requests.load(Ordering::SeqCst) > number * CLIENTS).then_some(())
        })
        .await;
        if number == WARM {
            warm = resident(process.id());
        }
    }
    progress.stop.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap().unwrap();
    }

    // All that the other versions had is gone: their code, their memory, their series.
    eventually("one version is left", async || {
        let drained = state(admin).await["draining"] == serde_json::json!([]);
        let text = get(admin, "/metrics").await;
        let versions = samples(&text, "tailor_bff_versions", &[("bff", "page")]);
        (drained && versions == Some(1.0)).then_some(())
    })
    .await;
    let text = get(admin, "/metrics").await;
    let swaps = |result| {
        samples(
            &text,
            "tailor_swaps_total",
            &[("bff", "page"), ("result", result)],
        )
    };
    assert_eq!(
        (swaps("published"), swaps("refused")),
        (Some(SWAPS as f64), None)
    );
    let series = text
        .lines()
        .filter(|line| line.starts_with("tailor_requests_total{"));
    let last = format!("version={}", state(admin).await["version"]);
    for line in series {
        assert!(line.contains(&last), "{line}");
    }
    // A thread that had no turn yet may still hold what it is about to drop.
    eventually("the code of one version is left", async || {
        (loaded_code(process.id()) == code).then_some(())
    })
    .await;
    eventually("no more memory than when it was warm", async || {
        (resident(process.id()) < warm + SLACK).then_some(())
    })
    .await;
}

fn name(number: usize) -> String {
    format!("v{number:03}")
}

/// Sends requests on one connection until it is stopped.
async fn client(address: SocketAddr, http2: bool, progress: Arc<Progress>) -> anyhow::Result<()> {
    // There are no hidden retries: each failure shows here.
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new())
        .retry_canceled_requests(false)
        .http2_only(http2)
        .build_http();
    let mut seen = 0;
    while !progress.stop.load(Ordering::SeqCst) {
        let published = progress.published.load(Ordering::SeqCst);
        let response = client
            .get(format!("http://{address}/page").parse()?)
            .await?;
        let (parts, content) = response.into_parts();
        let content = content.collect().await?.to_bytes();
        ensure!(parts.status == 200, "{}: {content:?}", parts.status);
        let version = parts.headers.get("x-version").context("x-version")?;
        let version = version.to_str()?;
        ensure!(content == body(version), "{version} answered {content:?}");
        let number: usize = version.trim_start_matches('v').parse()?;
        ensure!(
            number >= published,
            "{version} answered after {published} was live"
        );
        ensure!(number >= seen, "{version} answered after {seen} had");
        seen = number;
        progress.seen.fetch_max(number, Ordering::SeqCst);
        progress.requests.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn admin_address(process: &Process) -> SocketAddr {
    let line = process
        .wait_for(|line| line["message"] == "serving")
        .unwrap();
    line["admin"].as_str().unwrap().parse().unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let target = format!("http://{address}{path}");
    let response = client.get(target.parse().unwrap()).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn state(admin: SocketAddr) -> Value {
    let all: Value = serde_json::from_str(&get(admin, "/bffs").await).unwrap();
    all["bffs"]["page"].clone()
}

fn replace(path: &Path, content: &[u8]) {
    let next = path.with_extension("next");
    std::fs::write(&next, content).unwrap();
    std::fs::rename(next, path).unwrap();
}

/// Bytes of memory that a process has in use.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() << 10
}

/// Bytes of code that a process has and that is of no file: that of components.
fn loaded_code(process: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let sizes = maps.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [range, rights, _offset, _device, "0"] = words[..] else {
            return None;
        };
        let (from, to) = range.split_once('-')?;
        let at = |text| u64::from_str_radix(text, 16).ok();
        rights.contains('x').then_some(at(to)? - at(from)?)
    });
    sizes.sum()
}
