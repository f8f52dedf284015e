//! TypeScript BFFs: type check, one bundle, a component with the QuickJS engine in it.
//!
//! Every componentization gives other bytes, even of equal sources, and other bytes are another
//! version to the host. So the last step runs only when what it is given has changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::command::lock;
use super::npm::{KIT, Modules};
use super::project::Package;
use super::stamp::{Stamp, digest};
use super::{BuildError, BuildOptions, Built, Language, Report, component};
use bundle::Bundle;

/// Builds one package.
pub(super) fn build(
    package: &Package,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Built, BuildError> {
    let components = package.components();
    let _lock = lock(&components.join("build.lock"), say)?;
    let output = package.component();
    let built = |size, fresh| Built {
        name: package.name.clone(),
        component: output.clone(),
        language: Language::TypeScript,
        size,
        fresh,
    };
    let size = || {
        Ok(std::fs::metadata(&output)
            .map_err(BuildError::io("read", &output))?
            .len())
    };

    let old = Stamp::of(&output);
    match find_wit(package, options) {
        Ok(wit) => {
            if let Some(old) = &old
                && old.inputs == read::inputs(package, &wit, &old.read)?
            {
                return Ok(built(size()?, true));
            }
        }
        // It comes with the kit, which is not installed yet.
        Err(_) if package.dependencies.contains_key(KIT) => {}
        Err(error) => return Err(error),
    }

    let modules = Modules::ready(package, say)?;
    let wit = find_wit(package, options)?;
    let begun = SystemTime::now();
    let listed = types::check(package, &modules, options, say)?;
    let bundle = Bundle::make(package, &modules, &components, options, say)?;
    let read = read::files(package, &modules, listed, bundle.read(package)?);
    // Taken after an installation, which may have written the lock file.
    let mut inputs = read::inputs(package, &wit, &read)?;
    if read::is_changed_since(package, &read, begun)? {
        // It may have been read before: the next build has to look again.
        inputs.clear();
    }
    let last_step = digest([
        bundle.text()?.as_slice(),
        read::contract(&wit)?.as_bytes(),
        tool_version(&modules).as_bytes(),
    ]);
    let fresh = old.as_ref().is_some_and(|old| old.last_step == last_step);
    let component = match old {
        Some(old) if fresh => old.component,
        _ => {
            let bytes = componentize::componentize(package, &modules, &wit, &bundle, say)?;
            component::write_whole(&output, &bytes)?;
            digest([bytes.as_slice()])
        }
    };
    bundle.keep(&components)?;
    let stamp = Stamp {
        inputs,
        last_step,
        component,
        read,
    };
    stamp.write(&output)?;
    Ok(built(size()?, fresh))
}

/// The folder of the contract.
fn find_wit(package: &Package, options: &BuildOptions) -> Result<PathBuf, BuildError> {
    if let Some(named) = options.wit.as_ref().or(package.wit.as_ref()) {
        return named.canonicalize().map_err(BuildError::io("read", named));
    }
    // The kit's types are those of the contract beside it.
    let kit = Modules::seen_from(&package.folder).find("@tailor/kit/wit/tailor.wit");
    let above = package.folder.ancestors();
    let found = kit
        .into_iter()
        .chain(above.map(|folder| folder.join("wit/tailor.wit")))
        .find(|file| file.is_file());
    let folder = found.as_deref().and_then(Path::parent);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| BuildError::Unsuitable {
            file: package.folder.join("package.json"),
            reason: "there is no wit/tailor.wit in its kit, in its folder or above: name the \
                     contract's folder in package.json, \"tailor\": { \"wit\": \"...\" }"
                .to_owned(),
        })
}

/// The version of the last step's program, so that another one makes the component anew.
fn tool_version(modules: &Modules) -> String {
    let manifest = modules.find("componentize-qjs/package.json");
    manifest
        .and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_default()
}

mod bundle;
mod bundler;
mod componentize;
mod development;
mod engine;
mod handler;
mod hints;
mod read;
mod tsconfig;
mod types;
mod world;

pub(super) use development::{Development, check};

#[cfg(test)]
mod tests;
