//! Foreign text in messages and log lines: what a guest, a component, a service or a client chose.
//! It is cut, characters that a terminal or a reader of lines would act on are written out, and a
//! name that nobody knows is told with the nearest one.

use std::borrow::Cow;

/// Characters of foreign text that a message holds.
const MAX_CHARS: usize = 80;

/// A foreign name for a message: visible, and at most 80 characters of it.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", visible(&text[..end])),
        None => visible(text).into_owned(),
    }
}

/// An excerpt of foreign text for a message: visible, and about `most` bytes of it.
pub fn excerpt(text: &str, most: usize) -> String {
    let (start, rest) = text.split_at(shorten(text, most).len());
    match rest.len() {
        0 => visible(start).into_owned(),
        more => format!("{}... ({more} bytes more)", visible(start)),
    }
}

/// The text without the characters that do not show, or that change how others do: those are
/// written as escapes. So it has no line break, no terminal sequence, and no turn of direction.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

/// Whether a character is a control, a break of lines, of no width, or turns the direction of text
/// (Unicode Technical Report 36 section 2.10).
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// The first `most` bytes at most, whole characters.
pub fn shorten(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The known name that was probably meant: for `did you mean`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance: how many characters must be put in, left out or replaced.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Fails where a text would not be one line of a log, or have more than `most` bytes: a rule of
/// many targets of fuzzing.
#[cfg(any(test, feature = "fuzzing"))]
pub fn assert_fit_for_a_log(text: &str, most: usize) {
    assert!(!text.contains(is_hidden), "{text:?}");
    assert!(text.len() <= most, "{} bytes: {text}", text.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forges_is_written_out() {
        for (text, shown) in [
            ("plain é 漢 \u{1f600}", "plain é 漢 \u{1f600}"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[2J\u{7f}\u{9b}", "\\u{1b}[2J\\u{7f}\\u{9b}"),
            ("\u{202e}gpj\u{2066}", "\\u{202e}gpj\\u{2066}"),
            (
                "a\u{2028}b\u{2029}\u{feff}",
                "a\\u{2028}b\\u{2029}\\u{feff}",
            ),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(cut(&"é".repeat(90)), format!("{}...", "é".repeat(80)));
        assert_eq!(excerpt("ééé", 3), "é... (4 bytes more)");
        assert_eq!(excerpt("a\nb", 3), "a\\nb");
        assert_eq!(shorten("é", 1), "");
    }
}
