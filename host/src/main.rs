//! The command line. Each subcommand is a file of `commands`.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

// Requests make many small buffers that live for microseconds, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tailor: {error:#}");
            ExitCode::FAILURE
        }
    }
}
