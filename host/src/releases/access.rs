//! Who may do what with releases, and what they did.

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde_json::{Value, json};
use thiserror::Error;

use super::error::StoreError;
use super::place::to_millis;

/// How exactly the last use of a token is recorded, milliseconds.
const HOUR: i64 = 3_600_000;

/// Tokens, which component a team has, and what was done.
pub trait Access: Send + Sync {
    /// Stores a token with the hash of its secret.
    ///
    /// # Errors
    ///
    /// When it cannot be stored, or there are too many.
    fn add(&self, token: &Token, hash: &str) -> Result<(), StoreError>;

    /// Stores a token that another one is exchanged for.
    ///
    /// # Errors
    ///
    /// When that other one was exchanged before; or as [`Self::add`].
    fn exchange(&self, token: &Token, hash: &str, exchange: &Exchange) -> Result<(), StoreError>;

    /// All tokens with the hashes of their secrets, the newest first. Those who have them of a
    /// moment ago wait less long.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn tokens(&self, are_known: bool) -> Result<Vec<(Token, String)>, StoreError>;

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

    /// The components that a team has the bytes of, and no release is of.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn unreleased(&self, team: &str) -> Result<Vec<String>, StoreError>;

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
    /// Go back, and end a canary.
    Rollback,
    /// Make a canary live, and hold its share.
    Promote,
    /// Give versions names as previews, and look at them.
    Preview,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Upload,
        Self::Release,
        Self::Rollback,
        Self::Promote,
        Self::Preview,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Upload => "upload",
            Self::Release => "release",
            Self::Rollback => "rollback",
            Self::Promote => "promote",
            Self::Preview => "preview",
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

impl Token {
    /// Whether it allows anything still.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn check(&self, now: SystemTime) -> Result<(), TokenError> {
        match self {
            _ if self.revoked.is_some() => Err(TokenError::Revoked),
            _ if self.expires <= now => Err(TokenError::Expired),
            _ => Ok(()),
        }
    }

    /// Whether it was used in this hour: that is recorded to the hour.
    pub fn is_used_this_hour(&self) -> bool {
        let hour = |at: SystemTime| to_millis(at) / HOUR;
        self.used
            .is_some_and(|at| hour(at) == hour(SystemTime::now()))
    }

    /// It as JSON, for the interface and for the command.
    pub fn document(&self) -> Value {
        let time = |at: SystemTime| humantime::format_rfc3339_seconds(at).to_string();
        let (bffs, scopes) = match &self.rights {
            Rights::Operator => (None, None),
            Rights::Team { bffs, scopes } => {
                let scopes: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
                (Some(bffs), Some(scopes))
            }
        };
        json!({
            "id": self.id,
            "team": self.team,
            "operator": self.rights == Rights::Operator,
            "bffs": bffs,
            "scopes": scopes,
            "note": self.note,
            "made": time(self.made),
            "expires": time(self.expires),
            "used": self.used.map(time),
            "revoked": self.revoked.map(time),
        })
    }
}

/// A token of another issuer that one of this host is given for, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Whose it is.
    pub issuer: String,
    /// Distinguishes it from all others.
    pub once: String,
    /// Until when it may be exchanged.
    pub until: SystemTime,
    /// Until when it is kept that it was, no earlier than that.
    pub known_until: SystemTime,
    /// Tokens that may be valid at once for those of this issuer and team.
    pub most: usize,
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
