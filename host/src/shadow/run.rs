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
use crate::tape::{Player, Tap, Tape, Unlike};

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
    /// Whether it was told all that the live version was told of the time, and no more.
    pub(super) has_same_time: bool,
    /// Whether the live version had failed with the same code.
    pub(super) live_failed: bool,
    /// CPU time, and memory in bytes; `None` where it waited past its deadline.
    pub(super) usage: Option<(Duration, usize)>,
}

impl Subject<'_> {
    /// Runs a component. `None` when the host has no room for it.
    pub(super) async fn run(self, loaded: &Arc<Loaded>) -> Option<Ran> {
        let settings = config::Bff::clone(self.settings);
        let limit = settings.deadline;
        let player = Player::matching(self.tape, limit, settings.answer_reserve);
        let tap = Arc::new(Tap::Playing(player));
        let fixed = Fixed {
            tap: Some(tap.clone()),
            ..Fixed::default()
        };
        let version = detached(settings, loaded.clone(), |_| no_service());
        let request = self.request.clone();
        let player = tap.player()?;
        let (result, cost) = tokio::select! {
            it = invoke(self.runtime, &version, request, fixed, 0) => (it.result, Some(it.cost)),
            () = player.is_over() => (Err(BffError::Deadline { after: limit }), None),
        };
        if let Err(error) = &result
            && is_of_host(error)
        {
            return None;
        }
        let result = result.map_err(|error| (self.code)(&error));
        let differences = compare(answer(self.answer), answer(&result), self.values);
        let Unlike { new, missing } = player.unlike();
        let named = |calls: Vec<Call>| calls.iter().map(names::call).collect();
        let usage = |cost: Cost| {
            let cpu = u64::try_from(cost.cpu_us).unwrap_or(u64::MAX);
            (Duration::from_micros(cpu), cost.memory)
        };
        let failed = result.err();
        Some(Ran {
            differences,
            live_failed: failed.is_some() && self.answer.as_ref().err() == failed.as_ref(),
            failed,
            new_calls: named(new),
            missing_calls: named(missing),
            has_same_time: player.has_same_time(),
            usage: cost.map(usage),
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
