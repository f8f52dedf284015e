//! Which manifest is meant: `oci://registry.example:5000/shop/watch@sha256:..`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::name::{is_repository, is_tag};
use crate::digest::is_digest;
use crate::text::cut;

/// What a reference begins with.
const SCHEME: &str = "oci://";
/// What a digest begins with.
const SHA256: &str = "sha256:";
/// The longest host with its port.
const MAX_HOST: usize = 260;

/// A manifest in a registry, by its digest. A tag beside that says nothing, and is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    host: String,
    repository: String,
    digest: String,
}

/// A text is no such reference.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// It has another form.
    #[error(
        "{0:?} is no reference to a component; write oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST, \
         in small letters"
    )]
    Form(String),
    /// There is a user in it, so it is not shown: a password may be beside that.
    #[error(
        "the reference has a user before its host, or an @ before another name, and is shown \
         nowhere for that; write oci://HOST[:PORT]/REPOSITORY@sha256:DIGEST, and user and \
         password into the file that releases.registry.NAME.credentials names"
    )]
    User,
    /// It has no digest.
    #[error(
        "{0:?} has no digest, so it may be another component tomorrow; write @sha256:DIGEST \
         behind it, that of the manifest, which the push has printed and `oras resolve` prints"
    )]
    NoDigest(String),
    /// Its digest is another one.
    #[error(
        "{0:?} has a digest that is no SHA-256 of 64 hexadecimal digits in small letters; write \
         @sha256:DIGEST, which the push has printed and `oras resolve` prints"
    )]
    OtherDigest(String),
}

impl Reference {
    /// Whether a text is meant as one.
    pub fn is_meant(text: &str) -> bool {
        let scheme = text.get(..SCHEME.len());
        scheme.is_some_and(|it| it.eq_ignore_ascii_case(SCHEME))
    }

    /// The registry: its host, and its port if one is written.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The SHA-256 of the manifest, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if has_user(text) {
            return Err(ReferenceError::User);
        }
        let shown = || cut(text);
        let form = || ReferenceError::Form(shown());
        let rest = text.strip_prefix(SCHEME).ok_or_else(form)?;
        let (host, path) = rest.split_once('/').ok_or_else(form)?;
        if !is_host(host) {
            return Err(form());
        }
        let (name, digest) = match path.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = match name.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (name, None),
        };
        if !is_repository(repository) || tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(form());
        }
        let digest = digest.ok_or_else(|| ReferenceError::NoDigest(shown()))?;
        let digest = digest.strip_prefix(SHA256).filter(|it| is_digest(it));
        let digest = digest.ok_or_else(|| ReferenceError::OtherDigest(shown()))?;
        Ok(Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            digest: digest.to_owned(),
        })
    }
}

/// Whether something before an `@` may be a user and a password: what stands there is neither a
/// repository nor before the last name.
fn has_user(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let before_digest = rest.split_once('@');
    before_digest.is_some_and(|(name, digest)| !name.contains('/') || digest.contains('/'))
}

/// Whether this may be a host with or without a port. It is compared with those of the
/// configuration, which are checked further.
fn is_host(host: &str) -> bool {
    let is_legal = |b: u8| {
        b.is_ascii_lowercase()
            || b.is_ascii_digit()
            || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']')
    };
    (1..=MAX_HOST).contains(&host.len()) && host.bytes().all(is_legal)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            repository,
            digest,
        } = self;
        write!(f, "{SCHEME}{host}/{repository}@{SHA256}{digest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_digest_and_nothing_that_leads_elsewhere() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let read = |text: &str| text.parse::<Reference>();
        for (text, host) in [
            (
                format!("oci://registry.example/shop/watch@{digest}"),
                "registry.example",
            ),
            (
                format!("oci://127.0.0.1:5000/shop/watch@{digest}"),
                "127.0.0.1:5000",
            ),
            (
                format!("oci://[::1]:5000/shop/watch:v1.2@{digest}"),
                "[::1]:5000",
            ),
        ] {
            let found = read(&text).unwrap();
            assert_eq!((found.host(), found.repository()), (host, "shop/watch"));
            assert_eq!(found.digest(), "0a".repeat(32));
            // Without the tag.
            assert_eq!(
                found.to_string(),
                format!("oci://{host}/shop/watch@{digest}")
            );
        }
        for text in [
            format!("registry.example/shop/watch@{digest}"),
            format!("OCI://registry.example/shop/watch@{digest}"),
            format!("https://registry.example/shop/watch@{digest}"),
            format!("oci://Registry.example/shop/watch@{digest}"),
            format!("oci:///shop/watch@{digest}"),
            format!("oci://registry.example/@{digest}"),
            format!("oci://registry.example/../watch@{digest}"),
            format!("oci://registry.example/shop%2fwatch@{digest}"),
            format!("oci://registry.example/shop/Watch@{digest}"),
            format!("oci://registry.example/shop?x=/watch@{digest}"),
            format!("oci://registry.example/shop/watch:@{digest}"),
            format!("oci://registry.example/shop/watch:a:b@{digest}"),
            format!("oci://registry example/shop/watch@{digest}"),
            "oci://registry.example".to_owned(),
            String::new(),
        ] {
            assert!(
                matches!(read(&text), Err(ReferenceError::Form(_))),
                "{text}"
            );
        }
        for text in [
            "oci://registry.example/watch",
            "oci://registry.example/watch:v1",
        ] {
            assert!(
                matches!(read(text), Err(ReferenceError::NoDigest(_))),
                "{text}"
            );
        }
        for text in [
            format!("oci://user:secret@registry.example/shop/watch@{digest}"),
            "oci://user:secret@registry.example/shop/watch:v1".to_owned(),
            "OCI://secret@registry.example/shop/watch".to_owned(),
            format!("https://user:secret@registry.example/shop/watch@{digest}"),
            format!("user:secret@registry.example/shop/watch@{digest}"),
            format!("oci:/user:secret@registry.example/shop/watch@{digest}"),
            format!("oci://user:sec/ret@registry.example/shop/watch@{digest}"),
            format!("oci://user:secret@{digest}"),
            format!("oci://registry.example/secret@{digest}/../x"),
        ] {
            let error = read(&text).unwrap_err();
            assert_eq!(error, ReferenceError::User, "{text}");
            let said = format!("{error} {error:?}");
            assert!(
                !said.contains("secret") && !said.contains("user:"),
                "{said}"
            );
        }
        for digest in [
            "",
            "sha256:",
            "0a",
            "sha512:0a",
            &digest.to_uppercase(),
            &format!("{digest}0"),
            &format!("{digest}@{digest}"),
        ] {
            let text = format!("oci://registry.example/watch@{digest}");
            assert!(
                matches!(read(&text), Err(ReferenceError::OtherDigest(_))),
                "{text}"
            );
        }
    }
}
