//! TypeScript BFFs: type check, one bundle, a component with the QuickJS engine in it.
//!
//! Every componentization gives other bytes, even of equal sources, and other bytes are another
//! version to the host. So the last step runs only when what it is given has changed.

use std::path::{Path, PathBuf};

use super::command::lock;
use super::npm::{Modules, compile, manifests};
use super::project::Package;
use super::source_map::SourceMap;
use super::stamp::{Stamp, digest, digest_of_files};
use super::{BuildError, BuildOptions, Built, Language, Report, component};

/// The kit's own bundler. It adds a table of source lines, so that a stack in the log names the
/// author's files.
const KIT_BUNDLER: &str = "@tailor/kit/tools/bundle.mjs";

/// Builds one package.
pub(super) fn build(
    package: &Package,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Built, BuildError> {
    let components = package.components();
    let _lock = lock(&components.join("build.lock"), say)?;
    let output = components.join(format!("{}.wasm", package.name));
    let wit = find_wit(package, options)?;
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
    if let Some(old) = &old
        && old.inputs == inputs(package, &wit, &old.outside)?
    {
        return Ok(built(size()?, true));
    }

    let modules = Modules::install(&package.folder, &package.name, say)?;
    let listed = check_types(package, &modules, options, say)?;
    let bundle = Bundle::make(package, &modules, &components, options, say)?;
    let outside = outside(
        &package.folder,
        listed.into_iter().chain(bundle.map()?.sources),
    );
    // Taken after `npm install`, which may have written the lock file.
    let inputs = inputs(package, &wit, &outside)?;
    let last_step = digest([
        bundle.text()?.as_slice(),
        digest_of_files(std::slice::from_ref(&wit))?.as_bytes(),
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
        outside,
    };
    stamp.write(&output)?;
    Ok(built(size()?, fresh))
}

fn inputs(package: &Package, wit: &Path, outside: &[PathBuf]) -> Result<String, BuildError> {
    let mut roots = vec![package.folder.clone(), wit.to_owned()];
    roots.extend(manifests(&package.folder));
    roots.extend_from_slice(outside);
    Ok(digest([digest_of_files(&roots)?.as_bytes()]))
}

/// The folder of the contract.
fn find_wit(package: &Package, options: &BuildOptions) -> Result<PathBuf, BuildError> {
    if let Some(named) = options.wit.as_ref().or(package.wit.as_ref()) {
        return named.canonicalize().map_err(BuildError::io("read", named));
    }
    let wit = |folder: &Path| folder.join("wit");
    let has_contract = |folder: &PathBuf| folder.join("tailor.wit").is_file();
    let found = package.folder.ancestors().map(wit).find(has_contract);
    found.ok_or_else(|| BuildError::Unsuitable {
        file: package.folder.join("package.json"),
        reason: "there is no wit/tailor.wit in its folder or above: name the contract's folder in \
                 package.json, \"tailor\": { \"wit\": \"...\" }"
            .to_owned(),
    })
}

/// Runs tsc, and gives the files that it read. A BFF in JavaScript has no tsconfig.json, and
/// nothing is checked.
fn check_types(
    package: &Package,
    modules: &Modules,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Vec<PathBuf>, BuildError> {
    if !package.folder.join("tsconfig.json").is_file() {
        return Ok(Vec::new());
    }
    let mut tsc = modules.tool("tsc")?;
    tsc.args(["--noEmit", "--listFiles", "--pretty"]);
    tsc.arg(if options.color { "true" } else { "false" });
    let finished = compile(&mut tsc)?;
    let (files, messages) = split_listing(&finished.stdout);
    if finished.ok {
        return Ok(files);
    }
    let printed = [messages.trim(), finished.stderr.trim()];
    for text in printed.into_iter().filter(|text| !text.is_empty()) {
        say(text);
    }
    Err(BuildError::Compile(vec![package.name.clone()]))
}

/// tsc prints the files it read, one line each, among its messages.
fn split_listing(stdout: &str) -> (Vec<PathBuf>, String) {
    let is_file = |line: &str| {
        let path = Path::new(line);
        path.is_absolute() && path.is_file()
    };
    let (files, messages): (Vec<&str>, Vec<&str>) = stdout.lines().partition(|line| is_file(line));
    let messages: Vec<String> = messages.into_iter().map(with_colons).collect();
    (
        files.into_iter().map(PathBuf::from).collect(),
        messages.join("\n"),
    )
}

/// `src/main.ts(3,14): error ...` as `src/main.ts:3:14: error ...`, which editors and terminals can
/// open.
fn with_colons(line: &str) -> String {
    let place = || {
        let (before, message) = line.split_once("): ")?;
        let (file, position) = before.rsplit_once('(')?;
        let (row, column) = position.split_once(',')?;
        let number = |text: &str| text.parse::<u32>().is_ok();
        (number(row) && number(column)).then(|| format!("{file}:{row}:{column}: {message}"))
    };
    place().unwrap_or_else(|| line.to_owned())
}

/// One ES module and its source map, in a folder of its own until the component is written.
struct Bundle {
    folder: tempfile::TempDir,
    name: String,
}

impl Bundle {
    fn make(
        package: &Package,
        modules: &Modules,
        components: &Path,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Self, BuildError> {
        // Beside the folder of components: the source map's relative paths stay right when it is
        // moved there.
        let beside = components.parent().unwrap_or(components);
        let folder = tempfile::Builder::new()
            .prefix("bundle-")
            .tempdir_in(beside);
        let bundle = Self {
            folder: folder.map_err(BuildError::io("write in", beside))?,
            name: package.name.clone(),
        };
        let entry = package.folder.join(&package.entry);
        if !entry.is_file() {
            return Err(BuildError::Unsuitable {
                file: package.folder.join("package.json"),
                reason: format!(
                    "its entry {} does not exist: name the module that exports `handler`, \
                     \"tailor\": {{ \"entry\": \"...\" }}",
                    package.entry.display()
                ),
            });
        }
        let mut bundler = match modules.find(KIT_BUNDLER) {
            Some(script) => {
                let mut node = modules.script(&script);
                node.arg(&package.entry).arg(bundle.file("js"));
                node
            }
            None => {
                let mut esbuild = modules.tool("esbuild")?;
                esbuild
                    .arg(&package.entry)
                    .args(["--bundle", "--format=esm", "--platform=neutral"])
                    // What the engine runs; syntax that is newer is rewritten.
                    .args(["--target=es2023", "--main-fields=module,main"])
                    .args(["--external:tailor:*", "--sourcemap=external"])
                    .arg("--log-level=warning")
                    .arg(format!("--color={}", options.color))
                    .arg(format!("--outfile={}", bundle.file("js").display()));
                esbuild
            }
        };
        let finished = compile(&mut bundler)?;
        let printed = finished.printed();
        if !printed.is_empty() {
            say(&printed);
        }
        if !finished.ok {
            return Err(BuildError::Compile(vec![package.name.clone()]));
        }
        bundle.check_handler(package)?;
        Ok(bundle)
    }

    /// Appends the statement that looks at the handler.
    fn check_handler(&self, package: &Package) -> Result<(), BuildError> {
        let file = self.file("js");
        let text = std::fs::read_to_string(&file).map_err(BuildError::io("read", &file))?;
        let entry = &package.entry;
        let Some(variable) = handler::exported(&text) else {
            return Err(BuildError::Component {
                name: package.name.clone(),
                reason: format!("its entry {} does not export `handler`", entry.display()),
            });
        };
        let checked = format!("{text}{}", handler::check(variable, entry));
        std::fs::write(&file, checked).map_err(BuildError::io("write", file))
    }

    /// `<name>.<end>`. The engine names the module so in a stack: `/partner.js:12:5`.
    fn file(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("{}.{end}", self.name))
    }

    fn text(&self) -> Result<Vec<u8>, BuildError> {
        let file = self.file("js");
        std::fs::read(&file).map_err(BuildError::io("read", file))
    }

    fn map(&self) -> Result<SourceMap, BuildError> {
        let file = self.file("js.map");
        let text = std::fs::read(&file).map_err(BuildError::io("read", &file))?;
        let mut map: SourceMap =
            serde_json::from_slice(&text).map_err(|error| BuildError::Unsuitable {
                file,
                reason: error.to_string(),
            })?;
        for source in &mut map.sources {
            let path = self.folder.path().join(&source);
            *source = path.canonicalize().unwrap_or(path);
        }
        Ok(map)
    }

    /// Puts the module and its map beside the component.
    fn keep(&self, components: &Path) -> Result<(), BuildError> {
        for end in ["js", "js.map"] {
            let to = components.join(format!("{}.{end}", self.name));
            std::fs::rename(self.file(end), &to).map_err(BuildError::io("write", to))?;
        }
        Ok(())
    }
}

/// What was read outside of the BFF's folder and of installed packages, such as a kit: of each file
/// the package it belongs to, so that the package's own settings count, too.
fn outside(folder: &Path, read: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = read
        .filter_map(|file| file.canonicalize().ok())
        .filter(|file| !file.starts_with(folder))
        .filter(|file| !file.iter().any(|part| part == "node_modules"))
        .map(|file| {
            let own = |up: &&Path| up.join("package.json").is_file() && !folder.starts_with(up);
            let package = file.ancestors().skip(1).find(own);
            package.unwrap_or(&file).to_owned()
        })
        .collect();
    roots.sort();
    roots.dedup();
    roots
}

/// The version of the last step's program, so that another one makes the component anew.
fn tool_version(modules: &Modules) -> String {
    let manifest = modules.find("componentize-qjs/package.json");
    manifest
        .and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_default()
}

mod componentize;
mod handler;
#[cfg(test)]
mod tests;
