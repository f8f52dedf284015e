//! `tailor serve`: the host, until a signal ends it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use clap::Args;
use tailor::bff::compiler::CompileIn;
use tailor::config::{self, Config};
use tailor::host::{Host, OnRefused, Sockets, StartOptions, files};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinError;

use super::{ConfigFile, log};

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Do not start, and take no new configuration, when a component is refused
    #[arg(long)]
    strict: bool,
}

impl Serve {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        // First of all, while there is no other thread.
        let sockets = Sockets::from_env()?;
        let mut signals = Signals::new()?;
        look_at_the_clock()?;
        let path = self.file.config;
        let on_refused = if self.strict {
            OnRefused::End
        } else {
            OnRefused::GoOn
        };
        let starting = async {
            let config = load(path.clone(), on_refused).await?;
            let log = log::start(&config.log)?;
            let host = start(config, Some(path), on_refused, sockets).await?;
            anyhow::Ok((log, host))
        };
        let (log, host) = tokio::select! {
            started = starting => started?,
            () = signals.stop() => return Ok(ExitCode::SUCCESS),
        };
        until_stopped(host, &log, signals).await
    }
}

/// Refuses a clock whose time HTTP cannot express: the HTTP library would end every connection.
/// Linux does not set a clock to such a time, but may start with it from the hardware.
fn look_at_the_clock() -> anyhow::Result<()> {
    ensure!(
        SystemTime::now() >= UNIX_EPOCH,
        "the clock of this machine is before 1970: set it (by NTP, or with `timedatectl set-time`), \
         then start again"
    );
    Ok(())
}

/// Reads the configuration beside the event loop, which handles signals meanwhile.
async fn load(path: PathBuf, on_refused: OnRefused) -> anyhow::Result<Config> {
    let load = match on_refused {
        OnRefused::End => config::load,
        OnRefused::GoOn => config::load_but_components,
    };
    Ok(tokio::task::spawn_blocking(move || load(&path)).await??)
}

/// Orders of the operator to the process.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// Has a worker fail, in the builds of tests.
    #[cfg(debug_assertions)]
    fail: Signal,
    /// Has the log fail, in the builds of tests.
    #[cfg(debug_assertions)]
    fail_log: Signal,
}

