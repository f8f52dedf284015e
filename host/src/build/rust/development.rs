//! Builds of one package in Rust for its author's loop. What cargo knows of the workspace, and which
//! toolchain there is, are asked once and again when a manifest or a setting of cargo's changes.

use std::path::{Path, PathBuf};

use super::super::command::lock;
use super::super::component::{self, write_whole};
use super::super::stamp::digest_of_files;
use super::super::toolchain::Toolchain;
use super::super::{BuildError, BuildOptions, Built, Language, Report};
use super::profile::Profile;
use super::{SETTINGS, Workspace, compile, flags, imports};

/// What is kept between builds of a package.
#[derive(Default)]
pub(in crate::build) struct Development {
    known: Option<Known>,
    read: Vec<PathBuf>,
    /// The module that the component was made of.
    module: Vec<u8>,
}

/// What cargo said, and the digest of the files that it was said of.
struct Known {
    digest: String,
    workspace: Workspace,
    toolchain: Toolchain,
}

impl Development {
    /// Compiles the package in `folder`, which is absolute, into a component.
    pub(in crate::build) fn build(
        &mut self,
        folder: &Path,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Built, BuildError> {
        if self.read.is_empty() {
            self.read = vec![folder.join("Cargo.toml"), folder.join("src")];
        }
        self.know(folder, options, say)?;
        let Some(Known {
            workspace,
            toolchain,
            ..
        }) = &self.known
        else {
            return Err(BuildError::NoArtefact(folder.display().to_string()));
        };
        let package = workspace.package_in(folder)?;
        let output = workspace.development();
        let _lock = lock(&output.join("build.lock"), say)?;
        let place = workspace.place(package);
        let flags = flags::flags(&place, options.cargo_home.as_deref(), package.has_kit());
        let mut cargo = toolchain.cargo(&place, "build", &flags);
        workspace.arguments(&mut cargo, Profile::Development, &[package], options);
        let modules = compile(&mut cargo, say)?;
        let name = package.name.as_str();
        let module = modules.iter().find(|(id, _)| *id == package.id);
        let (_, file) = module.ok_or_else(|| BuildError::NoArtefact(name.to_owned()))?;
        self.read = read(workspace, package, folder, file);
        let module = std::fs::read(file).map_err(BuildError::io("read", file))?;
        let output = output.join(format!("{name}.wasm"));
        let fresh = self.module == module && output.is_file();
        if !fresh {
            if let Some(reason) = imports::reason(&module, &workspace.workspace_root, &package.id) {
                let name = name.to_owned();
                return Err(BuildError::Component { name, reason });
            }
            let bytes = component::encode(name, &module)?;
            component::check(name, &bytes)?;
            write_whole(&output, &bytes)?;
        }
        let size = std::fs::metadata(&output)
            .map_err(BuildError::io("read", &output))?
            .len();
        let built = Built {
            name: name.to_owned(),
            component: output,
            language: Language::Rust,
            size,
            fresh,
        };
        self.module = module;
        Ok(built)
    }

    /// The files and folders that the last build read.
    pub(in crate::build) fn read(&self) -> &[PathBuf] {
        &self.read
    }

    /// Asks cargo of the workspace, unless nothing has changed that it would say.
    fn know(
        &mut self,
        folder: &Path,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<(), BuildError> {
        let digest = digest_of_files(folder, &manifests(folder))?;
        if self
            .known
            .as_ref()
            .is_some_and(|known| known.digest == digest)
        {
            return Ok(());
        }
        self.known = None;
        let workspace = Workspace::read(folder)?;
        let package = workspace.package_in(folder)?;
        let place = workspace.place(package);
        let toolchain = workspace.toolchain(&place, &[package], options, say)?;
        self.known = Some(Known {
            digest,
            workspace,
            toolchain,
        });
        Ok(())
    }
}

/// The files that decide which packages there are and how they are compiled, whether they are there
/// or not.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let names = SETTINGS.into_iter().chain(["Cargo.toml"]);
    let in_folder = |up: &Path| names.clone().map(|name| up.join(name)).collect::<Vec<_>>();
    folder.ancestors().flat_map(in_folder).collect()
}

/// What the compiler read, of which cargo keeps a list beside the module: the sources of the
/// workspace's packages and their folders, where a file may be added; and the manifests.
fn read(
    workspace: &Workspace,
    package: &super::Package,
    folder: &Path,
    module: &Path,
) -> Vec<PathBuf> {
    let listed = std::fs::read_to_string(module.with_extension("d")).unwrap_or_default();
    let listed = listed.lines().next().and_then(|line| line.split_once(": "));
    let mut files: Vec<PathBuf> = listed.map_or_else(Vec::new, |(_, files)| {
        // A space in a name is written with a backslash before it.
        let files = files.replace("\\ ", "\0");
        files
            .split(' ')
            .map(|file| file.replace('\0', " ").into())
            .collect()
    });
    files.retain(|file| file.is_absolute());
    files.push(package.manifest_path.clone());
    files.push(folder.join("src/lib.rs"));
    let folders: Vec<PathBuf> = files
        .iter()
        .filter_map(|it| Some(it.parent()?.to_owned()))
        .collect();
    files.extend(folders);
    files.extend(manifests(folder).into_iter().filter(|file| file.is_file()));
    files.push(workspace.workspace_root.join("Cargo.lock"));
    files.sort();
    files.dedup();
    files
}
