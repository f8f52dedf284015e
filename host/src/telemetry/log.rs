//! Where log lines go: standard error, as text for people or as one JSON object a line.
//!
//! A thread of its own writes them. Whoever reads our standard error may be slow or stuck, and a request must not wait for
//! that: when the queue is full, lines are lost rather than requests late.

use thiserror::Error;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
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

/// Lines that may wait to be written.
const QUEUE: usize = 16 << 10;

/// Writes what is left when it is dropped; `main` keeps it until the end.
#[must_use]
pub struct LogGuard {
    _writer: WorkerGuard,
}

/// Sets up the log of the process. Once.
///
/// # Errors
///
/// When the filter is not legal or a log is set up already.
pub fn start(settings: &Log) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|source| LogError::Filter {
        level: settings.level.clone(),
        source,
    })?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .finish(std::io::stderr());
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .with_ansi(false);
            registry.with(lines).try_init()?;
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false);
            registry.with(lines).try_init()?;
        }
    }
    Ok(LogGuard { _writer: guard })
}
