//! Active checks: an endpoint is asked now and then how it is.
//!
//! A check opens a connection of its own, asks, and closes it: so it also finds an endpoint that takes no new ones. It
//! carries the fields that every call of the service has, and no credentials.

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::time::{Instant, timeout_at};

use super::Transport;
use super::exchange::{request, send};
use crate::config;
use crate::downstream::Outbound;

/// What checks say of one endpoint.
pub struct Health {
    settings: config::Health,
    bad: AtomicBool,
    /// Whether a check is under way.
    busy: AtomicBool,
    state: Mutex<State>,
}

struct State {
    thresholds: Thresholds,
    /// When the last check began.
    last: Option<Instant>,
    /// What the last bad check found.
    why: String,
}

impl Health {
    /// Good until checks say otherwise.
    pub fn new(settings: config::Health) -> Self {
        Self {
            settings,
            bad: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            state: Mutex::new(State {
                thresholds: Thresholds::default(),
                last: None,
                why: String::new(),
            }),
        }
    }

    /// Whether the endpoint should get calls.
    pub fn good(&self) -> bool {
        !self.bad.load(Ordering::Relaxed)
    }

    /// Whether a check is under way.
    #[cfg(test)]
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// What the last bad check found.
    pub fn why(&self) -> String {
        self.lock().why.clone()
    }

    /// Whether a check should begin. Who is told so has to call [`check`].
    pub fn due(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let interval = self.settings.interval;
        let due = state
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= interval);
        if !due || self.busy.swap(true, Ordering::Relaxed) {
            return false;
        }
        state.last = Some(now);
        true
    }

    /// Takes the outcome of a check into account; says whether that changed how the endpoint is.
    fn ended(&self, outcome: Result<(), String>) -> bool {
        let mut state = self.lock();
        let good = outcome.is_ok();
        if let Err(why) = outcome {
            state.why = why;
        }
        let changed = state.thresholds.count(good, &self.settings);
        self.bad.store(state.thresholds.bad, Ordering::Relaxed);
        self.busy.store(false, Ordering::Relaxed);
        changed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding this lock leaves a state that is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts outcomes in a row.
#[derive(Debug, Default)]
struct Thresholds {
    bad: bool,
    /// Outcomes in a row that say the opposite.
    against: u32,
}

impl Thresholds {
    /// Whether this outcome changes the state.
    fn count(&mut self, good: bool, settings: &config::Health) -> bool {
        if good != self.bad {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        let needed = if self.bad {
            settings.healthy_after
        } else {
            settings.unhealthy_after
        };
        if self.against < needed {
            return false;
        }
        self.bad = !self.bad;
        self.against = 0;
        true
    }
}

/// Checks an endpoint, and logs when that changes how it is.
pub async fn check(transport: &Transport, endpoint: usize) {
    let Some(health) = &transport.endpoints[endpoint].health else {
        return;
    };
    let until = Instant::now() + health.settings.timeout;
    let outcome = timeout_at(until, ask(transport, endpoint, health, until))
        .await
        .unwrap_or_else(|_| Err("no answer in time".to_owned()));
    let why = outcome.clone().err();
    if health.ended(outcome) {
        let service = &transport.settings.name;
        let endpoint = transport.endpoints[endpoint].authority();
        match why {
            Some(why) => tracing::warn!(service, endpoint, why, "endpoint is unhealthy"),
            None => tracing::info!(service, endpoint, "endpoint is healthy again"),
        }
    }
}

async fn ask(
    transport: &Transport,
    endpoint: usize,
    health: &Health,
    until: Instant,
) -> Result<(), String> {
    let shape = &transport.settings.shape;
    let path = format!("{}{}", shape.path_prefix, health.settings.path);
    let target: Uri = path.parse().map_err(|error| format!("{path:?}: {error}"))?;
    let question = Outbound {
        method: Method::GET,
        target,
        headers: shape.headers.iter().cloned().collect::<HeaderMap>(),
        body: Bytes::new(),
    };
    let ((mut sender, driver), _) = transport
        .dial(endpoint, until)
        .await
        .map_err(|error| error.to_string())?;
    let request = request(
        &transport.settings,
        &transport.endpoints[endpoint],
        &question,
    );
    // The connection is moved by this very task, so that it ends with the check. Its end says nothing: the answer may have
    // come with it.
    let moving = async {
        driver.await;
        pending::<Infallible>().await
    };
    let answer = tokio::select! {
        answer = send(&mut sender, request) => answer,
        never = moving => match never {},
    };
    let status = answer.map_err(|broken| broken.error.to_string())?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("status {}", status.as_u16()))
    }
}

#[cfg(test)]
mod tests;
