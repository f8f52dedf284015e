//! Makes sure that Rust can compile for WebAssembly, in the first way that works on this machine.
//!
//! The order: what is installed; a standard library compiled earlier; `rustup target add`;
//! compiling one with a compiler whose source is there; installing such a compiler from Debian's
//! packages. Each way is tried once, and reported.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{answers, lock, run};
use super::packages::Installer;
use super::std_source::Compiler;
use super::target::{TARGET, clean};
use super::{BuildError, Report};

const RUST_MISSING: &str = "Rust BFFs need it: https://rustup.rs";

/// How cargo is called to compile for [`TARGET`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// As it is.
    Installed,
    /// With another compiler, and a sysroot that has nothing but the target's standard library.
    Private {
        compiler: Compiler,
        sysroot: PathBuf,
    },
}

/// The tools of this machine.
struct Facts {
    installed: bool,
    rustup: bool,
    /// A compiler with the source of its standard library, and whether that is compiled already.
    compiler: Option<(Compiler, bool)>,
    installer: Installer,
}

/// A way to install what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InstallMethod {
    Rustup,
    Compile,
    Packages,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Use(Toolchain),
    Try(InstallMethod),
    GiveUp,
}

/// What to do next. A compiled library comes before rustup: querying the network each time would
/// make every build slow where it is out of reach.
fn next(facts: &Facts, cache: &Path, tried: &[InstallMethod]) -> Step {
    let open = |method: InstallMethod| !tried.contains(&method);
    if facts.installed {
        return Step::Use(Toolchain::Installed);
    }
    match &facts.compiler {
        Some((compiler, true)) => Step::Use(Toolchain::Private {
            compiler: compiler.clone(),
            sysroot: compiler.sysroot(cache),
        }),
        _ if facts.rustup && open(InstallMethod::Rustup) => Step::Try(InstallMethod::Rustup),
        Some(_) if open(InstallMethod::Compile) => Step::Try(InstallMethod::Compile),
        None if can_install(facts.installer) && open(InstallMethod::Packages) => {
            Step::Try(InstallMethod::Packages)
        }
        _ => Step::GiveUp,
    }
}

fn can_install(installer: Installer) -> bool {
    matches!(installer, Installer::Root | Installer::Sudo)
}

/// Prepares what is missing. `folder` is where cargo will run, which may choose the toolchain;
/// `oldest` is the oldest compiler that the packages accept.
pub(super) fn ready(
    folder: &Path,
    oldest: (u32, u32),
    cache: &Path,
    say: Report<'_>,
) -> Result<Toolchain, BuildError> {
    // The two usual cases first: they need no lock and no further checks of the machine.
    if target_is_installed(folder)? {
        return Ok(Toolchain::Installed);
    }
    if let Some((compiler, true)) = find_compiler(folder, oldest, cache) {
        let sysroot = compiler.sysroot(cache);
        return Ok(Toolchain::Private { compiler, sysroot });
    }
    // One process prepares, the others find it done.
    let _lock = lock(&cache.join("rust-std.lock"), say)?;
    let mut tried = Vec::new();
    let mut failures = Vec::new();
    loop {
        let facts = look(folder, oldest, cache)?;
        let way = match next(&facts, cache, &tried) {
            Step::Use(toolchain) => return Ok(toolchain),
            Step::Try(way) => way,
            Step::GiveUp => return Err(give_up(&facts, oldest, failures)),
        };
        tried.push(way);
        let outcome = match (way, &facts.compiler) {
            (InstallMethod::Rustup, _) => add_target(folder, say),
            (InstallMethod::Compile, Some((compiler, _))) => compiler.build_std(cache, say),
            (InstallMethod::Compile, None) => Ok(()),
            (InstallMethod::Packages, _) => facts.installer.install(say),
        };
        if let Err(error) = outcome {
            say(&format!("did not work: {error}"));
            failures.push(error.to_string());
        }
    }
}

