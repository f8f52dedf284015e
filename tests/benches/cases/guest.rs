//! Cases in which a guest runs: from the admitted request to the checked answer, in a fresh
//! instance, on one thread.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use tailor::bff::load::Loader;
use tailor::bff::run::{self, Fixed, IncomingRequest, Invocation};
use tailor::bff::runtime::Runtime;
use tailor::bff::version::Version;
use tailor::config::{Bff, Config};
use tailor::contract::{Client, Method, Payload, Request};
use tailor::downstream::Canned;
use tailor::invoke::detached;
use tailor_harness::{components, json};
use tokio::time::Instant;

use super::Turn;

/// Longer than anything takes under valgrind, where a guest runs fifty times slower than otherwise.
const NEVER: Duration = Duration::from_secs(3600);

/// The component `tests/guests/bench` with one service, which answers at once.
struct Bench {
    event_loop: tokio::runtime::Runtime,
    runtime: Arc<Runtime>,
    version: Arc<Version>,
}

impl Bench {
    fn new() -> anyhow::Result<Rc<Self>> {
        let path = components::bench()?;
        // No ticker: where a tick meets the guest is chance. No cache: code is compiled for the
        // processor at hand, and that is another one under valgrind.
        let runtime = Arc::new(Runtime::without_ticker(1)?);
        let loader = Loader::new(runtime.clone(), None, Config::MAX_COMPONENT_SIZE);
        // Read here: the loader has another thread read, whose instructions would count too.
        let loaded = Arc::new(loader.load_bytes("bench", &std::fs::read(&path)?)?);
        let mut settings = Bff::with_defaults("bench", &path, &["service".to_owned()]);
        settings.deadline = NEVER;
        settings.limits.cpu = NEVER;
        let event_loop = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Rc::new(Self {
            event_loop,
            runtime,
            version: detached(settings, loaded, |_| service()),
        }))
    }

    fn invocation(&self, path: &str, body: &str) -> Box<Invocation> {
        let asked = IncomingRequest {
            request: request_of(path, body),
            request_id: HeaderValue::from_static("0123456789abcdef"),
            traceparent: HeaderValue::from_static(
                "00-00000000000000000000000000000001-0000000000000001-00",
            ),
            tracestate: None,
            client_headers: HeaderMap::new(),
            arrived: Instant::now(),
            worker: 0,
            scheduler: None,
            keeps_targets: false,
            fixed: Fixed::default(),
        };
        Invocation::new(&self.version, asked)
    }
}

/// An answer of a shared service: 700 bytes of JSON.
fn service() -> Canned {
    let hours: Vec<String> = (0..24).map(|hour| (hour * 31 % 900).to_string()).collect();
    let body = Bytes::from(format!(
        r#"{{"user":"ada","date":"2026-01-15","steps":8423,"hourly":[{}],"note":"{}"}}"#,
        hours.join(","),
        "n".repeat(550)
    ));
    Arc::new(move |_| {
        let mut answer = json(body.clone());
        for (name, value) in [
            ("cache-control", "private, max-age=30"),
            ("etag", "\"5f1a-62b8\""),
            ("vary", "accept, accept-encoding"),
        ] {
            answer.headers.insert(name, HeaderValue::from_static(value));
        }
        Box::pin(std::future::ready(Ok(answer)))
    })
}

fn request_of(path: &str, body: &str) -> Request {
    let headers = [
        ("accept", "application/json"),
        ("accept-language", "en"),
        ("user-agent", "bench/1.0"),
    ];
    Request {
        id: "0123456789abcdef".to_owned(),
        method: Method::Post,
        path: path.to_owned(),
        query: vec![("date".to_owned(), "2026-01-15".to_owned())],
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: Payload::from_bytes(Bytes::from(body.to_owned())),
        client: Client {
            name: "bench".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// A store and an instance, without a call.
pub(super) fn instantiate() -> anyhow::Result<Box<dyn Fn() -> Turn>> {
    let bench = Bench::new()?;
    Ok(Box::new(move || {
        let (bench, invocation) = (bench.clone(), bench.invocation("/", ""));
        Box::new(move || {
            let instantiated = run::instantiate(&bench.runtime, &bench.version, invocation);
            bench
                .event_loop
                .block_on(instantiated)
                .context("instantiate")
        })
    }))
}

/// A request that the guest answers with this status, and with the body that it got.
pub(super) fn request(
    path: &'static str,
    status: u16,
    body: &str,
) -> anyhow::Result<Box<dyn Fn() -> Turn>> {
    let bench = Bench::new()?;
    let body = body.to_owned();
    Ok(Box::new(move || {
        let (bench, size) = (bench.clone(), body.len());
        let invocation = bench.invocation(path, &body);
        Box::new(move || {
            let ran = run::run(&bench.runtime, &bench.version, invocation);
            let answer = bench.event_loop.block_on(ran).context(path)?;
            ensure!(answer.status == status, "{path}: {}", answer.status);
            ensure!(answer.body.len() == size, "{path}: {}", answer.body.len());
            Ok(())
        })
    }))
}
