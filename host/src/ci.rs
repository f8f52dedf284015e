//! Jobs of CI systems that ship without a stored secret: such a system signs a token for each job,
//! and a token of this host is given for it.
//!
//! A token passes through these files in this order: [`jwt`] takes it apart, [`keyring`] has the
//! keys of its issuer, which [`key_set`] reads, and proves it; [`claims`] looks at its audience and
//! times; the first rule of the configuration that fits says whose it is. Nothing of a token is
//! told before it is proven, and of the rules nothing ever.

mod claims;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod jwt;
mod key_set;
mod keyring;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::config::{CiIssuer, CiKeys, CiRule};
use crate::digest::hex;
use crate::file;
use crate::sync;
use crate::text::excerpt;
use claims::{Life, text_of, told};
use jwt::{Claims, Jwt};
use key_set::{KeySet, MAX_SET};
use keyring::Keyring;

/// What is kept of a subject, bytes.
const MAX_SUBJECT: usize = 120;

/// The keys of the CI systems of a configuration.
#[derive(Default)]
pub struct CiIssuers {
    known: Mutex<BTreeMap<String, Arc<Keyring>>>,
}

/// A job, proven, that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which it is.
    pub who: JobName,
    /// The number of its rule, from 0.
    pub rule: usize,
    /// Whose it is.
    pub team: String,
    /// Its BFFs.
    pub bffs: Vec<String>,
    /// What it may do with them.
    pub scopes: Vec<&'static str>,
    /// How long its token is to be valid.
    pub lifetime: Duration,
    /// Tokens for jobs of the CI system and the team that may be valid at once.
    pub max_tokens: usize,
    /// Distinguishes its token of the CI system from all others.
    pub once: String,
    /// Until when that may be exchanged.
    pub until: SystemTime,
    /// Until when it could be under any settings.
    pub known_until: SystemTime,
}

/// A job whose token is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobName {
    /// The name of its CI system in the configuration.
    pub issuer: String,
    /// `sub` of its token, visible and short.
    pub subject: String,
}

/// Why a job gets no token.
#[derive(Debug, Error)]
pub enum CiError {
    /// There is no CI system.
    #[error(
        "this host takes no tokens of CI systems; the operator writes [releases.ci.<name>], or \
         makes a token"
    )]
    Nothing,
    /// It is not proven. Its sender gets to know no more.
    #[error(
        "what was sent is no token of a CI system that this host knows; look at its issuer, and \
         whether its key is published"
    )]
    Unknown,
    /// There are no keys to prove it.
    #[error("the keys of the CI system cannot be had for now; send a token again in a minute")]
    NoKeys,
    /// Something is wrong with a proven token.
    #[error("{what}")]
    Claims {
        /// Whose it is.
        who: JobName,
        /// What, and the way out.
        what: String,
    },
    /// No rule is for the job.
    #[error("no rule of this host is for the job: {what}; ask the operator for one")]
    NoRule {
        /// Which job it is.
        who: JobName,
        /// What rules look at, and what that is here.
        what: String,
    },
}

impl CiError {
    /// The job, if its token is proven.
    pub fn who(&self) -> Option<&JobName> {
        match self {
            Self::Claims { who, .. } | Self::NoRule { who, .. } => Some(who),
            Self::Nothing | Self::Unknown | Self::NoKeys => None,
        }
    }
}

