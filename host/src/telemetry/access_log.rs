//! Writes access-log lines. They look like those of `tracing` and follow its filter (target
//! `access`, level `info`), but do not pass through it: there is one for each request, with many
//! fields, and going from field to field through visitors and formatters takes several times as
//! long as writing them down.

use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::SystemTime;

use tracing::Level;

use crate::time::writable;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `time  INFO access: name=value ...`, text in quotes.
    Text,
    /// One JSON object.
    Json,
}

/// Takes a whole line, with its line break.
type Output = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Where lines go, once for the process, as with `tracing`.
static LOG: OnceLock<(Format, Output)> = OnceLock::new();

/// Sets up the access log of the process. Without it there is none. Only the first call has an
/// effect.
pub fn start(format: Format, output: impl Fn(&[u8]) + Send + Sync + 'static) {
    // A second log has nowhere to go: lines stay where the first one put them.
    let _ = LOG.set((format, Box::new(output)));
}

/// Writes a line with the given fields, if there is a log and its filter lets it through.
pub fn write(fields: impl FnOnce(&mut Line<'_>)) {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let Some((format, output)) = LOG.get() else {
        return;
    };
    if !tracing::enabled!(target: "access", Level::INFO) {
        return;
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        Line::write(*format, buffer, SystemTime::now(), fields);
        output(buffer);
    });
}

/// A line that is being written.
pub struct Line<'a> {
    format: Format,
    buffer: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    fn write(
        format: Format,
        buffer: &'a mut Vec<u8>,
        now: SystemTime,
        fields: impl FnOnce(&mut Self),
    ) {
        let now = humantime::format_rfc3339_micros(writable(now));
        let mut line = Self { format, buffer };
        match format {
            Format::Text => {
                line.display(format_args!("{now}  INFO access:"));
                fields(&mut line);
            }
            Format::Json => {
                line.display(format_args!("{{\"timestamp\":\"{now}\",\"level\":\"INFO\""));
                fields(&mut line);
                line.buffer.extend_from_slice(b",\"target\":\"access\"}");
            }
        }
        line.buffer.push(b'\n');
    }

    /// A field with any text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if value.bytes().all(plain) {
            self.buffer.push(b'"');
            self.buffer.extend_from_slice(value.as_bytes());
            self.buffer.push(b'"');
            return;
        }
        match self.format {
            Format::Text => self.display(format_args!("{value:?}")),
            // Writing text to a buffer does not fail.
            Format::Json => drop(serde_json::to_writer(&mut *self.buffer, value)),
        }
    }

    /// A field with a word that needs no quotes, such as a number in another base.
    pub fn word(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        match self.format {
            Format::Text => self.display(format_args!("{value}")),
            Format::Json => self.display(format_args!("\"{value}\"")),
        }
    }

    /// A field with a number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        // Faster than a formatter, and it does not fail either.
        let _ = serde_json::to_writer(&mut *self.buffer, &value);
    }

    /// A field with a truth value.
    pub fn truth(&mut self, name: &str, value: bool) {
        self.name(name);
        self.display(format_args!("{value}"));
    }

    fn name(&mut self, name: &str) {
        match self.format {
            Format::Text => {
                self.buffer.push(b' ');
                self.buffer.extend_from_slice(name.as_bytes());
                self.buffer.push(b'=');
            }
            Format::Json => {
                self.buffer.extend_from_slice(b",\"");
                self.buffer.extend_from_slice(name.as_bytes());
                self.buffer.extend_from_slice(b"\":");
            }
        }
    }

    fn display(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a buffer does not fail.
        let _ = self.buffer.write_fmt(text);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn line(format: Format) -> String {
        let mut buffer = Vec::new();
        let now = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_042);
        Line::write(format, &mut buffer, now, |line| {
            line.text("plain", "a b");
            line.text("forged", "a\"\n\\\u{1b}é");
            line.word("trace_id", format_args!("{:04x}", 0xab));
            line.number("status", 200);
        });
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn a_line_of_text_can_not_be_forged() {
        assert_eq!(
            line(Format::Text),
            "2023-11-14T22:13:20.000042Z  INFO access: plain=\"a b\" forged=\"a\\\"\\n\\\\\\u{1b}é\" trace_id=00ab status=200\n"
        );
    }

    #[test]
    fn a_line_of_json_is_one_object() {
        let line = line(Format::Json);
        assert_eq!(line.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "timestamp": "2023-11-14T22:13:20.000042Z",
                "level": "INFO",
                "plain": "a b",
                "forged": "a\"\n\\\u{1b}é",
                "trace_id": "00ab",
                "status": 200,
                "target": "access",
            })
        );
    }
}
