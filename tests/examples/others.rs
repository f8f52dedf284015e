//! Components of others in a real host: what each answers to what every BFF must withstand, held to
//! the codes of any BFF and to one line of the log.
//!
//! `.ci/others` builds them and runs this:
//! `cargo run --example others -- wstd=wstd.wasm js=js.wasm`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use downstream_mock::scripted::{Request, Response, ScriptedService};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tailor_harness::{Process, TestHost};
use tokio::sync::Barrier;

/// Each path, with what must come back: the outcome of the access log, the status, the body, and
/// the calls that failed.
const ROWS: [(&str, &str, u16, &str, &str); 6] = [
    ("/post", "2xx", 200, "1000000 1000000", ""),
    ("/three", "2xx", 200, "a b c", ""),
    ("/denied", "2xx", 200, "denied", "elsewhere.example:denied"),
    ("/hang", "bff-deadline", 504, "", "goals:timeout"),
    ("/trap", "bff-trap", 502, "", ""),
    ("/memory", "bff-memory-limit", 502, "", ""),
];

/// What differs by toolchain: when a handler throws, the engine of componentize-js begins a
/// response that it does not finish.
const OWN: [(&str, &str, &str, u16); 1] = [("js", "/trap", "bff-illegal-response", 502)];

const BYTES: usize = 1_000_000;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut wrong = 0;
    println!(
        "| component | {} |",
        ROWS.map(|(path, ..)| path).join(" | ")
    );
    for argument in std::env::args().skip(1) {
        let (name, file) = argument
            .split_once('=')
            .context("usage: NAME=COMPONENT ..")?;
        let cells = component(name, Path::new(file)).await?;
        wrong += cells
            .iter()
            .filter(|cell| cell.starts_with("WRONG"))
            .count();
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

async fn component(name: &str, file: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    // None of three is answered before all are there.
    let all = Arc::new(Barrier::new(3));
    let service = ScriptedService::start(move |request| answer(&request, &all))?;
    let (path, _dir) = TestHost::builder()?
        .config("log.format = \"json\"")
        .service_at("goals", &[service.url()])
        .bff("others", &bytes, "deadline = \"3s\"\nlimits.cpu = \"3s\"")
        .route("bff = \"others\"\npath = \"/\"\nmethods = [\"GET\", \"POST\"]")
        .write()?;
    let host = Process::serve(&path)?;
    let mut cells = Vec::new();
    for (path, mut outcome, mut status, body, failed) in ROWS {
        if let Some(own) = OWN.iter().find(|own| (own.0, own.1) == (name, path)) {
            (outcome, status) = (own.2, own.3);
        }
        let expected = Seen {
            status,
            body: body.to_owned(),
            outcome: outcome.to_owned(),
            failed: failed.to_owned(),
            lines: 1,
        };
        let seen = ask(&host, name, path).await?;
        cells.push(match seen == expected {
            true => format!("{outcome}, {} us CPU", cpu(&host, path).unwrap_or_default()),
            false => format!("WRONG {seen:?}"),
        });
    }
    Ok(cells)
}

fn answer(request: &Request, all: &Arc<Barrier>) -> Response {
    match request.target.as_str() {
        "/upload" => Response::text(request.body.len().to_string()),
        "/hang" => Response::hang(),
        name => {
            let (text, all) = (name.trim_start_matches('/').to_owned(), all.clone());
            Response::text(text).after(async move {
                all.wait().await;
            })
        }
    }
}

/// What is held to the table.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    /// That of a component: the host's own documents are left out.
    body: String,
    outcome: String,
    failed: String,
    /// Lines of the access log.
    lines: usize,
}

async fn ask(host: &Process, name: &str, path: &str) -> anyhow::Result<Seen> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let id = path.trim_start_matches('/');
    let body = match path {
        "/post" => Bytes::from(vec![b'x'; BYTES]),
        _ => Bytes::new(),
    };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", host.address()?))
        .header("x-request-id", id)
        .body(Full::new(body))?;
    let answered = tokio::time::timeout(Duration::from_secs(60), client.request(request)).await;
    let response = answered.with_context(|| format!("{name} {path}: no answer"))??;
    let status = response.status().as_u16();
    let own = response.headers().contains_key("tailor-error") || status >= 500;
    let body = response.into_body().collect().await?.to_bytes();
    let is_line = |line: &serde_json::Value| line["request_id"] == id && line["status"].is_u64();
    let line = host.wait_for(is_line)?;
    ensure!(line["bff"] == "others", "{line}");
    let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
    Ok(Seen {
        status,
        body: match own {
            true => String::new(),
            false => String::from_utf8_lossy(&body).into_owned(),
        },
        outcome: text("outcome"),
        failed: text("calls_failed"),
        lines: host.log().iter().filter(|line| is_line(line)).count(),
    })
}

fn cpu(host: &Process, path: &str) -> Option<u64> {
    let id = path.trim_start_matches('/');
    let log = host.log();
    let line = log
        .iter()
        .find(|line| line["request_id"] == id && line["guest_cpu_us"].is_u64())?;
    line["guest_cpu_us"].as_u64()
}
