//! Machine code of components on disk, so that a restart or a rollback compiles nothing.
//!
//! Such a file is native code that runs with the host's rights. It is therefore only ever read from
//! a directory that belongs to the host's user and that nobody else can write to, under a name that
//! holds the component's digest and the engine's version and settings, and only when it is this
//! user's own, has no other name, and has the digest that was noted beside it when this host wrote
//! it. The bytes that were compared are those that are loaded. A file that fails any of this is
//! compiled anew.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::compiler::compatibility;
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
        Ok(Self {
            dir: own_folder(data_dir, "compiled")?,
        })
    }

    /// The component's code, compiled now if it is not there. `digest` is the component's, in
    /// hexadecimal.
    ///
    /// A full disk costs the cache, not the component: it is then compiled into memory.
    ///
    /// # Errors
    ///
    /// When the component does not compile.
    pub fn get(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<Component, LoadError> {
        let path = self
            .dir
            .join(format!("{digest}-{:016x}.cwasm", compatibility(engine)));
        if let Some(component) = read(engine, &path) {
            return Ok(component);
        }
        let code = compile()?;
        if let Err(error) = self.write(&path, &code) {
            tracing::warn!(path = %path.display(), %error, "compiled code is not kept");
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
                // Replaced, never written to: another host may be reading it.
                file.persist(path)?;
            }
            Ok(())
        })?
    }
}

/// A folder in the data directory that belongs to this user alone. It is made if needed.
///
/// # Errors
///
/// When it can't be made, is another user's, or others can write to it.
pub(super) fn own_folder(data_dir: &Path, name: &str) -> Result<PathBuf, LoadError> {
    let dir = data_dir.join(name);
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
            let why = format!(
                "belongs to another user (uid {}); name a folder of this user's",
                metadata.uid()
            );
            return Err(refuse(path, why));
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
    Ok(dir)
}

/// Bytes of a digest, and some room.
const MAX_SUM: u64 = 256;
/// Bytes of code that are more than any component compiles to.
const MAX_CODE: u64 = 1 << 32;

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}

/// The code in a file, if it is what this host noted of it. The bytes that are compared are those
/// that are loaded: what comes into the place of the file meanwhile is not.
fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let noted = own_file(&sum_path(path), MAX_SUM)?;
    let code = own_file(path, MAX_CODE)?;
    if hex(&code).as_bytes() != noted {
        tracing::warn!(
            path = %path.display(),
            "compiled code is damaged; the component is compiled again"
        );
        return None;
    }
    match load_bytes(engine, &code) {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::warn!(
                path = %path.display(),
                %error,
                "compiled code does not load; the component is compiled again"
            );
            None
        }
    }
}

/// The bytes of a file that is this user's, that nobody else can write to and that has no other
/// name.
fn own_file(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let file::Content { bytes, metadata } = file::read(path, limit).ok()?;
    let own = metadata.uid() == rustix::process::geteuid().as_raw();
    if own && metadata.mode() & 0o022 == 0 && metadata.nlink() == 1 {
        return Some(bytes);
    }
    tracing::warn!(
        path = %path.display(),
        owner = metadata.uid(),
        mode = format!("{:o}", metadata.mode() & 0o777),
        names = metadata.nlink(),
        "others could have written this compiled code; the component is compiled again"
    );
    None
}

#[expect(
    unsafe_code,
    reason = "the only place where machine code is loaded; see the module's head"
)]
pub(super) fn load_bytes(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` was returned by `precompile_component` of an engine with the same settings, in
    // this process or in one of the same program that wrote it into a pipe which nobody else holds;
    // or it was read from a file of this user's that nobody else can write to, in a directory for
    // which the same holds, and has the digest that was noted when this host wrote it.
    unsafe { Component::deserialize(engine, code) }.map_err(LoadError::Compile)
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
