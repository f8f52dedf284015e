//! A token to make: how it is written, and what is wrong with it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

use super::access::{Rights, Scope};

/// A token to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Whose it is.
    pub team: String,
    /// What it allows.
    pub rights: Rights,
    /// What it is for.
    pub note: Option<String>,
    /// How long it is valid.
    pub lifetime: Duration,
}

/// A token to make, as it is written.
#[derive(Clone, Debug, Default)]
pub struct WrittenToken {
    /// Whose it is.
    pub team: String,
    /// Whether it allows everything.
    pub operator: bool,
    /// The BFFs.
    pub bffs: Vec<String>,
    /// The names of the scopes; all of them if there is none.
    pub scopes: Vec<String>,
    /// What it is for.
    pub note: Option<String>,
    /// How long it is valid, such as `90d`, which is the default.
    pub lifetime: Option<String>,
}

/// Why a token is not made.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum NewTokenError {
    /// The team has no name.
    #[error("team: {0:?} is no name; write 1 to {MAX_NAME} letters, digits, - and _")]
    Team(String),
    /// It is for nothing.
    #[error("bffs: the token is for no BFF; name those of the team, at most {MAX_BFFS}")]
    Bffs,
    /// A BFF has no name.
    #[error("bffs: {0:?} is no name; write that of the configuration")]
    Bff(String),
    /// There is no such scope.
    #[error("scopes: there is no {0:?}; write read, upload, release, rollback, promote or preview")]
    Scope(String),
    /// An operator may everything.
    #[error("operator: such a token has no BFFs and no scopes; leave one or the other out")]
    Operator,
    /// It has another length.
    #[error("expires: {0:?} is no time from 1m to 365d; write 90d, 12h or 15m")]
    Lifetime(String),
    /// The note is too long.
    #[error("note: it has more than {MAX_NOTE} characters, or control characters; write less")]
    Note,
}

/// Length of a name.
const MAX_NAME: usize = 100;
/// BFFs of one token.
const MAX_BFFS: usize = 100;
/// Length of a note.
const MAX_NOTE: usize = 200;
/// How long a token is valid.
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);
const LIFETIMES: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(365 * 24 * 3600);

impl WrittenToken {
    /// Checks it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(self) -> Result<NewToken, NewTokenError> {
        let is_name = |name: &str| {
            let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(legal)
        };
        if !is_name(&self.team) {
            return Err(NewTokenError::Team(self.team));
        }
        if let Some(bad) = self.bffs.iter().find(|name| !is_name(name)) {
            return Err(NewTokenError::Bff(bad.clone()));
        }
        let scope = |name: &String| Scope::of(name).ok_or(NewTokenError::Scope(name.clone()));
        let scopes: BTreeSet<Scope> = self.scopes.iter().map(scope).collect::<Result<_, _>>()?;
        let rights = match (self.operator, self.bffs.is_empty(), scopes.is_empty()) {
            (true, true, true) => Rights::Operator,
            (true, ..) => return Err(NewTokenError::Operator),
            (false, true, _) => return Err(NewTokenError::Bffs),
            (false, false, _) if self.bffs.len() > MAX_BFFS => return Err(NewTokenError::Bffs),
            (false, false, every) => Rights::Team {
                bffs: self.bffs.into_iter().collect(),
                scopes: match every {
                    true => Scope::ALL.into(),
                    false => scopes,
                },
            },
        };
        let is_long =
            |note: &String| note.chars().count() > MAX_NOTE || note.chars().any(char::is_control);
        if self.note.as_ref().is_some_and(is_long) {
            return Err(NewTokenError::Note);
        }
        let lifetime = match self.lifetime {
            None => LIFETIME,
            Some(text) => {
                let read = humantime::parse_duration(&text).ok();
                let read = read.filter(|read| LIFETIMES.contains(read));
                read.ok_or(NewTokenError::Lifetime(text))?
            }
        };
        Ok(NewToken {
            team: self.team,
            rights,
            note: self.note,
            lifetime,
        })
    }
}
