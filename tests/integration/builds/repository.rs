//! A repository of a team, in a temporary folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tailor_harness::Process;
use tailor_harness::components::{example, root};

use crate::bffs::without_our_build;

/// The packages of `partner` that a BFF is built with.
const PACKAGES: [&str; 8] = [
    ".bin",
    "@andreiltd",
    "@esbuild",
    "@types",
    "@typescript",
    "componentize-qjs",
    "esbuild",
    "typescript",
];

pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Everything in a folder, without what was built or installed in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() && name != "target" && name != "node_modules" {
            copy(&path, &to.join(name));
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Installs, as a package manager would, the packages of `partner` and this kit.
pub fn install(folder: &Path, kit: &Path) {
    // Building it installs them there.
    example("partner").unwrap();
    let packages = folder.join("node_modules");
    fs::create_dir_all(packages.join("@tailor")).unwrap();
    for name in PACKAGES {
        let from = root().join("bffs/partner/node_modules").join(name);
        symlink(from, packages.join(name)).unwrap();
    }
    let place = packages.join("@tailor/kit");
    if !place.exists() {
        symlink(kit, place).unwrap();
    }
}

/// What a run said: whether it ended well, standard output, standard error.
pub struct Said {
    pub good: bool,
    pub printed: String,
    pub errors: String,
}

impl Said {
    /// The component that was built.
    pub fn component(&self) -> Vec<u8> {
        assert!(self.good, "{}", self.errors);
        fs::read(self.printed.trim()).unwrap()
    }
}

/// Runs `tailor` in a folder, as on a machine for production that has no network.
pub fn tailor(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(Process::program().unwrap());
    without_our_build(&mut command);
    command
        .args(arguments)
        .current_dir(folder)
        // Which names the compiler of this test.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("NODE_ENV", "production")
        .env("npm_config_offline", "true")
        .env("CARGO_NET_OFFLINE", "true")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    Said {
        good: output.status.success(),
        printed: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The names in a folder.
pub fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}
