//! `tailor record`: takes requests of a running host from its listener of operators, and writes
//! them as fixtures.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use clap::Args;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tailor::digest::hex;
use tailor::file;
use tailor::text::visible;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::output::Output;
use super::serve::Signals;

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(200);
/// Time for one answer of the host.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the host to make the fixture of one request.
const MAKING: Duration = Duration::from_secs(60);
/// Largest fixture, bytes.
const MAX_FILE: u64 = 16 << 20;
/// Largest answer of the host, bytes: texts of 1 MiB and one more, quoted.
const MAX_ANSWER: usize = 64 << 20;

#[derive(Args)]
pub struct Record {
    /// The id of a request that the host has kept; without one, requests are sampled as they come
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// The host's listener for operators
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    admin: SocketAddr,
    /// The folder for the fixtures; made if it is missing
    #[arg(
        short,
        long,
        value_name = "FOLDER",
        default_value = "fixtures/recorded"
    )]
    out: PathBuf,
    /// Only requests of this BFF
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    bff: Option<String>,
    /// Only requests without an answer of the BFF, or with a status of 500 or above
    #[arg(long, conflicts_with = "id")]
    failed: bool,
    /// Take one of every N requests
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "id", value_parser = clap::value_parser!(u32).range(1..))]
    one_in: u32,
    /// End after N fixtures
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "id", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// End after this time, seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 60, conflicts_with = "id", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// What the host gives.
#[derive(Debug, Deserialize)]
struct Answer {
    taken: Vec<Taken>,
    dropped: u64,
}

#[derive(Debug, Deserialize)]
struct Taken {
    id: String,
    bff: String,
    outcome: String,
    fixture: Option<String>,
    refused: Option<String>,
}

