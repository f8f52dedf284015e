//! Why a host did not do what it was told.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

use super::problem::Problem;

/// A request had no answer, or no good one.
#[derive(Clone, Debug, Error)]
pub enum RemoteError {
    /// There is no connection.
    #[error("{url}: cannot connect: {why}; name the host's listener for operators with --url")]
    Unreachable {
        /// Where.
        url: String,
        /// What the system says.
        why: String,
    },
    /// There is no TLS between the two.
    #[error("{url}: no TLS: {why}")]
    Tls {
        /// Where.
        url: String,
        /// What the library says.
        why: String,
    },
    /// The token would go to another machine unencrypted.
    #[error(
        "{url}: a token is not sent over http to {address}, another machine; write https, or reach \
         the host by a tunnel"
    )]
    Unencrypted {
        /// Where.
        url: String,
        /// An address of it.
        address: std::net::IpAddr,
    },
    /// The connection broke before the answer was whole, or the answer did not come in time.
    #[error("{url}: {why}")]
    Lost {
        /// Where.
        url: String,
        /// How.
        why: String,
        /// How long who answered asks to wait, seconds.
        retry_after: Option<u16>,
    },
    /// Something else listens there.
    #[error("{url}: {}", strange(*status, why))]
    NotTailor {
        /// Where.
        url: String,
        /// The status of its answer, if it has one.
        status: Option<StatusCode>,
        /// What it answered.
        why: String,
        /// How long it asks to wait, as a proxy may in front of a host, seconds.
        retry_after: Option<u16>,
    },
    /// The host refused it.
    #[error("{url}: {problem}")]
    Refused {
        /// Where.
        url: String,
        /// What the host says.
        problem: Box<Problem>,
    },
}

/// What is to be expected of the same request a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// It may be answered.
    MayWork,
    /// It may be answered where a host has answered before: one that starts again does not listen
    /// meanwhile, and a proxy says so for it.
    MayWorkAgain,
    /// It has the same end.
    Same,
}

impl RemoteError {
    /// What is to be expected of the same request a moment later.
    pub fn later(&self) -> Later {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => Later::MayWorkAgain,
            Self::NotTailor {
                status: Some(status),
                ..
            } if is_of_gateway(*status) => Later::MayWorkAgain,
            Self::Refused { problem, .. } => match (problem.status.as_u16(), &*problem.step) {
                (429 | 408, _) | (503, "stopping" | "upload" | "requests") => Later::MayWork,
                // A registry takes no requests for a while, or the journal is locked. Without a
                // time, something has to be mended first.
                (503, "pull" | "store") if problem.retry_after.is_some() => Later::MayWork,
                _ => Later::Same,
            },
            Self::Tls { .. } | Self::Unencrypted { .. } | Self::NotTailor { .. } => Later::Same,
        }
    }

    /// How long who answered asks to wait before the same request.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Refused { problem, .. } => problem.retry_after,
            Self::Lost { retry_after, .. } | Self::NotTailor { retry_after, .. } => *retry_after,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Unencrypted { .. } => None,
        };
        seconds.map(|it| Duration::from_secs(it.into()))
    }

    /// The refusal, if the host refused it.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// What is said of an answer that is none of `/v1`.
fn strange(status: Option<StatusCode>, why: &str) -> String {
    match status {
        // A host, by another name than it has. The text has the way out.
        Some(StatusCode::MISDIRECTED_REQUEST) => why.to_owned(),
        _ => format!("what listens there is no host of tailor: {why}; name the one with --url"),
    }
}

/// Whether a proxy says by it that nobody is behind it, or too much comes.
fn is_of_gateway(status: StatusCode) -> bool {
    [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]
    .contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays() {
        let url = || "http://a".to_owned();
        let refused_for = |status: u16, step: &str, retry_after| RemoteError::Refused {
            url: url(),
            problem: Box::new(Problem {
                status: StatusCode::from_u16(status).unwrap(),
                step: step.to_owned(),
                reason: String::new(),
                fix: String::new(),
                request_id: String::new(),
                retry_after,
            }),
        };
        let refused = |status, step| refused_for(status, step, None);
        for (status, step, later) in [
            (429, "queue", Later::MayWork),
            (503, "stopping", Later::MayWork),
            (503, "upload", Later::MayWork),
            (503, "requests", Later::MayWork),
            (408, "order", Later::MayWork),
            (503, "store", Later::Same),
            (503, "pull", Later::Same),
            (507, "store", Later::Same),
            (409, "expect-live", Later::Same),
            (401, "token", Later::Same),
        ] {
            assert_eq!(refused(status, step).later(), later, "{status} {step}");
        }
        let (asked, wait) = (Some(30), Some(Duration::from_secs(30)));
        for step in ["pull", "store"] {
            assert_eq!(refused_for(503, step, asked).later(), Later::MayWork);
        }
        assert_eq!(refused_for(503, "pull", asked).retry_after(), wait);
        let other = |status| RemoteError::NotTailor {
            url: url(),
            status: Some(status),
            why: String::new(),
            retry_after: asked,
        };
        assert_eq!(other(StatusCode::BAD_GATEWAY).later(), Later::MayWorkAgain);
        let busy = other(StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            (busy.later(), busy.retry_after()),
            (Later::MayWorkAgain, wait)
        );
        assert_eq!(other(StatusCode::OK).later(), Later::Same);
    }
}
