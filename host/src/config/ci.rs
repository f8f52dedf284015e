//! CI systems whose jobs get tokens without a stored secret.

use std::path::PathBuf;
use std::time::Duration;

/// The most that [`CiIssuer::max_age`] can be.
pub const CI_MAX_AGE: Duration = Duration::from_secs(3600);
/// The most that [`CiIssuer::leeway`] can be.
pub const CI_MAX_LEEWAY: Duration = Duration::from_secs(300);

/// A CI system that signs a token for each of its jobs, and what those get here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiIssuer {
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// What `aud` of them has to have.
    pub audience: String,
    /// Where its keys are.
    pub keys: CiKeys,
    /// How it signs.
    pub algorithms: Vec<CiAlgorithm>,
    /// How long a job's token of this host is valid.
    pub lifetime: Duration,
    /// How far its clock may be from this one.
    pub leeway: Duration,
    /// How long ago a token of it may be made.
    pub max_age: Duration,
    /// Tokens for its jobs of one team that are valid at once.
    pub max_tokens: usize,
    /// The pause after which keys are fetched again for a token of an unknown key.
    pub fetch_interval: Duration,
    /// How long keys are used before they are fetched again.
    pub keys_max_age: Duration,
    /// How long keys are used that cannot be fetched again.
    pub keys_max_stale: Duration,
    /// Which jobs get what. The first that fits holds.
    pub rules: Vec<CiRule>,
}

/// Where the keys of a CI system are: a document of RFC 7517.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CiKeys {
    /// In a file.
    File(PathBuf),
    /// At an address of https.
    Url {
        /// The address.
        url: String,
        /// The authorities that its certificate may be of; `None` for those of the system.
        ca_file: Option<PathBuf>,
        /// Time for an answer.
        timeout: Duration,
    },
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiAlgorithm {
    /// RSA with SHA-256, in the padding of PKCS #1 1.5.
    Rs256,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
}

impl CiAlgorithm {
    /// Its name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// What the jobs get whose claims fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiRule {
    /// Names of claims, and what all of them have to be.
    pub claims: Vec<(String, ClaimPattern)>,
    /// The team.
    pub team: String,
    /// Its BFFs.
    pub bffs: Vec<String>,
    /// What may be done with them.
    pub scopes: Vec<&'static str>,
}

impl CiRule {
    /// Names that the history has for others than teams: the holder of an operator's token, the
    /// owner of the data directory, a caller of a host without tokens, and the gate of a canary.
    pub const RESERVED_TEAMS: [&'static str; 4] = ["operator", "data-dir", "local", "gate"];
}

/// What a claim has to be: a text, in which one `*` stands for one or more characters that are
/// neither `/` nor `:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPattern(String);

impl ClaimPattern {
    /// `None` for a text with more than one `*`, or none at all.
    pub(super) fn read(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.bytes().filter(|it| *it == b'*').count() <= 1;
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether a claim is such.
    pub fn matches(&self, value: &str) -> bool {
        let Some((start, end)) = self.0.split_once('*') else {
            return self.0 == value;
        };
        let rest = value.strip_prefix(start);
        let some = rest.and_then(|rest| rest.strip_suffix(end));
        some.is_some_and(|some| !some.is_empty() && !some.contains(['/', ':']))
    }

    /// What stands before its `*`; all of it without one.
    pub(super) fn start(&self) -> (&str, bool) {
        match self.0.split_once('*') {
            Some((start, _)) => (start, false),
            None => (&self.0, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_a_part_of_one_segment() {
        for (pattern, value, expected) in [
            ("acme/watch", "acme/watch", true),
            ("acme/watch", "acme/watches", false),
            ("acme/watch", "Acme/watch", false),
            ("acme/*", "acme/watch", true),
            ("acme/*", "acme/", false),
            ("acme/*", "acme/a/b", false),
            ("acme/*", "acmee/a", false),
            ("refs/tags/v*", "refs/tags/v1.2", true),
            ("refs/tags/v*", "refs/tags/v1/x", false),
            (
                "repo:acme/*:ref:refs/heads/main",
                "repo:acme/a:ref:refs/heads/main",
                true,
            ),
            // A name of another part of the subject cannot stand for the star.
            (
                "repo:acme/*:ref:refs/heads/main",
                "repo:acme/a:environment:x:ref:refs/heads/main",
                false,
            ),
            ("ab*ba", "aba", false),
            ("*", "x", true),
            ("*", "", false),
        ] {
            let read = ClaimPattern::read(pattern).unwrap();
            assert_eq!(read.matches(value), expected, "{pattern} {value}");
        }
        for bad in ["", "**", "a*b*"] {
            assert_eq!(ClaimPattern::read(bad), None, "{bad}");
        }
    }
}
