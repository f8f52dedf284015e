//! The test: for each bad request, was it on the candidate?
//!
//! For each alternative "the candidate has r times as many", the log likelihood ratio against "the
//! candidate has at most `margin` times as many" is summed up. The mean of their exponentials is
//! the score e. While the candidate is no worse, e passes a bound b with a probability of at most
//! 1/b, however often it is looked at (Ville's inequality).

use super::split::Track;

/// The alternatives: r times the rate that is allowed. The last one stands for "only there".
const TIMES_WORSE: [f64; 7] = [1.5, 2.0, 4.0, 8.0, 16.0, 64.0, 1e6];

type Logs = [f64; TIMES_WORSE.len()];

/// What one bad request adds to the logs, by the share of the candidate.
#[derive(Clone)]
pub(super) struct Weights {
    candidate: Logs,
    stable: Logs,
}

impl Weights {
    /// For a share between 0 and 1, both excluded, and a margin of at least 1.
    pub(super) fn new(share: f64, margin: f64) -> Self {
        let odds = share * margin / (1.0 - share);
        let null = odds / (1.0 + odds);
        let there = TIMES_WORSE.map(|times| null * times / (null * times + 1.0 - null));
        Self {
            candidate: there.map(|it| (it / null).ln()),
            stable: there.map(|it| ((1.0 - it) / (1.0 - null)).ln()),
        }
    }
}

/// One score.
#[derive(Clone, Default)]
pub(super) struct Test {
    logs: Logs,
}

impl Test {
    /// Counts a bad request.
    pub(super) fn count(&mut self, weights: &Weights, track: Track) {
        let added = match track {
            Track::Candidate => &weights.candidate,
            Track::Stable => &weights.stable,
        };
        for (log, added) in self.logs.iter_mut().zip(added) {
            *log += added;
        }
    }

    /// The natural logarithm of e: e itself may be greater than any number.
    pub(super) fn log(&self) -> f64 {
        let max = self.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.logs.iter().map(|log| (log - max).exp()).sum();
        max + (sum / TIMES_WORSE.len() as f64).ln()
    }
}
