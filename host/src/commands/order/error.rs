//! Why an order has no good end, and the exit codes for it.

use std::process::ExitCode;

use http::StatusCode;
use serde_json::{Value, json};
use thiserror::Error;

use crate::commands::outcome;
use crate::commands::output::Output;
use crate::commands::remote::{NameError, Problem, RemoteError};

/// The exit code of a release that is refused.
pub const REFUSED: u8 = 2;
/// The exit code of one that was live, and was taken back.
pub const ROLLED_BACK: u8 = 3;
/// The exit code of a command that may not do this.
const NOT_ALLOWED: u8 = 4;
/// The exit code where what is there contradicts an order, such as something else that is live.
const CONFLICT: u8 = 5;
/// The exit code of a command that does not wait any longer.
const UNFINISHED: u8 = 6;
/// The exit code of all else.
const FAILED: u8 = 1;

/// An order has no good end.
#[derive(Debug, Error)]
pub enum OrderError {
    /// A request had no good answer.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The same of the order itself, which the host refused.
    #[error(transparent)]
    Ordered(RemoteError),
    /// A name means no component that could be ordered.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The same of the component that is expected to be live.
    #[error("--expect-live {0}")]
    NotLive(#[source] NameError),
    /// The same of one to compare with.
    #[error(transparent)]
    Compared(NameError),
    /// The BFF takes no releases.
    #[error(
        "{0}: the host serves it from a file; write releases = true in place of component in its \
         configuration"
    )]
    FromFile(String),
    /// The report is that of another order.
    #[error("{0}: another shadow was begun meanwhile; begin this one again when that has ended")]
    OtherShadow(String),
    /// Nothing is live, so that nothing was before.
    #[error(
        "{0}: nothing is live that it could go back from; release a component with `tailor deploy \
         {0}`"
    )]
    NothingLive(String),
    /// There is nothing to go back to.
    #[error("{0}: no component was live before; name one that was with --to")]
    NoPrevious(String),
    /// The order was sent, and nothing is known of it.
    #[error(
        "{error}; whether the release has begun is not known: with --key {key}, the same command \
         begins it once"
    )]
    Unknown {
        /// The last error.
        error: RemoteError,
        /// The key of the order.
        key: String,
    },
    /// It was refused, since something else was there in the end.
    #[error("{bff}: release {release} is refused at {step}: {reason}")]
    Conflict {
        /// The BFF.
        bff: String,
        /// The release.
        release: i64,
        /// How it came.
        step: String,
        /// What is there.
        reason: String,
    },
    /// The host ended in the middle of it, each time.
    #[error("{bff}: the host ended before release {release} was live; look at the host's log")]
    Interrupted {
        /// The BFF.
        bff: String,
        /// The release.
        release: i64,
    },
    /// Its share is held, so that somebody has to decide.
    #[error(
        "{bff}: release {release} keeps {percent} % of the requests: {held}; let it grow with \
         `tailor hold {bff} --off`, make it live with `tailor promote {bff}`, or end it with \
         `tailor abort {bff}`"
    )]
    ShareHeld {
        /// The BFF.
        bff: String,
        /// The release.
        release: i64,
        /// The share.
        percent: u8,
        /// Why it is held.
        held: String,
    },
    /// The command waits no longer.
    #[error(
        "{bff}: release {release} has no end after {timeout}{}; `tailor releases {bff}` shows what \
         becomes of it",
        error.as_ref().map(|it| format!(" ({it})")).unwrap_or_default()
    )]
    Unfinished {
        /// The BFF.
        bff: String,
        /// The release.
        release: i64,
        /// The time.
        timeout: String,
        /// Why the host did not say.
        error: Option<RemoteError>,
    },
}

