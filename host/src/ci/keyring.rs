//! The keys of one CI system, as the host has them: fetched when they are needed, one fetch at a
//! time and seldom, since anybody can send a token of an unknown key; and kept for a while when they
//! cannot be fetched.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::jwt::Jwt;
use super::key_set::{KeySet, MAX_SET, Proof};
use crate::config::{CiIssuer, CiKeys};
use crate::downstream::{Origin, OriginSettings};
use crate::file;
use crate::sync;

/// How often a file of keys is looked at, at most.
const LOOK: Duration = Duration::from_secs(1);
/// How long the keys of a file are used that is half written by then, or gone.
const TORN: Duration = Duration::from_secs(10);
/// Tokens that wait for keys at once.
const WAITERS: usize = 16;

/// Fetches a set of keys, or says why there is none.
pub(super) type Fetch =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Bytes, String>> + Send>> + Send + Sync>;

/// The keys of a CI system.
pub(super) struct Keyring {
    /// What the system is called in the log.
    name: String,
    source: Source,
    fetch: Fetch,
    times: Times,
    known: Mutex<Known>,
    /// One fetch at a time.
    fetching: tokio::sync::Mutex<()>,
    /// Those who wait for it.
    waiters: Semaphore,
}

/// What of the settings the keys depend on: whose they are, where, and when they are fetched.
#[derive(PartialEq, Eq)]
struct Source {
    issuer: String,
    keys: CiKeys,
    times: [Duration; 3],
}

impl Source {
    fn new(settings: &CiIssuer) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            keys: settings.keys.clone(),
            times: [
                settings.fetch_interval,
                settings.keys_max_age,
                settings.keys_max_stale,
            ],
        }
    }
}

/// When keys are fetched again.
struct Times {
    /// Time for one fetch, and for those who wait for it.
    wait: Duration,
    interval: Duration,
    max_age: Duration,
    max_stale: Duration,
}

#[derive(Default)]
struct Known {
    keys: Option<(Arc<KeySet>, Instant)>,
    /// When they were fetched last, or should have been.
    tried: Option<Instant>,
    /// What the log has last.
    told: Option<String>,
}

/// There are no keys, and nobody can say whether a token is good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoKeys;

impl Keyring {
    pub(super) fn new(name: &str, settings: &CiIssuer) -> Self {
        let (interval, max_age) = (settings.fetch_interval, settings.keys_max_age);
        let (fetch, wait, interval, max_age, max_stale) = match &settings.keys {
            CiKeys::File(path) => {
                let path = path.clone();
                let fetch: Fetch = Box::new(move || {
                    let path = path.clone();
                    Box::pin(async move {
                        let read = move || file::read(&path, MAX_SET as u64);
                        let reading = tokio::task::spawn_blocking(read).await;
                        let read = reading.map_err(|error| error.to_string())?;
                        let content = read.map_err(|error| error.to_string())?;
                        Ok(content.bytes.into())
                    })
                });
                (fetch, file::TIMEOUT, LOOK, LOOK, TORN)
            }
            CiKeys::Url {
                url,
                ca_file,
                timeout,
            } => {
                let place = (name.to_owned(), url.clone(), ca_file.clone(), *timeout);
                let opened = Opened::default();
                let fetch: Fetch = Box::new(move || {
                    let (place, opened) = (place.clone(), opened.clone());
                    Box::pin(async move { ask(place, opened).await })
                });
                (fetch, *timeout, interval, max_age, settings.keys_max_stale)
            }
        };
        let times = Times {
            wait,
            interval,
            max_age,
            max_stale,
        };
        Self::with(name, Source::new(settings), fetch, times)
    }

    fn with(name: &str, source: Source, fetch: Fetch, times: Times) -> Self {
        Self {
            name: name.to_owned(),
            source,
            fetch,
            times,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            waiters: Semaphore::new(WAITERS),
        }
    }

    /// Whether it has the keys of a CI system as these settings say.
    pub(super) fn is_of(&self, settings: &CiIssuer) -> bool {
        self.source == Source::new(settings)
    }

