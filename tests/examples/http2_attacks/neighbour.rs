//! A client that sends one request after the other over HTTP/1.1, on a kept connection.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(10);
/// A client that waits for longer has no answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The client's results.
#[derive(Debug, Default)]
pub struct Neighbour {
    times: Vec<Duration>,
    failed: usize,
}

impl Neighbour {
    /// The number of its requests.
    pub fn asked(&self) -> usize {
        self.times.len() + self.failed
    }

    /// The number of expected answers.
    pub fn answered(&self) -> usize {
        self.times.len()
    }

    /// A percentile of the times of its answers; zero without any.
    pub fn time(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default()
    }

    /// Sends requests until then on this thread.
    pub fn ask_alone(address: SocketAddr, end: Instant) -> anyhow::Result<Self> {
        let mut asked = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(asked.ask_until(address, end));
        Ok(asked)
    }

    /// Sends requests until then, at least one.
    pub async fn ask_until(&mut self, address: SocketAddr, end: Instant) {
        let mut kept = None;
        loop {
            let start = Instant::now();
            let asked = tokio::time::timeout(TIMEOUT, ask(address, kept.take())).await;
            match asked {
                Ok(Ok(stream)) => {
                    kept = Some(stream);
                    self.times.push(start.elapsed());
                }
                _ => self.failed += 1,
            }
            if Instant::now() >= end {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn ask(address: SocketAddr, kept: Option<TcpStream>) -> anyhow::Result<TcpStream> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect(address).await?,
    };
    let request = "GET /watch/ada?date=2026-01-15 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // The answer is known, and its last byte is the only one of its kind.
    while !answer.ends_with(b"}") {
        anyhow::ensure!(stream.read_buf(&mut answer).await? > 0, "closed");
    }
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 200 "), "refused");
    Ok(stream)
}
