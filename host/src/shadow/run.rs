//! Runs a component on what another one learned, and compares the two.

use std::sync::Arc;
use std::time::Duration;

use super::difference::{Answer, Differences, compare};
use super::names;
use crate::bff::error::BffError;
use crate::bff::load::Loaded;
use crate::bff::response::CheckedResponse;
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::config;
use crate::contract::{Call, Request};
use crate::downstream::{Canned, CannedAnswer};
use crate::invoke::{Cost, detached, invoke};
use crate::tape::{Player, Strictness, Tap, Tape, Unlike};

/// The code of a failure, as clients get it.
pub(super) type CodeOf = fn(&BffError) -> &'static str;

/// What a client got.
pub(super) type Answered = Result<CheckedResponse, &'static str>;

/// A run that is to be compared.
pub(super) struct Subject<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) settings: &'a config::Bff,
    pub(super) request: &'a Request,
    pub(super) tape: Tape,
    /// What the client got.
    pub(super) answer: &'a Answered,
    /// Whether examples have values.
    pub(super) values: bool,
    pub(super) code: CodeOf,
}

/// How a run compares.
pub(super) struct Ran {
    pub(super) differences: Differences,
    /// The code of its failure.
    pub(super) failed: Option<&'static str>,
    pub(super) new_calls: Vec<String>,
    pub(super) missing_calls: Vec<String>,
    pub(super) cpu: Duration,
    pub(super) memory: usize,
}

impl Subject<'_> {
    /// Runs a component. `None` when the host has no room for it.
    pub(super) async fn run(self, loaded: &Arc<Loaded>) -> Option<Ran> {
        let settings = config::Bff::clone(self.settings);
        let player = Player::new(self.tape, Strictness::Matching, Box::new(Call::clone));
        let tap = Arc::new(Tap::Playing(player));
        let fixed = Fixed {
            tap: Some(tap.clone()),
            ..Fixed::default()
        };
        let version = detached(settings, loaded.clone(), |_| no_service());
        let request = self.request.clone();
        let invoked = invoke(self.runtime, &version, request, fixed, 0).await;
        if let Err(error) = &invoked.result
            && is_of_host(error)
        {
            return None;
        }
        let result = invoked.result.map_err(|error| (self.code)(&error));
        let differences = compare(answer(self.answer), answer(&result), self.values);
        let Unlike { new, missing } = tap.player().map(Player::unlike).unwrap_or_default();
        let named = |calls: Vec<Call>| calls.iter().map(names::call).collect();
        let Cost { cpu_us, memory, .. } = invoked.cost;
        Some(Ran {
            differences,
            failed: result.err(),
            new_calls: named(new),
            missing_calls: named(missing),
            cpu: Duration::from_micros(u64::try_from(cpu_us).unwrap_or(u64::MAX)),
            memory,
        })
    }
}

/// Whether a run failed for a reason that is not its own.
pub(super) fn is_of_host(error: &BffError) -> bool {
    matches!(
        error,
        BffError::EngineFull
            | BffError::HostPanic
            | BffError::Overloaded { .. }
            | BffError::CpuShare { .. }
    )
}

/// Whether a run met a limit of time. What it learned until then is not the same each time.
pub(super) fn is_of_time(error: &BffError) -> bool {
    matches!(error, BffError::Cpu { .. } | BffError::Deadline { .. })
}

fn answer(answered: &Answered) -> Answer<'_> {
    match answered {
        Ok(answer) => Answer::Whole {
            status: answer.status.as_u16(),
            headers: &answer.headers,
            body: &answer.body,
        },
        Err(code) => Answer::Failed(code),
    }
}

/// In the place of a service. All results are the tape's, so that nobody asks it.
fn no_service() -> Canned {
    Arc::new(|_| -> CannedAnswer { Box::pin(std::future::pending()) })
}
