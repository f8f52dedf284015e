//! What can go wrong while building, in words for the author of a BFF.

use std::path::PathBuf;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder has none of the files that show a language.
    #[error(
        "{}: not a BFF: looked for Cargo.toml (Rust), package.json (TypeScript) and pyproject.toml \
         (Python) and found none", .0.display()
    )]
    NotABff(PathBuf),

    /// The folder has the files of two languages.
    #[error(
        "{}: not a BFF: it has a {} ({}) and a {} ({}); move one of them to a folder of its own",
        folder.display(), found[0].0, found[0].1, found[1].0, found[1].1
    )]
    TwoManifests {
        /// The BFF's folder.
        folder: PathBuf,
        /// The files, each with its language.
        found: [(&'static str, &'static str); 2],
    },

    /// Packages of npm are missing in an installation, which is its owner's to change.
    #[error(
        "{}: not installed: {}: looked in node_modules of its folder and of those above it; name them in \
         package.json (tools in devDependencies) and run `{by_hand}` in {}",
        manifest.display(), missing.join(", "), root.display()
    )]
    Packages {
        /// The BFF's package.json.
        manifest: PathBuf,
        /// The packages that are not there.
        missing: Vec<String>,
        /// The folder of the installation.
        root: PathBuf,
        /// The command that installs them.
        by_hand: &'static str,
    },

    /// Packages of Python are missing in an environment, which is its owner's to change.
    #[error(
        "{}: not installed: {}: looked in {}; run `{by_hand}`",
        manifest.display(), missing.join(", "), environment.display()
    )]
    PythonPackages {
        /// The BFF's pyproject.toml.
        manifest: PathBuf,
        /// The packages that are not there.
        missing: Vec<String>,
        /// The folder of the environment.
        environment: PathBuf,
        /// The command that installs them.
        by_hand: String,
    },

    /// The folder's file is there, but what it describes is no BFF.
    #[error("{}: not a BFF: {reason}", file.display())]
    Unsuitable {
        /// The `Cargo.toml`, `package.json` or `pyproject.toml`.
        file: PathBuf,
        /// What is wrong with it, and the way out.
        reason: String,
    },

    /// The folder of BFFs has none.
    #[error(
        "{}: no BFF in here: looked for Cargo packages with [package.metadata.component], and for \
         folders whose package.json has the key \"tailor\" or whose pyproject.toml has the table \
         [tool.tailor]", .0.display()
    )]
    NoBffs(PathBuf),

    /// Two components would be written to one file.
    #[error("{0}: two BFFs have this name")]
    SameName(String),

    /// A kit would be written into a folder of something else.
    #[error("{}: has files in it that are no kit; name a folder that is empty or not there", .0.display())]
    Occupied(PathBuf),

    /// A program that is needed is not installed, or too old.
    #[error("{tool}: {reason}")]
    Tool {
        /// The program: `node`.
        tool: String,
        /// What is wrong with it, and the way out.
        reason: String,
    },

    /// No way to get the standard library for WebAssembly worked.
    #[error(
        "rust target wasm32-unknown-unknown: missing, and could not be prepared{}; run by hand: {by_hand}",
        list(tried)
    )]
    Toolchain {
        /// What was tried, each with how it ended.
        tried: Vec<String>,
        /// The command that fixes it.
        by_hand: String,
    },

    /// The compiler refused the sources. Its messages were reported already.
    #[error("{}: does not compile, see the messages above", .0.join(", "))]
    Compile(Vec<String>),

    /// A program ran and failed.
    #[error("{command}: {detail}")]
    Command {
        /// The program with the arguments that matter.
        command: String,
        /// What it printed.
        detail: String,
    },

    /// cargo ended well and yet there is no module.
    #[error("{0}: cargo made no .wasm file of it")]
    NoArtefact(String),

    /// What the compiler made is no component of the contract.
    #[error("{name}: not a component of a BFF: {reason}")]
    Component {
        /// The BFF.
        name: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A file could not be read or written.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `write`, ...
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl BuildError {
    /// For `map_err`: the error of doing `action` to `path`.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}

fn list(tried: &[String]) -> String {
    if tried.is_empty() {
        return String::new();
    }
    format!(" ({})", tried.join("; "))
}
