//! Formats a line, also where it quotes foreign text: one line of limited length.
//!
//! Values of fields are quoted by the formatter, messages and names are not. So foreign text in a
//! message (the name of a function in a guest, an import of a refused component, bytes of a
//! service) can neither begin a line nor control the reader's terminal.

use std::fmt;

use serde_json::Value;
use tailor::text::{shorten, visible};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Longest line, bytes.
const MAX_LINE: usize = 16 << 10;
/// Longest value of a JSON line that was too long, bytes.
const MAX_VALUE: usize = 2 << 10;

/// Writes one event as a whole: what the formatter `format` makes of it, in the form that `write`
/// gives it.
pub(super) struct Lines<F> {
    format: F,
    write: fn(&mut Writer<'_>, &str) -> fmt::Result,
}

/// Lines of text.
pub(super) fn text<F>(format: F) -> Lines<F> {
    let write = |writer: &mut Writer<'_>, line: &str| write_text(writer, line);
    Lines { format, write }
}

/// Lines of JSON, in which the formatter has escaped what forges.
pub(super) fn json<F>(format: F) -> Lines<F> {
    let write = |writer: &mut Writer<'_>, line: &str| write_json(writer, line);
    Lines { format, write }
}

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.format
            .format_event(context, Writer::new(&mut line), event)?;
        (self.write)(&mut writer, line.trim_end_matches('\n'))
    }
}

fn write_text(writer: &mut impl fmt::Write, line: &str) -> fmt::Result {
    let start = shorten(line, MAX_LINE);
    writer.write_str(&visible(start))?;
    if start.len() < line.len() {
        write!(writer, "... ({} bytes more)", line.len() - start.len())?;
    }
    writer.write_char('\n')
}

fn write_json(writer: &mut impl fmt::Write, line: &str) -> fmt::Result {
    if line.len() <= MAX_LINE {
        return writeln!(writer, "{line}");
    }
    let mut object: Value = serde_json::from_str(line).unwrap_or_default();
    for (_, value) in object.as_object_mut().into_iter().flatten() {
        if let Value::String(text) = value
            && text.len() > MAX_VALUE
        {
            let start = shorten(text, MAX_VALUE);
            *text = format!("{start}... ({} bytes more)", text.len() - start.len());
        }
    }
    writeln!(writer, "{object}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_not_too_long() {
        let mut written = String::new();
        write_text(&mut written, "x: a\n2026 INFO access: \u{1b}[2J").unwrap();
        assert_eq!(written, "x: a\\n2026 INFO access: \\u{1b}[2J\n");
        written.clear();
        write_text(&mut written, &"é".repeat(MAX_LINE)).unwrap();
        assert!(written.ends_with(&format!("é... ({MAX_LINE} bytes more)\n")));
        assert!(written.len() < MAX_LINE + 64);
    }

    #[test]
    fn a_long_line_of_json_stays_json() {
        let line = serde_json::json!({"level": "WARN", "message": "m".repeat(1 << 20), "n": 1});
        let mut written = String::new();
        write_json(&mut written, &line.to_string()).unwrap();
        assert_eq!(written.lines().count(), 1);
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!((&read["level"], &read["n"]), (&line["level"], &line["n"]));
        let message = read["message"].as_str().unwrap();
        assert!(message.ends_with("m... (1046528 bytes more)"));
        assert!(written.len() < 2 * MAX_VALUE);
    }
}
