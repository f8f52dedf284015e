//! `cargo load`: measures the host under load, interleaved with what it is compared with.

use clap::{Parser, Subcommand};
use tailor_load::profile::{ProfileOptions, profile};
use tailor_load::run::{Options, run};
use tailor_load::scale::{ScaleOptions, scale};

/// Measures the host under load, interleaved with what it is compared with.
#[derive(Parser)]
#[command(
    name = "load",
    bin_name = "cargo load",
    args_conflicts_with_subcommands = true
)]
struct Command {
    #[command(subcommand)]
    which: Option<Which>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Which {
    /// How cost and memory grow with connections, calls, bodies, requests in flight and BFFs
    Scale(ScaleOptions),
    /// Where the CPU time of a request goes; needs perf
    Profile(ProfileOptions),
}

fn main() -> anyhow::Result<()> {
    let command = Command::parse();
    match command.which {
        None => run(&command.options),
        Some(Which::Scale(options)) => scale(&options),
        Some(Which::Profile(options)) => profile(&options),
    }
}
