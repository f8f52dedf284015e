//! How people name a component: `live`, `previous`, `latest`, or the first digits of its digest.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::client::Remote;
use super::documents::{Bff, Release, Releases};
use super::error::RemoteError;

/// Digits that are enough for a name.
pub const SHORTEST: usize = 7;
/// Digits of a whole digest.
const WHOLE: usize = 64;
/// Releases of one answer.
const PAGE: usize = 100;
/// Answers that are asked for: a host keeps fewer releases.
const MAX_PAGES: usize = 100;

/// A name of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// What is live.
    Live,
    /// What was live before.
    Previous,
    /// The component of the newest release, whatever became of it.
    Latest,
    /// That of this digest.
    Digest(String),
    /// That whose digest begins like this.
    Short(String),
}

/// A name is nobody's, or that of several.
#[derive(Clone, Debug, Error)]
pub enum NameError {
    /// The host does not say.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Nothing is live, or was before.
    #[error("{name}: {bff} has none; `tailor releases {bff}` lists its releases")]
    None {
        /// The name.
        name: String,
        /// The BFF.
        bff: String,
    },
    /// No digest begins like this.
    #[error("{name}: no release of {bff} is of such a digest; `tailor releases {bff}` lists them")]
    Unknown {
        /// The name.
        name: String,
        /// The BFF.
        bff: String,
    },
    /// Several digests begin like this.
    #[error("{name}: the digests {} begin like this; write more digits", found.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// The digests.
        found: Vec<String>,
    },
}

impl NameError {
    /// Whether the host did not say what a name means.
    pub fn is_of_host(&self) -> bool {
        matches!(self, Self::Remote(_))
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        match text {
            "live" => Ok(Self::Live),
            "previous" => Ok(Self::Previous),
            "latest" => Ok(Self::Latest),
            _ if text.bytes().all(is_hex) && text.len() == WHOLE => {
                Ok(Self::Digest(text.to_owned()))
            }
            _ if text.bytes().all(is_hex) && (SHORTEST..WHOLE).contains(&text.len()) => {
                Ok(Self::Short(text.to_owned()))
            }
            _ => Err(format!(
                "write live, previous, latest, or the first {SHORTEST} digits of a digest or more, \
                 with small letters"
            )),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Previous => "previous",
            Self::Latest => "latest",
            Self::Digest(digits) | Self::Short(digits) => digits,
        })
    }
}

/// The digest that a name means.
///
/// # Errors
///
/// When it means none, or one of several.
pub async fn resolve(
    remote: &Remote,
    bff: &Bff,
    name: &Reference,
    within: Duration,
) -> Result<String, NameError> {
    let none = || NameError::None {
        name: name.to_string(),
        bff: bff.name.clone(),
    };
    let live = bff.live.as_ref();
    match name {
        Reference::Digest(digest) => Ok(digest.clone()),
        Reference::Live => live.map(|it| it.digest.clone()).ok_or_else(none),
        Reference::Previous => bff.previous().map(str::to_owned).ok_or_else(none),
        Reference::Latest => {
            let newest = all_releases(remote, &bff.name, usize::MAX, within).await?;
            // A preview is no way to what clients get.
            let mut newest = newest.into_iter().filter(|it| it.kind != "preview");
            newest.next().map(|it| it.digest).ok_or_else(none)
        }
        Reference::Short(digits) => {
            let releases = all_releases(remote, &bff.name, usize::MAX, within).await?;
            let digests = releases.into_iter().map(|it| it.digest);
            one_of(
                digits,
                &bff.name,
                digests.filter(|it| it.starts_with(digits)),
            )
        }
    }
}

/// The only digest of these.
fn one_of(name: &str, bff: &str, found: impl Iterator<Item = String>) -> Result<String, NameError> {
    let found: Vec<String> = found.collect::<BTreeSet<_>>().into_iter().collect();
    let name = name.to_owned();
    match <[String; 1]>::try_from(found) {
        Ok([digest]) => Ok(digest),
        Err(found) if found.is_empty() => Err(NameError::Unknown {
            name,
            bff: bff.to_owned(),
        }),
        Err(found) => Err(NameError::Ambiguous { name, found }),
    }
}

/// The newest releases of a BFF, at most this number.
///
/// # Errors
///
/// When the host does not say.
pub async fn all_releases(
    remote: &Remote,
    bff: &str,
    most: usize,
    within: Duration,
) -> Result<Vec<Release>, RemoteError> {
    let mut found: Vec<Release> = Vec::new();
    for _ in 0..MAX_PAGES {
        let limit = most.saturating_sub(found.len()).min(PAGE);
        if limit == 0 {
            break;
        }
        let before = found.last().map(|it| it.number);
        let more = page(remote, bff, before, limit, within).await?;
        let is_last = more.len() < limit;
        found.extend(more);
        if is_last {
            break;
        }
    }
    Ok(found)
}

async fn page(
    remote: &Remote,
    bff: &str,
    before: Option<i64>,
    limit: usize,
    within: Duration,
) -> Result<Vec<Release>, RemoteError> {
    let before = before.map_or_else(String::new, |it| format!("&before={it}"));
    let path = format!("/v1/bffs/{bff}/releases?limit={limit}{before}");
    let page: Releases = remote.get(&path, within).await?;
    Ok(page.releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_or_seven_digits_and_more() {
        for (text, name) in [
            ("live", Reference::Live),
            ("previous", Reference::Previous),
            ("latest", Reference::Latest),
            ("0123abc", Reference::Short("0123abc".to_owned())),
            (&"a".repeat(63), Reference::Short("a".repeat(63))),
            (&"a".repeat(64), Reference::Digest("a".repeat(64))),
        ] {
            assert_eq!(text.parse(), Ok(name.clone()));
            assert_eq!(name.to_string(), text);
        }
        let long = "a".repeat(65);
        for text in [
            "",
            "Live",
            "0123ab",
            "0123ABC",
            "0123abg",
            &long,
            "v1.2.3-rc",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn digits_mean_one_digest_or_an_error_that_says_which_there_are() {
        let of = |found: &[&str]| one_of("ab", "page", found.iter().map(ToString::to_string));
        assert_eq!(of(&["abc", "abc"]).unwrap(), "abc");
        let several = of(&["abd", "abc"]).unwrap_err().to_string();
        assert!(several.contains("abc, abd") && several.contains("more digits"));
        let unknown = of(&[]).unwrap_err().to_string();
        assert!(unknown.contains("tailor releases page"), "{unknown}");
    }
}
