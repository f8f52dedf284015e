//! `tailor serve`: the host, until a signal ends it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tailor::config::{self, Admin, Config};
use tailor::host::{Host, files};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{ConfigFile, log};

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    file: ConfigFile,
}

impl Serve {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = config::load(&self.file.config)?;
        let _log = log::start(&config.log)?;
        let (host, signals) = start(config, Some(self.file.config)).await?;
        until_stopped(host, signals).await
    }
}

/// What an operator tells the process.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// Has a worker fail, in the builds of tests.
    #[cfg(debug_assertions)]
    fail: Signal,
}

/// The exit code of a host that can't go on: EX_SOFTWARE of `sysexits.h`.
const FAILED: u8 = 70;

/// Starts a host and says where it listens.
pub(super) async fn start(
    config: Config,
    path: Option<PathBuf>,
) -> anyhow::Result<(Host, Signals)> {
    files::raise_limit();
    warn_of_files(&config);
    if let Some(exposure) = config.admin.as_ref().and_then(Admin::exposure) {
        tracing::warn!("{exposure}");
    }
    let host = Host::start(config, path).await?;
    // Before anybody can know that the host serves: until then, a SIGHUP ends the process. While it
    // starts, SIGTERM and Ctrl-C end it at once, as they should.
    let signals = Signals {
        hangup: signal(SignalKind::hangup())?,
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        #[cfg(debug_assertions)]
        fail: signal(SignalKind::user_defined2())?,
    };
    let admin = host.admin_address().map(|address| address.to_string());
    tracing::info!(address = %host.address(), admin, version = env!("CARGO_PKG_VERSION"), "serving");
    Ok((host, signals))
}

/// Serves until SIGTERM or Ctrl-C; SIGHUP reads the configuration and the components again. A
/// second signal to stop does not wait for running requests.
pub(super) async fn until_stopped(host: Host, signals: Signals) -> anyhow::Result<ExitCode> {
    let Signals {
        mut hangup,
        mut terminate,
        mut interrupt,
        #[cfg(debug_assertions)]
        mut fail,
    } = signals;
    let failed = loop {
        // A reload compiles, and a signal to stop does not wait for that: nothing of it is live
        // before its very end.
        let reload = async {
            hangup.recv().await;
            reload(&host).await;
        };
        #[cfg(debug_assertions)]
        let fail = async {
            fail.recv().await;
            host.fail_worker(0);
        };
        #[cfg(not(debug_assertions))]
        let fail = std::future::pending();
        tokio::select! {
            () = reload => {}
            () = fail => {}
            () = host.failed() => break true,
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
        }
    };
    if failed {
        tracing::error!("workers fail too often: the host ends, with exit code {FAILED}");
    }
    tracing::info!("stopping: running requests may finish");
    let cut = tokio::select! {
        cut = host.stop() => cut,
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
    };
    if cut > 0 {
        tracing::warn!(
            connections = cut,
            "stopped; connections were cut at server.shutdown-timeout"
        );
    } else {
        tracing::info!("stopped");
    }
    Ok(if failed {
        ExitCode::from(FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

async fn reload(host: &Host) {
    match host.changes().reload().await {
        Ok(changed) => {
            for (bff, version) in &changed.published {
                tracing::info!(bff, version, "new version is live");
            }
            for key in &changed.needs_restart {
                tracing::warn!(
                    key,
                    "changed in the file, takes effect when the host is started again"
                );
            }
            warn_of_files(&host.changes().shared().snapshot.load().config);
            tracing::info!("configuration reloaded");
        }
        Err(error) => tracing::error!("configuration not reloaded, the old one goes on: {error}"),
    }
}

/// Says when the process may not have as many files open as the configuration needs.
fn warn_of_files(config: &Config) {
    if let Some(shortage) = files::Room::of(config).shortage() {
        tracing::warn!("{shortage}");
    }
}
