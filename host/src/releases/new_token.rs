//! A token to make: how it is written, and what is wrong with it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

use super::access::{Rights, Scope};
use crate::config::CiRule;

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
    /// The BFFs. A list without any is a mistake.
    pub bffs: Option<Vec<String>>,
    /// The names of the scopes; all of them without. A list of none is a mistake, too: nobody wants
    /// a token that may do nothing, nor all scopes for having left none over.
    pub scopes: Option<Vec<String>>,
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
    /// The history has that name for somebody else.
    #[error("team: {0:?} is the name of others in the history; name the team")]
    Reserved(String),
    /// It is for nothing.
    #[error("bffs: the token is for no BFF; name those of the team, at most {MAX_BFFS}")]
    Bffs,
    /// A BFF has no name.
    #[error("bffs: {0:?} is no name; write that of the configuration")]
    Bff(String),
    /// There is no such scope.
    #[error("scopes: there is no {0:?}; write read, upload, release, rollback, promote or preview")]
    Scope(String),
    /// It may do nothing.
    #[error("scopes: the list is empty; name one or more, or leave it out for all of them")]
    Scopes,
    /// An operator may everything.
    #[error("operator: such a token has no BFFs and no scopes; leave one or the other out")]
    Operator,
    /// It has another length.
    #[error("expires_in: {0:?} is no time from 1m to 365d; write 90d, 12h or 15m")]
    Lifetime(String),
    /// The note is empty or too long.
    #[error(
        "note: it is empty, or has more than {MAX_NOTE} characters or control characters; write \
         less, or leave it out"
    )]
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
        let mut bffs = self.bffs.iter().flatten();
        if let Some(bad) = bffs.find(|name| !is_name(name)) {
            return Err(NewTokenError::Bff(bad.clone()));
        }
        let scope = |name: &String| Scope::of(name).ok_or(NewTokenError::Scope(name.clone()));
        let scopes = self.scopes.as_ref();
        let scopes = scopes.map(|names| names.iter().map(scope).collect::<Result<_, _>>());
        let scopes: Option<BTreeSet<Scope>> = scopes.transpose()?;
        let is_count = |bffs: &Vec<String>| (1..=MAX_BFFS).contains(&bffs.len());
        let rights = match (self.operator, self.bffs, scopes) {
            (true, None, None) => Rights::Operator,
            (true, ..) => return Err(NewTokenError::Operator),
            (false, _, Some(scopes)) if scopes.is_empty() => return Err(NewTokenError::Scopes),
            (false, bffs, scopes) => {
                let bffs = bffs.filter(is_count).ok_or(NewTokenError::Bffs)?;
                if CiRule::RESERVED_TEAMS.contains(&&*self.team) {
                    return Err(NewTokenError::Reserved(self.team));
                }
                Rights::Team {
                    bffs: bffs.into_iter().collect(),
                    scopes: scopes.unwrap_or_else(|| Scope::ALL.into()),
                }
            }
        };
        let is_bad = |note: &String| {
            let is_long = note.chars().count() > MAX_NOTE;
            is_long || note.trim().is_empty() || note.chars().any(char::is_control)
        };
        if self.note.as_ref().is_some_and(is_bad) {
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
