//! The options of each command that orders something of a host.

use std::time::Duration;

use clap::Args;

use super::patience::timeout;
use super::report::Report;
use crate::commands::remote::Access;

#[derive(Args)]
pub struct Options {
    /// What is new, or why, for the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// How long to wait for the end, also while the host is away [default: 5m, of a release 30m, of
    /// a canary 24h]
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Duration>,
    /// The same key with the same order is executed once in 24 hours [default: a random one]
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<String>,
    /// Print a JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub access: Access,
}

impl Options {
    /// How long to wait for an order that is done at once.
    const TIMEOUT: Duration = Duration::from_secs(5 * 60);

    /// The report of an order about this BFF.
    pub fn report(&self, bff: &str) -> Report {
        Report::new(bff, self.json)
    }

    /// How long to wait for an order that is done at once.
    pub fn short_timeout(&self) -> Duration {
        self.timeout.unwrap_or(Self::TIMEOUT)
    }
}

/// A key of an order: with a further sign or two it is still one.
///
/// # Errors
///
/// When a host takes no such key.
fn key(text: &str) -> Result<String, String> {
    const MOST: usize = 190;
    let is_plain = text.bytes().all(|it| it.is_ascii_graphic());
    match is_plain && (1..=MOST).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(format!("a key has 1 to {MOST} letters, digits and signs")),
    }
}

/// The key that was named, or one that nobody else has.
///
/// # Errors
///
/// When the system has no random bytes.
pub fn key_or_random(key: Option<String>) -> anyhow::Result<String> {
    if let Some(key) = key {
        return Ok(key);
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(tailor::digest::hex(&random)[..32].to_owned())
}
