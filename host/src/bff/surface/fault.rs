//! Why a component may not be loaded, as far as its imports and exports tell.

use std::fmt::{self, Display, Formatter};

use crate::text::{cut, excerpt};

/// Reasons that a message holds.
const MAX_FAULTS: usize = 32;
/// Bytes of a message in one line.
const MAX_LINE: usize = 8 << 10;
/// Bytes of a message that the names of a component's exports may have.
const MAX_EXPORTS: usize = 1 << 10;

/// The versions that are served.
pub(super) const SERVED: &str = "tailor:bff@0.1.0 to 0.1.1";

/// What toolchains need in order not to ask for it unasked.
const UNASKED: &str = "a toolchain that asks for this unasked leaves it out with --stub-wasi \
                       (componentize-qjs, componentize-py), with disableFeatures \
                       (componentize-js), with --target wasm32-unknown-unknown (Rust), or with \
                       the adapter for proxies instead of the one for commands (others)";

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Built against another version of the contract.
    OtherContract {
        /// What the component names.
        found: String,
    },
    /// Asks for more than a BFF gets.
    Forbidden {
        /// The import.
        import: String,
        /// Why not, and the way out.
        why: &'static str,
        /// Whether toolchains ask for it when their users do not.
        unasked: bool,
    },
    /// Exports no handler.
    NoHandler {
        /// What it exports.
        found: String,
    },
    /// Something of an interface of the contract is not as it is there.
    Unlike {
        /// The interface, as the component names it.
        interface: String,
        /// What is not as it should be.
        what: String,
    },
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherContract { found } => write!(
                f,
                "built against {}, this host serves {SERVED}: build it again with the host's WIT \
                 package",
                cut(found)
            ),
            Self::Forbidden { import, why, .. } => {
                write!(f, "imports {}, which no BFF gets: {why}", cut(import))
            }
            Self::NoHandler { found } => {
                write!(
                    f,
                    "does not export tailor:bff/handler or wasi:http/incoming-handler@0.2; it \
                     exports {}",
                    excerpt(found, MAX_EXPORTS)
                )?;
                if found.contains("wasi:http/") {
                    f.write_str("; build it for a version 0.2 of wasi:http that was released")?;
                }
                Ok(())
            }
            Self::Unlike { interface, what } => write!(f, "{}: {what}", cut(interface)),
        }
    }
}

/// All reasons, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// Whether it asks for more than it gets, and nothing else is wrong with it.
    pub fn are_of_grants(&self) -> bool {
        let mut faults = self.0.iter();
        faults.all(|fault| matches!(fault, Fault::Forbidden { .. }))
    }

    /// Each reason in a line, and what helps against several of them.
    pub fn lines(&self) -> Vec<String> {
        let faults = &self.0;
        let mut lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        if lines.len() > MAX_FAULTS {
            lines.truncate(MAX_FAULTS);
            lines.push(format!("{} more", faults.len() - MAX_FAULTS));
        }
        let unasked = |fault: &Fault| matches!(fault, Fault::Forbidden { unasked: true, .. });
        if faults.iter().any(unasked) {
            lines.push(UNASKED.to_owned());
        }
        lines
    }
}

impl Display for Faults {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt(&self.lines().join("; "), MAX_LINE))
    }
}

impl std::error::Error for Faults {}
