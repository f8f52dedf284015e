//! Where the CPU time of a request goes: samples of the host under load, each put to the part of a
//! request that it belongs to.

mod stacks;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::{Args, Parser};

use crate::machine::machine;
use crate::run::{Options, Session, cells, measure};
use crate::systems::target_dir;
use crate::targets::Scenario;
use stacks::Parts;

/// What to sample.
#[derive(Args, Clone, Debug)]
pub struct ProfileOptions {
    /// noop, watch, dashboard, partner or mix
    #[arg(long, default_value = "watch")]
    pub scenario: Scenario,
    /// The build of the host to sample, instead of the one of this source
    #[arg(long, value_name = "PATH")]
    pub tailor: Option<PathBuf>,
    /// Length of the sampling
    #[arg(long, default_value_t = 8.0)]
    pub seconds: f64,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Samples the host with `perf` and prints the table of the parts.
///
/// # Errors
///
/// When something does not start, answers wrong, or `perf` cannot be used.
pub fn profile(options: &ProfileOptions) -> anyhow::Result<()> {
    let mut arguments = format!(
        "load --system tailor --scenario {} --connections 32 --protocol h1 --delay 0 --rounds 1 --seconds {}",
        options.scenario,
        options.seconds + 1.0
    );
    if let Some(path) = &options.tailor {
        arguments += &format!(" --tailor tailor={}", path.display());
    }
    let all = Arguments::try_parse_from(arguments.split(' '))?.options;
    let session = Session::start(&all)?;
    let cell = *cells(&all).first().context("no kind of load")?;
    let cpu_us = measure(&session, cell, &all)?.systems[0].median(|round| round.cpu_us);

    let system = session.systems.first().context("no host")?;
    let data = target_dir()?.join("load/profile.data");
    let mut perf = Command::new("perf");
    perf.args(["record", "-e", "cpu-clock", "-F", "1499"])
        .args(["--call-graph", "dwarf,16384", "-p"])
        .arg(system.process().to_string())
        .arg("-o")
        .arg(&data)
        .args(["--", "sleep", &options.seconds.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut perf = perf
        .spawn()
        .context("perf: cannot be started (Debian: apt-get install linux-perf)")?;
    let under_load = measure(&session, cell, &all);
    let status = perf.wait()?;
    under_load?;
    ensure!(
        status.success(),
        "perf record: {status}; it may need root, or a lower kernel.perf_event_paranoid"
    );
    let script = Command::new("perf")
        .args(["script", "--no-inline", "-F", "ip,sym", "-i"])
        .arg(&data)
        .stderr(Stdio::null())
        .output()
        .context("perf script")?;
    let parts = Parts::of(&String::from_utf8_lossy(&script.stdout));
    println!(
        "{}\n{}: {cpu_us:.1} us of CPU a request, {} samples\n\n{}",
        machine(),
        cell,
        parts.samples(),
        parts.table(cpu_us)
    );
    Ok(())
}