fn look(folder: &Path, oldest: (u32, u32), cache: &Path) -> Result<Facts, BuildError> {
    Ok(Facts {
        installed: target_is_installed(folder)?,
        rustup: answers(Command::new("rustup").arg("--version")),
        compiler: find_compiler(folder, oldest, cache),
        installer: Installer::find(),
    })
}

/// A compiler with the source of its standard library, and whether that is compiled. The compiler
/// in use may have it (a component of rustup's, a distribution's package); else Debian's may be
/// there.
fn find_compiler(folder: &Path, oldest: (u32, u32), cache: &Path) -> Option<(Compiler, bool)> {
    let compiler = Compiler::find(folder, &["rustc", "/usr/bin/rustc"], oldest)?;
    let compiled = compiler.sysroot(cache).is_dir();
    Some((compiler, compiled))
}

/// Whether the compiler in use has the target's core library.
fn target_is_installed(folder: &Path) -> Result<bool, BuildError> {
    let mut command = Command::new("rustc");
    clean(&mut command)
        .current_dir(folder)
        .args(["--print", "target-libdir", "--target", TARGET]);
    let finished = run(&mut command, RUST_MISSING)?;
    if !finished.ok {
        return Err(BuildError::Command {
            command: "rustc --print target-libdir".to_owned(),
            detail: finished.reason(),
        });
    }
    // The folder is named whether it is there or not.
    let Ok(entries) = std::fs::read_dir(finished.stdout.trim()) else {
        return Ok(false);
    };
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.any(|name| name.starts_with("libcore-")))
}

fn add_target(folder: &Path, say: Report<'_>) -> Result<(), BuildError> {
    say(&format!("adding the Rust target {TARGET} with rustup"));
    let mut command = Command::new("rustup");
    command
        .current_dir(folder)
        .args(["target", "add", TARGET])
        // With a backtrace its reason is hard to find.
        .env_remove("RUST_BACKTRACE");
    let finished = run(&mut command, RUST_MISSING)?;
    if finished.ok {
        return Ok(());
    }
    Err(BuildError::Command {
        command: format!("rustup target add {TARGET}"),
        detail: finished.reason(),
    })
}

fn give_up(facts: &Facts, (major, minor): (u32, u32), mut tried: Vec<String>) -> BuildError {
    match facts.installer {
        Installer::Forbidden => tried.push(
            "apt-get install: not as this user, and sudo is missing or asks for a password"
                .to_owned(),
        ),
        Installer::Absent => tried.push("apt-get: not found".to_owned()),
        Installer::Root | Installer::Sudo if facts.compiler.is_none() => tried.push(format!(
            "no rustc {major}.{minor} or later with the source of its standard library, or no rust-lld"
        )),
        Installer::Root | Installer::Sudo => {}
    }
    BuildError::Toolchain {
        tried,
        by_hand: facts.installer.by_hand(),
    }
}

impl Toolchain {
    /// A cargo command for `folder` that compiles for the target, with these flags of rustc.
    pub(super) fn cargo(&self, folder: &Path, subcommand: &str, flags: &[String]) -> Command {
        let mut command = Command::new("cargo");
        clean(&mut command).current_dir(folder);
        command.args([subcommand, "--target", TARGET]);
        let mut flags = flags.to_vec();
        if let Self::Private { compiler, sysroot } = self {
            command.env("RUSTC", &compiler.rustc);
            flags.push(format!("--sysroot={}", sysroot.display()));
            let linker = setting("linker", &compiler.linker);
            command.arg("--config").arg(linker);
        }
        // Given as configuration and not in RUSTFLAGS, which would replace the flags of the
        // workspace's own configuration.
        if !flags.is_empty() {
            let flags = setting("rustflags", &flags);
            command.arg("--config").arg(flags);
        }
        command
    }
}

/// `target.wasm32-unknown-unknown.<key>=<value>`, as cargo's `--config` takes it.
fn setting(key: &str, value: &impl serde::Serialize) -> String {
    // A JSON string or array of strings is a TOML one, too.
    let value = serde_json::to_string(value).unwrap_or_default();
    format!("target.{TARGET}.{key}={value}")
}

#[cfg(test)]
mod tests;
