//! Secret keys, as `minisign -G` writes them: with a password, or without one (`-W`).

use std::io::{IsTerminal as _, stdin};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{SecretKey, SecretKeyBox};
use tailor::file;

/// The variable with the password, where there is no terminal to ask at.
const VARIABLE: &str = "TAILOR_SIGN_PASSWORD";
/// Largest file, bytes.
const MAX_FILE: u64 = 4096;
/// Bytes of a key.
const LENGTH: usize = 158;
/// The places of the algorithms: of signatures, and of the password.
const KEY: &[u8] = b"Ed";
const ENCRYPTED: &[u8] = b"Sc";
const PLAIN: &[u8] = &[0, 0];

/// The key in a file.
///
/// # Errors
///
/// When it cannot be read, is none, or the password is another one. No error shows anything of it.
pub(super) fn read(path: &Path) -> anyhow::Result<SecretKey> {
    let place = || path.display().to_string();
    let text = file::read_text(path, MAX_FILE).with_context(place)?;
    let line = text.lines().nth(1).unwrap_or_default();
    let bytes = STANDARD.decode(line.trim()).unwrap_or_default();
    let is_key = bytes.len() == LENGTH && bytes.starts_with(KEY);
    ensure!(
        is_key,
        "{}: no secret key of minisign; name the file that `minisign -G -s FILE` wrote",
        place()
    );
    match &bytes[2..4] {
        // Those of minisign 0.11 have no checksum, which other ways of reading ask for.
        PLAIN => SecretKey::from_bytes(&bytes).with_context(place),
        ENCRYPTED => {
            let password = password(path)?;
            let boxed = SecretKeyBox::from_string(&text).with_context(place)?;
            boxed.into_secret_key(Some(password)).with_context(place)
        }
        _ => bail!(
            "{}: its password is of an unknown kind; make a key with `minisign -G`",
            place()
        ),
    }
}

/// The password of a key: what is typed, or the variable where nobody can type.
fn password(path: &Path) -> anyhow::Result<String> {
    let place = path.display();
    if stdin().is_terminal() {
        let asked = rpassword::prompt_password(format!("Password of {place}: "));
        return asked.with_context(|| format!("{place}: the password could not be read"));
    }
    match std::env::var(VARIABLE) {
        Ok(password) => Ok(password),
        Err(_) => bail!(
            "{place}: it has a password, and there is no terminal to ask for it; set {VARIABLE}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `minisign -G -W` of version 0.11 wrote.
    const PLAIN: &str = "untrusted comment: minisign encrypted secret key\n\
        RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAL0aA2Ba2GjMSY1R5\
        D1D1UBwEWEpHzzmtMUfb7fqMFX3rrTt77sGVnTdyUR389bBSpeqdoi/A1nEZ3jAfrX0cS3pXLnwNmzuTAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

    fn read_text(text: &str) -> anyhow::Result<SecretKey> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn a_key_without_a_password_is_read_and_others_say_what_they_lack() {
        let key = read_text(PLAIN).unwrap();
        assert_eq!(key.keynum(), &0x331A_B616_D880_462F_u64.to_le_bytes());
        let public = "untrusted comment: minisign public key\n\
            RWQvRoDYFrYaMzdyUR389bBSpeqdoi/A1nEZ3jAfrX0cS3pXLnwNmzuT\n";
        let part = "L0aA2Ba2GjMSY1R5";
        assert!(PLAIN.contains(part));
        for text in ["", "a\n", "a\nb\n", public, &PLAIN.replace("RWQA", "RWQB")] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains("minisign -G"), "{error}");
            // Long pieces: the error names a file whose name has random letters.
            for secret in [part, "RWQvRoDYFrYa"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
    }
}
