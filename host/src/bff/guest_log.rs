//! Log lines of a guest: cut to a length, limited per request, and marked with BFF and request.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use tracing::{Level, event};

use crate::config::Limits;
use crate::sync;
use crate::telemetry::metrics::BffMetrics;
use crate::text::{shorten, visible};

/// Longest line with its fields, bytes.
const MAX_LINE: usize = 4 << 10;
/// What a line costs besides the guest's text, bytes: time, names, the request's id.
const OVERHEAD: usize = 200;

/// A line that was kept instead of written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The text.
    pub message: String,
    /// The fields, as the guest gave them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

/// Whose lines they are: the same for all requests of a version.
pub struct LogSource {
    /// The BFF.
    pub bff: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// Where the BFF's lines are counted.
    pub metrics: Arc<BffMetrics>,
}

/// The log of one request.
pub struct GuestLog {
    source: Arc<LogSource>,
    request_id: String,
    left: AtomicU32,
    dropped: AtomicU32,
    rate: usize,
    kept: Option<Mutex<Vec<LogLine>>>,
}

impl GuestLog {
    /// A log that goes to the host's own. `limits` are those of the BFF.
    pub fn new(source: Arc<LogSource>, request_id: String, limits: &Limits) -> Self {
        Self {
            source,
            request_id,
            left: limits.log_lines.into(),
            dropped: 0.into(),
            rate: limits.log_rate,
            kept: None,
        }
    }

    /// A log of the same request with its whole budget, whose lines are kept for [`Self::take`]
    /// instead of written.
    pub fn keeping(&self) -> Self {
        Self {
            source: self.source.clone(),
            request_id: self.request_id.clone(),
            left: self.left.load(Ordering::Relaxed).into(),
            dropped: 0.into(),
            rate: self.rate,
            kept: Some(Mutex::default()),
        }
    }

    /// The lines kept.
    pub fn take(&self) -> Vec<LogLine> {
        let Some(kept) = &self.kept else {
            return Vec::new();
        };
        std::mem::take(&mut sync::lock(kept))
    }

    /// How many lines were over the limit.
    pub fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes a line, or counts it when there were too many.
    pub fn write(&self, level: Level, message: &str, fields: Vec<(String, String)>) {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_err();
        if spent {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // A line break in a message would let a guest write lines that look like the host's, or
        // another BFF's.
        let message = visible(shorten(message, MAX_LINE));
        let message = shorten(&message, MAX_LINE);
        let fields = cut_fields(fields, MAX_LINE - message.len());
        match &self.kept {
            Some(kept) => sync::lock(kept).push(LogLine {
                level: name(level),
                message: message.to_owned(),
                fields,
            }),
            None => self.emit(level, message, &fields),
        }
    }

    fn emit(&self, level: Level, message: &str, fields: &[(String, String)]) {
        // The fields' names are the guest's, and names of a `tracing` event are fixed: so they
        // travel as one value.
        let fields = if fields.is_empty() {
            None
        } else {
            serde_json::to_string(
                &fields
                    .iter()
                    .cloned()
                    .collect::<std::collections::BTreeMap<_, _>>(),
            )
            .ok()
        };
        let size = message.len() + fields.as_deref().map_or(0, str::len) + OVERHEAD;
        let log = self.source.metrics.log_bytes();
        macro_rules! at {
            ($level:expr) => {
                // A line below the log level costs nothing.
                if tracing::enabled!(target: "guest", $level)
                    && let Some(left_out) = log.take(size as u64, self.rate as u64)
                {
                    event!(
                        target: "guest",
                        $level,
                        bff = &*self.source.bff,
                        version = &*self.source.version,
                        request_id = self.request_id,
                        fields,
                        left_out = (left_out > 0).then_some(left_out),
                        "{message}"
                    );
                }
            };
        }
        match level {
            Level::ERROR => at!(Level::ERROR),
            Level::WARN => at!(Level::WARN),
            Level::INFO => at!(Level::INFO),
            _ => at!(Level::DEBUG),
        }
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        _ => "debug",
    }
}

fn cut_fields(mut fields: Vec<(String, String)>, most: usize) -> Vec<(String, String)> {
    let mut size = 0;
    let fitting = fields
        .iter()
        .take_while(|(name, value)| {
            // A field costs something even when it is empty.
            size += name.len() + value.len() + 16;
            size <= most
        })
        .count();
    fields.truncate(fitting);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Bff;

    fn log(lines: u32) -> GuestLog {
        let mut bff = Bff::with_defaults("watch", "watch.wasm".as_ref(), &[]);
        bff.limits.log_lines = lines;
        let id = "r1".to_owned();
        let source = Arc::new(LogSource {
            bff: "watch".into(),
            version: "abc".into(),
            metrics: Arc::default(),
        });
        GuestLog::new(source, id, &bff.limits).keeping()
    }

    #[test]
    fn a_flood_is_counted_not_written() {
        let log = log(2);
        for _ in 0..1000 {
            log.write(Level::INFO, "x", vec![]);
        }
        assert_eq!((log.take().len(), log.dropped()), (2, 998));
    }

    #[test]
    fn a_message_stays_one_line() {
        let log = log(1);
        log.write(
            Level::INFO,
            "x\n2026-01-01 INFO access: status=200\r\u{1b}[2J",
            vec![],
        );
        let line = log.take().remove(0).message;
        assert_eq!(line, "x\\n2026-01-01 INFO access: status=200\\r\\u{1b}[2J");
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let log = log(1);
        log.write(
            Level::WARN,
            &"é".repeat(5000),
            vec![("a".into(), "b".into())],
        );
        let line = log.take().remove(0);
        assert_eq!((line.message.len(), line.fields.len()), (MAX_LINE, 0));
    }
}
