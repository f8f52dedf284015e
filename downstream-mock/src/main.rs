//! Runs the five services for the demo and for load tests, until Ctrl-C, SIGTERM or the death of
//! the parent.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use anyhow::Context;
use clap::Parser;
use downstream_mock::{Options, Services, StartError};
use tokio::sync::oneshot;

/// The five fitness services that the example BFFs call, with faults on demand.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port of the control; the services take the next five: activity, heart, sleep, goals,
    /// profile. 0 takes free ports
    #[arg(long, default_value_t = 9100)]
    base_port: u16,
    /// Do not keep the requests that are received
    #[arg(long)]
    no_recording: bool,
    /// Stop when standard input ends, which it does when the parent process dies
    #[arg(long)]
    exit_on_stdin_close: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // Before the first line is printed: its reader may send the signal at once.
    let stop = stop_requested(args.exit_on_stdin_close)?;
    let options = Options {
        host: args.host,
        base_port: args.base_port,
        recording: !args.no_recording,
    };
    let services = start(&options)?;
    announce(&services).context("standard output: cannot write the addresses")?;
    stop.await;
    services.shutdown().await;
    Ok(())
}

fn start(options: &Options) -> anyhow::Result<Services> {
    Services::start_with(options).map_err(|error| {
        let taken = matches!(&error, StartError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse);
        let error = anyhow::Error::new(error);
        if taken {
            error.context(
                "a port is taken: stop the process that listens there (an older downstream-mock?), \
                 or choose other ports with --base-port (0 takes free ones)",
            )
        } else {
            error
        }
    })
}

fn announce(services: &Services) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "control {}", services.control_url())?;
    for (name, url) in services.urls() {
        writeln!(out, "{name} {url}")?;
    }
    out.flush()
}

/// Registers for what ends the process. The future that is returned resolves when one of it has
/// happened.
fn stop_requested(on_stdin_close: bool) -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    let stdin_closed = on_stdin_close.then(watch_stdin);
    let stdin_closed = async {
        match stdin_closed {
            Some(closed) => drop(closed.await),
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.0.recv() => {}
            _ = terminate.1.recv() => {}
            () = stdin_closed => {}
        }
        #[cfg(not(unix))]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = stdin_closed => {}
        }
    })
}

/// Reads standard input to its end, on a thread that is never joined: a pending read of it cannot
/// be cancelled.
fn watch_stdin() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = [0; 256];
        // An error is as good as the end: nothing more will come.
        while stdin.read(&mut buffer).is_ok_and(|count| count > 0) {}
        drop(closed);
    });
    receiver
}
