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

/// CPU time that a run has in any case, as far as its BFF's limit goes.
const LEAST_CPU: Duration = Duration::from_secs(1);
/// How many times the CPU time of the live version it has.
const MORE_CPU: u32 = 10;
/// How many times its CPU time a run may take by the machine's clock, and a second more. It waits
/// for nothing: the rest is time without a core.
const WITHOUT_CORE: u32 = 10;

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
    /// CPU time that this took.
    pub(super) served: Duration,
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
        let mut settings = config::Bff::clone(self.settings);
        let limit = settings.deadline;
        let player = Player::matching(self.tape, limit, settings.answer_reserve);
        // Its deadline is one of its own time. By that of the machine it ends before it keeps the
        // thread from others, and a busy machine is no fault of its own.
        settings.limits.cpu = own_cpu(settings.limits.cpu, self.served);
        settings.deadline = settings.limits.cpu.saturating_mul(WITHOUT_CORE) + LEAST_CPU;
        settings.answer_reserve = Duration::ZERO;
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
        let result = in_own_time(result, cost, player.ahead(), limit)?;
        let result = result.map_err(|error| (self.code)(&error));
        let differences = compare(answer(self.answer), answer(&result), self.values);
        let Unlike { new, missing } = player.unlike();
        let named = |calls: Vec<Call>| calls.iter().map(names::call).collect();
        let usage = |cost: Cost| (cpu_of(cost), cost.memory);
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

/// The CPU time that a run has: what its BFF has, and not so much that others wait for long.
fn own_cpu(limit: Duration, served: Duration) -> Duration {
    limit.min(LEAST_CPU.max(served.saturating_mul(MORE_CPU)))
}

/// The result of a run that has waited for `ahead`, and computed besides: past its deadline it has
/// failed. `None` where the host had no room or no time for it.
fn in_own_time(
    result: Result<CheckedResponse, BffError>,
    cost: Option<Cost>,
    ahead: Duration,
    limit: Duration,
) -> Option<Result<CheckedResponse, BffError>> {
    let Some(cost) = cost else {
        return Some(result);
    };
    match result {
        Err(error) if is_of_host(&error) || matches!(error, BffError::Deadline { .. }) => None,
        Ok(_) if ahead.saturating_add(cpu_of(cost)) > limit => {
            Some(Err(BffError::Deadline { after: limit }))
        }
        result => Some(result),
    }
}

fn cpu_of(cost: Cost) -> Duration {
    Duration::from_micros(u64::try_from(cost.cpu_us).unwrap_or(u64::MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn cost(cpu: Duration) -> Option<Cost> {
        Some(Cost {
            cpu_us: cpu.as_micros(),
            cpu_limit_us: 0,
            memory: 0,
            memory_limit: 0,
            calls: 0,
            calls_limit: 0,
            bytes_out: 0,
            bytes_in: 0,
            bytes_limit: 0,
            response_bytes: 0,
            response_limit: 0,
            took_us: 0,
        })
    }

    #[test]
    fn a_run_has_the_cpu_time_of_its_bff_and_not_so_much_that_others_wait() {
        let own = |limit: u64, served: u64| {
            let of = Duration::from_millis;
            own_cpu(of(limit), of(served)).as_millis()
        };
        assert_eq!(own(100, 7), 100);
        assert_eq!(own(60_000, 7), 1000);
        assert_eq!(own(60_000, 200), 2000);
        assert_eq!(own(60_000, 20_000), 60_000);
    }

    #[test]
    fn a_run_that_a_busy_machine_kept_waiting_says_nothing() {
        let ended = |error, cost| in_own_time(Err(error), cost, Duration::ZERO, SECOND);
        let late = || BffError::Deadline { after: SECOND };
        assert!(ended(late(), cost(SECOND / 4)).is_none());
        assert!(ended(BffError::EngineFull, cost(SECOND)).is_none());
        let answer = |cpu, waited| {
            let answer = CheckedResponse {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
            };
            in_own_time(Ok(answer), cost(cpu), waited, SECOND)
        };
        assert!(matches!(answer(SECOND / 2, SECOND / 2), Some(Ok(_))));
        let late_by_both = answer(SECOND / 2, SECOND / 2 + Duration::from_millis(1));
        assert!(matches!(late_by_both, Some(Err(BffError::Deadline { .. }))));
        // It has waited past its deadline itself.
        let own = ended(late(), None);
        assert!(matches!(own, Some(Err(BffError::Deadline { .. }))));
        let looped = BffError::Cpu {
            limit: SECOND,
            source: None,
        };
        let looped = ended(looped, cost(SECOND));
        assert!(matches!(looped, Some(Err(BffError::Cpu { .. }))));
    }
}
