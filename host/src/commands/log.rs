//! Where log lines go: standard error, as text for people or as one JSON object a line.
//!
//! A thread of its own writes them. Whoever reads our standard error may be slow or stuck, and a request must not wait for
//! that: when the queue is full, lines are lost rather than requests late.

use anyhow::Context as _;
use tailor::config::{Log, LogFormat};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lines that may wait to be written.
const QUEUE: usize = 16 << 10;

/// Sets up the log of the process, once. What is left is written when the guard is dropped, at the end of the command.
///
/// # Errors
///
/// When the filter is not legal or a log is set up already.
pub(super) fn start(settings: &Log) -> anyhow::Result<WorkerGuard> {
    let filter = EnvFilter::try_new(&settings.level)
        .with_context(|| format!("log.level = {:?}", settings.level))?;
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
    Ok(guard)
}
