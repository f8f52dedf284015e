//! The bundle: one ES module of a BFF's sources and of the packages that they import.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::npm::{Modules, compile};
use super::super::project::Package;
use super::super::source_map::SourceMap;
use super::super::{BuildError, BuildOptions, Report};
use super::{handler, hints};

/// The kit's own bundler. It adds a table of source lines, so that a stack in the log names the
/// author's files.
pub(super) const KIT_BUNDLER: &str = "@tailor/kit/tools/bundle.mjs";

/// Which of a package's files are taken: those for an engine that is neither Node nor has a page.
/// The same as in the kit's tools/resolve.mjs.
const RESOLUTION: [&str; 4] = [
    "--platform=browser",
    "--conditions=worker,browser,module",
    "--main-fields=browser,module,main",
    "--define:process.env.NODE_ENV=\"production\"",
];

/// The end of the name of the file in which the bundler lists what it read.
const METAFILE: &str = "js.meta.json";

/// Checks that the module that the bundle begins with is there.
pub(super) fn entry(package: &Package) -> Result<(), BuildError> {
    if package.folder.join(&package.entry).is_file() {
        return Ok(());
    }
    Err(BuildError::Unsuitable {
        file: package.folder.join("package.json"),
        reason: format!(
            "its entry {} does not exist: name the module that exports `handler`, \"tailor\": {{ \
             \"entry\": \"...\" }}",
            package.entry.display()
        ),
    })
}

/// One ES module and its source map, in a folder of its own until the component is written.
pub(super) struct Bundle {
    pub folder: tempfile::TempDir,
    pub name: String,
}

impl Bundle {
    pub(super) fn make(
        package: &Package,
        modules: &Modules,
        components: &Path,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Self, BuildError> {
        let bundle = Self::folder(package, components)?;
        bundle.write(package, modules, options, say)?;
        Ok(bundle)
    }

    /// The place of a bundle that is not there yet.
    pub(super) fn folder(package: &Package, components: &Path) -> Result<Self, BuildError> {
        // Beside the folder of components: the source map's relative paths stay right when it is
        // moved there.
        let beside = components.parent().unwrap_or(components);
        let folder = tempfile::Builder::new()
            .prefix("bundle-")
            .tempdir_in(beside);
        Ok(Self {
            folder: folder.map_err(BuildError::io("write in", beside))?,
            name: package.name.clone(),
        })
    }

    /// Bundles into this place.
    pub(super) fn write(
        &self,
        package: &Package,
        modules: &Modules,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<(), BuildError> {
        entry(package)?;
        let mut bundler = self.bundler(package, modules, options)?;
        let finished = compile(&mut bundler)?;
        self.finish(package, finished.ok, &finished.printed(), say)
    }

    /// What is left to do when the bundler has ended: its messages are told, and the bundle gets
    /// its last statement.
    pub(super) fn finish(
        &self,
        package: &Package,
        ok: bool,
        printed: &str,
        say: Report<'_>,
    ) -> Result<(), BuildError> {
        if !printed.is_empty() {
            say(&hints::fitting(printed));
        }
        if !ok {
            return Err(BuildError::Compile(vec![package.name.clone()]));
        }
        self.export_turns(package)
    }

    /// The kit's bundler, or esbuild with the same settings for a BFF without the kit.
    fn bundler(
        &self,
        package: &Package,
        modules: &Modules,
        options: &BuildOptions,
    ) -> Result<Command, BuildError> {
        if let Some(script) = modules.find(KIT_BUNDLER) {
            let mut node = modules.script(&script);
            node.arg(&package.entry).arg(self.file("js"));
            return Ok(node);
        }
        let mut esbuild = modules.tool("esbuild", "esbuild")?;
        esbuild
            .arg(&package.entry)
            .args(["--bundle", "--format=esm"])
            // What the engine runs; syntax that is newer is rewritten.
            .arg("--target=es2023")
            .args(RESOLUTION)
            .args(["--external:tailor:*", "--sourcemap=external"])
            .arg("--log-level=warning")
            .arg(format!("--color={}", options.color))
            .arg(format!("--metafile={}", self.file(METAFILE).display()))
            .arg(format!("--outfile={}", self.file("js").display()));
        Ok(esbuild)
    }

    /// The files that went into the bundle, and those that were looked into and left out.
    pub(super) fn read(&self, package: &Package) -> Result<Vec<PathBuf>, BuildError> {
        #[derive(Deserialize)]
        struct Metafile {
            inputs: BTreeMap<String, IgnoredAny>,
        }
        let file = self.file(METAFILE);
        let text = std::fs::read(&file).map_err(BuildError::io("read", &file))?;
        let metafile: Metafile =
            serde_json::from_slice(&text).map_err(|error| BuildError::Unsuitable {
                file,
                reason: error.to_string(),
            })?;
        // What stands for an empty module has its kind before its path.
        let path = |name: &String| package.folder.join(name.trim_start_matches("(disabled):"));
        Ok(metafile.inputs.keys().map(path).collect())
    }

    /// Appends the statement that looks at the handler, and exports what the engine calls.
    fn export_turns(&self, package: &Package) -> Result<(), BuildError> {
        let file = self.file("js");
        let text = std::fs::read_to_string(&file).map_err(BuildError::io("read", &file))?;
        let entry = &package.entry;
        let Some(statement) = handler::statement(&text, entry) else {
            return Err(BuildError::Component {
                name: package.name.clone(),
                reason: format!(
                    "its entry {} exports neither `handler` nor a default",
                    entry.display()
                ),
            });
        };
        std::fs::write(&file, text + &statement).map_err(BuildError::io("write", file))
    }

    /// `<name>.<end>`. The engine names the module so in a stack: `/partner.js:12:5`.
    pub(super) fn file(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("{}.{end}", self.name))
    }

    pub(super) fn text(&self) -> Result<Vec<u8>, BuildError> {
        let file = self.file("js");
        std::fs::read(&file).map_err(BuildError::io("read", file))
    }

    pub(super) fn map(&self) -> Result<SourceMap, BuildError> {
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
    pub(super) fn keep(&self, components: &Path) -> Result<(), BuildError> {
        for end in ["js", "js.map"] {
            let to = components.join(format!("{}.{end}", self.name));
            std::fs::rename(self.file(end), &to).map_err(BuildError::io("write", to))?;
        }
        Ok(())
    }
}
