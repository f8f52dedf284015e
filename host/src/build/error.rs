//! What can go wrong while building, in words for the author of a BFF.

use std::path::PathBuf;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder has neither of the two files that show a language.
    #[error("{}: not a BFF: looked for Cargo.toml (Rust) and package.json (TypeScript) and found neither", .0.display())]
    NotABff(PathBuf),

    /// The folder has both of the two files.
    #[error("{}: not a BFF: it has a Cargo.toml (Rust) and a package.json (TypeScript); move one of them to a folder of its own", .0.display())]
    TwoManifests(PathBuf),

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

    /// The folder's file is there, but what it describes is no BFF.
    #[error("{}: not a BFF: {reason}", file.display())]
    Unsuitable {
        /// The `Cargo.toml` or `package.json`.
        file: PathBuf,
        /// What is wrong with it, and the way out.
        reason: String,
    },

    /// The folder of BFFs has none.
    #[error("{}: no BFF in here: looked for Cargo packages with [package.metadata.component] and for folders whose package.json has the key \"tailor\"", .0.display())]
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
