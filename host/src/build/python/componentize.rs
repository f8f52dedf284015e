//! The last step: the interpreter and the modules as a component. The code of modules runs in it,
//! once.

use std::path::Path;
use std::process::Command;

use super::super::bounds::{Ended, run_within};
use super::super::fuse::{fuse, world_of};
use super::super::pyproject::PyProject;
use super::super::{BuildError, component};
use super::failure;
use super::requirements;
use super::sources::Sources;
use super::tools::Tools;

/// What is said when componentize-py cannot be started.
const NO_TOOL: &str =
    "it makes the component: remove the environment that it is in, and build again";
/// The module that the host calls, and its name. It imports that of the author.
pub(super) const ENTRY: &str = include_str!("entry.py");
const ENTRY_MODULE: &str = "tailor_entry";
/// The module that the host calls in a component that is kept, and its name.
pub(super) const KEPT: &str = include_str!("kept.py");
const KEPT_MODULE: &str = "tailor_kept";
/// The world of the contract.
const WORLD: &str = "bff";
/// The interface that a component exports, whatever its version.
pub(super) const HANDLER: &str = "tailor:bff/handler@";

/// What the component begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The author's modules, imported.
    Whole,
    /// What these import. They come in a first request.
    Kept,
}

/// Makes the component. Files on the way lie in a folder in `components`.
pub(super) fn componentize(
    project: &PyProject,
    tools: &Tools,
    wit: &Path,
    sources: &Sources,
    components: &Path,
) -> Result<Vec<u8>, BuildError> {
    let bytes = made(project, tools, wit, sources, components, Entry::Whole)?;
    let linked = world_of(&bytes, HANDLER).and_then(|(resolve, id)| fuse(&bytes, &resolve, id));
    let linked = linked.map_err(|error| BuildError::Component {
        name: project.name.clone(),
        reason: format!(
            "what componentize-py made cannot be linked: {error}; take the version that tailor is \
             made for, {}",
            super::super::pyproject::COMPONENTIZE
        ),
    })?;
    component::check(&project.name, &linked.bytes)?;
    Ok(linked.bytes)
}

/// What componentize-py makes, which is still to be linked.
pub(super) fn made(
    project: &PyProject,
    tools: &Tools,
    wit: &Path,
    sources: &Sources,
    components: &Path,
    entry: Entry,
) -> Result<Vec<u8>, BuildError> {
    let folder = tempfile::Builder::new()
        .prefix(".python-")
        .tempdir_in(components)
        .map_err(BuildError::io("make a folder in", components))?;
    let folder = folder.path();
    let made = folder.join("made.wasm");
    let mut tool = tool(tools, wit, sources, folder, entry)?;
    tool.arg("-o").arg(&made);
    let failed = |reason: String| BuildError::Component {
        name: project.name.clone(),
        reason,
    };
    let shown_entry = project.entry.display();
    let finished = match run_within(&mut tool, NO_TOOL, project.modules)? {
        Ended::Finished(finished) => finished,
        Ended::Time => {
            let seconds = project.modules.time.as_secs();
            return Err(failed(format!(
                "module-level code of {shown_entry} or of what it imports ran for more than {seconds}s when \
                 the component was built; it runs once, then: look for a loop, or raise \
                 \"module-seconds\" of [tool.tailor] in pyproject.toml"
            )));
        }
        Ended::Memory => {
            let mib = project.modules.memory >> 20;
            return Err(failed(format!(
                "module-level code of {shown_entry} or of what it imports took more than {mib} MiB of memory \
                 when the component was built; it runs once, then: make less of it, or raise \
                 \"module-mib\" of [tool.tailor] in pyproject.toml"
            )));
        }
    };
    if !finished.ok {
        let shown: Vec<_> = sources.roots.iter().map(|root| &*root.shown).collect();
        let printed = finished.printed();
        let mut reason = failure::reason(&printed, &shown);
        let packages = tools.packages.as_deref();
        if let Some(needs) = packages.and_then(|it| requirements::needs_c(&printed, it)) {
            reason = format!("{reason}\n{needs}");
        }
        return Err(failed(reason));
    }
    std::fs::read(&made).map_err(BuildError::io("read", &made))
}

/// The command without its output, with all that it reads written into `folder`.
fn tool(
    tools: &Tools,
    wit: &Path,
    sources: &Sources,
    folder: &Path,
    entry: Entry,
) -> Result<Command, BuildError> {
    let mut path = sources.write(folder)?;
    let own = folder.join("entry");
    let written = |name: &str, text: &str| {
        let file = own.join(name);
        std::fs::write(&file, text).map_err(BuildError::io("write", file))
    };
    // Where it would look for packages of the machine there are none.
    let environment = folder.join("environment");
    for folder in [&own, &environment.join("lib/site-packages")] {
        std::fs::create_dir_all(folder).map_err(BuildError::io("make the folder", folder))?;
    }
    written(&format!("{ENTRY_MODULE}.py"), ENTRY)?;
    written("tailor_build.py", &settings(sources))?;
    let module = match entry {
        Entry::Whole => ENTRY_MODULE,
        Entry::Kept => {
            written(&format!("{KEPT_MODULE}.py"), KEPT)?;
            KEPT_MODULE
        }
    };
    path.push(own.clone());
    path.extend(tools.packages.clone());
    let mut tool = tools.command();
    tool.env("VIRTUAL_ENV", environment)
        .current_dir(folder)
        .arg("-d")
        .arg(wit)
        .args(["-q", "-w", WORLD, "componentize", module]);
    for folder in path {
        tool.arg("-p").arg(folder);
    }
    Ok(tool)
}

/// The module that tells the entry what it is of.
fn settings(sources: &Sources) -> String {
    // A text of JSON is one of Python, too.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let roots = sources.roots.iter().map(|root| {
        let shown = root.shown.display().to_string();
        text(if shown.is_empty() { "." } else { &shown })
    });
    let roots: Vec<String> = roots.collect();
    format!(
        "MODULE = {}\nROOTS = [{}]\n",
        text(&sources.module),
        roots.join(", ")
    )
}
