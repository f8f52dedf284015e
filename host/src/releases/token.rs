//! Tokens as text: `tlr_<id>_<secret>_<checksum>`.
//!
//! The prefix is for those who look for lost secrets, the id finds the row, and the checksum tells
//! a typo from a lie. The secret has 256 random bits, so that its plain SHA-256 can be stored:
//! nobody guesses it, and a slow hash would only cost each request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::digest::hex;

const PREFIX: &str = "tlr_";
/// Length of an id.
const ID: usize = 8;
/// Length of a secret: 32 bytes in base 64.
const SECRET: usize = 43;
/// Length of a checksum.
const CHECKSUM: usize = 6;
/// The letters of ids and checksums, those of base 32.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A token that was sent, or made.
pub(super) struct TokenText {
    /// Which row it is of.
    pub(super) id: String,
    /// SHA-256 of the secret, in hexadecimal.
    pub(super) hash: String,
}

/// Makes a token. Returns its text, which is nowhere else.
///
/// # Errors
///
/// When the system has no random bytes.
pub(super) fn make() -> Result<(TokenText, String), getrandom::Error> {
    let (mut id, mut secret) = ([0; ID], [0; 32]);
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut secret)?;
    let id: String = id.iter().map(|byte| letter(u32::from(*byte))).collect();
    let secret = URL_SAFE_NO_PAD.encode(secret);
    let start = format!("{PREFIX}{id}_{secret}");
    let text = format!("{start}_{}", checksum(&start));
    let hash = hex(secret.as_bytes());
    Ok((TokenText { id, hash }, text))
}

/// Reads a token. `None` if it cannot be one: a typo, or something else.
pub(super) fn parse(text: &str) -> Option<TokenText> {
    let (start, sum) = text.split_at_checked(PREFIX.len() + ID + 1 + SECRET)?;
    let (id, secret) = start.strip_prefix(PREFIX)?.split_at_checked(ID)?;
    let secret = secret.strip_prefix('_')?;
    (sum.strip_prefix('_')? == checksum(start)).then(|| TokenText {
        id: id.to_owned(),
        hash: hex(secret.as_bytes()),
    })
}

/// The id of a token: the text itself, or that of a whole token. `None` for what is neither, which
/// must not be shown: it may be a secret that was typed wrong.
pub fn token_id(text: &str) -> Option<&str> {
    match text.strip_prefix(PREFIX) {
        Some(rest) => parse(text).and(rest.get(..ID)),
        None => (text.len() <= ID).then_some(text),
    }
}

impl TokenText {
    /// Whether it has the secret of this hash.
    pub(super) fn is(&self, hash: &str) -> bool {
        self.hash.as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

fn checksum(text: &str) -> String {
    let sum = crc32fast::hash(text.as_bytes());
    (0..CHECKSUM)
        .map(|place| letter(sum >> (5 * place)))
        .collect()
}

fn letter(number: u32) -> char {
    char::from(LETTERS[number as usize % LETTERS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made_and_a_typo_is_none() {
        let (made, text) = make().unwrap();
        assert_eq!(text.len(), 63);
        let read = parse(&text).unwrap();
        assert_eq!((&read.id, &read.hash), (&made.id, &made.hash));
        assert!(made.is(&read.hash));
        assert!(!text.contains(&made.hash));
        for place in 0..text.len() {
            let mut typo = text.clone().into_bytes();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            let typo = String::from_utf8(typo).unwrap();
            assert!(parse(&typo).is_none(), "{place}");
        }
        for bad in [
            "",
            "tlr_",
            &text[1..],
            &text[..62],
            &format!("{text}x"),
            "tlr_\u{e9}",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert_ne!(make().unwrap().1, text);
        assert_eq!(token_id(&text), Some(&*made.id));
        assert_eq!(token_id(&made.id), Some(&*made.id));
        for secret in [&text[..62], &text[4..], &text[13..]] {
            assert_eq!(token_id(secret), None);
        }
    }
}
