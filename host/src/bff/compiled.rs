//! Machine code of components on disk, so that a restart or a rollback compiles nothing.
//!
//! Such a file is native code that runs with the host's rights. It is therefore only ever read from a directory that
//! belongs to the host's user and that nobody else can write to, under a name that holds the component's digest and the
//! engine's version and settings, and only when its own digest is the one noted beside it when this host wrote it.
//! A file that fails any of this is compiled anew.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::error::LoadError;
use crate::file;

/// The directory of compiled code.
#[derive(Clone, Debug)]
pub struct CompiledCache {
    dir: PathBuf,
}

impl CompiledCache {
    /// Uses (and makes, if needed) `compiled` in the data directory.
    ///
    /// # Errors
    ///
    /// When the directory can't be made, is another user's, or others can write to it.
    pub fn open(data_dir: &Path) -> Result<Self, LoadError> {
        let dir = data_dir.join("compiled");
        let refuse = |path: &Path, why: String| LoadError::DataDir {
            path: path.to_owned(),
            why,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(|error| refuse(&dir, error.to_string()))?;
        for path in [data_dir, &dir] {
            let metadata = fs::metadata(path).map_err(|error| refuse(path, error.to_string()))?;
            if metadata.uid() != rustix::process::geteuid().as_raw() {
                return Err(refuse(path, "belongs to another user".to_owned()));
            }
            if metadata.mode() & 0o022 != 0 {
                return Err(refuse(
                    path,
                    format!(
                        "others can write to it (mode {:o}); set it to 700",
                        metadata.mode() & 0o777
                    ),
                ));
            }
        }
        Ok(Self { dir })
    }

    /// The component's code, compiled now if it is not there. `digest` is that of `wasm`, in hexadecimal.
    ///
    /// A full disk costs the cache, not the component: it is then compiled into memory.
    ///
    /// # Errors
    ///
    /// When the component does not compile.
    pub fn get(&self, engine: &Engine, digest: &str, wasm: &[u8]) -> Result<Component, LoadError> {
        let path = self
            .dir
            .join(format!("{digest}-{:016x}.cwasm", compatibility(engine)));
        if let Some(component) = read(engine, &path) {
            return Ok(component);
        }
        let code = engine
            .precompile_component(wasm)
            .map_err(LoadError::Compile)?;
        match self.write(&path, &code) {
            Ok(()) => {
                if let Some(component) = read(engine, &path) {
                    return Ok(component);
                }
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code is not kept");
            }
        }
        load_bytes(engine, &code)
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        // The digest goes first: code without one is never read.
        let files = [
            (sum_path(path), hex(code).into_bytes()),
            (path.to_owned(), code.to_owned()),
        ];
        file::within(&self.dir, move |dir| {
            for (path, content) in files {
                let mut file = tempfile::NamedTempFile::new_in(dir)?;
                file.write_all(&content)?;
                // An old file may be mapped by a component that still runs: it is replaced, never written to.
                file.persist(path)?;
            }
            Ok(())
        })?
    }
}

/// Bytes of a digest, and some room.
const MAX_SUM: u64 = 256;
/// Bytes of code that are more than any component compiles to.
const MAX_CODE: u64 = 1 << 32;

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}

fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let noted = file::read_text(&sum_path(path), MAX_SUM).ok()?;
    let code = file::read(path, MAX_CODE).ok()?.bytes;
    if hex(&code) != noted {
        tracing::warn!(path = %path.display(), "compiled code is damaged and made anew");
        return None;
    }
    load_file(engine, path)
}

#[expect(
    unsafe_code,
    reason = "the only place where machine code is loaded from a file; see the module's head"
)]
fn load_file(engine: &Engine, path: &Path) -> Option<Component> {
    // SAFETY: the file lies in a directory that only this user can write to, holds what this host's own compiler wrote
    // (its digest was just compared), and is replaced by renaming, never changed in place while it is mapped.
    match unsafe { Component::deserialize_file(engine, path) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::warn!(path = %path.display(), error = format!("{error:#}"), "compiled code does not load and is made anew");
            None
        }
    }
}

#[expect(unsafe_code, reason = "loads what the compiler returned a moment ago")]
fn load_bytes(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` comes from this engine's own `precompile_component` and never left this process.
    unsafe { Component::deserialize(engine, code) }.map_err(LoadError::Compile)
}

/// A number that changes with the engine's version, its settings and the processor's features.
fn compatibility(engine: &Engine) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// SHA-256 in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
