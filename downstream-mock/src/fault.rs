//! Faults: one type for the library and the HTTP control, with its effect on the next request.
//!
//! A fault says what happens, to which requests and how often. `answer` and `body` produce its
//! effect on the wire.

mod active;
mod parse;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) use active::{Active, Effect};

/// A fault of one service, in force until it is cleared or used up.
///
/// In JSON it is one flat object: `{"kind":"delay","ms":200,"path":"/users/ada","times":3}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only requests whose path and query begin with this text are affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many requests are affected before the fault ends by itself; without it, all until it is
    /// cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Whether a request that writes is done before the fault acts: its caller does not learn of
    /// it. Without it a delay comes before the write, and a hang or an error status in place of it.
    /// Kinds that shape the answer act on one that there is, so the write is always done.
    #[serde(skip_serializing_if = "is_false")]
    pub after_write: bool,
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// Each answer begins `ms` milliseconds late.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Most answers begin `ms` milliseconds late, and a share of them `slow_ms`. Which ones is the
    /// same in every run.
    HeavyTail {
        /// Milliseconds of the many; in JSON 0 unless given.
        ms: u64,
        /// Milliseconds of the few.
        slow_ms: u64,
        /// The share of the few, 0 to 100; fractions are fine.
        slow_percent: f64,
        /// Selects the sequence; in JSON 1 unless given.
        seed: u64,
    },
    /// These status codes, 200 to 599, are answered in turn; 200 is a normal answer. After the last
    /// one the fault ends; with `times` the sequence begins anew until that many requests were
    /// answered.
    Statuses {
        /// The sequence, at least one.
        statuses: Vec<u16>,
    },
    /// The port refuses connections, and open connections are closed. Takes neither `path` nor
    /// `times`.
    Refuse,
    /// The head of the answer announces the whole body, a part of it follows, then the connection
    /// is reset.
    Reset {
        /// Bytes of the body that are sent; half of it unless given.
        #[serde(skip_serializing_if = "Option::is_none")]
        after_bytes: Option<u64>,
    },
    /// No answer ever comes; the connection stays open until the caller gives up.
    Hang,
    /// The body comes in chunks with a pause before each but the first.
    Trickle {
        /// Bytes of a chunk, at least 1; in JSON 64 unless given.
        chunk_bytes: usize,
        /// Milliseconds of the pause; in JSON 50 unless given.
        pause_ms: u64,
    },
    /// A 200 with the wrong content type and body, as of a misconfigured proxy.
    ContentType {
        /// In JSON `text/html` unless given.
        content_type: String,
        /// In JSON a short HTML page unless given.
        body: String,
    },
    /// The normal answer with a filler in it that makes it exactly this long. It stays valid JSON.
    Oversize {
        /// Bytes of the body, at least 16. It is made while it is sent: a gigabyte costs no memory.
        bytes: u64,
    },
    /// A 200 with `application/json` whose body is not JSON.
    InvalidJson {
        /// What is wrong; in JSON `truncated` unless given.
        garbling: Garbling,
    },
}

/// How a body fails to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Garbling {
    /// The first half of the normal body, with the length that it has then.
    Truncated,
    /// Text that is not JSON from the first byte on.
    Garbage,
}

/// An invalid fault. It displays as `field: what is wrong with it`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field}: {problem}")]
pub struct InvalidFault {
    /// The field that is wrong.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// The default page of [`FaultKind::ContentType`].
const HTML_PAGE: &str =
    "<!doctype html><title>Service unavailable</title><h1>Service unavailable</h1>";

/// The shortest body of [`FaultKind::Oversize`]: room for the filler's name and quotes.
const SMALLEST_OVERSIZE: u64 = 16;

impl Fault {
    /// A fault of this kind for all requests.
    pub fn new(kind: FaultKind) -> Fault {
        Fault {
            kind,
            path: None,
            times: None,
            after_write: false,
        }
    }

    /// Each answer begins this much later (whole milliseconds).
    pub fn delay(delay: Duration) -> Fault {
        Fault::new(FaultKind::Delay { ms: millis(delay) })
    }

    /// `slow_percent` of the answers begin `slow` late, the others at once.
    pub fn heavy_tail(slow: Duration, slow_percent: f64, seed: u64) -> Fault {
        Fault::new(FaultKind::HeavyTail {
            ms: 0,
            slow_ms: millis(slow),
            slow_percent,
            seed,
        })
    }

    /// These status codes in turn, then normal service.
    pub fn statuses(statuses: impl Into<Vec<u16>>) -> Fault {
        Fault::new(FaultKind::Statuses {
            statuses: statuses.into(),
        })
    }

    /// Connections are refused.
    pub fn refuse() -> Fault {
        Fault::new(FaultKind::Refuse)
    }

