//! A standard library for WebAssembly, compiled once from the source that belongs to a compiler.
//!
//! It goes to a sysroot of its own below the cache folder, named after the compiler, so that every
//! later build, of another clone too, only points rustc there. Nothing is written into a toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::command::run;
use super::stamp::digest;
use super::target::{TARGET, clean};
use super::{BuildError, Report};

/// A rustc whose own standard library is there as source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compiler {
    pub rustc: PathBuf,
    /// `1.96.0`.
    pub release: String,
    /// Names this very compiler: its libraries fit no other.
    key: String,
    /// LLVM's linker for WebAssembly. Distributions leave it out; rustup's toolchains have it.
    pub linker: PathBuf,
}

impl Compiler {
    /// The first of these compilers that has the source, is not older than `oldest` and comes with,
    /// or can borrow, a linker.
    pub(super) fn find(folder: &Path, rustcs: &[&str], oldest: (u32, u32)) -> Option<Self> {
        let described: Vec<_> = rustcs
            .iter()
            .filter_map(|rustc| describe(folder, Path::new(rustc)))
            .collect();
        let linker = described
            .iter()
            .map(|(sysroot, version, _)| {
                let host = field(version, "host").unwrap_or_default();
                sysroot.join("lib/rustlib").join(host).join("bin/rust-lld")
            })
            .find(|linker| linker.is_file())?;
        described.iter().find_map(|(sysroot, version, rustc)| {
            let release = field(version, "release")?;
            let source = sysroot.join("lib/rustlib/src/rust/library/Cargo.lock");
            (source.is_file() && minor(release)? >= oldest).then(|| Self {
                rustc: rustc.clone(),
                release: release.to_owned(),
                key: digest([version.as_bytes()])[..12].to_owned(),
                linker: linker.clone(),
            })
        })
    }

    /// Where the sysroot of this compiler is or will be. It is whole as soon as it is there.
    pub(super) fn sysroot(&self, cache: &Path) -> PathBuf {
        cache.join(format!("rust-std/{}-{}", self.release, self.key))
    }

    /// Compiles the standard library and puts it in its place.
    pub(super) fn build_std(&self, cache: &Path, say: Report<'_>) -> Result<(), BuildError> {
        let started = Instant::now();
        say(&format!(
            "compiling the standard library for {TARGET} (once, up to a minute): rustc {} at {}",
            self.release,
            self.rustc.display()
        ));
        let place = self.sysroot(cache);
        let parent = cache.join("rust-std");
        std::fs::create_dir_all(&parent).map_err(BuildError::io("make the folder", &parent))?;
        let work = tempfile::tempdir_in(&parent).map_err(BuildError::io("write in", &parent))?;
        let package = work.path().join("package");
        write_package(&package)?;

        let mut command = Command::new("cargo");
        clean(&mut command)
            .current_dir(&package)
            .env("RUSTC", &self.rustc)
            // Cargo's -Zbuild-std is not stable, and neither are the features that the standard
            // library itself uses.
            .env("RUSTC_BOOTSTRAP", "1")
            // As in the libraries that rustup ships: both machine code and bitcode, so that builds
            // with and without link-time optimisation can use them.
            .env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes")
            .args([
                "build",
                "--release",
                "--quiet",
                "--color=never",
                "--target",
                TARGET,
            ])
            .args(["-Zbuild-std=std,panic_abort", "--target-dir", "target"]);
        let finished = run(&mut command, "it comes with Rust: https://rustup.rs")?;
        if !finished.ok {
            return Err(BuildError::Command {
                command: "cargo build -Zbuild-std".to_owned(),
                detail: finished.printed(),
            });
        }
        let sysroot = work.path().join("sysroot");
        let built = package.join("target").join(TARGET).join("release/deps");
        collect(
            &built,
            &sysroot.join("lib/rustlib").join(TARGET).join("lib"),
        )?;
        std::fs::rename(&sysroot, &place).map_err(BuildError::io("write", &place))?;
        let seconds = started.elapsed().as_secs_f64();
        let place = place.display();
        say(&format!(
            "the standard library for {TARGET} is ready after {seconds:.0} s: {place}"
        ));
        Ok(())
    }
}

/// Sysroot and version of a compiler that is there and answers.
fn describe(folder: &Path, rustc: &Path) -> Option<(PathBuf, String, PathBuf)> {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(rustc);
        clean(&mut command).current_dir(folder).args(arguments);
        run(&mut command, "").ok().filter(|finished| finished.ok)
    };
    let sysroot = ask(&["--print", "sysroot"])?.stdout;
    let version = ask(&["-vV"])?.stdout;
    Some((sysroot.trim().into(), version, rustc.to_owned()))
}

/// A line of `rustc -vV`: `host: x86_64-unknown-linux-gnu`.
fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    let line = |line: &'a str| line.strip_prefix(name)?.strip_prefix(": ");
    version.lines().find_map(line)
}

/// The first two numbers of `1.96.0`, or of `1.95`.
pub(super) fn minor(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// An empty package, for which cargo compiles the standard library.
fn write_package(folder: &Path) -> Result<(), BuildError> {
    let manifest =
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    let source = folder.join("src");
    std::fs::create_dir_all(&source).map_err(BuildError::io("make the folder", &source))?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(BuildError::io("write", path))
    };
    write("Cargo.toml", manifest)?;
    write("src/lib.rs", "#![no_std]\n")
}

/// Copies the compiled libraries, all but the empty package's.
fn collect(from: &Path, to: &Path) -> Result<(), BuildError> {
    std::fs::create_dir_all(to).map_err(BuildError::io("make the folder", to))?;
    for entry in std::fs::read_dir(from).map_err(BuildError::io("read", from))? {
        let entry = entry.map_err(BuildError::io("read", from))?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libempty-") {
            let copied = std::fs::copy(entry.path(), to.join(&name));
            copied.map_err(BuildError::io("copy", entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
impl Compiler {
    /// A compiler for the tests of what is done with one.
    pub(super) fn example() -> Self {
        Self {
            rustc: "/usr/bin/rustc".into(),
            release: "1.96.0".to_owned(),
            key: "0123456789ab".to_owned(),
            linker: "/toolchain/bin/rust-lld".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "rustc 1.96.0 (ac68faa20 2026-05-25)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\n";

    #[test]
    fn a_version_is_read_by_its_lines() {
        assert_eq!(field(VERSION, "release"), Some("1.96.0"));
        assert_eq!(field(VERSION, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(VERSION, "LLVM version"), None);
        assert_eq!(minor("1.96.0"), Some((1, 96)));
        assert_eq!(minor("1.95"), Some((1, 95)));
        assert_eq!(minor("nightly"), None);
        assert!(minor("1.100.0") > minor("1.96.0"));
    }

    #[test]
    fn only_libraries_of_the_standard_library_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("deps");
        std::fs::create_dir(&from).unwrap();
        for name in [
            "libstd-1.rlib",
            "libstd-1.rmeta",
            "std-1.d",
            "libempty-1.rlib",
        ] {
            std::fs::write(from.join(name), "").unwrap();
        }
        let to = folder.path().join("sysroot/lib");
        collect(&from, &to).unwrap();
        let names: Vec<_> = std::fs::read_dir(&to).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert!(to.join("libstd-1.rlib").is_file());
    }
}
