//! The lifetime of a token: the first call fetches it, later calls renew it ahead of its expiry,
//! and each fetch happens once however many calls wait for it.
//!
//! A fetch is a shared future. Every waiting call polls it and none owns it, so calls can end at
//! any time and run on any event loop. A token that is still valid is renewed in the background of
//! the calls: each call polls the fetch once and uses the old token. No task is spawned, so none
//! outlives its service.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::oauth2::{Client, Grant};
use super::types::{CredentialsError, UsedCredentials};
use crate::sync;

/// The part of its lifetime after which a token is renewed. Up to a tenth of it is taken off at
/// random, so that hosts which were started together do not renew together.
const RENEW_AFTER: f64 = 0.8;

/// The most that is taken off a wait at random.
const JITTER: f64 = 0.1;

/// Wait after a first failed fetch. It doubles with each further one.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// The longest wait after a failed fetch: how late an authorization server's recovery is noticed.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Time between two renewals because a service refused the token. A service may answer 401 for
/// reasons that no new token fixes.
const REFUSAL_INTERVAL: Duration = Duration::from_secs(10);

/// Time between two polls of a fetch without a waiting call, milliseconds: thousands of calls in
/// that time need not poll.
const POLL_INTERVAL: u64 = 1;

/// The time past its timeout in which a failed fetch still says something about the server. At a
/// greater age, it was not polled: a poll would have seen it fail at the timeout.
const GRACE: Duration = Duration::from_secs(1);

/// Time between two lines of the log about failures.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// The tokens of one service.
pub(super) struct Tokens {
    service: String,
    client: Arc<Client>,
    /// Age at which a fetch that failed was abandoned.
    abandoned: Duration,
    current: ArcSwapOption<Token>,
    origin: Instant,
    /// When a call checks the renewal next, milliseconds after `origin`: an atomic copy of
    /// `TokenState::renew_at`.
    look_at: AtomicU64,
    /// Never held across a wait, nor while a fetch is polled.
    state: Mutex<TokenState>,
}

struct Token {
    header: HeaderValue,
    expires: Instant,
    version: u64,
}

struct TokenState {
    fetch: Option<Running>,
    /// Fetches begun so far.
    begun: u64,
    /// Failed fetches in a row.
    failures: u32,
    last_error: Option<CredentialsError>,
    /// When the last line was logged.
    warned_at: Option<Instant>,
    /// No fetch begins before: the backoff.
    not_before: Instant,
    /// The token in use is not renewed before.
    renew_at: Instant,
    /// When a service's refusal last began a fetch.
    refused_at: Option<Instant>,
}

/// A fetch that is under way.
#[derive(Clone)]
struct Running {
    number: u64,
    started: Instant,
    answer: Shared<BoxFuture<'static, Result<Grant, CredentialsError>>>,
}

impl Tokens {
    pub(super) fn new(service: &str, client: Client) -> Self {
        let origin = Instant::now();
        Self {
            service: service.to_owned(),
            abandoned: client.timeout() + GRACE,
            client: Arc::new(client),
            current: ArcSwapOption::empty(),
            origin,
            look_at: AtomicU64::new(0),
            state: Mutex::new(TokenState {
                fetch: None,
                begun: 0,
                failures: 0,
                last_error: None,
                warned_at: None,
                not_before: origin,
                renew_at: origin,
                refused_at: None,
            }),
        }
    }

    /// Sets the token in use; `None` if there is no valid one. Also polls its renewal.
    pub(super) fn apply_current(
        &self,
        headers: &mut HeaderMap,
        now: Instant,
    ) -> Option<UsedCredentials> {
        let used = {
            let current = self.current.load();
            let token = current.as_ref().filter(|token| now < token.expires)?;
            headers.insert(AUTHORIZATION, token.header.clone());
            UsedCredentials(token.version)
        };
        let look_at = self.look_at.load(Ordering::Relaxed);
        let now_ms = self.millis(now);
        if now_ms >= look_at {
            let next = now_ms + POLL_INTERVAL;
            let claimed =
                self.look_at
                    .compare_exchange(look_at, next, Ordering::Relaxed, Ordering::Relaxed);
            if claimed.is_ok() {
                self.renew_ahead(now);
            }
        }
        Some(used)
    }

    /// Waits for a token and sets it.
    pub(super) async fn apply_fetched(
        &self,
        headers: &mut HeaderMap,
        mut now: Instant,
    ) -> Result<UsedCredentials, CredentialsError> {
        loop {
            let running = self.begin(&mut self.lock(), now)?;
            let answer = running.answer.clone().await;
            now = Instant::now();
            self.settle(&running, &answer, now);
            let current = self.current.load();
            // An abandoned fetch is too old for this call, which begins its own.
            let late = now >= running.started + self.abandoned;
            match (answer, current.as_ref()) {
                (Ok(_), Some(token)) if !late || now < token.expires => {
                    headers.insert(AUTHORIZATION, token.header.clone());
                    return Ok(UsedCredentials(token.version));
                }
                (Err(error), _) if !late => return Err(error),
                _ => {}
            }
        }
    }

