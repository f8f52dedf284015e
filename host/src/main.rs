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
            eprintln!("tailor: {}", in_one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes. Many of our errors say their cause themselves, for those who print them alone: then it is not said
/// again.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line.push_str(if line.is_empty() { "" } else { ": " });
            line.push_str(&cause);
        }
    }
    line
}
