//! Foreign text in messages.

/// Characters of foreign text that a message holds.
const MAX_CHARS: usize = 80;

/// A text that a guest or a client chose, short enough for a message or a log line.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
