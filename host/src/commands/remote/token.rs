//! The token that a command shows to a host. It comes from the environment or a file, since others
//! on the machine can read arguments, and is in no message.

use std::path::Path;

use anyhow::{Context as _, ensure};
use http::HeaderValue;
use tailor::file;

/// Its variable.
const VARIABLE: &str = "TAILOR_TOKEN";
/// Largest file, bytes.
const MAX_FILE: u64 = 4096;

/// The value of `authorization`, from this file, else from the environment. An empty variable is
/// none: CI systems give one where a secret is not there.
///
/// # Errors
///
/// When the file cannot be read, or what is there is no token.
pub fn authorization(file: Option<&Path>) -> anyhow::Result<Option<HeaderValue>> {
    let (place, text) = match file {
        Some(path) => {
            let place = path.display().to_string();
            let text = file::read_text(path, MAX_FILE).with_context(|| place.clone())?;
            (place, text)
        }
        None => match std::env::var_os(VARIABLE) {
            Some(text) if !text.is_empty() => {
                (VARIABLE.to_owned(), text.to_string_lossy().into_owned())
            }
            _ => return Ok(None),
        },
    };
    bearer(&place, text.trim()).map(Some)
}

/// The value of `authorization` for a token that stands in this place.
///
/// # Errors
///
/// When it is no token.
pub fn bearer(place: &str, text: &str) -> anyhow::Result<HeaderValue> {
    let is_token = !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic());
    ensure!(
        is_token,
        "{place}: no token, which is one word; take the one that was printed when it was made"
    );
    let mut value = HeaderValue::try_from(format!("Bearer {text}"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_in_no_message() {
        let value = bearer("a", "tlr_x").unwrap();
        assert_eq!(value, "Bearer tlr_x");
        assert!(!format!("{value:?}").contains("tlr"));
        for text in ["", "tlr_a tlr_b", "tlr_\u{e9}", "tlr_a\ntlr_b"] {
            let error = bearer("a", text).unwrap_err().to_string();
            assert!(
                error.starts_with("a: ") && !error.contains("tlr"),
                "{error}"
            );
        }
    }
}