impl OrderError {
    /// The refusal of the host that is behind it.
    pub fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error)
            | Self::Ordered(error)
            | Self::Name(NameError::Remote(error))
            | Self::NotLive(NameError::Remote(error))
            | Self::Compared(NameError::Remote(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether the host refused it because the trial that it is of has ended.
    pub fn has_no_trial(&self) -> bool {
        let problem = self.remote().and_then(RemoteError::problem);
        problem.is_some_and(|it| it.step == "canary" && it.status == StatusCode::CONFLICT)
    }
}

/// Whether a step refuses what something else that is there contradicts: what is live, or the
/// previews that there are.
pub(super) fn is_conflict(step: &str) -> bool {
    ["expect-live", "superseded", "preview"].contains(&step)
}

/// What the host refused, if an error of a command is that.
pub(super) fn problem(error: &anyhow::Error) -> Option<&Problem> {
    let order = error.downcast_ref::<OrderError>();
    let remote = order.and_then(OrderError::remote);
    // What is refused before there is an order: the token of a job.
    let remote = remote.or_else(|| error.downcast_ref());
    remote.and_then(RemoteError::problem)
}

/// An error of a command as one JSON object, of the shape of a problem. Where the host did not
/// refuse it, it has no status, and the step is `command`. Where no way out is known, it has none.
pub(super) fn document(error: &anyhow::Error) -> Value {
    if let Some(problem) = problem(error) {
        return problem.json();
    }
    let text = format!("{error:#}");
    let parts = text.rsplit_once("; ");
    let parts = parts.filter(|(reason, fix)| !reason.is_empty() && !fix.trim().is_empty());
    let (reason, fix) = parts.map_or((&*text, None), |(reason, fix)| (reason, Some(fix)));
    json!({
        "status": null,
        "step": "command",
        "reason": reason,
        "fix": fix,
        "request_id": null,
    })
}

/// The end of a command that prints documents: with `--json`, one for an error as well.
///
/// # Errors
///
/// That of the command.
pub fn told(ended: anyhow::Result<ExitCode>, is_json: bool) -> anyhow::Result<ExitCode> {
    if let Err(error) = &ended
        && is_json
    {
        let mut out = Output::default();
        out.line(outcome::line(&document(error)));
        // Standard error has it as well.
        let _ = out.end();
    }
    ended
}

/// The exit code for an error of a command.
pub fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(number(error))
}

/// The same as a number.
pub(super) fn number(error: &anyhow::Error) -> u8 {
    let order = error.downcast_ref::<OrderError>();
    match order {
        Some(OrderError::Conflict { .. }) => return CONFLICT,
        // As a whole digest that is not live, and one that no release is of.
        Some(OrderError::NotLive(error)) if !error.is_of_host() => return CONFLICT,
        Some(OrderError::Name(NameError::Unknown { .. } | NameError::Ambiguous { .. })) => {
            return REFUSED;
        }
        Some(OrderError::ShareHeld { .. } | OrderError::Unfinished { .. }) => return UNFINISHED,
        _ => {}
    }
    match problem(error).map(|it| (it.status.as_u16(), &*it.step)) {
        Some((401 | 403, _)) => NOT_ALLOWED,
        Some((422, "signature") | (_, "pull")) => REFUSED,
        // The first steps of the proof, which an upload meets.
        Some((413, "size") | (422, "digest")) => REFUSED,
        Some((409, step)) if is_conflict(step) => CONFLICT,
        Some((409, "held")) => REFUSED,
        // The component was not live, or is not there.
        Some((409, "rollback" | "digest")) if matches!(order, Some(OrderError::Ordered(_))) => {
            REFUSED
        }
        _ => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_way_out_says_none() {
        for (text, reason, fix) in [
            ("a; b; do that", "a; b", json!("do that")),
            ("x.wasm: no such file", "x.wasm: no such file", Value::Null),
            ("a; ", "a; ", Value::Null),
            ("; a", "; a", Value::Null),
        ] {
            let document = document(&anyhow::anyhow!("{text}"));
            assert_eq!(
                (&document["reason"], &document["fix"]),
                (&json!(reason), &fix),
                "{text}"
            );
        }
    }
}