    /// See [`super::Credentials::refused`].
    pub(super) async fn refused(&self, used: UsedCredentials, now: Instant) -> bool {
        let running = {
            let mut state = self.lock();
            if self.version() != used.0 {
                return true;
            }
            if state.fetch.is_none() {
                let last = state.refused_at;
                if last.is_some_and(|last| now < last + REFUSAL_INTERVAL) {
                    return false;
                }
            }
            let Ok(running) = self.begin(&mut state, now) else {
                return false;
            };
            state.refused_at = Some(now);
            running
        };
        let answer = running.answer.clone().await;
        self.settle(&running, &answer, Instant::now());
        self.version() != used.0
    }

    /// Begins a due fetch, polls it once, and stores its answer if there is one.
    fn renew_ahead(&self, now: Instant) {
        let running = {
            let mut state = self.lock();
            // Another call may have taken an answer since this one looked.
            if state.fetch.is_none() && now < state.renew_at {
                return;
            }
            self.begin(&mut state, now)
        };
        if let Ok(running) = running
            && let Some(answer) = running.answer.clone().now_or_never()
        {
            self.settle(&running, &answer, now);
        }
    }

    /// The fetch that is under way, or a new one unless it is too soon after a failure. It runs
    /// when it is polled.
    fn begin(&self, state: &mut TokenState, now: Instant) -> Result<Running, CredentialsError> {
        if let Some(running) = &state.fetch {
            return Ok(running.clone());
        }
        if now < state.not_before
            && let Some(error) = &state.last_error
        {
            return Err(error.clone());
        }
        state.begun += 1;
        let running = Running {
            number: state.begun,
            started: now,
            answer: self.client.clone().grant().boxed().shared(),
        };
        state.fetch = Some(running.clone());
        Ok(running)
    }

    /// Stores a fetch's answer: the first caller that sees it does, for all.
    fn settle(&self, running: &Running, answer: &Result<Grant, CredentialsError>, now: Instant) {
        let mut state = self.lock();
        if state
            .fetch
            .as_ref()
            .is_none_or(|fetch| fetch.number != running.number)
        {
            return;
        }
        state.fetch = None;
        match answer {
            Ok(grant) => {
                state.failures = 0;
                state.last_error = None;
                state.warned_at = None;
                state.renew_at = running.started + shortened(grant.lifetime.mul_f64(RENEW_AFTER));
                self.install(grant, running.started);
            }
            Err(_) if now >= running.started + self.abandoned => {}
            Err(error) => {
                let doubled = MIN_BACKOFF.saturating_mul(1 << state.failures.min(16));
                state.failures = state.failures.saturating_add(1);
                state.not_before = now + shortened(doubled.min(MAX_BACKOFF));
                state.renew_at = state.not_before;
                state.last_error = Some(error.clone());
                let warned = state.warned_at;
                if warned.is_none_or(|warned| now >= warned + WARN_INTERVAL) {
                    state.warned_at = Some(now);
                    let failures = state.failures;
                    let way_out = error.way_out();
                    tracing::warn!(downstream = self.service, %error, failures, "no token: {way_out}");
                }
            }
        }
        self.look_at
            .store(self.millis(state.renew_at), Ordering::Relaxed);
    }

    fn install(&self, grant: &Grant, started: Instant) {
        let current = self.current.load();
        let version = match current.as_ref() {
            None => 1,
            // A server may give the same token again; a call that was refused with it is not helped
            // by it.
            Some(token) if token.header == grant.header => token.version,
            Some(token) => token.version + 1,
        };
        self.current.store(Some(Arc::new(Token {
            header: grant.header.clone(),
            // The server began to count no sooner than the request was sent.
            expires: started + grant.lifetime,
            version,
        })));
    }

    fn version(&self) -> u64 {
        self.current
            .load()
            .as_ref()
            .map_or(0, |token| token.version)
    }

    fn lock(&self) -> MutexGuard<'_, TokenState> {
        sync::lock(&self.state)
    }

    fn millis(&self, at: Instant) -> u64 {
        let millis = at.saturating_duration_since(self.origin).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
}

/// A wait, less up to a tenth of it at random.
fn shortened(wait: Duration) -> Duration {
    wait.mul_f64(1.0 - JITTER * fastrand::f64())
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
