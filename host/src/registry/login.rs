//! What the host shows a registry: user and password of a file, and tokens.

use std::os::unix::fs::MetadataExt as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use serde::Deserialize;

use crate::config::Registry;
use crate::file;
use crate::object::Object;
use crate::oci::PullError;

/// The largest file with credentials, bytes.
const MAX_CREDENTIALS: u64 = 8 << 10;
/// The longest token, bytes.
const MAX_TOKEN: usize = 16 << 10;
/// What some editors write before the first letter.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Permissions of those who are neither the owner nor of the group.
const OTHERS: u32 = 0o007;

/// The answer of a realm.
#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
}

/// Reads the credentials of a registry's section, as a field. Blocks for that.
///
/// # Errors
///
/// When they cannot be used.
pub(super) fn basic(registry: &Registry) -> Result<Option<HeaderValue>, PullError> {
    let Some(path) = &registry.credentials else {
        return Ok(None);
    };
    let wrong = |why: &str, way_out: &str| PullError::Settings {
        registry: registry.name.clone(),
        what: format!("credentials: {} {why}; {way_out}", path.display()),
    };
    let content = file::read(path, MAX_CREDENTIALS).map_err(|error| {
        let why = format!("cannot be read ({error})");
        wrong(&why, "correct the path, or the rights to read it")
    })?;
    if content.metadata.mode() & OTHERS != 0 {
        let why = "can be read by every user of the machine";
        return Err(wrong(why, "take these rights away, with chmod o-rwx"));
    }
    let text = content.bytes.strip_suffix(b"\n").unwrap_or(&content.bytes);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let is_line = !text.iter().any(u8::is_ascii_control);
    let colon = text.iter().position(|b| *b == b':');
    let has_both = colon.is_some_and(|at| at > 0 && at + 1 < text.len());
    if !has_both || !is_line || text.starts_with(BOM) {
        let why = "is no line of a user, a colon and a password alone";
        return Err(wrong(
            why,
            "write user:password into it, without a byte order mark",
        ));
    }
    Ok(secret(&format!("Basic {}", BASE64_STANDARD.encode(text))))
}

/// The field for the token in the answer of a realm, if there is one.
pub(super) fn bearer(answer: &[u8]) -> Option<HeaderValue> {
    let Object(granted): Object<Granted> = serde_json::from_slice(answer).ok()?;
    let token = granted
        .token
        .filter(|it| !it.is_empty())
        .or(granted.access_token)?;
    let is_one = (1..=MAX_TOKEN).contains(&token.len());
    let is_legal = is_one && token.bytes().all(|b| b.is_ascii_graphic());
    is_legal
        .then(|| secret(&format!("Bearer {token}")))
        .flatten()
}

/// A field that is shown nowhere.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_member_of_an_object() {
        assert!(bearer(br#"{"token": "a", "expires_in": 1}"#).is_some());
        assert!(bearer(br#"{"access_token": "a"}"#).is_some());
        for answer in ["[\"a\", null]", "[null, \"a\"]", "\"a\"", "{}"] {
            assert!(bearer(answer.as_bytes()).is_none(), "{answer}");
        }
    }
}
