//! The command line. Each subcommand is a file of `commands`.

mod commands;
#[cfg(test)]
mod page;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Duration;

// Requests make many small buffers that live for microseconds, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match commands::Cli::of_arguments() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            say(&format!("tailor: {}\n", in_one_line(&error)));
            commands::code(&error)
        }
    }
}

/// For how long the last lines wait for a reader.
const GRACE: Duration = Duration::from_secs(5);

/// Writes to standard error. Where there is no reader, and a pipe is full, the program ends all the
/// same.
fn say(words: &str) {
    let (done, ended) = channel::<()>();
    let copy = words.to_owned();
    let writing = std::thread::Builder::new().spawn(move || {
        write(&copy);
        drop(done);
    });
    match writing {
        Ok(_) => drop(ended.recv_timeout(GRACE)),
        // The lacking resource may be threads.
        Err(_) => write(words),
    }
}

fn write(words: &str) {
    // There is nowhere to report that it cannot be written.
    let _ = std::io::stderr().write_all(words.as_bytes());
}

/// An error with its causes. Many errors include their cause, for callers that print them alone:
/// then it is not repeated.
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
