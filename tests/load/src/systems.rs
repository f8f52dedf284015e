//! The programs that are measured, and the services behind them, each a process of its own.

mod build;
mod config;
mod mock;
mod process;
mod rivals;
mod tailor;

pub use build::{Programs, components, target_dir};
pub use mock::{Mock, SERVICES};
pub use process::{Running, free_port};
pub use rivals::{RIVALS, bundle, start_rival};
pub use tailor::{LogTo, TailorSpec, start_tailor};

use std::path::Path;

/// The name under which the native twin is measured.
pub const NATIVE: &str = "native";

/// Starts the native twin.
///
/// # Errors
///
/// When it does not serve.
pub fn start_native(program: &Path, mock: &Mock) -> anyhow::Result<Running> {
    let mut command = std::process::Command::new(program);
    for (name, url) in mock.urls() {
        command.arg("--service").arg(format!("{name}={url}"));
    }
    let port = free_port()?;
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    Running::start(NATIVE, command, port)
}
