//! How cargo optimises: for production, or for the loop of an author.

use std::process::Command;

/// A profile of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// That of the workspace for releases.
    Release,
    /// The same but for what takes long: what a panic and an overflow do stays as it is.
    Development,
}

/// The name of the profile for development, which is that of its folder below `target`, too.
const DEVELOPMENT: &str = "tailor-dev";

/// What it has other than the workspace's release. Optimising one crate by itself takes a tenth of
/// optimising all together.
const SETTINGS: [(&str, &str); 5] = [
    ("inherits", "\"release\""),
    ("codegen-units", "16"),
    ("incremental", "true"),
    ("lto", "\"off\""),
    ("opt-level", "1"),
];

impl Profile {
    pub(super) fn choose(self, cargo: &mut Command) {
        match self {
            Self::Release => {
                cargo.arg("--release");
            }
            Self::Development => {
                for (key, value) in SETTINGS {
                    let setting = format!("profile.{DEVELOPMENT}.{key}={value}");
                    cargo.arg("--config").arg(setting);
                }
                // It goes before the profile, and is meant for the author's other builds.
                cargo.env_remove("CARGO_INCREMENTAL");
                cargo.args(["--profile", DEVELOPMENT]);
            }
        }
    }
}
