//! Where log lines go: standard error, as text for people or as one JSON object a line.

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// The log could not be set up.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter is not legal.
    #[error("log.level = {level:?}: {source}")]
    Filter {
        /// As written.
        level: String,
        /// What is wrong.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else in the process has set up a log already.
    #[error("log: {0}")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets up the log of the process. Once.
///
/// # Errors
///
/// When the filter is not legal or a log is set up already.
pub fn start(settings: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|source| LogError::Filter {
        level: settings.level.clone(),
        source,
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(false);
            registry.with(lines).try_init()?;
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false);
            registry.with(lines).try_init()?;
        }
    }
    Ok(())
}
