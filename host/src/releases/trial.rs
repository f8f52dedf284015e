//! A release that gets a share of its BFF's requests, as the journal has it.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::access::Caller;
use crate::canary::Plan;

/// The release of a BFF that is on trial beside the live one.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// The release.
    pub release: i64,
    /// SHA-256 of its component, in hexadecimal.
    pub digest: String,
    /// Its plan.
    pub plan: Plan,
    /// The step, 0 for the first.
    pub step: usize,
    /// What divides the clients. It is a secret: who knows it could choose the version.
    pub salt: [u8; 16],
    /// When it began.
    pub began: SystemTime,
    /// Why its share stays as it is, if it does.
    pub paused: Option<String>,
}

/// How a release begins a trial.
#[derive(Clone, Debug)]
pub struct NewCanary {
    /// Its plan.
    pub plan: Plan,
    /// What divides the clients: random bytes.
    pub salt: [u8; 16],
}

/// A change of a trial.
#[derive(Clone, Debug)]
pub enum CanaryChange {
    /// The next step.
    Advance {
        /// The step that ends, 0 for the first: another host may have done it.
        from: usize,
        /// What the gate knew.
        evidence: Value,
    },
    /// Its share stays as it is, for this reason, or grows again.
    Pause {
        /// The reason; `None` for a share that grows.
        reason: Option<String>,
        /// Who wants that.
        order: Ordered,
    },
    /// It is live.
    Promote {
        /// Why, if somebody said.
        reason: Option<String>,
        /// What the gate knew.
        evidence: Value,
        /// Who wants that; `None` for the gate.
        order: Option<Ordered>,
    },
    /// A rule ended it. Its digest is held.
    Back {
        /// The rule, in words.
        reason: String,
        /// What the gate knew.
        evidence: Value,
        /// Whether the component is at fault, so that its digest is held.
        holds: bool,
        /// A second one within this time, milliseconds, ends the automation of the BFF.
        flapping: i64,
    },
    /// Somebody ended it.
    Abort {
        /// Why.
        reason: String,
        /// Who; `None` for the host itself.
        order: Option<Ordered>,
    },
}

/// Who orders a change.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// The name of who does.
    pub actor: String,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
}

impl CanaryChange {
    /// Whether what is live serves all from then on.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Back { .. } | Self::Abort { .. })
    }

    /// The order behind it.
    pub fn order(&self) -> Option<&Ordered> {
        match self {
            Self::Advance { .. } | Self::Back { .. } => None,
            Self::Pause { order, .. } => Some(order),
            Self::Promote { order, .. } | Self::Abort { order, .. } => order.as_ref(),
        }
    }
}

/// An order to compare a component with what is live, on the requests of clients and without them.
#[derive(Clone, Debug)]
pub struct ShadowOrder {
    /// The BFF.
    pub bff: String,
    /// The component.
    pub digest: String,
    /// How long; [`Self::LASTS`] without.
    pub lasts: Option<Duration>,
    /// Of 100 requests, how many are taken; as the configuration says without.
    pub sample: Option<u8>,
    /// Who orders it.
    pub caller: Caller,
}

impl ShadowOrder {
    /// How long a shadow lasts that does not say it.
    pub const LASTS: Duration = Duration::from_secs(600);
}
