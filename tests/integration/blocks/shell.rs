//! Runs blocks of shell as they stand, with the programs that they name where these lie here.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tailor_harness::Process;
use tailor_harness::components::root;

use crate::bffs::without_our_build;

/// `tailor`: the program of this build. One that serves is ended as soon as it does, so that the
/// lines after it are run, too.
const TAILOR: &str = r#"#!/bin/sh
if [ "$1" != serve ]; then exec "$TAILOR" "$@"; fi
"$TAILOR" "$@" 2> served.log &
until grep -q ' serving address=' served.log; do
    kill -0 $! 2> /dev/null || { cat served.log >&2; exit 1; }
    sleep 0.1
done
kill -TERM $!
wait $!
"#;

/// `cargo`: what the pages run as `cargo run --bin tailor --` is the program of this build.
const CARGO: &str = r#"#!/bin/sh
if [ "$1 $2 $3 $4" = "run --bin tailor --" ]; then shift 4; exec tailor "$@"; fi
PATH=$OUTER_PATH
exec "$CARGO" "$@"
"#;

/// `npm`: what it would install from a registry is what the BFF `phone` has here.
const NPM: &str = r#"#!/bin/sh
PATH=$OUTER_PATH
if [ "$*" != install ]; then exec npm "$@"; fi
mkdir -p node_modules/@tailor
ln -s "$PACKAGES"/.bin "$PACKAGES"/[@a-z]* node_modules/ 2> /dev/null
ln -s ../../vendor/tailor-kit node_modules/@tailor/kit
"#;

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// Runs a script in a folder, and returns what it printed to standard output. When a line of it
/// fails, so does the test, with all that was printed.
pub fn run(folder: &Path, script: &str) -> String {
    let programs = tempfile::tempdir().unwrap();
    for (name, text) in [("tailor", TAILOR), ("cargo", CARGO), ("npm", NPM)] {
        let file = programs.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder);
    without_our_build(&mut command);
    command
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .env("OUTER_PATH", &path)
        .env("PACKAGES", root().join("bffs/phone/node_modules"))
        // What the walks need is on this machine.
        .env("CARGO_NET_OFFLINE", "true")
        .env("TAILOR", Process::program().unwrap())
        .env(
            "CARGO",
            std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        );
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}\n{script}\n{printed}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}
