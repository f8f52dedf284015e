//! Components in registries, as the distribution specification of the Open Container Initiative
//! (1.1) names and describes them: [references](Reference), which of them a team may pull
//! ([`RepositoryPattern`]), and the [manifest](Manifest) behind one. It asks nobody.

mod error;
mod manifest;
mod name;
mod pattern;
mod reference;

pub use error::PullError;
pub use manifest::{ACCEPTED, MAX_MANIFEST, Manifest, ManifestError};
pub use pattern::{PatternError, RepositoryPattern};
pub use reference::{Reference, ReferenceError};
