//! A service behind the real tinyproxy: calls reach it through `CONNECT`, with credentials and
//! without, and where the proxy refuses, the call fails as `unreachable`.
//!
//! `cargo run --example proxied`. It needs the program: `apt-get install tinyproxy` on Debian.
//! Without it, this is an error that says so.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a drill: it stops where something is wrong, and no event loop waits for it"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../integration/downstream/relay.rs"]
mod relay;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use downstream_mock::scripted::Response;
use tailor_harness::TestHost;
use tempfile::TempDir;

/// How long the proxy may take to start.
const TIMEOUT: Duration = Duration::from_secs(20);

const SECRET: &str = "tailor:open-sesame";

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let open = Tinyproxy::start("")?;
    let guarded = Tinyproxy::start("BasicAuth tailor open-sesame\n")?;
    let closed = Tinyproxy::start("ConnectPort 1\n")?;
    let url = |proxy: &Tinyproxy| format!("proxy = \"http://127.0.0.1:{}\"\n", proxy.port);
    let shown = "proxy-credentials-file = \"secret\"\n";
    for (what, settings, expected) in [
        ("without credentials", url(&open), Ok(())),
        ("with credentials", url(&guarded) + shown, Ok(())),
        (
            "without those that it wants",
            url(&guarded),
            Err("unreachable"),
        ),
        (
            "to a port that it does not allow",
            url(&closed),
            Err("unreachable"),
        ),
    ] {
        let outcome = call(&settings).await.with_context(|| what.to_owned())?;
        let as_expected = match (&outcome, expected) {
            (Ok(()), Ok(())) => true,
            (Err(said), Err(expected)) => said == expected,
            _ => false,
        };
        anyhow::ensure!(as_expected, "{what}: {outcome:?} and not {expected:?}");
        println!(
            "{what}: {}",
            outcome.err().unwrap_or_else(|| "answered".to_owned())
        );
    }
    Ok(())
}

/// One call; the error is that of the BFF.
async fn call(settings: &str) -> anyhow::Result<Result<(), String>> {
    let relay = relay::relay("v1", None);
    let host = TestHost::builder()?
        .file("secret", SECRET.as_bytes())?
        .service("svc", |_| Response::text("behind the proxy"))
        .settings("svc", settings)
        .bff("relay", &relay, "")
        .route("bff = \"relay\"\nclient = \"svc\"\npath = \"/r\"")
        .start()
        .await?;
    let reply = host.get("/r/x").await?;
    Ok(match relay::failure(&reply) {
        None if reply.text() == "behind the proxy" => Ok(()),
        None => Err(reply.text()),
        Some((kind, _)) => Err(kind.to_owned()),
    })
}

/// A proxy that is running.
struct Tinyproxy {
    port: u16,
    child: Child,
    /// Below the process, so that it is removed after that has ended.
    _folder: TempDir,
}

impl Tinyproxy {
    fn start(settings: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let file = folder.path().join("tinyproxy.conf");
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nLogLevel Error\nAllow 127.0.0.1\n{settings}"
        );
        std::fs::write(&file, text)?;
        let child = Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .spawn()
            .context("tinyproxy does not start: apt-get install tinyproxy")?;
        let proxy = Self {
            port,
            child,
            _folder: folder,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            anyhow::ensure!(began.elapsed() < TIMEOUT, "tinyproxy does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(proxy)
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
