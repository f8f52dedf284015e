//! A BFF's folder in, a component out: Rust, TypeScript and Python.
//!
//! [`build`] makes components for production, [`Session`] those of an author's loop.
//!
//! Owns the preparation of what a machine lacks for that (Rust's WebAssembly target, packages of
//! npm and pip), the compilers' command lines, the rule when a build is up to date, and the kits
//! that the program writes out. It must not know the host that runs components: it imports nothing
//! of the rest of this crate, and checks only what the author of a component can fix.
//!
//! Everything blocks. A component is written whole or not at all, and two processes that build the
//! same folders run one after the other.

mod bounds;
mod command;
mod component;
mod error;
mod folder;
mod fuse;
mod kit;
mod npm;
mod options;
mod packages;
mod project;
mod pyproject;
mod python;
mod running;
mod rust;
mod session;
mod source_map;
mod stamp;
mod std_source;
mod target;
mod toolchain;
mod typescript;

use std::path::{Path, PathBuf};
use std::time::Instant;

/// The script `test` that `npm init` writes where there are no tests.
pub const NO_TESTS: &str = "echo \"Error: no test specified\" && exit 1";

pub use error::BuildError;
pub use fuse::{FuseError, Fused, fuse};
pub use kit::Kit;
pub use options::BuildOptions;
pub use project::Language;
pub use python::python_tests;
pub use session::Session;

use project::Project;

/// Receives progress, one line each time, and the output of compilers, which may be many lines at
/// once.
pub type Report<'a> = &'a mut dyn FnMut(&str);

/// A component that is on disk and matches its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The package's name without an npm scope: `watch`. It is the file's stem, too.
    pub name: String,
    /// Where the component is: `<bffs>/target/components/<name>.wasm`, whatever cargo's settings
    /// say, or where [`BuildOptions::output`] said.
    pub component: PathBuf,
    /// What it was written in.
    pub language: Language,
    /// Bytes of the component.
    pub size: u64,
    /// Nothing was written: the component was there and its bytes are the same as before.
    pub fresh: bool,
}

/// Builds the BFF in `folder`.
///
/// The first build on a machine may install packages and compile a standard library, which takes a
/// minute or two and is reported through `say`. Later ones cost what the compilers need; with
/// nothing changed, well under a second.
///
/// # Errors
///
/// When the folder is no BFF, when a tool is missing and could not be installed (the message holds
/// the command to run by hand), and when the sources do not compile (the compiler's messages were
/// reported by then).
pub fn build(folder: &Path, options: &BuildOptions, say: Report<'_>) -> Result<Built, BuildError> {
    let started = Instant::now();
    let project = Project::read(folder)?;
    let mut built = match &project {
        Project::Rust(folder) => {
            let workspace = rust::Workspace::read(folder)?;
            let package = workspace.package_in(folder)?;
            one(rust::build(&workspace, &[package], options, say)?, folder)?
        }
        Project::TypeScript(package) => typescript::build(package, options, say)?,
        Project::Python(project) => python::build(project, options, say)?,
    };
    if let Some(output) = &options.output {
        built = component::copy_to(built, output)?;
    }
    report(&[&built], started, say);
    Ok(built)
}

/// Builds every BFF below `bffs`, ordered by name: the packages of its Cargo workspace that are a
/// `cdylib` and have `[package.metadata.component]`, and the folders whose `package.json` has the
/// key `tailor` or whose `pyproject.toml` has the table `tool.tailor`. The Rust ones are one run of
/// cargo. [`BuildOptions::output`] is not used.
///
/// # Errors
///
/// As [`build`]; also when there is no BFF at all, and when two have one name.
pub fn build_all(
    bffs: &Path,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Vec<Built>, BuildError> {
    let started = Instant::now();
    let mut all = Vec::new();
    if bffs.join("Cargo.toml").is_file() {
        let workspace = rust::Workspace::read(bffs)?;
        let components = workspace.components();
        if !components.is_empty() {
            all.extend(rust::build(&workspace, &components, options, say)?);
        }
    }
    for package in project::typescript_below(bffs)? {
        all.push(typescript::build(&package, options, say)?);
    }
    for project in pyproject::below(bffs)? {
        all.push(python::build(&project, options, say)?);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    if all.is_empty() {
        return Err(BuildError::NoBffs(bffs.to_owned()));
    }
    if let Some(pair) = all.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(BuildError::SameName(pair[0].name.clone()));
    }
    report(&all.iter().collect::<Vec<_>>(), started, say);
    Ok(all)
}

/// Where [`build`] puts the component of the BFF in `folder`, as seen from there.
///
/// # Errors
///
/// When the folder is no BFF.
pub fn component_of(folder: &Path) -> Result<PathBuf, BuildError> {
    let folder = folder
        .canonicalize()
        .map_err(BuildError::io("read", folder))?;
    let component = match Project::read(&folder)? {
        Project::Rust(folder) => {
            let workspace = rust::Workspace::read(&folder)?;
            workspace.component_of(workspace.package_in(&folder)?)
        }
        Project::TypeScript(package) => package.component(),
        Project::Python(project) => project.component(),
    };
    Ok(stamp::relative(&folder, &component))
}

fn one(built: Vec<Built>, folder: &Path) -> Result<Built, BuildError> {
    let missing = || BuildError::NoArtefact(folder.display().to_string());
    built.into_iter().next().ok_or_else(missing)
}

/// One line for what was written; none for what was up to date.
fn report(built: &[&Built], started: Instant, say: Report<'_>) {
    let written: Vec<String> = built
        .iter()
        .filter(|built| !built.fresh)
        .map(|built| format!("{} ({} KB)", built.name, built.size.div_ceil(1000)))
        .collect();
    if !written.is_empty() {
        let seconds = started.elapsed().as_secs_f64();
        say(&format!("built {} in {seconds:.1} s", written.join(", ")));
    }
}