/// The warnings about files of keys by which no token could be proven. Reads them, and blocks for
/// that.
pub fn unusable_keys(settings: &BTreeMap<String, CiIssuer>) -> Vec<String> {
    let told = |(name, issuer): (&String, &CiIssuer)| {
        let CiKeys::File(path) = &issuer.keys else {
            return None;
        };
        let why = match file::read(path, MAX_SET as u64) {
            Ok(content) => match KeySet::read(&content.bytes) {
                Ok(keys) => keys.told_of_none()?,
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        let path = path.display();
        Some(format!(
            "releases.ci.{name}.keys-file: {path}: {why}; no job gets a token until it has keys"
        ))
    };
    settings.iter().filter_map(told).collect()
}

impl CiIssuers {
    /// Proves a token under these settings, and finds out what its job may do.
    ///
    /// # Errors
    ///
    /// Why it gets nothing.
    pub async fn prove(
        &self,
        settings: &BTreeMap<String, CiIssuer>,
        text: &str,
        now: SystemTime,
    ) -> Result<Job, CiError> {
        if settings.is_empty() {
            return Err(CiError::Nothing);
        }
        let jwt = Jwt::read(text).ok_or(CiError::Unknown)?;
        let said = jwt.claims.text("iss").ok_or(CiError::Unknown)?;
        let found = settings.iter().find(|(_, it)| it.issuer == said);
        let (name, issuer) = found.ok_or(CiError::Unknown)?;
        if !issuer.algorithms.contains(&jwt.algorithm) {
            return Err(CiError::Unknown);
        }
        match self.keyring(settings, name, issuer).proves(&jwt).await {
            Ok(true) => job(name.clone(), issuer, &jwt, now),
            Ok(false) => Err(CiError::Unknown),
            Err(keyring::NoKeys) => Err(CiError::NoKeys),
        }
    }

    /// The keys of a CI system, which stay while it is asked for them in the same way.
    fn keyring(
        &self,
        settings: &BTreeMap<String, CiIssuer>,
        name: &str,
        issuer: &CiIssuer,
    ) -> Arc<Keyring> {
        let mut known = sync::lock(&self.known);
        known.retain(|name, it| settings.get(name).is_some_and(|issuer| it.is_of(issuer)));
        let keyring = known.entry(name.to_owned());
        keyring
            .or_insert_with(|| Arc::new(Keyring::new(name, issuer)))
            .clone()
    }
}

/// The job of a proven token.
fn job(name: String, settings: &CiIssuer, jwt: &Jwt<'_>, now: SystemTime) -> Result<Job, CiError> {
    let claims = &jwt.claims;
    let subject = claims.text("sub").unwrap_or("a job without sub");
    let who = JobName {
        issuer: name,
        subject: excerpt(subject, MAX_SUBJECT),
    };
    let Life { until, known_until } = match claims::check(claims, settings, now) {
        Ok(life) => life,
        Err(what) => return Err(CiError::Claims { who, what }),
    };
    let fits = |rule: &CiRule| {
        let mut wanted = rule.claims.iter();
        wanted.all(|(name, pattern)| {
            let found = claims.0.get(name).and_then(text_of);
            found.is_some_and(|found| pattern.matches(&found))
        })
    };
    let Some(number) = settings.rules.iter().position(fits) else {
        let what = looked_at(&settings.rules, claims);
        return Err(CiError::NoRule { who, what });
    };
    let rule = &settings.rules[number];
    // Without an id, what is signed is it: a signature can be written in several ways.
    let id = claims.text("jti").filter(|id| !id.is_empty());
    let once = match id {
        Some(id) => format!("{}\njti\n{id}", settings.issuer),
        None => format!("{}\ninput\n{}", settings.issuer, jwt.input),
    };
    Ok(Job {
        who,
        rule: number,
        team: rule.team.clone(),
        bffs: rule.bffs.clone(),
        scopes: rule.scopes.clone(),
        lifetime: settings.lifetime,
        max_tokens: settings.max_tokens,
        once: hex(once.as_bytes()),
        until,
        known_until,
    })
}

/// The claims that any rule looks at, as they are in this token. Which of them differ from a rule,
/// anybody could find out by that what a rule is.
fn looked_at(rules: &[CiRule], claims: &Claims) -> String {
    let names = rules.iter().flat_map(|rule| &rule.claims);
    let mut names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let told = |name: &&str| match claims.0.get(*name).and_then(told) {
        Some(value) => format!("{name} is {value}"),
        None => format!("it has no {name}"),
    };
    names.iter().map(told).collect::<Vec<_>>().join(", ")
}
