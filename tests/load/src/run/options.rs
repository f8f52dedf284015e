//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::drive::Protocol;
use crate::systems::{LogTo, TailorSpec};
use crate::targets::Scenario;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// noop, watch and dashboard in one kind of load.
    Quick,
    /// Every scenario, every dimension by itself.
    Usual,
    /// Every combination.
    Full,
}

/// What to measure, and how.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Options {
    /// noop, watch and dashboard at 32 connections only, for comparing builds
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Every combination of scenario, delay, connections and protocol
    #[arg(long)]
    pub full: bool,
    /// Scenarios: noop, watch, dashboard, partner, mix
    #[arg(long, value_delimiter = ',')]
    pub scenario: Vec<Scenario>,
    /// Requests at a time: connections of HTTP/1.1, streams of HTTP/2 (32 on each connection)
    #[arg(long, value_delimiter = ',')]
    pub connections: Vec<usize>,
    /// Protocols: h1, h2
    #[arg(long, value_delimiter = ',')]
    pub protocol: Vec<Protocol>,
    /// Milliseconds that each service waits before it answers
    #[arg(long, value_delimiter = ',', value_name = "MS")]
    pub delay: Vec<u64>,
    /// Requests a second of an open loop, instead of as many as possible
    #[arg(long)]
    pub rate: Option<f64>,
    /// How often each system is measured, in turn
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Length of a measurement
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Time before each measurement
    #[arg(long, default_value_t = 0.3)]
    pub warm_up: f64,
    /// Systems, the first being what the others are compared with: native, tailor, and with
    /// --rivals wasmtime-serve, node, workerd
    #[arg(long, value_delimiter = ',')]
    pub system: Vec<String>,
    /// A build of the host, in place of the one of this source; may be repeated, so that builds are
    /// compared in one run
    #[arg(long, value_name = "LABEL=PATH")]
    pub tailor: Vec<TailorSpec>,
    /// A key of the configuration of the host of this label: `before:engine.instances=1000`
    #[arg(long, value_name = "LABEL:KEY=VALUE")]
    pub set: Vec<String>,
    /// Where the host's log goes: null, file, or off for no access log
    #[arg(long, default_value = "null")]
    pub log: LogTo,
    /// Threads that make the load [default: one for each two cores]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Measure other ways to run a BFF too: wasmtime serve, Node, workerd. Installs them below the
    /// build's folder, over the network
    #[arg(long)]
    pub rivals: bool,
    /// Write tests/load/REPORT.md and its plots
    #[arg(long)]
    pub write: bool,
    /// Write every round's figures to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    /// How much is measured.
    pub fn effort(&self) -> Effort {
        match (self.quick, self.full) {
            (true, _) => Effort::Quick,
            (_, true) => Effort::Full,
            _ => Effort::Usual,
        }
    }

    /// Rounds of each cell.
    pub fn rounds(&self) -> usize {
        let usual = match self.effort() {
            Effort::Quick | Effort::Full => 5,
            Effort::Usual => 3,
        };
        self.rounds.unwrap_or(usual).max(1)
    }

    /// The length of a measurement.
    pub fn time(&self) -> Duration {
        let usual = match self.effort() {
            Effort::Quick => 1.5,
            Effort::Usual | Effort::Full => 2.0,
        };
        Duration::from_secs_f64(self.seconds.unwrap_or(usual))
    }

    /// Threads that make the load.
    pub fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or(cores / 2).max(1)
    }
}
