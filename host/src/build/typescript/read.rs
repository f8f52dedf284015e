//! Which files a build reads, so that the next one knows whether there is anything to do.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::BuildError;
use super::super::npm::{Modules, lock_file};
use super::super::project::Package;
use super::super::stamp::{digest, digest_of_files, files_below, relative};
use super::tsconfig;

/// The ends of names that the compilers look for when they are told none. A new one may take the
/// place of another, or be checked like all others.
const SOURCES: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];

/// What the compilers listed, with the settings that they followed and the kit's own tools, as
/// seen from the BFF's folder.
pub(super) fn files(
    package: &Package,
    modules: &Modules,
    listed: Vec<PathBuf>,
    bundled: Vec<PathBuf>,
) -> Vec<PathBuf> {
    let mut files = tsconfig::chain(&package.folder.join("tsconfig.json"), modules);
    files.extend(listed.into_iter().chain(bundled));
    // What resolves a package's files is in its manifest.
    let manifests: Vec<PathBuf> = files.iter().filter_map(|file| manifest_of(file)).collect();
    files.extend(manifests);
    if let Some(bundler) = modules.find("@tailor/kit/tools/bundle.mjs")
        && let Some(tools) = bundler.parent()
    {
        files.extend(files_below(tools, &|_| false).unwrap_or_default());
    }
    let mut files: Vec<PathBuf> = files
        .into_iter()
        .filter_map(|file| file.canonicalize().ok())
        // The library of the language is of the compiler's version, which counts by its manifest.
        .filter(|file| !is_of_compiler(file))
        .map(|file| relative(&package.folder, &file))
        .collect();
    files.sort();
    files.dedup();
    files
}

fn is_of_compiler(file: &Path) -> bool {
    let file = file.to_string_lossy();
    ["/node_modules/typescript/", "/node_modules/@typescript/"]
        .iter()
        .any(|folder| file.contains(folder))
}

fn manifest_of(file: &Path) -> Option<PathBuf> {
    let manifests = file.ancestors().skip(1).map(|up| up.join("package.json"));
    manifests.into_iter().find(|manifest| manifest.is_file())
}

/// The digest of all that a build reads: these files, the contract, the manifests of the packages
/// that it asks for by name, the lock file, and which sources there are.
pub(super) fn inputs(
    package: &Package,
    wit: &Path,
    read: &[PathBuf],
) -> Result<String, BuildError> {
    let folder = &package.folder;
    let mut files: Vec<PathBuf> = read.iter().map(|file| clean(&folder.join(file))).collect();
    files.extend(["package.json", "tsconfig.json"].map(|name| folder.join(name)));
    files.extend(lock_file(folder));
    files.extend(Modules::seen_from(folder).manifests(package));
    let names = sources(package)?;
    let names = names
        .iter()
        .map(|name| name.as_os_str().as_encoded_bytes())
        .collect::<Vec<_>>();
    Ok(digest([
        digest_of_files(folder, &files)?.as_bytes(),
        contract(wit)?.as_bytes(),
        digest(names).as_bytes(),
    ]))
}

/// Whether one of these files, or of the sources that there are, was written at that time or later.
pub(super) fn is_changed_since(
    package: &Package,
    read: &[PathBuf],
    time: SystemTime,
) -> Result<bool, BuildError> {
    let sources = sources(package)?;
    let is_newer = |file: &PathBuf| {
        let written = std::fs::metadata(package.folder.join(file)).and_then(|it| it.modified());
        written.is_ok_and(|written| written >= time)
    };
    Ok(read.iter().chain(&sources).any(is_newer))
}

/// The digest of the contract, wherever its folder is.
pub(super) fn contract(wit: &Path) -> Result<String, BuildError> {
    digest_of_files(wit, &files_below(wit, &|_| false)?)
}

/// The names of sources in the BFF's folder, whatever the folders in it are called.
fn sources(package: &Package) -> Result<Vec<PathBuf>, BuildError> {
    let made = package.folder.join("target");
    let skip = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let built = path.parent() == Some(made.as_path());
        let built = built && (name == "components" || name.starts_with("bundle-"));
        built || name == "node_modules" || name == ".git"
    };
    let mut files = files_below(&package.folder, &skip)?;
    files.retain(|file| {
        let end = file.extension().unwrap_or_default();
        SOURCES.iter().any(|source| end == *source)
    });
    Ok(files
        .iter()
        .map(|file| relative(&package.folder, file))
        .collect())
}

/// A path without `..`, which stands for the folder above: nothing on the way is a link.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        if part == std::path::Component::ParentDir {
            clean.pop();
        } else {
            clean.push(part);
        }
    }
    clean
}
