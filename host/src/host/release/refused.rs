//! Why a release is refused, and at which step.

use crate::bff::error::LoadError;
use crate::host::error::ChangeError;
use crate::releases::{Reach, ReachDifference, Step, StoreError};

/// Why a release ended without being live.
pub(in crate::host) struct Refused {
    pub(super) step: Step,
    pub(super) reason: String,
    pub(super) growth: Option<Box<(Reach, ReachDifference)>>,
}

impl Refused {
    pub(in crate::host) fn at(step: Step, reason: String) -> Self {
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
        ChangeError::Unknown(_) => Step::Config,
        _ => Step::Host,
    };
    Refused::at(step, error.to_string())
}

/// The refusal of what the host itself is the cause of.
pub(in crate::host) fn host(error: ChangeError) -> Refused {
    Refused::at(Step::Host, error.to_string())
}

/// The step at which a component is refused.
fn step(error: &LoadError) -> Step {
    match error {
        LoadError::TooLarge { .. } => Step::Size,
        LoadError::NotAComponent(_) => Step::Form,
        LoadError::Unfit(faults) if faults.are_of_grants() => Step::Grants,
        LoadError::Unfit(_) | LoadError::Link(_) => Step::World,
        LoadError::Memory { .. } => Step::Limits,
        LoadError::Compile(_) | LoadError::CompilerPanic | LoadError::Compiler(_) => Step::Compile,
        LoadError::Smoke(_) => Step::Smoke,
        LoadError::Released(error) => store_step(error),
        LoadError::Unreadable { .. } | LoadError::Unsettled { .. } | LoadError::DataDir(_) => {
            Step::Store
        }
    }
}

/// The step at which the store refuses.
pub(super) fn store_step(error: &StoreError) -> Step {
    match error {
        StoreError::Conflict { .. } => Step::ExpectLive,
        StoreError::Superseded { .. } => Step::Superseded,
        StoreError::Held { .. } => Step::Held,
        StoreError::NoComponent(_) | StoreError::Damaged(_) => Step::Digest,
        StoreError::TooLarge(_) => Step::Size,
        StoreError::TooManyPreviews { .. } => Step::Preview,
        _ => Step::Store,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::bff::compiler::error::{CompileError, SignalName};
    use crate::releases::way_out;

    #[test]
    fn each_refused_component_has_its_own_way_out() {
        let place = PathBuf::from("page.wasm");
        let large = LoadError::TooLarge {
            path: place.clone(),
            size: 2,
            limit: 1,
        };
        let memory = LoadError::Memory { needs: 2, limit: 1 };
        let gone = LoadError::Released(StoreError::NoComponent("abc".to_owned()));
        let compiler = |error| LoadError::Compiler(error);
        let invalid = LoadError::Compile(wasmtime::Error::msg("bad; worse"));
        for (error, step, fix) in [
            (large, "size", "engine.max-component-size"),
            (
                LoadError::NotAComponent("a; b".to_owned()),
                "form",
                "`tailor build`",
            ),
            (
                LoadError::Link(wasmtime::Error::msg("a; b")),
                "world",
                "the contract of this host",
            ),
            (memory, "limits", "raise that, or give it less"),
            (
                compiler(CompileError::Cpu(1)),
                "compile",
                "raise the limit that the reason names",
            ),
            (
                compiler(CompileError::Memory(1 << 30)),
                "compile",
                "raise the limit that the reason names",
            ),
            (
                compiler(CompileError::Time(Duration::from_secs(1))),
                "compile",
                "raise the limit that the reason names",
            ),
            (
                compiler(CompileError::Code(1 << 30)),
                "compile",
                "optimize it for size",
            ),
            (
                compiler(CompileError::Killed(SignalName(9))),
                "compile",
                "release it again",
            ),
            (LoadError::CompilerPanic, "compile", "release it again"),
            (invalid, "compile", "`tailor inspect`"),
            (
                LoadError::Smoke("a; b".to_owned()),
                "smoke",
                "`tailor call`",
            ),
            (gone, "digest", "upload it with PUT"),
            (
                LoadError::DataDir("no place".to_owned()),
                "store",
                "the host's log",
            ),
        ] {
            let refused = refused(&error.into());
            let (reason, told) = way_out(refused.step.name(), &refused.reason);
            assert_eq!(refused.step.name(), step, "{reason}");
            assert!(told.contains(fix), "{reason}: {told}");
        }
        let smoke = refused(&ChangeError::Smoke {
            bff: "page".to_owned(),
            source: Arc::new(LoadError::Smoke("x".to_owned())),
            again: false,
        });
        assert_eq!(smoke.step, Step::Smoke);
    }
}
