//! Signatures of components: files of minisign, which bind the bytes and a comment to a key.
//!
//! A signature says who made a component, and for which BFF: its trusted comment names that, so
//! that what was signed for one BFF does not go live as another. It does not say when. An older
//! component keeps a valid signature, and the journal of releases tells it from a new one.

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{PublicKey, Signature};
use thiserror::Error;

use crate::text::{cut, is_hidden};

/// Size of a signature, bytes: the text of a `.minisig` file.
pub const MAX_SIZE: usize = 2 << 10;
/// What a [`Signer`] looks like, as a regular expression.
pub const SIGNER_PATTERN: &str = "^RW[QRST][0-9A-Za-z+/]{53}$";
/// The word of a trusted comment with the name of the BFF.
pub const BFF_WORD: &str = "bff=";
/// The algorithm of a signature of the bytes themselves, which is the old one.
const LEGACY: &[u8] = b"Ed";

/// A key whose signatures are good for a BFF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// As it is written.
    text: String,
    key: PublicKey,
    id: KeyId,
}

/// The number of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

/// What a signature says, once it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The number of the key, as minisign prints it.
    pub signer: String,
    /// The trusted comment.
    pub comment: String,
}

/// A text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignerError {
    /// It is a secret one.
    #[error(
        "this is a secret key, which others can read by now; make a new pair with `minisign -G`, \
         and write the line of its .pub file"
    )]
    Secret,
    /// It is something else.
    #[error(
        "it is not a public key of minisign; write the second line of a .pub file, which begins \
         with RW and has 56 characters"
    )]
    Other,
}

/// A signature is none that a release may have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// There is none.
    #[error(
        "a release needs a signature by one of its signers; sign the component with `tailor \
         sign`, and send the .minisig file with it"
    )]
    Missing,
    /// Nobody asked for one, and nothing would be proven with it.
    #[error(
        "a signature came, and there is no key to prove it with; set bff.{0}.signers, or send the \
         component without it"
    )]
    NotAsked(String),
    /// It is too long.
    #[error("its signature has more than {MAX_SIZE} bytes; send the text of the .minisig file")]
    TooLong,
    /// It is something else.
    #[error(
        "its signature is not the text of a .minisig file; send the four lines that minisign \
         wrote, as they are"
    )]
    Unreadable,
    /// It is of the old kind.
    #[error(
        "its signature is a legacy one, which is not of the hash of the bytes; sign it again \
         without -l, with minisign 0.10 or a later one"
    )]
    Legacy,
    /// It is by a key that is no signer's.
    #[error(
        "its signature is by the key {id}, and those of the signers are {known}; sign it with one \
         of these, or add the key to signers"
    )]
    OtherKey {
        /// The key.
        id: KeyId,
        /// The keys of the signers.
        known: String,
    },
    /// It does not fit.
    #[error(
        "its signature by the key {0} does not fit: the component or the trusted comment is \
         another one than was signed; sign this very file again"
    )]
    Changed(KeyId),
    /// The comment would not show what it says.
    #[error(
        "the trusted comment of its signature has characters that are not shown; sign it again \
         without them"
    )]
    Hidden,
    /// The comment names no BFF.
    #[error(
        "the trusted comment of its signature names no BFF; sign it again with the word bff={0} \
         in the comment"
    )]
    NoBff(String),
    /// The comment names another one.
    #[error("it is signed for the BFF {found:?}; sign it for this one, with bff={bff}")]
    OtherBff {
        /// The BFF that is named, for a message.
        found: String,
        /// The BFF that is released to.
        bff: String,
    },
    /// The comment names several, or one several times.
    #[error(
        "the trusted comment of its signature names a BFF {0} times; sign it again, for one BFF"
    )]
    SeveralBffs(usize),
}

impl Signer {
    /// The key of the second line of a `.pub` file.
    ///
    /// # Errors
    ///
    /// When it is no such line. The error shows nothing of it, since it may be a secret.
    pub fn new(text: &str) -> Result<Self, SignerError> {
        let bytes = STANDARD.decode(text).map_err(|_| SignerError::Other)?;
        // A secret key has an algorithm for its password, or none, behind its own.
        if bytes.len() > 100 && bytes.starts_with(LEGACY) {
            return Err(SignerError::Secret);
        }
        let is_public = bytes.len() == 42 && bytes.starts_with(LEGACY);
        let id = bytes.get(2..10).filter(|_| is_public);
        let id = id.and_then(|id| <[u8; 8]>::try_from(id).ok());
        let key = PublicKey::from_base64(text).map_err(|_| SignerError::Other)?;
        Ok(Self {
            text: text.to_owned(),
            key,
            id: KeyId(id.ok_or(SignerError::Other)?),
        })
    }

    /// The number of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for KeyId {
    /// As minisign prints it: the bytes are a number that begins with its lowest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

/// Proves that one of the signers has signed these bytes for this BFF.
///
/// # Errors
///
/// What is wrong with the signature, the text of a `.minisig` file.
pub fn prove(
    text: &str,
    bytes: &[u8],
    bff: &str,
    signers: &[Signer],
) -> Result<Signed, SignatureError> {
    if text.len() > MAX_SIZE {
        return Err(SignatureError::TooLong);
    }
    let signature = Signature::decode(text).map_err(|_| SignatureError::Unreadable)?;
    let id = key_of(text)?;
    let mut of_key = signers.iter().filter(|signer| signer.id == id).peekable();
    if of_key.peek().is_none() {
        let known: BTreeSet<String> = signers.iter().map(|it| it.id.to_string()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(SignatureError::OtherKey { id, known });
    }
    // The signature of the bytes, and the one over that and the comment.
    if !of_key.any(|signer| signer.key.verify(bytes, &signature, false).is_ok()) {
        return Err(SignatureError::Changed(id));
    }
    let comment = signature.trusted_comment();
    check_comment(comment, bff)?;
    Ok(Signed {
        signer: id.to_string(),
        comment: comment.to_owned(),
    })
}

/// The key of a signature whose text is decoded already, which says neither that nor the algorithm.
fn key_of(text: &str) -> Result<KeyId, SignatureError> {
    let line = text.lines().nth(1).unwrap_or_default();
    let bytes = STANDARD.decode(line).ok();
    let bytes = bytes.ok_or(SignatureError::Unreadable)?;
    if bytes.starts_with(LEGACY) {
        return Err(SignatureError::Legacy);
    }
    let id = bytes.get(2..10).and_then(|id| <[u8; 8]>::try_from(id).ok());
    id.map(KeyId).ok_or(SignatureError::Unreadable)
}

/// Checks that a trusted comment names this BFF, and names one once. Other words are for people.
///
/// # Errors
///
/// When it does not.
pub fn check_comment(comment: &str, bff: &str) -> Result<(), SignatureError> {
    let is_blank = |it: char| it == ' ' || it == '\t';
    if comment.chars().any(|it| is_hidden(it) && !is_blank(it)) {
        return Err(SignatureError::Hidden);
    }
    let words = comment.split(is_blank);
    let named: Vec<&str> = words.filter_map(|it| it.strip_prefix(BFF_WORD)).collect();
    match named[..] {
        [] => Err(SignatureError::NoBff(bff.to_owned())),
        [named] if named == bff => Ok(()),
        [named] => Err(SignatureError::OtherBff {
            found: cut(named),
            bff: bff.to_owned(),
        }),
        _ => Err(SignatureError::SeveralBffs(named.len())),
    }
}

#[cfg(test)]
mod tests;
