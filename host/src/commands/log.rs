//! Where log lines go: standard error, as text for people or as one JSON object a line.
//!
//! A thread of its own writes them, see [`sink`].

mod lines;
mod panics;
mod sink;

use anyhow::Context as _;
use tailor::config::{Log, LogFormat};
use tailor::telemetry::access_log;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(super) use sink::Flush;

/// Sets up the log of the process, once. What is left is written when the guard is dropped, at the
/// end of the command.
///
/// # Errors
///
/// When the filter is not legal or a log is set up already.
pub(super) fn start(settings: &Log) -> anyhow::Result<Flush> {
    let filter = EnvFilter::try_new(&settings.level)
        .with_context(|| format!("log.level = {:?}", settings.level))?
        // It writes a line for each malformed request of a guest, past the guest's limits.
        .add_directive("wasmtime_wasi_http=error".parse()?);
    let lost = match settings.format {
        LogFormat::Text => {
            |lost| format!(" WARN {lost} log lines were lost: standard error is read too slowly\n")
        }
        LogFormat::Json => |lost| {
            let line = serde_json::json!({
                "level": "WARN",
                "message": "log lines were lost: standard error is read too slowly",
                "lost": lost,
            });
            format!("{line}\n")
        },
    };
    let (writer, guard) = sink::Sink::start(std::io::stderr(), lost)?;
    let lines = writer.clone();
    let format = match settings.format {
        LogFormat::Text => access_log::Format::Text,
        LogFormat::Json => access_log::Format::Json,
    };
    access_log::start(format, move |line| lines.put(line));
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .with_ansi(false)
                .map_event_format(lines::text);
            registry.with(lines).try_init()?;
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .map_event_format(lines::json);
            registry.with(lines).try_init()?;
        }
    }
    panics::to_log();
    Ok(guard)
}
