//! The target that BFFs in Rust are compiled for, and the environment in which compilers of it run.

use std::process::Command;

/// The target without any system interface: a component then imports exactly the contract.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// Takes away what the caller's environment would change: flags and folders that are meant for the
/// caller's own build, which may itself run under cargo.
pub(super) fn clean(command: &mut Command) -> &mut Command {
    for name in [
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
    ] {
        command.env_remove(name);
    }
    command
}
