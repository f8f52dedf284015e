//! Builds what is measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// The programs that a run needs.
pub struct Programs {
    /// The host.
    pub tailor: PathBuf,
    /// The native twin.
    pub native: PathBuf,
    /// The services.
    pub mock: PathBuf,
}

/// The folder of all builds: that of cargo, in which this program is.
///
/// # Errors
///
/// When this program is not where cargo puts it.
pub fn target_dir() -> anyhow::Result<PathBuf> {
    Ok(profile_dir()?
        .parent()
        .context("the folder of the build")?
        .to_owned())
}

/// The folder of the programs of this profile.
fn profile_dir() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let mut folder = program.parent().context("the folder of the program")?;
    // Tests run from `deps` of the folder that the programs are in.
    if folder.ends_with("deps") {
        folder = folder.parent().context("the folder of the build")?;
    }
    Ok(folder.to_owned())
}

impl Programs {
    /// Builds the programs, in the profile of this one. Without `tailor`, the host is left as it
    /// is.
    ///
    /// # Errors
    ///
    /// When one does not build.
    pub fn build(root: &Path, tailor: bool) -> anyhow::Result<Self> {
        let folder = profile_dir()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--bin", "native", "--bin", "downstream-mock"])
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target_dir()?);
        if tailor {
            command.args(["--bin", "tailor"]);
        }
        // Cargo says in these what this program is of. Build scripts that look at them, such as
        // ring's, would run anew, and all that is above them would be compiled again.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        if folder.ends_with("release") {
            command.arg("--release");
        }
        let status = command.status().context("cargo")?;
        ensure!(status.success(), "cargo build: {status}");
        Ok(Self {
            tailor: folder.join("tailor"),
            native: folder.join("native"),
            mock: folder.join("downstream-mock"),
        })
    }
}

/// Builds the example BFFs and the one without calls, with a host. Returns the component of the
/// latter.
///
/// # Errors
///
/// When one does not build.
pub fn components(root: &Path, tailor: &Path) -> anyhow::Result<PathBuf> {
    for arguments in [&["--all", "bffs"][..], &["tests/guests/noop"]] {
        let status = Command::new(tailor)
            .arg("build")
            .args(arguments)
            .current_dir(root)
            // It names what it built, which is not part of a report.
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("{}: cannot be started", tailor.display()))?;
        ensure!(
            status.success(),
            "tailor build {}: {status}",
            arguments.join(" ")
        );
    }
    Ok(root.join("tests/guests/target/components/noop.wasm"))
}