impl Record {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut signals = Signals::new()?;
        // Two that record at once are told apart.
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let session = hex(&random)[..16].to_owned();
        let mut recorder = Recorder {
            admin: self.admin,
            session,
            out: self.out.clone(),
            count: self.count,
            written: 0,
            known: BTreeSet::new(),
            refused: 0,
            dropped: 0,
            report: Output::default(),
        };
        let recorded = tokio::select! {
            recorded = self.record(&mut recorder) => recorded,
            () = signals.stop() => Ok(()),
        };
        // What the host still has is taken along, and it stops at once.
        let ended = recorder.ask("&end").await;
        if recorded.is_ok() {
            recorder.take(ended?)?;
        }
        recorded?;
        if recorder.dropped > 0 {
            recorder.report.line(format_args!(
                "{} requests were dropped: there was no room (record.max-total)",
                recorder.dropped
            ));
        }
        let has_some = recorder.written > 0 || !recorder.known.is_empty();
        if !has_some {
            recorder.report.line("nothing was recorded");
        }
        recorder.report.end()?;
        Ok(match has_some {
            false => ExitCode::FAILURE,
            true => ExitCode::SUCCESS,
        })
    }

    async fn record(&self, recorder: &mut Recorder) -> anyhow::Result<()> {
        let (question, end) = match &self.id {
            Some(id) => {
                let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
                recorder.ask(&format!("&id={id}")).await?;
                ("&one-in=0".to_owned(), Instant::now() + MAKING)
            }
            None => {
                let bff = self
                    .bff
                    .as_deref()
                    .map(|bff| utf8_percent_encode(bff, NON_ALPHANUMERIC));
                let bff = bff.map_or(String::new(), |bff| format!("&bff={bff}"));
                let failed = if self.failed { "&failed" } else { "" };
                let seconds = Duration::from_secs(self.seconds);
                let question = format!("&one-in={}{bff}{failed}", self.one_in);
                (question, Instant::now() + seconds)
            }
        };
        loop {
            let answer = recorder.ask(&question).await?;
            recorder.take(answer)?;
            let is_known = recorder.refused > 0 || !recorder.known.is_empty();
            let is_over = self.id.is_some() && is_known;
            if recorder.written >= recorder.count || is_over || Instant::now() >= end {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }
}

/// Takes fixtures from a host.
struct Recorder {
    admin: SocketAddr,
    session: String,
    out: PathBuf,
    /// Fixtures that are wanted.
    count: u32,
    /// Those that are new.
    written: u32,
    /// Files of others that have the same text.
    known: BTreeSet<PathBuf>,
    refused: u32,
    dropped: u64,
    /// What is told of them.
    report: Output,
}

impl Recorder {
    async fn ask(&self, question: &str) -> anyhow::Result<Answer> {
        let path = format!("/recordings?session={}{question}", self.session);
        let asked = timeout(TIMEOUT, post(self.admin, &path)).await;
        let admin = self.admin;
        let body = asked.with_context(|| format!("{admin}: no answer within {TIMEOUT:?}"))??;
        serde_json::from_slice(&body)
            .with_context(|| format!("{admin}: what listens there is no host of tailor"))
    }

    /// Writes what came.
    fn take(&mut self, answer: Answer) -> anyhow::Result<()> {
        self.dropped += answer.dropped;
        for taken in answer.taken {
            // The rest was made by the way, and is nobody's wish.
            if self.written >= self.count {
                break;
            }
            let (id, bff) = (
                visible(&taken.id).into_owned(),
                visible(&taken.bff).into_owned(),
            );
            let of = format!("{bff} {} {id}", visible(&taken.outcome));
            match (&taken.fixture, &taken.refused) {
                (Some(text), _) => match write(&self.out, &taken, text)? {
                    (path, true) => {
                        let path = path.display();
                        let is_failure = taken.outcome.starts_with('5');
                        self.report.line(match is_failure {
                            true => format!(
                                "{of} -> {path}, which expects this answer; once the BFF gives \
                                 another one: tailor test --update"
                            ),
                            false => format!("{of} -> {path}"),
                        });
                        self.written += 1;
                    }
                    (path, false) => {
                        if self.known.insert(path.clone()) {
                            let path = path.display();
                            self.report.line(format_args!("{of} is {path} already"));
                        }
                    }
                },
                (None, why) => {
                    let why = why.as_deref().unwrap_or("the host says no more");
                    self.report
                        .line(format_args!("{of} is not recorded: {}", visible(why)));
                    self.refused += 1;
                }
            }
        }
        Ok(())
    }
}

/// Writes a fixture into a file of its own, which only its owner may read: others may once somebody
/// has looked at what is in it. One with this very text may be there: gives whether it is new.
fn write(folder: &Path, taken: &Taken, text: &str) -> anyhow::Result<(PathBuf, bool)> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let is_plain = |text: &str| {
        text.bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    ensure!(
        is_plain(&taken.bff) && is_plain(&taken.outcome),
        "the host names a BFF {:?} with an outcome {:?}, of which no name of a file can be made",
        taken.bff,
        taken.outcome
    );
    let name = format!(
        "{}-{}-{}.json",
        taken.bff,
        taken.outcome,
        &hex(text.as_bytes())[..8]
    );
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(&path);
    let mut file = match opened {
        // The same text needs no second file.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let is_same = file::read_text(&path, MAX_FILE).is_ok_and(|there| there == text);
            ensure!(
                is_same,
                "{}: is there, with something else in it",
                path.display()
            );
            return Ok((path, false));
        }
        opened => opened.with_context(|| path.display().to_string())?,
    };
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half of a fixture is none.
        let _ = fs::remove_file(&path);
    }
    written.with_context(|| path.display().to_string())?;
    Ok((path, true))
}

/// Makes one request of the host's listener for operators.
async fn post(admin: SocketAddr, path: &str) -> anyhow::Result<Bytes> {
    let no_host = || format!("{admin}: no host listens there for operators; name it with --admin");
    let stream = TcpStream::connect(admin).await.with_context(no_host)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, admin.to_string())
        .body(Empty::<Bytes>::new())?;
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow::anyhow!("{admin}: {error}"))?;
        anyhow::Ok((status, body.to_bytes()))
    };
    let (status, body) = tokio::select! {
        asked = asked => asked?,
        ended = connection => {
            ended?;
            bail!("{admin}: closed the connection");
        }
    };
    ensure!(
        status == StatusCode::OK,
        "{admin}: {}",
        visible(String::from_utf8_lossy(&body).trim())
    );
    Ok(body)
}
