//! Log lines of a guest: cut to a length, limited per request, and marked with BFF and request.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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
#[derive(Clone)]
pub struct LogSource {
    /// The BFF.
    pub bff: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// Where the BFF's lines are counted.
    pub metrics: Arc<BffMetrics>,
    /// Whether its requests are those of a preview.
    pub is_preview: bool,
}

/// The log of one request.
pub struct GuestLog {
    source: Arc<LogSource>,
    request_id: String,
    left: AtomicU32,
    dropped: AtomicU32,
    /// Whether there was a line of level error.
    has_error: AtomicBool,
    /// The last error that was over the limit.
    last_error: Mutex<Option<LogLine>>,
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
            has_error: false.into(),
            last_error: Mutex::default(),
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
            has_error: false.into(),
            last_error: Mutex::default(),
            rate: self.rate,
            kept: Some(Mutex::default()),
        }
    }

    /// The lines kept.
    pub fn take(&self) -> Vec<LogLine> {
        self.finish();
        let Some(kept) = &self.kept else {
            return Vec::new();
        };
        std::mem::take(&mut sync::lock(kept))
    }

    /// How many lines were over the limit and are not written.
    pub fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Whether there was a line of level error, written or not.
    pub(super) fn has_error(&self) -> bool {
        self.has_error.load(Ordering::Relaxed)
    }

    /// Writes a line, or counts it when there were too many. A line below the log's level costs
    /// nothing. The last error is written in any case, when the request ends: it says most.
    pub fn write(&self, level: Level, message: &str, fields: Vec<(String, String)>) {
        if level == Level::ERROR {
            self.has_error.store(true, Ordering::Relaxed);
        }
        if self.kept.is_none() && !is_enabled(level) {
            return;
        }
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_err();
        if spent && level != Level::ERROR {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // A line break in a message would let a guest write lines that look like the host's, or
        // another BFF's.
        let message = visible(shorten(message, MAX_LINE));
        let message = shorten(&message, MAX_LINE);
        let fields = cut_fields(fields, MAX_LINE - message.len());
        let line = LogLine {
            level: name(level),
            message: message.to_owned(),
            fields,
        };
        if !spent {
            self.put(level, line);
        } else if sync::lock(&self.last_error).replace(line).is_some() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The request is over: writes its last error, if that was over the limit.
    pub fn finish(&self) {
        // Most requests log less than they may, and take no lock here.
        if self.left.load(Ordering::Relaxed) > 0 {
            return;
        }
        let last = sync::lock(&self.last_error).take();
        if let Some(line) = last {
            self.put(Level::ERROR, line);
        }
    }

    fn put(&self, level: Level, line: LogLine) {
        match &self.kept {
            Some(kept) => sync::lock(kept).push(line),
            None => self.emit(level, &line.message, &line.fields),
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
                if let Some(left_out) = log.take(size as u64, self.rate as u64) {
                    event!(
                        target: "guest",
                        $level,
                        bff = &*self.source.bff,
                        version = &*self.source.version,
                        request_id = self.request_id,
                        preview = self.source.is_preview.then_some(true),
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

/// Whether lines of this level are written.
fn is_enabled(level: Level) -> bool {
    match level {
        Level::ERROR => tracing::enabled!(target: "guest", Level::ERROR),
        Level::WARN => tracing::enabled!(target: "guest", Level::WARN),
        Level::INFO => tracing::enabled!(target: "guest", Level::INFO),
        _ => tracing::enabled!(target: "guest", Level::DEBUG),
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
            is_preview: false,
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
    fn the_last_error_is_written_past_the_limit() {
        let log = log(1);
        for (level, message) in [
            (Level::INFO, "begun"),
            (Level::ERROR, "first"),
            (Level::ERROR, "last"),
            (Level::WARN, "done"),
        ] {
            log.write(level, message, vec![]);
        }
        let lines = log.take();
        let messages: Vec<_> = lines.iter().map(|line| &*line.message).collect();
        assert_eq!(messages, ["begun", "last"]);
        assert_eq!(log.dropped(), 2, "the first error, and the warning");
    }

    #[test]
    fn lines_below_the_level_of_the_log_use_nothing_up() {
        let mut log = log(1);
        log.kept = None;
        let errors = tracing_subscriber::fmt()
            .with_max_level(Level::ERROR)
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::with_default(errors, || {
            for _ in 0..100 {
                log.write(Level::INFO, "x", vec![]);
            }
            log.write(Level::ERROR, "x", vec![]);
        });
        assert_eq!((log.left.into_inner(), log.dropped.into_inner()), (0, 0));
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
