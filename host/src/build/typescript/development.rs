//! Builds of one package in TypeScript for its author's loop: with the bundler and the engine kept
//! running between them. Each of them may be missing, and is then what it is for production.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::command::lock;
use super::super::component::write_whole;
use super::super::npm::{Modules, lock_file};
use super::super::project::Package;
use super::super::stamp::{digest, digest_of_files};
use super::super::{BuildError, BuildOptions, Built, Language, Report};
use super::bundle::{self, Bundle, KIT_BUNDLER};
use super::bundler::Bundler;
use super::engine::Engine;
use super::{componentize, find_wit, read, tool_version, types};

/// What is kept between builds of a package.
#[derive(Default)]
pub(in crate::build) struct Development {
    read: Vec<PathBuf>,
    tools: Option<Tools>,
    /// The digest of what the last component was made of.
    made_of: String,
}

/// What is dear to start.
struct Tools {
    /// The digest of what they were started with.
    of: String,
    modules: Modules,
    wit: PathBuf,
    bundle: Bundle,
    bundler: Option<Bundler>,
    /// Nothing before the first component, and where it cannot be kept.
    engine: Option<Engine>,
    engine_failed: bool,
}

impl Development {
    /// Bundles the package and makes a component of it.
    pub(in crate::build) fn build(
        &mut self,
        package: &Package,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Built, BuildError> {
        if self.read.is_empty() {
            self.read = beside(package, &[package.folder.join(&package.entry)]);
        }
        let components = package.development();
        let _lock = lock(&components.join("build.lock"), say)?;
        let output = components.join(format!("{}.wasm", package.name));
        let of = started_with(package, options)?;
        if self.tools.as_ref().is_none_or(|tools| tools.of != of) {
            self.tools = None;
            self.tools = Some(Tools::new(package, &components, options, of, say)?);
        }
        let Some(tools) = &mut self.tools else {
            return Err(BuildError::NoArtefact(package.name.clone()));
        };
        tools.bundle(package, options, say)?;
        self.read = beside(package, &tools.bundle.read(package)?);
        let made_of = digest([
            tools.bundle.text()?.as_slice(),
            read::contract(&tools.wit)?.as_bytes(),
            tool_version(&tools.modules).as_bytes(),
        ]);
        let fresh = self.made_of == made_of && output.is_file();
        if !fresh {
            let bytes = tools.componentize(package, say)?;
            write_whole(&output, &bytes)?;
            self.made_of = made_of;
        }
        tools.bundle.keep(&components)?;
        let size = std::fs::metadata(&output)
            .map_err(BuildError::io("read", &output))?
            .len();
        Ok(Built {
            name: package.name.clone(),
            component: output,
            language: Language::TypeScript,
            size,
            fresh,
        })
    }

    /// The files and folders that the last build read.
    pub(in crate::build) fn read(&self) -> &[PathBuf] {
        &self.read
    }
}

impl Tools {
    fn new(
        package: &Package,
        components: &Path,
        options: &BuildOptions,
        of: String,
        say: Report<'_>,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            of,
            modules: Modules::ready(package, say)?,
            wit: find_wit(package, options)?,
            bundle: Bundle::folder(package, components)?,
            bundler: None,
            engine: None,
            engine_failed: false,
        })
    }

    /// Bundles with the process that stays. Where it does not run, it is started; where it does not
    /// start, the bundle is made as for production.
    fn bundle(
        &mut self,
        package: &Package,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<(), BuildError> {
        bundle::entry(package)?;
        if let Some(script) = self.modules.find(KIT_BUNDLER) {
            if let Some(bundler) = &mut self.bundler {
                if let Some(bundled) = bundler.bundle() {
                    let printed = bundled.printed.trim_end();
                    return self.bundle.finish(package, bundled.ok, printed, say);
                }
                say("the bundler has ended: starting it again");
            }
            let file = self.bundle.file("js");
            self.bundler = Bundler::start(package, &self.modules, &script, &file);
            let bundled = self.bundler.as_mut().and_then(Bundler::bundle);
            if let Some(bundled) = bundled {
                let printed = bundled.printed.trim_end();
                return self.bundle.finish(package, bundled.ok, printed, say);
            }
            self.bundler = None;
        }
        self.bundle.write(package, &self.modules, options, say)
    }

    /// Makes the component, in the engine that is kept. What goes wrong there goes wrong in the
    /// usual way, too, which tells the author's line.
    fn componentize(&mut self, package: &Package, say: Report<'_>) -> Result<Vec<u8>, BuildError> {
        if self.engine.is_none() && !self.engine_failed {
            let folder = self.bundle.folder.path();
            match Engine::start(package, &self.modules, &self.wit, folder, say) {
                Ok(engine) => self.engine = Some(engine),
                Err(error) => {
                    say(&format!("{error}; each build will start it anew"));
                    self.engine_failed = true;
                }
            }
        }
        if let Some(engine) = &self.engine {
            let text = String::from_utf8_lossy(&self.bundle.text()?).into_owned();
            let started = Instant::now();
            let made = engine.component_of(&package.name, &text, package.modules);
            if let Ok(linked) = made {
                return componentize::checked(package, linked, say);
            }
            if started.elapsed() >= package.modules.time {
                say("module-level code does not end: looking where it is");
            }
        }
        componentize::componentize(package, &self.modules, &self.wit, &self.bundle, say)
    }
}

/// The digest of what decides how tools are started: packages, contract and settings.
fn started_with(package: &Package, options: &BuildOptions) -> Result<String, BuildError> {
    let folder = &package.folder;
    let mut files = vec![folder.join("package.json")];
    files.extend(lock_file(folder));
    let modules = Modules::seen_from(folder);
    files.extend(modules.manifests(package));
    let contract = match find_wit(package, options) {
        Ok(wit) => read::contract(&wit)?,
        // It comes with the kit, which is not installed yet.
        Err(_) => String::new(),
    };
    let files = digest_of_files(folder, &files)?;
    Ok(digest([files.as_bytes(), contract.as_bytes()]))
}

/// Checks the types of a package.
pub(in crate::build) fn check(
    package: &Package,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<(), BuildError> {
    let modules = Modules::ready(package, say)?;
    types::check(package, &modules, options, say).map(drop)
}

/// Files that were bundled, with the folders of those that are no installed packages, where a file
/// may be added; and what decides how they are bundled.
fn beside(package: &Package, bundled: &[PathBuf]) -> Vec<PathBuf> {
    let is_installed = |file: &Path| file.iter().any(|part| part == "node_modules");
    let mut files: Vec<PathBuf> = bundled
        .iter()
        .filter_map(|it| it.canonicalize().ok())
        .collect();
    let own = files.iter().filter(|file| !is_installed(file));
    let folders: Vec<PathBuf> = own
        .filter_map(|file| Some(file.parent()?.to_owned()))
        .collect();
    files.extend(folders);
    files.extend(["package.json", "tsconfig.json"].map(|name| package.folder.join(name)));
    files.extend(lock_file(&package.folder));
    files.sort();
    files.dedup();
    files
}
