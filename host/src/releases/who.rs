//! Who may use the releases, and what they did: the part of [`Releases`] about tokens.

use std::time::SystemTime;

use super::access::{Act, Token, TokenError};
use super::error::StoreError;
use super::new_token::NewToken;
use super::place::to_millis;
use super::{Releases, token};
use crate::sync;

/// How exactly the last use of a token is recorded, milliseconds.
const HOUR: i64 = 3_600_000;

impl Releases {
    /// Makes a token. Returns it, and its text, which is nowhere else.
    ///
    /// # Errors
    ///
    /// When it cannot be stored.
    pub fn create_token(&self, new: NewToken) -> Result<(Token, String), StoreError> {
        let (made, text) = token::make().map_err(|it| StoreError::NoRandom(it.to_string()))?;
        let now = SystemTime::now();
        let token = Token {
            id: made.id,
            team: new.team,
            rights: new.rights,
            note: new.note,
            made: now,
            expires: now.checked_add(new.lifetime).unwrap_or(now),
            used: None,
            revoked: None,
        };
        self.access.add(&token, &made.hash)?;
        Ok((token, text))
    }

    /// The token of a text, if it is valid now. That it is used is recorded, to the hour.
    ///
    /// # Errors
    ///
    /// Why it is not taken; or that the tokens cannot be read, and never could.
    pub fn authenticate(&self, text: &str) -> Result<Result<Token, TokenError>, StoreError> {
        let Some(sent) = token::parse(text) else {
            return Ok(Err(TokenError::Mistyped));
        };
        let tokens = match self.access.tokens() {
            Ok(tokens) => {
                sync::lock(&self.tokens).clone_from(&tokens);
                tokens
            }
            Err(error) => {
                let tokens = sync::lock(&self.tokens).clone();
                if tokens.is_empty() {
                    return Err(error);
                }
                tokens
            }
        };
        let found = tokens.into_iter().find(|(token, _)| token.id == sent.id);
        let Some((token, _)) = found.filter(|(_, hash)| sent.is(hash)) else {
            return Ok(Err(TokenError::Unknown));
        };
        let now = SystemTime::now();
        if let Err(error) = token.check(now) {
            return Ok(Err(error));
        }
        let hour = |at: SystemTime| to_millis(at) / HOUR;
        if token.used.is_none_or(|used| hour(used) != hour(now)) {
            // On a disk that takes no writes, the order is what counts.
            let _ = self.access.used(&token.id);
        }
        Ok(Ok(token))
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let tokens = self.access.tokens()?;
        Ok(tokens.into_iter().map(|(token, _)| token).collect())
    }

    /// Revokes a token. `false` if there is none of this id, or it is revoked.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    pub fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        self.access.revoke(id)
    }

    /// Records that a team has the bytes of a component.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    pub fn show(&self, team: &str, digest: &str) -> Result<(), StoreError> {
        self.access.show(team, digest)
    }

    /// Whether a team has the bytes of a component.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn sees(&self, team: &str, digest: &str) -> Result<bool, StoreError> {
        self.access.sees(team, digest)
    }

    /// Records what somebody did.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    pub fn note(&self, act: &Act) -> Result<(), StoreError> {
        self.access.note(act)
    }

    /// What was done, the newest first.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn acts(&self, before: Option<i64>, limit: usize) -> Result<Vec<Act>, StoreError> {
        self.access.acts(before, limit)
    }
}