    /// Whether a token is signed by the system.
    ///
    /// # Errors
    ///
    /// When there are no keys to say so.
    pub(super) async fn proves(&self, jwt: &Jwt<'_>) -> Result<bool, NoKeys> {
        match self.proof(jwt) {
            Some((Proof::Good, true)) => return Ok(true),
            Some((Proof::Bad, true)) => return Ok(false),
            _ => {}
        }
        // The keys are old, or lack the one, or there are none. Those who send tokens of unknown
        // keys to a slow system are in nobody's way whose key is known.
        let is_looked_for = match self.waiters.try_acquire() {
            Ok(_waiter) => self.look_for(jwt).await,
            Err(_) => false,
        };
        match self.proof(jwt) {
            Some((Proof::NoKey, _)) if !is_looked_for => Err(NoKeys),
            Some((proof, _)) => Ok(proof == Proof::Good),
            None => Err(NoKeys),
        }
    }

    /// Fetches the keys if it is time for that. `false` where others did so for too long.
    async fn look_for(&self, jwt: &Jwt<'_>) -> bool {
        let Ok(_turn) = timeout(self.times.wait * 2, self.fetching.lock()).await else {
            return false;
        };
        let is_known = matches!(self.proof(jwt), Some((Proof::Good | Proof::Bad, true)));
        if !is_known && self.may_fetch() {
            self.fetch().await;
        }
        true
    }

    /// What the keys say, and whether they are young. `None` without any that may be used.
    fn proof(&self, jwt: &Jwt<'_>) -> Option<(Proof, bool)> {
        let (keys, at) = sync::lock(&self.known).keys.clone()?;
        let age = at.elapsed();
        let (max_age, max_stale) = (self.times.max_age, self.times.max_stale);
        (age <= max_stale).then(|| (keys.proves(jwt), age <= max_age))
    }

    fn may_fetch(&self) -> bool {
        let tried = sync::lock(&self.known).tried;
        tried.is_none_or(|tried| tried.elapsed() >= self.times.interval)
    }

    /// Fetches the keys. Where none come, those from before stay; a set without any is what the
    /// issuer says.
    async fn fetch(&self) {
        sync::lock(&self.known).tried = Some(Instant::now());
        let fetched = timeout(self.times.wait, (self.fetch)()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let read = fetched.and_then(|bytes| KeySet::read(&bytes).map_err(|it| it.to_string()));
        let mut known = sync::lock(&self.known);
        let told = match read {
            Ok(keys) => {
                let told = keys.told();
                known.keys = Some((Arc::new(keys), Instant::now()));
                told
            }
            Err(why) => Some(format!("its keys cannot be had: {why}")),
        };
        if let Some(told) = told.as_ref().filter(|_| known.told != told) {
            tracing::warn!(issuer = self.name, "releases.ci.{}: {told}", self.name);
        }
        known.told = told;
    }
}

/// What a server with keys is called, its address, its authorities and its time.
type Place = (String, String, Option<PathBuf>, Duration);

/// The server with the keys. One that fails is opened anew, since its authorities are in a file.
type Opened = Arc<Mutex<Option<Origin>>>;

/// Asks an address for keys.
async fn ask(place: Place, opened: Opened) -> Result<Bytes, String> {
    let url = place.1.clone();
    let request = Request::get(&url).header(ACCEPT, HeaderValue::from_static("application/json"));
    let request = request.body(Bytes::new()).map_err(|it| it.to_string())?;
    let known = sync::lock(&opened).take();
    let origin = match known {
        Some(origin) => origin,
        None => open(place).await?,
    };
    origin.tick();
    let answer = origin.ask(request).await?;
    match answer.status() {
        StatusCode::OK => {
            *sync::lock(&opened) = Some(origin);
            Ok(answer.into_body())
        }
        status => Err(format!("the answer has the status {}", status.as_u16())),
    }
}

async fn open((name, url, ca_file, timeout): Place) -> Result<Origin, String> {
    // It reads certificates.
    let opening = tokio::task::spawn_blocking(move || {
        Origin::new(OriginSettings {
            name: &format!("releases.ci.{name}"),
            url: &url,
            ca_file,
            timeout,
            max_answer: MAX_SET,
        })
    });
    let opened = opening.await.map_err(|error| error.to_string())?;
    let origin = opened.map_err(|error| error.to_string())?;
    origin.ok_or_else(|| "the address names no host".to_owned())
}

#[cfg(test)]
mod tests;
