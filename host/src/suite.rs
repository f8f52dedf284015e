//! The fixtures of a BFF as a suite of tests: what `tailor test` and `tailor call` run.
//!
//! Owns the rules of a suite: where its fixtures are ([`find`]), whose limits and grants hold
//! ([`settings`]), how they run side by side in one engine ([`run()`]), what is told of each
//! ([`outcome`], [`warning`], [`coverage`] of its [`routes`] and services), what it cost beside the
//! last time ([`cost`]), how its expectation is written anew ([`update`]), and whether the answers
//! are still ones that clients are ready for ([`answers`]). [`mod@unit`] runs the BFF's own tests.
//! It prints nothing and reads no arguments.

mod answers;
mod called;
mod cost;
mod coverage;
mod find;
mod outcome;
mod routes;
mod run;
mod settings;
mod unit;
mod update;
mod warning;

pub use crate::bff::guest_log::LogLine;
pub use answers::{
    ANSWERS, Answers, AnswersError, Change as AnswerChange, Comparison, Consent, What, compare,
};
pub use called::Called;
pub use cost::{Change, LastRuns, Spent};
pub use coverage::{Case, Coverage, ServiceCoverage};
pub use find::{FindError, fixtures};
pub use outcome::{Outcome, Run, Verdict};
pub use routes::{Routes, RoutesError};
pub use run::{Options, Subject, run};
pub use settings::{Settings, SettingsError, configurations, settings_of};
pub use unit::{Ended, Interrupt, UnitError, UnitRun, unit_tests};
pub use update::UpdateError;
pub use warning::{NothingArrived, Warning, Why};
