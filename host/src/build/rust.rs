//! Rust BFFs: one run of cargo for all requested ones, then a component of each module.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::command::{lock, run};
use super::stamp::{Stamp, digest};
use super::std_source::minor;
use super::target::{TARGET, clean};
use super::toolchain::{self, Toolchain};
use super::{BuildError, BuildOptions, Built, Language, Report, component};
use profile::Profile;

/// The kit, whose components want some settings of the linker.
const KIT: &str = "tailor-kit";

const CARGO_MISSING: &str = "Rust BFFs need it: https://rustup.rs";

/// What `cargo metadata` says of the workspace that a folder belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    id: String,
    pub(super) name: String,
    manifest_path: PathBuf,
    rust_version: Option<String>,
    targets: Vec<Target>,
    #[serde(default)]
    metadata: Option<serde_json::Value>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Target {
    fn is_module(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "cdylib")
    }
}

impl Package {
    fn is_module(&self) -> bool {
        self.targets.iter().any(Target::is_module)
    }

    fn has_kit(&self) -> bool {
        self.dependencies.iter().any(|it| it.name == KIT)
    }

    fn is_component(&self) -> bool {
        let metadata = self.metadata.as_ref();
        self.is_module() && metadata.is_some_and(|metadata| metadata.get("component").is_some())
    }
}

impl Workspace {
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let folder = folder
            .canonicalize()
            .map_err(BuildError::io("read", folder))?;
        let mut command = Command::new("cargo");
        clean(&mut command)
            .current_dir(&folder)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .arg("--color=never");
        let finished = run(&mut command, CARGO_MISSING)?;
        let unsuitable = |reason: String| BuildError::Unsuitable {
            file: folder.join("Cargo.toml"),
            reason,
        };
        if !finished.ok {
            return Err(unsuitable(finished.printed()));
        }
        serde_json::from_str(&finished.stdout).map_err(|error| unsuitable(error.to_string()))
    }

    /// The package whose manifest is in `folder`, which is absolute.
    pub(super) fn package_in(&self, folder: &Path) -> Result<&Package, BuildError> {
        let file = folder.join("Cargo.toml");
        let found = self.packages.iter().find(|it| it.manifest_path == file);
        let reason = match found {
            Some(package) if package.is_module() => return Ok(package),
            Some(_) => {
                "its library is not a WebAssembly module: add crate-type = [\"cdylib\"] to [lib]"
                    .to_owned()
            }
            None => {
                let names = self
                    .components()
                    .iter()
                    .map(|it| it.name.as_str())
                    .collect::<Vec<_>>();
                format!(
                    "it is a workspace: name the folder of one BFF ({})",
                    names.join(", ")
                )
            }
        };
        Err(BuildError::Unsuitable { file, reason })
    }

    /// The folder of finished components. It is not where cargo puts its own files, which its
    /// settings may move.
    fn components_folder(&self) -> PathBuf {
        self.workspace_root.join("target/components")
    }

    /// Where the component of a package is.
    pub(super) fn component_of(&self, package: &Package) -> PathBuf {
        let file = format!("{}.wasm", package.name);
        self.components_folder().join(file)
    }

    /// The folder of components of development builds.
    pub(super) fn development(&self) -> PathBuf {
        self.workspace_root.join("target/dev")
    }

    /// The packages that are BFFs.
    pub(super) fn components(&self) -> Vec<&Package> {
        self.packages
            .iter()
            .filter(|it| it.is_component())
            .collect()
    }
}

/// One line of cargo's `--message-format=json`, as far as it matters here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        package_id: String,
        target: Target,
        filenames: Vec<PathBuf>,
    },
    #[serde(rename = "compiler-message")]
    Compiler { target: Target, message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

/// Builds these packages of one workspace.
pub(super) fn build(
    workspace: &Workspace,
    packages: &[&Package],
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Vec<Built>, BuildError> {
    let components = workspace.components_folder();
    let _lock = lock(&components.join("build.lock"), say)?;
    for name in &options.ignored {
        say(&format!(
            "{name} is set, and is not used for components: write their flags into \
             .cargo/config.toml, as target.{TARGET}.rustflags"
        ));
    }
    let mut modules = Vec::new();
    for ((place, with_kit), packages) in workspace.runs(packages) {
        let flags = flags::flags(&place, options.cargo_home.as_deref(), with_kit);
        let toolchain = workspace.toolchain(&place, &packages, options, say)?;
        let mut cargo = toolchain.cargo(&place, "build", &flags);
        workspace.arguments(&mut cargo, Profile::Release, &packages, options);
        modules.extend(compile(&mut cargo, say)?);
    }
    let module_of = |package: &&Package| {
        let module = modules.iter().find(|(id, _)| *id == package.id);
        let (_, module) = module.ok_or_else(|| BuildError::NoArtefact(package.name.clone()))?;
        workspace.componentize(package, module)
    };
    packages.iter().map(module_of).collect()
}

/// The packages of one run of cargo, by the folder that it runs in and whether they have the kit.
type Runs<'a> = BTreeMap<(PathBuf, bool), Vec<&'a Package>>;

impl Workspace {
    fn runs<'a>(&self, packages: &[&'a Package]) -> Runs<'a> {
        let mut runs = Runs::new();
        for package in packages {
            let run = (self.place(package), package.has_kit());
            runs.entry(run).or_default().push(package);
        }
        runs
    }

    /// Where cargo runs for a package: the innermost folder with settings of cargo's or rustup's
    /// from the package's own up to the workspace's.
    fn place(&self, package: &Package) -> PathBuf {
        let folder = package.manifest_path.parent();
        let up = folder.into_iter().flat_map(Path::ancestors);
        let mut up = up.take_while(|up| up.starts_with(&self.workspace_root));
        let found = up.find(|up| SETTINGS.iter().any(|name| up.join(name).is_file()));
        found.unwrap_or(&self.workspace_root).to_owned()
    }

    /// What compiles packages in `place`, prepared if the machine lacks it.
    fn toolchain(
        &self,
        place: &Path,
        packages: &[&Package],
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Toolchain, BuildError> {
        let versions = packages.iter().filter_map(|it| it.rust_version.as_deref());
        let oldest = versions.filter_map(minor).max().unwrap_or_default();
        let cache = options.cache_dir.as_deref();
        let cache = cache.unwrap_or(&self.target_directory);
        toolchain::ready(place, oldest, cache, say)
    }

    /// The arguments of cargo that compile packages.
    fn arguments(
        &self,
        cargo: &mut Command,
        profile: Profile,
        packages: &[&Package],
        options: &BuildOptions,
    ) {
        profile.choose(cargo);
        // One package that does not compile should not hide what is wrong with the next.
        cargo.args(["--lib", "--quiet", "--keep-going"]);
        cargo.arg("--target-dir").arg(&self.target_directory);
        let (color, format) = match options.color {
            true => ("always", "json-diagnostic-rendered-ansi"),
            false => ("never", "json"),
        };
        cargo.arg(format!("--color={color}"));
        cargo.arg(format!("--message-format={format}"));
        for package in packages {
            cargo.args(["--package", &package.id]);
        }
    }
}

