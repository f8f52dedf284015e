//! What the operator decides: the shares, and what each needs before the next.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The bound of e of each test over a whole rollout: it is false in at most 1 of this number. There
/// are four tests, so that at most 4 % of the rollouts of a good version are rolled back.
pub const BOUNDS: f64 = 100.0;

/// A rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps, each with a greater share than the one before. All requests come after the last.
    pub steps: Vec<Step>,
    /// This number of requests of the candidate is needed in each step.
    pub min_requests: u64,
    /// How many times as many bad requests the candidate may have: 1 for none more.
    pub margin: f64,
    /// The greatest extra rate of errors, and of traps, that may be left open at a promotion.
    pub max_extra_rate: f64,
    /// After this time without a decision, it ends.
    pub max_duration: Duration,
    /// How it ends then.
    pub on_inconclusive: Inconclusive,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The share of the candidate, in percent, from 1 to 99.
    pub percent: u8,
    /// It lasts at least this long.
    pub min_time: Duration,
}

/// What becomes of a rollout that has too little traffic for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inconclusive {
    /// The stable version serves all.
    Back,
    /// The candidate does, if no rule is against it.
    Promote,
}

/// A plan that cannot be executed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// There are no steps, or too many.
    #[error("plan: {0} steps, but 1 to 10 are possible")]
    Steps(usize),
    /// A share is out of range or not greater than the one before.
    #[error("plan: a share of {0} %, but each is from 1 to 99 and greater than the one before")]
    Share(u8),
    /// The margin is no factor.
    #[error("margin: it is a factor from 1 to 10")]
    Margin,
    /// The rate is no rate.
    #[error("max-extra-rate: it is above 0 and below 1")]
    ExtraRate,
    /// The steps alone last longer.
    #[error("max-duration: the steps last {0:?} at least, so that it must be longer")]
    Duration(Duration),
}

impl Plan {
    /// Checks it.
    ///
    /// # Errors
    ///
    /// When no gate could follow it.
    pub fn check(&self) -> Result<(), PlanError> {
        if !(1..=10).contains(&self.steps.len()) {
            return Err(PlanError::Steps(self.steps.len()));
        }
        let mut before = 0;
        for step in &self.steps {
            if step.percent <= before || step.percent > 99 {
                return Err(PlanError::Share(step.percent));
            }
            before = step.percent;
        }
        if !(1.0..=10.0).contains(&self.margin) {
            return Err(PlanError::Margin);
        }
        if !(self.max_extra_rate > 0.0 && self.max_extra_rate < 1.0) {
            return Err(PlanError::ExtraRate);
        }
        let least = self.steps.iter().map(|it| it.min_time);
        let least = least.fold(Duration::ZERO, Duration::saturating_add);
        if self.max_duration <= least {
            return Err(PlanError::Duration(least));
        }
        Ok(())
    }

    /// Whether a step may only end when the counts exclude a greater extra rate: it is the last
    /// one, or less than half of the requests remain with the stable version after it.
    pub(super) fn needs_certainty(&self, step: usize) -> bool {
        self.steps
            .get(step + 1)
            .is_none_or(|next| next.percent > 50)
    }

    /// The bound of e in a step. The first one has half of what may be false in the rollout: most
    /// that is bad shows there. The others share the rest.
    pub(super) fn bound(&self, step: usize) -> f64 {
        match (self.steps.len(), step) {
            (1, _) => BOUNDS,
            (_, 0) => 2.0 * BOUNDS,
            (steps, _) => 2.0 * BOUNDS * (steps - 1) as f64,
        }
    }
}

impl Default for Plan {
    /// 10 %, 50 %, and 95 % for half an hour, with 5 % as the control of the rest.
    fn default() -> Self {
        let step = |percent, minutes: u64| Step {
            percent,
            min_time: Duration::from_secs(60 * minutes),
        };
        Self {
            steps: vec![step(10, 5), step(50, 5), step(95, 30)],
            min_requests: 300,
            margin: 1.0,
            max_extra_rate: 0.01,
            max_duration: Duration::from_secs(24 * 3600),
            on_inconclusive: Inconclusive::Back,
        }
    }
}
