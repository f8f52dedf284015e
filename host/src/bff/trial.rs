//! A release on trial: its component gets a share of the BFF's requests, and a gate counts what
//! becomes of them.

mod client;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::HeaderMap;
use tokio::sync::Notify;

use super::version::Version;
use crate::canary::{
    Evidence, Gate, Lack, Outcome, Plan, PlanError, Split, Ticket, Track, Verdict,
};
use crate::config::ClientKey;
use crate::sync;

/// The trial of one release. It goes on over reloads, and begins again after a restart.
pub struct Trial {
    release: i64,
    gate: Gate,
    split: Split,
    /// Requests without a client's key, which are told apart by their numbers.
    requests: AtomicU64,
    is_paused: AtomicBool,
    /// No request goes to the candidate any more.
    is_over: AtomicBool,
    clock: Mutex<Clock>,
    /// Notified when a rule breaks.
    broken: Arc<Notify>,
}

/// Where a trial begins, or goes on after a restart.
pub struct Start {
    /// The number of the release.
    pub release: i64,
    /// Its plan.
    pub plan: Plan,
    /// The step, 0 for the first.
    pub step: usize,
    /// A secret of this trial.
    pub salt: [u8; 16],
    /// How long it has been going on.
    pub lasted: Duration,
    /// Whether its share stays as it is.
    pub is_paused: bool,
}

impl Trial {
    /// Begins. `broken` is notified when a rule breaks.
    ///
    /// # Errors
    ///
    /// When the plan cannot be executed.
    pub fn new(start: Start, broken: Arc<Notify>) -> Result<Self, PlanError> {
        Ok(Self {
            release: start.release,
            gate: Gate::new(start.plan, start.step, start.lasted)?,
            split: Split::new(start.salt),
            requests: AtomicU64::new(fastrand::u64(..)),
            is_paused: AtomicBool::new(start.is_paused),
            is_over: AtomicBool::new(false),
            clock: Mutex::new(Clock {
                lasted: start.lasted,
                since: (!start.is_paused).then(Instant::now),
            }),
            broken,
        })
    }

    /// The number of the release.
    pub fn release(&self) -> i64 {
        self.release
    }

    /// The step, 0 for the first.
    pub fn step(&self) -> usize {
        self.gate.step()
    }

    /// The share of the candidate in this step, in percent.
    pub fn percent(&self) -> u8 {
        let step = self.gate.plan().steps.get(self.gate.step());
        step.map_or(0, |step| step.percent)
    }

    /// The shares of all steps, in percent.
    pub fn shares(&self) -> Vec<u8> {
        let steps = self.gate.plan().steps.iter();
        steps.map(|step| step.percent).collect()
    }

    /// Whether its share stays as it is.
    pub fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Keeps the share as it is, or lets it grow again.
    pub fn pause(&self, is_paused: bool) {
        let mut clock = sync::lock(&self.clock);
        clock.lasted = clock.now();
        clock.since = (!is_paused).then(Instant::now);
        self.is_paused.store(is_paused, Ordering::Relaxed);
    }

    /// Whether a rule has broken: no request goes to the candidate any more.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Begins the next step. Returns whether there is one.
    pub fn advance(&self) -> bool {
        self.gate.advance(self.now())
    }

    /// What is missing for the next step, for those who look.
    pub fn lacks(&self) -> Option<Lack> {
        self.gate.lacks(self.now())
    }

    /// What is to be done. This is for the judge alone.
    pub fn decide(&self) -> Verdict {
        self.gate.decide(self.now(), self.is_paused())
    }

    /// What is known.
    pub fn evidence(&self) -> Evidence {
        self.gate.evidence()
    }

    fn now(&self) -> Duration {
        sync::lock(&self.clock).now()
    }
}

/// How long a trial has been going on. While its share is held, no time passes.
struct Clock {
    lasted: Duration,
    since: Option<Instant>,
}

impl Clock {
    fn now(&self) -> Duration {
        let more = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.lasted.saturating_add(more)
    }
}

/// The candidate of a BFF, under the settings that are live.
#[derive(Clone)]
pub struct OnTrial {
    /// Its version.
    pub version: Arc<Version>,
    /// How it does.
    pub trial: Arc<Trial>,
}

impl OnTrial {
    /// The version of a request, and the request's place in the trial.
    pub(super) fn take(&self, stable: &Arc<Version>, headers: &HeaderMap) -> (Arc<Version>, Turn) {
        let trial = &self.trial;
        let key = client::key(&self.version.settings().canary.client, headers);
        let client = match key {
            Some(key) => trial.split.client(&key),
            None => {
                let number = trial.requests.fetch_add(1, Ordering::Relaxed);
                trial.split.request(number)
            }
        };
        let ticket = trial.gate.track(client);
        let is_candidate =
            ticket.track() == Track::Candidate && !trial.is_over.load(Ordering::Relaxed);
        let version = if is_candidate { &self.version } else { stable };
        let turn = Turn {
            trial: trial.clone(),
            ticket,
        };
        (version.clone(), turn)
    }
}

/// A request's place in a trial, until it ends.
pub struct Turn {
    trial: Arc<Trial>,
    ticket: Ticket,
}

impl Turn {
    /// Whether the request's version follows from the key of its client.
    pub fn has_key(&self) -> bool {
        self.ticket.has_key()
    }

    /// Records how the request ended.
    pub fn ended(&self, outcome: &Outcome, id: &str) {
        if self.trial.is_over.load(Ordering::Relaxed) {
            return;
        }
        if self.trial.gate.record(&self.ticket, outcome, id) {
            self.trial.is_over.store(true, Ordering::Relaxed);
            self.trial.broken.notify_one();
        }
    }
}

/// Whether an answer's `vary` names what tells clients apart. For a request with a key, a cache that
/// does not know of the trial may keep such an answer.
pub fn varies(key: &ClientKey, headers: &HeaderMap) -> bool {
    client::varies(key, headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::Step;

    #[tokio::test]
    async fn no_time_passes_while_a_share_is_held() {
        let (most, more) = (Duration::from_millis(200), Duration::from_millis(250));
        let steps = vec![Step {
            percent: 50,
            min_time: Duration::ZERO,
        }];
        let start = Start {
            release: 1,
            plan: Plan {
                steps,
                max_duration: most,
                ..Plan::default()
            },
            step: 0,
            salt: [7; 16],
            lasted: Duration::ZERO,
            is_paused: true,
        };
        let trial = Trial::new(start, Arc::default()).expect("the plan is good");
        let waits = |trial: &Trial| matches!(trial.decide(), Verdict::Inconclusive(_));
        tokio::time::sleep(more).await;
        trial.pause(false);
        assert!(waits(&trial), "it was held from its beginning");
        trial.pause(true);
        tokio::time::sleep(more).await;
        trial.pause(false);
        assert!(waits(&trial), "it was held later");
        tokio::time::sleep(more).await;
        assert!(matches!(trial.decide(), Verdict::Back(_)), "time passes");
    }
}
