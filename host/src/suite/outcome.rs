//! What came of a fixture.

use std::path::PathBuf;
use std::time::Duration;

use super::answers::Answer;
use super::called::Called;
use super::cost::Change;
use super::update::UpdateError;
use super::warning::Warning;
use crate::bff::guest_log::LogLine;
use crate::bff::response::CheckedResponse;
use crate::fixture::{Difference, FixtureError};
use crate::invoke::Cost;

/// What came of a fixture.
#[derive(Debug)]
pub struct Outcome {
    /// Its file.
    pub path: PathBuf,
    /// Whether the answer is the expected one.
    pub verdict: Verdict,
    /// The rest, where the request was made.
    pub run: Option<Run>,
    /// Whether `expect` was written anew, where that was wanted and the fixture does not pass.
    pub update: Option<Result<(), UpdateError>>,
}

/// Whether an answer is the expected one.
#[derive(Debug)]
pub enum Verdict {
    /// It is, or nothing is expected: see [`Run::expects`].
    Passed,
    /// It differs.
    Failed(Vec<Difference>),
    /// The BFF gave none.
    NoAnswer {
        /// Why.
        error: String,
        /// The functions that it was in, innermost first, one a line.
        backtrace: String,
    },
    /// The file is no fixture.
    Unusable(FixtureError),
}

/// A request that was made.
#[derive(Debug)]
pub struct Run {
    /// Its method.
    pub method: String,
    /// Its path, as the fixture has it.
    pub path: String,
    /// Whether the fixture expects anything.
    pub expects: bool,
    /// The answer, where it is kept.
    pub response: Option<CheckedResponse>,
    /// The shape of the answer, if there is one.
    pub answer: Option<Answer>,
    /// The calls that it led to, in the order in which they ended.
    pub calls: Vec<Called>,
    /// The services that were granted.
    pub granted: Vec<String>,
    /// The guest's log.
    pub log: Vec<LogLine>,
    /// Lines that were over the limit.
    pub log_dropped: u32,
    /// What it cost.
    pub cost: Cost,
    /// How that differs from the last run of the same fixture.
    pub changes: Vec<Change>,
    /// What makes the fixture worth less than it looks.
    pub warnings: Vec<Warning>,
    /// From the request to the answer.
    pub took: Duration,
}

impl Outcome {
    /// Whether the answer is as expected, something is expected, and there is no warning.
    pub fn passed(&self) -> bool {
        let run = self.run.as_ref();
        let is_sound = run.is_some_and(|run| run.expects && run.warnings.is_empty());
        matches!(self.verdict, Verdict::Passed) && is_sound
    }

    /// Whether `expect` was written anew, so that it would pass now.
    pub fn is_updated(&self) -> bool {
        matches!(self.update, Some(Ok(())))
    }
}
