//! Who may do what with releases, and what they did.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use super::error::StoreError;

/// Tokens, which component a team has, and what was done.
pub trait Access: Send + Sync {
    /// Stores a token with the hash of its secret.
    ///
    /// # Errors
    ///
    /// When it cannot be stored, or there are too many.
    fn add(&self, token: &Token, hash: &str) -> Result<(), StoreError>;

    /// All tokens with the hashes of their secrets, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn tokens(&self) -> Result<Vec<(Token, String)>, StoreError>;

    /// Revokes a token. `false` if there is none of this id, or it is revoked.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn revoke(&self, id: &str) -> Result<bool, StoreError>;

    /// Records that a token is used, to the hour.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn used(&self, id: &str) -> Result<(), StoreError>;

    /// Records that a team has the bytes of a component.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn show(&self, team: &str, digest: &str) -> Result<(), StoreError>;

    /// Whether a team has the bytes of a component.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    fn sees(&self, team: &str, digest: &str) -> Result<bool, StoreError>;

    /// Records what somebody did.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn note(&self, act: &Act) -> Result<(), StoreError>;

    /// What was done, the newest first: before this number, at most `limit`.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    fn acts(&self, before: Option<i64>, limit: usize) -> Result<Vec<Act>, StoreError>;
}

/// What a team may do with its BFFs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Read what is released and what runs.
    Read,
    /// Upload components.
    Upload,
    /// Release them.
    Release,
    /// Go back.
    Rollback,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Upload, Self::Release, Self::Rollback];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Upload => "upload",
            Self::Release => "release",
            Self::Rollback => "rollback",
        }
    }

    /// The scope of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What a token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    Operator,
    /// These acts with these BFFs.
    Team {
        /// The BFFs.
        bffs: BTreeSet<String>,
        /// The acts.
        scopes: BTreeSet<Scope>,
    },
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub team: String,
    /// What it allows.
    pub rights: Rights,
    /// What it is for.
    pub note: Option<String>,
    /// When it was made.
    pub made: SystemTime,
    /// When it ends.
    pub expires: SystemTime,
    /// When it was used last, to the hour.
    pub used: Option<SystemTime>,
    /// When it was revoked.
    pub revoked: Option<SystemTime>,
}

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
    #[error("scopes: there is no {0:?}; write read, upload, release or rollback")]
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

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// There is none.
    #[error("there is no token; send authorization: Bearer, and a token of `tailor token create`")]
    Missing,
    /// A typo.
    #[error("what was sent is no token; copy the token anew, whole")]
    Mistyped,
    /// Its secret is not that of the id, or nobody made it.
    #[error("the token is not known here; take one that was made for this host")]
    Unknown,
    /// It has ended.
    #[error("the token has expired; ask the operator for a new one")]
    Expired,
    /// It was revoked.
    #[error("the token is revoked; ask the operator for a new one")]
    Revoked,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody on the machine of a host without tokens, who may do everything.
    Local,
    /// The holder of a token.
    Token(Token),
}

impl Caller {
    /// Whether everything is allowed.
    pub fn is_operator(&self) -> bool {
        match self {
            Self::Local => true,
            Self::Token(token) => token.rights == Rights::Operator,
        }
    }

    /// Whether a BFF is one that it may know of.
    pub fn knows(&self, bff: &str) -> bool {
        match self {
            Self::Token(Token {
                rights: Rights::Team { bffs, .. },
                ..
            }) => bffs.contains(bff),
            _ => true,
        }
    }

    /// Whether something is allowed, with the BFFs that it knows of.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Token(Token {
                rights: Rights::Team { scopes, .. },
                ..
            }) => scopes.contains(&scope),
            _ => true,
        }
    }

    /// The team whose components it sees; all of them if there is none.
    pub fn team(&self) -> Option<&str> {
        match self {
            Self::Token(token) if !self.is_operator() => Some(&token.team),
            _ => None,
        }
    }

    /// Its name in the history.
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Token(token) => &token.team,
        }
    }

    /// The id of its token.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Local => None,
            Self::Token(token) => Some(&token.id),
        }
    }
}

/// What somebody did, or tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its number; 0 before it has one.
    pub number: i64,
    /// When.
    pub at: SystemTime,
    /// Who, as [`Caller::name`] says.
    pub actor: String,
    /// With which token.
    pub token: Option<String>,
    /// What: a method and a path.
    pub what: String,
    /// The status of the answer.
    pub status: u16,
    /// What came of it, or why it was refused.
    pub result: Option<String>,
    /// The id of the request.
    pub request: String,
}
