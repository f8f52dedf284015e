//! Why a release is refused, and at which step.

use crate::bff::error::LoadError;
use crate::host::error::ChangeError;
use crate::releases::{Reach, ReachDifference, StoreError};

/// Why a release ended without being live.
pub(in crate::host) struct Refused {
    pub(super) step: &'static str,
    pub(super) reason: String,
    pub(super) growth: Option<Box<(Reach, ReachDifference)>>,
}

impl Refused {
    pub(in crate::host) fn at(step: &'static str, reason: String) -> Self {
        Self {
            step,
            reason,
            growth: None,
        }
    }
}

/// The refusal of what a change refuses.
pub(super) fn refused(error: &ChangeError) -> Refused {
    let step = match error {
        ChangeError::Component(error) => step(error),
        ChangeError::Smoke { source, .. } => step(source),
        ChangeError::Unknown(_) => "config",
        _ => "host",
    };
    Refused::at(step, error.to_string())
}

/// The refusal of what the host itself is the cause of.
pub(in crate::host) fn host(error: ChangeError) -> Refused {
    Refused::at("host", error.to_string())
}

/// The step at which a component is refused.
fn step(error: &LoadError) -> &'static str {
    match error {
        LoadError::TooLarge { .. } => "size",
        LoadError::NotAComponent(_) => "form",
        LoadError::Unfit(faults) if faults.are_of_grants() => "grants",
        LoadError::Unfit(_) | LoadError::Link(_) => "world",
        LoadError::Memory { .. } => "limits",
        LoadError::Compile(_) | LoadError::CompilerPanic | LoadError::Compiler(_) => "compile",
        LoadError::Smoke(_) => "smoke",
        LoadError::Released(error) => store_step(error),
        LoadError::Unreadable { .. } | LoadError::Unsettled { .. } | LoadError::DataDir(_) => {
            "store"
        }
    }
}

/// The step at which the store refuses.
pub(super) fn store_step(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } => "expect-live",
        StoreError::Superseded { .. } => "superseded",
        StoreError::Held { .. } => "held",
        StoreError::NoComponent(_) | StoreError::Damaged(_) => "digest",
        StoreError::TooLarge(_) => "size",
        StoreError::TooManyPreviews { .. } => "preview",
        _ => "store",
    }
}
