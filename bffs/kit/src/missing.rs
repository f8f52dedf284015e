//! Why a part of an answer is not there, in four words that all kits of tailor share: `failed`,
//! `not-found`, `no-value` and `unreadable`.
//!
//! Nothing here decides what a missing part means for the client; that is the BFF's.

use crate::{Failure, Problem};

/// A value of an answer, or why it is missing.
pub type Outcome<T> = Result<T, Missing>;

/// Why a part of the answer is not there.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Missing {
    /// `failed`: there is no reply, or one with a status other than 2xx and 404.
    #[error("{0}")]
    Failed(Reason),
    /// `not-found`: the service has no such thing, and answered 404.
    #[error("service answered with status 404")]
    NotFound,
    /// `no-value`: the answer has no such value, or it is `null`. Holds the position in the call's
    /// `select`, or `None` where the whole document was wanted: the answer has no body, as with
    /// 204, or it is `null`.
    #[error("{}", no_value(*.0))]
    NoValue(Option<usize>),
    /// `unreadable`: the document or value is not of the expected form.
    #[error("answer of the service cannot be read: {0}")]
    Unreadable(String),
}

fn no_value(position: Option<usize>) -> String {
    match position {
        Some(index) => format!("value {index} of the selection is not in the document"),
        None => "answer of the service has no document".to_owned(),
    }
}

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Reason {
    /// There was no reply.
    #[error("{}", .0.detail)]
    Failure(Failure),
    /// The service answered with this status, neither 2xx nor 404.
    #[error("service answered with status {0}")]
    Status(u16),
}

impl Missing {
    /// What a reply with this status lacks, if it is not 2xx.
    pub(crate) fn of_status(status: u16) -> Option<Missing> {
        match status {
            200..300 => None,
            404 => Some(Missing::NotFound),
            status => Some(Missing::Failed(Reason::Status(status))),
        }
    }

    /// Which of the four it is: `failed`, `not-found`, `no-value` or `unreadable`.
    pub fn kind(&self) -> &'static str {
        match self {
            Missing::Failed(_) => "failed",
            Missing::NotFound => "not-found",
            Missing::NoValue(_) => "no-value",
            Missing::Unreadable(_) => "unreadable",
        }
    }

    /// The reason in a word, for clients: [`Missing::kind`], but for `failed` the kind of the
    /// failure (`timeout`) or the status (`status-503`).
    pub fn why(&self) -> String {
        match self {
            Missing::Failed(Reason::Failure(failure)) => failure.kind.name().to_owned(),
            Missing::Failed(Reason::Status(status)) => format!("status-{status}"),
            other => other.kind().to_owned(),
        }
    }
}

impl Missing {
    /// The status of the service's answer where that is why something is missing: 404 of
    /// `not-found`, and that of `failed`, such as 409 or 422.
    pub fn status(&self) -> Option<u16> {
        match self {
            Missing::Failed(Reason::Status(status)) => Some(*status),
            Missing::NotFound => Some(404),
            Missing::Failed(Reason::Failure(_)) | Missing::NoValue(_) | Missing::Unreadable(_) => {
                None
            }
        }
    }
}

impl From<Failure> for Missing {
    fn from(failure: Failure) -> Missing {
        Missing::Failed(Reason::Failure(failure))
    }
}

/// The answer without a part that it cannot do without, so that `fetched.json()?` is enough in a
/// handler: 404 for `not-found`, the service's status where it refused a write as the client made
/// it (409, 412, 422), else 503 with `retry-after` and the reason in a word.
impl From<Missing> for Problem {
    fn from(missing: Missing) -> Problem {
        match missing {
            Missing::NotFound => Problem::not_found("the service has no such thing"),
            Missing::Failed(Reason::Status(status @ (409 | 412 | 422))) => {
                Problem::new(status, format!("the service refused this: status-{status}"))
            }
            other => Problem::unavailable(format!("no answer of the service: {}", other.why())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;
    use crate::testing::{body_json, failure, header};

    fn each() -> [Missing; 6] {
        [
            failure(FailureKind::Timeout, "sleep").into(),
            Missing::Failed(Reason::Status(410)),
            Missing::Failed(Reason::Status(409)),
            Missing::NotFound,
            Missing::NoValue(Some(0)),
            Missing::Unreadable("not JSON".to_owned()),
        ]
    }

    #[test]
    fn what_is_missing_has_one_of_four_words_and_a_reason() {
        assert_eq!(
            each().map(|missing| missing.kind()),
            [
                "failed",
                "failed",
                "failed",
                "not-found",
                "no-value",
                "unreadable"
            ]
        );
        assert_eq!(
            each().map(|missing| missing.why()),
            [
                "timeout",
                "status-410",
                "status-409",
                "not-found",
                "no-value",
                "unreadable"
            ]
        );
        assert_eq!(
            each().map(|missing| missing.status()),
            [None, Some(410), Some(409), Some(404), None, None]
        );
        assert_eq!(
            Missing::NoValue(None).to_string(),
            "answer of the service has no document"
        );
    }

    #[test]
    fn a_part_that_a_handler_cannot_do_without_ends_it() {
        let answers = each().map(|missing| {
            let response = Problem::from(missing).into_response("r");
            let detail = body_json(&response).unwrap()["detail"].clone();
            let retry_after = header(&response, "retry-after").is_some();
            (response.status, retry_after, detail)
        });
        let unavailable =
            |why: &str| (503, true, format!("no answer of the service: {why}").into());
        assert_eq!(
            answers,
            [
                unavailable("timeout"),
                unavailable("status-410"),
                (409, false, "the service refused this: status-409".into()),
                (404, false, "the service has no such thing".into()),
                unavailable("no-value"),
                unavailable("unreadable"),
            ]
        );
    }
}
