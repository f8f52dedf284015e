//! The host's credentials for a proxy: user name and password (RFC 7617).

use std::path::Path;

use crate::config::Secret;
use crate::file;

/// Largest file of a secret, bytes.
const MAX_SIZE: u64 = 16 << 10;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// User name and password, encoded; `None` when they cannot be read, or are malformed. Read for
/// each new connection, so that a file may be replaced at any time.
pub(super) async fn credentials(secret: &Secret) -> Option<String> {
    let text = match secret {
        Secret::Env(name) => std::env::var(name).ok()?,
        Secret::File(path) => {
            let path = path.clone();
            let reading = tokio::task::spawn_blocking(move || read(&path));
            reading.await.ok()??
        }
    };
    // A control character is none of a user name or password.
    let legal = text.contains(':') && !text.chars().any(char::is_control);
    legal.then(|| encode(text.as_bytes()))
}

/// The text of a file, without the line break at its end.
fn read(path: &Path) -> Option<String> {
    let text = file::read_text(path, MAX_SIZE).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Some(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Base64 (RFC 4648 section 4).
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let at = |index: usize| u32::from(part.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) as usize & 63;
            let there = digit <= part.len();
            text.push(if there {
                char::from(DIGITS[index])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_encoded_as_the_rfc_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
            ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
    }

    #[tokio::test]
    async fn a_file_without_a_name_and_a_password_is_of_no_use() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let secret = Secret::File(file.path().to_owned());
        for (content, expected) in [
            ("user:pass\r\n", Some("dXNlcjpwYXNz")),
            ("user", None),
            ("user:pa\nss", None),
            ("", None),
        ] {
            std::fs::write(file.path(), content).unwrap();
            assert_eq!(
                credentials(&secret).await.as_deref(),
                expected,
                "{content:?}"
            );
        }
        let none = Secret::File("/no/such/file".into());
        assert_eq!(credentials(&none).await, None);
    }
}
