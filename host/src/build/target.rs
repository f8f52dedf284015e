//! The target that BFFs in Rust are compiled for, and the environment in which compilers of it run.

use std::process::Command;

/// The target without any system interface: a component then imports exactly the contract.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// Variables with flags for all that cargo compiles. They are told when they are left out.
pub(super) const FLAGS: [&str; 3] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
];

/// Takes away what the caller's environment would change: flags and folders that are meant for the
/// caller's own build, which may itself run under cargo.
pub(super) fn clean(command: &mut Command) -> &mut Command {
    let others = [
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
    ];
    for name in others.into_iter().chain(FLAGS) {
        command.env_remove(name);
    }
    command
}
