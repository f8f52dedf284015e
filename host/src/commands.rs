//! The subcommands. The only place that reads arguments, writes to standard output and knows exit
//! codes: 0 done, 1 failed, 2 wrong usage, 70 a host that could not go on. Orders to a host have
//! more of them, see [`order`].

mod build;
mod call;
mod check;
mod compile_worker;
mod completions;
mod demo;
mod deploy;
mod dev;
mod diff;
mod init;
mod inspect;
mod kept_code;
mod kit;
mod last_runs;
mod log;
mod man;
mod new;
mod order;
mod outcome;
mod output;
mod previews;
mod record;
mod releases;
mod remote;
mod replay;
mod rollback;
mod schema;
mod serve;
mod shadow;
mod sign;
mod status;
mod test;
#[cfg(test)]
mod tests;
mod token;
mod trial;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::Error;
use clap::{Args, Parser, Subcommand};

pub use order::code;
use output::Output;

/// Host for Backends for Frontends, each a sandboxed WebAssembly component.
#[derive(Parser)]
#[command(name = "tailor", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the example BFFs, start their services and the host, and stay until Ctrl-C
    Demo(demo::Demo),
    /// Build BFFs when their sources are saved, serve what was built last, and show requests with
    /// their calls
    Dev(dev::Dev),
    /// Run the host
    Serve(serve::Serve),
    /// Check the configuration and load all components, as `serve` would, without binding
    Check(check::Check),
    /// Build a BFF's folder (Rust, TypeScript or Python) into a component
    Build(build::Build),
    /// Make the folder of a BFF: a source with a route, tests, fixtures, a configuration to serve
    /// it
    New(new::New),
    /// Add to an existing package what it lacks to be a BFF, and leave alone what it has
    Init(init::Init),
    /// Write what BFFs are written with, for a repository of its own: the package @tailor/kit, the
    /// crate tailor-kit
    Kit(kit::Kit),
    /// Show what a component imports and exports, and what it would be granted
    Inspect(inspect::Inspect),
    /// Run one request in a component without a socket, with services answered from a fixture
    Call(call::Call),
    /// Run the tests of BFFs: their own, and their fixtures in the real engine
    Test(test::Test),
    /// Write requests of a running host as fixtures, with what services answered
    Record(record::Record),
    /// Run recorded requests again, and say what differs
    Replay(replay::Replay),
    /// Sign a component for one BFF, with a key of minisign
    Sign(sign::Sign),
    /// Release a component to a running host, and wait until it is live or refused
    Deploy(deploy::Deploy),
    /// Make the release on trial live, whatever its gate knows
    Promote(trial::Trial),
    /// End the trial of a release: what is live serves all requests
    Abort(trial::Trial),
    /// Keep the share of a release on trial as it is
    Hold(trial::Hold),
    /// Go back to a component that was live
    Rollback(rollback::Rollback),
    /// List the previews of a BFF, or end one
    Previews(previews::Previews),
    /// List the releases of a BFF, the newest first
    Releases(releases::Releases),
    /// Show how far a component of a BFF reaches beyond another one
    Diff(diff::Diff),
    /// Run a component on what the clients of a BFF ask, and say what it would answer differently
    Shadow(shadow::Shadow),
    /// Show what is live of each BFF of a running host
    Status(status::Status),
    /// Make, list and revoke tokens for the admin listener, on the host's machine
    Token(token::Token),
    /// Write the JSON Schema of a file, for editors
    Schema(schema::Schema),
    /// Write the completions of a shell
    Completions(completions::Completions),
    /// Write the manual page
    Man(man::Man),
    /// Compile the component of standard input; started by the other subcommands
    #[command(hide = true)]
    CompileWorker(compile_worker::CompileWorker),
}

/// The configuration file.
#[derive(Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "tailor.toml")]
    config: PathBuf,
}

impl Cli {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// The exit code, when there is nothing to run: the help is printed, or what is wrong.
    pub fn of_arguments() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            // There is nowhere to report that it cannot be written.
            let _ = error.print();
            usage_code(&error)
        })
    }

    /// Runs the subcommand.
    ///
    /// # Errors
    ///
    /// What failed, to be printed in one line.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(demo) => wait(demo.run()),
            Command::Dev(dev) => wait(dev.run()),
            Command::Serve(serve) => wait(serve.run()),
            Command::Check(check) => wait(check.run()),
            Command::Build(build) => build.run(),
            Command::New(new) => new.run(),
            Command::Init(init) => init.run(),
            Command::Kit(kit) => kit.run(),
            Command::Inspect(inspect) => inspect.run(),
            Command::Call(call) => wait(call.run()),
            Command::Test(test) => wait(test.run()),
            Command::Record(record) => wait(record.run()),
            Command::Replay(replay) => wait(replay.run()),
            Command::Sign(sign) => sign.run(),
            Command::Deploy(deploy) => wait(deploy.run()),
            Command::Promote(trial) => wait(trial.promote()),
            Command::Abort(trial) => wait(trial.abort()),
            Command::Hold(hold) => wait(hold.run()),
            Command::Rollback(rollback) => wait(rollback.run()),
            Command::Previews(previews) => wait(previews.run()),
            Command::Releases(releases) => wait(releases.run()),
            Command::Diff(diff) => wait(diff.run()),
            Command::Shadow(shadow) => wait(shadow.run()),
            Command::Status(status) => wait(status.run()),
            Command::Token(token) => token.run(),
            Command::Schema(schema) => schema.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
            Command::CompileWorker(worker) => Ok(worker.run()),
        }
    }
}

/// The exit code of what is typed wrong. Of a command whose 2 says that a component is refused, a
/// script has to be able to tell the two apart.
fn usage_code(error: &Error) -> ExitCode {
    let command = std::env::args_os().nth(1);
    let has_own = ["deploy", "promote", "abort", "hold", "rollback", "shadow"];
    let has_own = command.is_some_and(|it| has_own.iter().any(|own| it == **own));
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if has_own => ExitCode::FAILURE,
        _ => ExitCode::from(2),
    }
}

/// Runs on an event loop of this thread: the control thread of a host.
fn wait(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let event_loop = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = event_loop.block_on(work);
    // A thread that compiles, or reads a file that never ends, must not keep the process alive.
    event_loop.shutdown_background();
    result
}

/// Prints what is the whole report of a command.
fn print(report: impl AsRef<[u8]>) -> anyhow::Result<ExitCode> {
    let mut out = Output::default();
    out.print(&report);
    out.end()?;
    Ok(ExitCode::SUCCESS)
}
