//! Python BFFs: a copy of the sources, a component with CPython in it, its modules linked.
//!
//! Every componentization gives other bytes, even of equal sources, and other bytes are another
//! version to the host. So it runs only when what it reads has changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::lock;
use super::pyproject::{MANIFEST, PyProject};
use super::stamp::{Stamp, digest, digest_of_files, files_below};
use super::{BuildError, BuildOptions, Built, Language, Report, component};
use sources::Sources;
use tools::Tools;

/// Builds one project.
pub(super) fn build(
    project: &PyProject,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Built, BuildError> {
    let components = project.components();
    build_into(project, &components, options, say, |parts, _| {
        componentize::componentize(
            project,
            &parts.tools,
            &parts.wit,
            &parts.sources,
            &components,
        )
    })
}

/// What a component is made of.
struct Parts {
    tools: Tools,
    wit: PathBuf,
    sources: Sources,
}

/// Builds one project, with its component in a folder. `make` makes it where something has changed.
fn build_into(
    project: &PyProject,
    components: &Path,
    options: &BuildOptions,
    say: Report<'_>,
    make: impl FnOnce(&Parts, Report<'_>) -> Result<Vec<u8>, BuildError>,
) -> Result<Built, BuildError> {
    let _lock = lock(&components.join("build.lock"), say)?;
    let output = components.join(format!("{}.wasm", project.name));
    let wit = find_wit(project, options)?;
    let sources = Sources::read(project)?;
    let built = |size, fresh| Built {
        name: project.name.clone(),
        component: output.clone(),
        language: Language::Python,
        size,
        fresh,
    };
    if let Some(old) = Stamp::of(&output)
        && old.inputs == inputs(project, &wit, &sources)?
    {
        let file = std::fs::metadata(&output).map_err(BuildError::io("read", &output))?;
        return Ok(built(file.len(), true));
    }
    let tools = Tools::ready(project, options, say)?;
    // Taken after an installation, which may have brought packages.
    let inputs = inputs(project, &wit, &sources)?;
    let parts = Parts {
        tools,
        wit,
        sources,
    };
    let bytes = make(&parts, say)?;
    component::write_whole(&output, &bytes)?;
    let stamp = Stamp {
        inputs,
        component: digest([bytes.as_slice()]),
        ..Stamp::default()
    };
    stamp.write(&output)?;
    Ok(built(bytes.len() as u64, false))
}

/// The digest of all that a build reads.
fn inputs(project: &PyProject, wit: &Path, sources: &Sources) -> Result<String, BuildError> {
    let manifest = project.folder.join(MANIFEST);
    Ok(digest([
        sources.digest().as_bytes(),
        digest_of_files(&project.folder, &[manifest])?.as_bytes(),
        digest_of_files(wit, &files_below(wit, &|_| false)?)?.as_bytes(),
        tools::installed(project)?.join("\n").as_bytes(),
        componentize::ENTRY.as_bytes(),
    ]))
}

/// The digest of what an interpreter that is kept is made of.
fn kept_of(project: &PyProject, parts: &Parts) -> Result<String, BuildError> {
    let wit = &parts.wit;
    Ok(digest([
        parts.sources.digest_of_kit().as_bytes(),
        digest_of_files(&project.folder, &[project.folder.join(MANIFEST)])?.as_bytes(),
        digest_of_files(wit, &files_below(wit, &|_| false)?)?.as_bytes(),
        tools::installed(project)?.join("\n").as_bytes(),
    ]))
}

/// The folder of the contract.
fn find_wit(project: &PyProject, options: &BuildOptions) -> Result<PathBuf, BuildError> {
    if let Some(named) = options.wit.as_ref().or(project.wit.as_ref()) {
        return named.canonicalize().map_err(BuildError::io("read", named));
    }
    // The kit's types are those of the contract beside it.
    let beside = project.path.iter().map(|path| path.join(".."));
    let above = project.folder.ancestors().map(Path::to_owned);
    let mut places = beside.chain(above).map(|folder| folder.join("wit"));
    let found = places.find(|wit| wit.join("tailor.wit").is_file());
    let found = found.and_then(|wit| wit.canonicalize().ok());
    found.ok_or_else(|| BuildError::Unsuitable {
        file: project.folder.join(MANIFEST),
        reason: "there is no wit/tailor.wit beside its kit, in its folder or above: name the \
                 contract's folder: [tool.tailor] wit = \"...\""
            .to_owned(),
    })
}

mod componentize;
mod development;
mod engine;
mod failure;
mod pip;
mod requirements;
mod sources;
mod tools;

pub(super) use development::Development;

/// The command that runs the tests of the Python project in `folder`.
///
/// # Errors
///
/// When the folder is none.
pub fn python_tests(folder: &Path) -> Result<Command, BuildError> {
    let folder = folder
        .canonicalize()
        .map_err(BuildError::io("read", folder))?;
    let Some((project, _)) = PyProject::read(&folder)? else {
        return Err(BuildError::NotABff(folder));
    };
    let mut command = tools::interpreter(&project);
    command.args(["-m", "unittest", "discover", "-s", "tests"]);
    Ok(command)
}
