//! A fault in force: counts the requests that it affects and says what happens to the next one.

use std::time::Duration;

use super::{Fault, FaultKind, Garbling};
use crate::data::scramble;

/// What happens to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Wait(Duration),
    Status(u16),
    Reset { after_bytes: Option<u64> },
    Hang,
    Trickle { chunk_bytes: usize, pause: Duration },
    ContentType { content_type: String, body: String },
    Oversize { bytes: u64 },
    InvalidJson(Garbling),
}

impl Effect {
    /// Whether it is done to an answer, which there has to be then.
    pub(crate) fn needs_answer(&self) -> bool {
        match self {
            Effect::Wait(_) | Effect::Hang => false,
            Effect::Status(code) => *code < 400,
            Effect::Reset { .. }
            | Effect::Trickle { .. }
            | Effect::ContentType { .. }
            | Effect::Oversize { .. }
            | Effect::InvalidJson(_) => true,
        }
    }
}

/// A fault with the number of requests that it has affected.
pub(crate) struct Active {
    pub(crate) fault: Fault,
    affected: u64,
}

impl Active {
    pub(crate) fn new(fault: Fault) -> Active {
        Active { fault, affected: 0 }
    }

    /// The effect on the next request, and whether it was the last one affected.
    pub(crate) fn next(&mut self, path_and_query: &str) -> (Option<Effect>, bool) {
        let Fault {
            kind, path, times, ..
        } = &self.fault;
        if path
            .as_ref()
            .is_some_and(|path| !path_and_query.starts_with(path))
        {
            return (None, false);
        }
        let index = self.affected;
        let effect = match kind {
            FaultKind::Delay { ms } => Some(Effect::Wait(Duration::from_millis(*ms))),
            FaultKind::HeavyTail {
                ms,
                slow_ms,
                slow_percent,
                seed,
            } => {
                let slow = is_slow(*seed, index, *slow_percent);
                Some(Effect::Wait(Duration::from_millis(if slow {
                    *slow_ms
                } else {
                    *ms
                })))
            }
            FaultKind::Statuses { statuses } => {
                let turn = index % u64::try_from(statuses.len()).unwrap_or(u64::MAX);
                let status = usize::try_from(turn)
                    .ok()
                    .and_then(|turn| statuses.get(turn));
                status.map(|status| Effect::Status(*status))
            }
            // The listener is closed. What still comes is on a connection that is about to be
            // closed.
            FaultKind::Refuse => return (None, false),
            FaultKind::Reset { after_bytes } => Some(Effect::Reset {
                after_bytes: *after_bytes,
            }),
            FaultKind::Hang => Some(Effect::Hang),
            FaultKind::Trickle {
                chunk_bytes,
                pause_ms,
            } => Some(Effect::Trickle {
                chunk_bytes: *chunk_bytes,
                pause: Duration::from_millis(*pause_ms),
            }),
            FaultKind::ContentType { content_type, body } => Some(Effect::ContentType {
                content_type: content_type.clone(),
                body: body.clone(),
            }),
            FaultKind::Oversize { bytes } => Some(Effect::Oversize { bytes: *bytes }),
            FaultKind::InvalidJson { garbling } => Some(Effect::InvalidJson(*garbling)),
        };
        let limit = match kind {
            FaultKind::Statuses { statuses } => times.or(u64::try_from(statuses.len()).ok()),
            _ => *times,
        };
        self.affected += 1;
        (effect, limit.is_some_and(|limit| self.affected >= limit))
    }
}

/// Whether the request of this index is one of the slow ones. Each seed gives its own sequence.
fn is_slow(seed: u64, index: u64, slow_percent: f64) -> bool {
    let millionth = scramble(scramble(seed) ^ index) % 1_000_000;
    // A millionth is exact in an f64.
    (millionth as f64) < slow_percent * 10_000.0
}