    /// The connection is reset half-way through the body.
    pub fn reset() -> Fault {
        Fault::new(FaultKind::Reset { after_bytes: None })
    }

    /// No answer ever comes.
    pub fn hang() -> Fault {
        Fault::new(FaultKind::Hang)
    }

    /// The body comes in small chunks.
    pub fn trickle(chunk_bytes: usize, pause: Duration) -> Fault {
        Fault::new(FaultKind::Trickle {
            chunk_bytes,
            pause_ms: millis(pause),
        })
    }

    /// An HTML page instead of JSON.
    pub fn html() -> Fault {
        Fault::new(FaultKind::ContentType {
            content_type: "text/html".to_owned(),
            body: HTML_PAGE.to_owned(),
        })
    }

    /// A valid body of this many bytes.
    pub fn oversize(bytes: u64) -> Fault {
        Fault::new(FaultKind::Oversize { bytes })
    }

    /// A body that is not JSON.
    pub fn invalid_json(garbling: Garbling) -> Fault {
        Fault::new(FaultKind::InvalidJson { garbling })
    }

    /// Limits the fault to requests whose path and query begin with `path`.
    #[must_use]
    pub fn on_path(self, path: impl Into<String>) -> Fault {
        Fault {
            path: Some(path.into()),
            ..self
        }
    }

    /// Limits the fault to the next `times` requests that it affects.
    #[must_use]
    pub fn times(self, times: u64) -> Fault {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// Has requests that write do so before the fault acts.
    #[must_use]
    pub fn after_write(self) -> Fault {
        Fault {
            after_write: true,
            ..self
        }
    }

    /// Checks the rules beyond the types.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of its range or does not fit the kind.
    pub fn check(&self) -> Result<(), InvalidFault> {
        if let Some(path) = &self.path
            && !path.starts_with('/')
        {
            return Err(InvalidFault::new(
                "path",
                format!("`{path}` must begin with `/`"),
            ));
        }
        if self.times == Some(0) {
            return Err(InvalidFault::new("times", "must be at least 1"));
        }
        if self.after_write && !self.kind.may_act_before_writes() {
            return Err(InvalidFault::new(
                "after_write",
                "goes with delay, heavy-tail, statuses and hang only",
            ));
        }
        match &self.kind {
            FaultKind::HeavyTail { slow_percent, .. } if !(0.0..=100.0).contains(slow_percent) => {
                Err(InvalidFault::new(
                    "slow_percent",
                    format!("{slow_percent} is not within 0 and 100"),
                ))
            }
            FaultKind::Statuses { statuses } if statuses.is_empty() => Err(InvalidFault::new(
                "statuses",
                "must name at least one status code",
            )),
            FaultKind::Statuses { statuses } => match statuses
                .iter()
                .find(|status| !(200..=599).contains(*status))
            {
                Some(status) => Err(InvalidFault::new(
                    "statuses",
                    format!("{status} is not within 200 and 599"),
                )),
                None => Ok(()),
            },
            FaultKind::Refuse if self.path.is_some() => Err(InvalidFault::new(
                "path",
                "does not go with refuse, which acts before there is a request",
            )),
            FaultKind::Refuse if self.times.is_some() => Err(InvalidFault::new(
                "times",
                "does not go with refuse, which acts before there is a request",
            )),
            FaultKind::Trickle { chunk_bytes: 0, .. } => {
                Err(InvalidFault::new("chunk_bytes", "must be at least 1"))
            }
            FaultKind::ContentType { content_type, .. }
                if http::HeaderValue::from_str(content_type).is_err() =>
            {
                Err(InvalidFault::new(
                    "content_type",
                    "cannot be the value of a header",
                ))
            }
            FaultKind::Oversize { bytes } if *bytes < SMALLEST_OVERSIZE => Err(InvalidFault::new(
                "bytes",
                format!("must be at least {SMALLEST_OVERSIZE}"),
            )),
            FaultKind::Delay { .. }
            | FaultKind::HeavyTail { .. }
            | FaultKind::Refuse
            | FaultKind::Reset { .. }
            | FaultKind::Hang
            | FaultKind::Trickle { .. }
            | FaultKind::ContentType { .. }
            | FaultKind::Oversize { .. }
            | FaultKind::InvalidJson { .. } => Ok(()),
        }
    }
}

impl FaultKind {
    fn may_act_before_writes(&self) -> bool {
        matches!(
            self,
            FaultKind::Delay { .. }
                | FaultKind::HeavyTail { .. }
                | FaultKind::Statuses { .. }
                | FaultKind::Hang
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl InvalidFault {
    fn new(field: &str, problem: impl Into<String>) -> InvalidFault {
        InvalidFault {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
