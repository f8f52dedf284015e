//! Log lines of a guest: cut to a length, limited in number for each request, and marked with whose they are.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tracing::{Level, event};

/// Longest line with its fields, bytes.
const MAX_LINE: usize = 4 << 10;

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

/// The log of one request.
pub struct GuestLog {
    bff: Arc<str>,
    version: Arc<str>,
    request_id: String,
    left: AtomicU32,
    dropped: AtomicU32,
    kept: Option<Mutex<Vec<LogLine>>>,
}

impl GuestLog {
    /// A log that goes to the host's own.
    pub fn new(bff: Arc<str>, version: Arc<str>, request_id: String, lines: u32) -> Self {
        Self {
            bff,
            version,
            request_id,
            left: lines.into(),
            dropped: 0.into(),
            kept: None,
        }
    }

    /// A log of the same request with its whole budget, whose lines are kept for [`Self::take`] instead of written.
    pub fn keeping(&self) -> Self {
        let left = self.left.load(Ordering::Relaxed);
        let mut log = Self::new(
            self.bff.clone(),
            self.version.clone(),
            self.request_id.clone(),
            left,
        );
        log.kept = Some(Mutex::default());
        log
    }

    /// The lines kept.
    pub fn take(&self) -> Vec<LogLine> {
        let Some(kept) = &self.kept else {
            return Vec::new();
        };
        std::mem::take(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
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
        // A line break in a message would let a guest write lines that look like the host's, or another BFF's.
        let message = one_line(cut(message, MAX_LINE));
        let message = cut(&message, MAX_LINE);
        let fields = cut_fields(fields, MAX_LINE - message.len());
        match &self.kept {
            Some(kept) => kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(LogLine {
                    level: name(level),
                    message: message.to_owned(),
                    fields,
                }),
            None => self.emit(level, message, &fields),
        }
    }

    fn emit(&self, level: Level, message: &str, fields: &[(String, String)]) {
        // The fields' names are the guest's, and names of a `tracing` event are fixed: so they travel as one value.
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
        macro_rules! at {
            ($level:expr) => {
                event!(
                    target: "guest",
                    $level,
                    bff = &*self.bff,
                    version = &*self.version,
                    request_id = self.request_id,
                    fields,
                    "{message}"
                )
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

/// The text with its control characters written out.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
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

    fn log(lines: u32) -> GuestLog {
        GuestLog::new("watch".into(), "abc".into(), "r1".to_owned(), lines).keeping()
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