/// The files that say how cargo builds in a folder and below it.
const SETTINGS: [&str; 4] = [
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// Runs cargo, passes on what the compiler prints as it comes, and gives the modules with the ids
/// of their packages.
fn compile(cargo: &mut Command, say: Report<'_>) -> Result<Vec<(String, PathBuf)>, BuildError> {
    let tool = |cause: std::io::Error| BuildError::Tool {
        tool: "cargo".to_owned(),
        reason: format!("cannot be started ({cause}); {CARGO_MISSING}"),
    };
    cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = cargo.spawn().map_err(tool)?;
    let mut stderr = child.stderr.take().expect("piped above");
    let stdout = child.stdout.take().expect("piped above");
    // Both pipes have to be read at once, or cargo would wait for room in the one that is not.
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read is all there is to show.
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let read = read_messages(BufReader::new(stdout), say);
    let status = child.wait().map_err(tool)?;
    let errors = errors.join().unwrap_or_default();
    let (modules, failed) = read.map_err(tool)?;
    if status.success() {
        return Ok(modules);
    }
    if failed.is_empty() {
        return Err(BuildError::Command {
            command: "cargo build".to_owned(),
            detail: errors.trim().to_owned(),
        });
    }
    say(errors.trim_end());
    Err(BuildError::Compile(failed.into_iter().collect()))
}

/// The modules with their packages' ids, and the names of what did not compile.
type Messages = (Vec<(String, PathBuf)>, BTreeSet<String>);

fn read_messages(stdout: impl BufRead, say: Report<'_>) -> std::io::Result<Messages> {
    let mut modules = Vec::new();
    let mut failed = BTreeSet::new();
    for line in stdout.lines() {
        // Lines of other kinds, and what a build script may print, are not for us.
        match serde_json::from_str(&line?).unwrap_or(Message::Other) {
            Message::Artifact {
                package_id,
                target,
                filenames,
            } if target.is_module() => {
                let wasm = |path: &PathBuf| path.extension().is_some_and(|end| end == "wasm");
                modules.extend(
                    filenames
                        .into_iter()
                        .find(wasm)
                        .map(|file| (package_id, file)),
                );
            }
            Message::Compiler { target, message } => {
                if let Some(text) = &message.rendered {
                    say(text.trim_end());
                }
                if message.level == "error" {
                    failed.insert(target.name);
                }
            }
            Message::Artifact { .. } | Message::Other => {}
        }
    }
    Ok((modules, failed))
}

impl Workspace {
    /// Makes the component of a module, unless it is there.
    fn componentize(&self, package: &Package, module: &Path) -> Result<Built, BuildError> {
        let name = package.name.as_str();
        let output = self.component_of(package);
        let module = std::fs::read(module).map_err(BuildError::io("read", module))?;
        let inputs = digest([module.as_slice()]);
        let built = |size: u64, fresh| Built {
            name: name.to_owned(),
            component: output.clone(),
            language: Language::Rust,
            size,
            fresh,
        };
        if Stamp::of(&output).is_some_and(|stamp| stamp.inputs == inputs) {
            let file = std::fs::metadata(&output).map_err(BuildError::io("read", &output))?;
            return Ok(built(file.len(), true));
        }
        if let Some(reason) = imports::reason(&module, &self.workspace_root, &package.id) {
            let name = name.to_owned();
            return Err(BuildError::Component { name, reason });
        }
        let bytes = component::encode(name, &module)?;
        component::check(name, &bytes)?;
        component::write_whole(&output, &bytes)?;
        let stamp = Stamp {
            inputs,
            component: digest([bytes.as_slice()]),
            ..Stamp::default()
        };
        stamp.write(&output)?;
        Ok(built(bytes.len() as u64, false))
    }
}

mod development;
mod flags;
mod imports;
mod profile;

pub(super) use development::Development;

#[cfg(test)]
mod tests;
