//! Who may use the releases, and what they did: the part of [`Releases`] about tokens.

use std::time::{Duration, Instant, SystemTime};

use super::access::{Act, Exchange, Token, TokenError};
use super::error::StoreError;
use super::new_token::NewToken;
use super::token::TokenText;
use super::{Releases, token};
use crate::sync;

/// The tokens as they were read last.
#[derive(Default)]
pub(super) struct KnownTokens {
    /// Each with the hash of its secret.
    all: Vec<(Token, String)>,
    /// When that was.
    read: Option<Instant>,
}

impl Releases {
    /// Makes a token. Returns it, and its text, which is nowhere else.
    ///
    /// # Errors
    ///
    /// When it cannot be stored.
    pub fn create_token(&self, new: NewToken) -> Result<(Token, String), StoreError> {
        let (token, hash, text) = make(new)?;
        self.access.add(&token, &hash)?;
        Ok((token, text))
    }

    /// Makes a token for one of another issuer.
    ///
    /// # Errors
    ///
    /// When that one was exchanged before; or it cannot be stored.
    pub fn exchange(
        &self,
        new: NewToken,
        exchange: &Exchange,
    ) -> Result<(Token, String), StoreError> {
        let (token, hash, text) = make(new)?;
        self.access.exchange(&token, &hash, exchange)?;
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
        self.read_tokens()?;
        let found = valid(&sync::lock(&self.tokens).all, &sent);
        if let Ok(token) = &found
            && !token.is_used_this_hour()
        {
            self.used(&token.id);
        }
        Ok(found)
    }

    /// The token of an id as it is now, if it is valid: what was proven a while ago may have ended.
    ///
    /// # Errors
    ///
    /// Why it is not taken any more; or that the tokens cannot be read, and never could.
    pub fn token(&self, id: &str) -> Result<Result<Token, TokenError>, StoreError> {
        self.read_tokens()?;
        let known = sync::lock(&self.tokens);
        let found = known.all.iter().find(|(token, _)| token.id == id);
        let Some((token, _)) = found else {
            return Ok(Err(TokenError::Unknown));
        };
        Ok(token.check(SystemTime::now()).map(|()| token.clone()))
    }

    /// Reads the tokens. Where that fails, those that were read last are taken once more.
    ///
    /// # Errors
    ///
    /// That they cannot be read, and never could.
    pub fn read_tokens(&self) -> Result<(), StoreError> {
        let are_known = !sync::lock(&self.tokens).all.is_empty();
        let read = self.access.tokens(are_known);
        let mut known = sync::lock(&self.tokens);
        match read {
            Ok(tokens) => known.all = tokens,
            Err(error) if known.all.is_empty() => return Err(error),
            Err(_) => {}
        }
        known.read = Some(Instant::now());
        Ok(())
    }

    /// Records that a token is used. On a disk that takes no writes, what it is used for is what
    /// counts.
    pub fn used(&self, id: &str) {
        let _ = self.access.used(id);
    }

    /// The same from memory, where the tokens were read within this time: for requests of clients,
    /// who may send any number of texts. `None` where they have to be read.
    pub fn recognize(&self, text: &str, within: Duration) -> Option<Result<Token, TokenError>> {
        let Some(sent) = token::parse(text) else {
            return Some(Err(TokenError::Mistyped));
        };
        let known = sync::lock(&self.tokens);
        let is_fresh = known.read.is_some_and(|read| read.elapsed() <= within);
        is_fresh.then(|| valid(&known.all, &sent))
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let tokens = self.access.tokens(false)?;
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

    /// Refuses another component of a team that has too many which no release is of: more than
    /// `most` bytes. Those that are old enough are removed first, which leaves `keep` releases of
    /// each BFF.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreleased`], or when that cannot be read.
    pub fn check_room(&self, team: &str, most: u64, keep: usize) -> Result<(), StoreError> {
        let is_full = || -> Result<bool, StoreError> {
            let digests = self.access.unreleased(team)?;
            Ok(self.components.size(&digests)? >= most)
        };
        if is_full()? {
            self.tidy(keep);
            if is_full()? {
                let team = team.to_owned();
                return Err(StoreError::Unreleased { team, most });
            }
        }
        Ok(())
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

/// A token, the hash of its secret, and its text.
fn make(new: NewToken) -> Result<(Token, String, String), StoreError> {
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
    Ok((token, made.hash, text))
}

/// The token that was sent, if it is one of these and valid now.
fn valid(tokens: &[(Token, String)], sent: &TokenText) -> Result<Token, TokenError> {
    let found = tokens.iter().find(|(token, _)| token.id == sent.id);
    let Some((token, _)) = found.filter(|(_, hash)| sent.is(hash)) else {
        return Err(TokenError::Unknown);
    };
    token.check(SystemTime::now())?;
    Ok(token.clone())
}