impl Signals {
    /// Handles signals from now on. A command that does so before it starts a host loses none;
    /// SIGHUP takes effect once the host serves.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(debug_assertions)]
            fail: signal(SignalKind::user_defined2())?,
            #[cfg(debug_assertions)]
            fail_log: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for SIGTERM or Ctrl-C.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The exit code of a host that cannot go on: EX_SOFTWARE of `sysexits.h`.
const FAILED: u8 = 70;

/// Starts a host and logs its addresses.
pub(super) async fn start(
    config: Config,
    path: Option<PathBuf>,
    on_refused: OnRefused,
    sockets: Sockets,
) -> anyhow::Result<Host> {
    files::raise_limit();
    warn_of_files(&config);
    warn_of_answers(&config);
    warn_of_unusable_files(&config).await;
    let mut admin = config.admin.clone();
    let data_dir = config.engine.data_dir.clone();
    let options = StartOptions {
        on_refused,
        sockets,
        compile_in: CompileIn::ChildProcess,
        development: None,
    };
    let host = Host::start(config, path, options).await?;
    if let (Some(admin), Some(address)) = (&mut admin, host.admin_address()) {
        // That of a socket that was handed over may be another one than that of the configuration.
        admin.listen = address;
        if let Some(exposure) = admin.exposure() {
            tracing::warn!("{exposure}");
        }
    }
    let admin = host.admin_address().map(|address| address.to_string());
    tracing::info!(
        address = %host.address(),
        admin,
        data_dir = %data_dir.display(),
        version = env!("CARGO_PKG_VERSION"),
        "serving"
    );
    Ok(host)
}

/// Serves until SIGTERM or Ctrl-C; SIGHUP reads the configuration and the components again. A
/// second signal to stop does not wait for running requests.
pub(super) async fn until_stopped(
    host: Host,
    log: &log::Flush,
    mut signals: Signals,
) -> anyhow::Result<ExitCode> {
    let failed = serve(&host, log, &mut signals).await;
    if failed {
        tracing::error!("the host cannot go on: it ends, with exit code {FAILED}");
    }
    let stop = async {
        if !failed {
            tracing::info!("stopping: not ready any more");
            tokio::select! {
                () = host.drain() => {}
                // It cannot serve new connections either.
                () = host.failed() => {}
            }
        }
        tracing::info!("stopping: running requests may finish");
        host.stop().await
    };
    let cut = tokio::select! {
        cut = stop => cut,
        () = signals.stop() => return Ok(ExitCode::FAILURE),
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

/// Serves until the host is to be stopped; `true` when it cannot go on.
async fn serve(host: &Host, log: &log::Flush, signals: &mut Signals) -> bool {
    let Signals {
        hangup,
        terminate,
        interrupt,
        #[cfg(debug_assertions)]
        fail,
        #[cfg(debug_assertions)]
        fail_log,
    } = signals;
    loop {
        // A reload compiles, and a signal to stop does not wait for that: it publishes only at its
        // end.
        let reload = async {
            hangup.recv().await;
            reload(host).await;
        };
        #[cfg(debug_assertions)]
        let fail = async {
            tokio::select! {
                _ = fail.recv() => host.fail_worker(0),
                _ = fail_log.recv() => log.fail(),
            }
        };
        #[cfg(not(debug_assertions))]
        let fail = std::future::pending();
        tokio::select! {
            () = reload => {}
            () = fail => {}
            () = host.failed() => return true,
            () = log.failed() => return true,
            _ = terminate.recv() => return false,
            _ = interrupt.recv() => return false,
        }
    }
}

async fn reload(host: &Host) {
    match host.reload().await {
        Ok(changed) => {
            for (bff, version) in &changed.published {
                tracing::info!(bff, version, "new version is live");
            }
            for (bff, reason) in &changed.refused {
                let meanwhile = host.changes().meanwhile(bff);
                tracing::error!(
                    bff,
                    "new version is refused, {meanwhile}: bff.{bff}: {reason}"
                );
            }
            for key in &changed.needs_restart {
                tracing::warn!(
                    key,
                    "changed in the file, takes effect when the host is started again"
                );
            }
            let snapshot = host.changes().shared().snapshot.load();
            warn_of_files(&snapshot.config);
            warn_of_answers(&snapshot.config);
            warn_of_unusable_files(&snapshot.config).await;
            tracing::info!("configuration reloaded");
        }
        Err(error) => tracing::error!("configuration not reloaded, the old one goes on: {error}"),
    }
}

/// Warns when no connection has room for the largest answers of a BFF.
fn warn_of_answers(config: &Config) {
    for unsendable in config.unsendable_answers() {
        tracing::warn!("{unsendable}");
    }
}

/// The warnings about files of releases' sections with which no job of a CI system could get a
/// token, or nothing be pulled.
pub(super) async fn unusable_files(releases: &config::Releases) -> Result<Vec<String>, JoinError> {
    let releases = releases.clone();
    let reading = move || {
        let mut told = tailor::ci::unusable_keys(&releases.ci);
        told.extend(tailor::registry::unusable_files(&releases.registries));
        told
    };
    tokio::task::spawn_blocking(reading).await
}

async fn warn_of_unusable_files(config: &Config) {
    let told = unusable_files(&config.releases).await;
    for unusable in told.unwrap_or_default() {
        tracing::warn!("{unusable}");
    }
}

/// Warns when the process may not have as many files open as the configuration needs.
fn warn_of_files(config: &Config) {
    if let Some(shortage) = files::FileBudget::of(config).shortage() {
        tracing::warn!("{shortage}");
    }
}
