//! Machine code of components on disk, so that a restart or a rollback compiles nothing.
//!
//! Such a file is native code that runs with the host's rights. It is therefore only ever read as a
//! file that this user alone can have written, see [`OwnFolder`], under a name that holds the
//! component's digest and the engine's version and settings, and only when it begins with the
//! digest of the code behind it. The bytes that were compared are those that are loaded. For a file
//! that fails any of this the component is compiled again.
//!
//! What no BFF needs any more is removed once it is old, or when there is too much of it.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::compiler::compatibility;
use super::error::LoadError;
use crate::config::CompiledCode;
use crate::digest::hex;
use crate::file::{Entry, OwnFolder, Untrusted, age};
use crate::sync;

/// Bytes of a digest in hexadecimal, which a file begins with.
const DIGEST: usize = 64;
/// A size of code that no component reaches, bytes.
const MAX_CODE: u64 = 1 << 32;

/// The folder of compiled code.
#[derive(Debug)]
pub struct CompiledCache {
    folder: OwnFolder,
    limits: CompiledCode,
    /// The names of the files that a restart needs. `None` until a host serves.
    needed: Mutex<Option<BTreeSet<String>>>,
}

impl CompiledCache {
    /// Uses (and makes, if needed) `compiled` in the data directory.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made, or is not this user's alone.
    pub fn open(data_dir: &Path, limits: CompiledCode) -> Result<Self, LoadError> {
        Ok(Self {
            folder: open_folder(data_dir, "compiled")?,
            limits,
            needed: Mutex::default(),
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
        let name = name(engine, digest);
        if let Some(component) = self.read(engine, &name) {
            return Ok(component);
        }
        let code = compile()?;
        let mut content = hex(&code).into_bytes();
        content.extend_from_slice(&code);
        match self.folder.write(&name, &content) {
            Ok(()) => self.prune(),
            Err(error) => {
                let path = self.folder.path().join(&name);
                tracing::warn!(path = %path.display(), %error, "compiled code is not kept");
            }
        }
        load_bytes(engine, &code)
    }

    /// Records the components, by digest, whose code a restart needs, and removes other code that
    /// is too old or too large.
    pub fn keep(&self, engine: &Engine, digests: &BTreeSet<String>) {
        let needed = digests.iter().map(|digest| name(engine, digest));
        *self.needed() = Some(needed.collect());
        self.prune();
    }

    fn prune(&self) {
        let needed = self.needed();
        // What a host that starts will need is not known yet.
        let Some(needed) = &*needed else { return };
        let pruned = self.folder.list().and_then(|files| {
            let unwanted = unwanted(files, needed, &self.limits, SystemTime::now());
            self.folder.remove(unwanted)
        });
        if let Err(error) = pruned {
            let path = self.folder.path().display();
            tracing::warn!(%path, %error, "unneeded compiled code cannot be removed");
        }
    }

    fn needed(&self) -> MutexGuard<'_, Option<BTreeSet<String>>> {
        sync::lock(&self.needed)
    }

    /// The code in a file, if a host of this user wrote it.
    fn read(&self, engine: &Engine, name: &str) -> Option<Component> {
        let path = self.folder.path().join(name);
        let path = path.display();
        let content = match self.folder.read(name, MAX_CODE) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) if Untrusted::is_in(&error) => {
                tracing::warn!(
                    %path,
                    %error,
                    "others could have written this compiled code; the component is compiled again"
                );
                return None;
            }
            Err(error) => {
                tracing::warn!(%path, %error, "compiled code cannot be read; the component is compiled again");
                return None;
            }
        };
        let split = content.split_at_checked(DIGEST);
        let Some((_, code)) = split.filter(|(digest, code)| hex(code).as_bytes() == *digest) else {
            tracing::warn!(%path, "compiled code is damaged; the component is compiled again");
            return None;
        };
        match load_bytes(engine, code) {
            Ok(component) => {
                if let Err(error) = self.folder.touch(name) {
                    tracing::debug!(%path, %error, "the use of compiled code is not noted");
                }
                Some(component)
            }
            Err(error) => {
                tracing::warn!(%path, %error, "compiled code does not load; the component is compiled again");
                None
            }
        }
    }
}

/// The name of a component's code for this version and these settings of the engine.
fn name(engine: &Engine, digest: &str) -> String {
    format!("{digest}-{:016x}.code", compatibility(engine))
}

/// The unneeded files to remove: those not used for long, and the least recently used until the
/// rest fits.
fn unwanted(
    mut files: Vec<Entry>,
    needed: &BTreeSet<String>,
    limits: &CompiledCode,
    now: SystemTime,
) -> Vec<String> {
    files.sort_by_key(|file| std::cmp::Reverse(file.used));
    let (needed, others): (Vec<Entry>, Vec<Entry>) = files
        .into_iter()
        .partition(|file| needed.contains(&file.name));
    let mut size: u64 = needed.iter().map(|file| file.size).sum();
    let mut unwanted = Vec::new();
    for file in others {
        let with_it = size.saturating_add(file.size);
        if age(file.used, now) <= limits.max_unused && with_it <= limits.max_size {
            size = with_it;
        } else {
            unwanted.push(file.name);
        }
    }
    unwanted
}

/// A folder of the data directory.
///
/// # Errors
///
/// When it cannot be made, or is not this user's alone.
pub(super) fn open_folder(data_dir: &Path, name: &str) -> Result<OwnFolder, LoadError> {
    OwnFolder::open(data_dir, name).map_err(|error| LoadError::DataDir(told(data_dir, &error)))
}

/// What is wrong with the data directory. Errors of a step on the way to it name that step.
fn told(data_dir: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut => format!("{}: {error}", data_dir.display()),
        _ => error.to_string(),
    }
}

#[expect(
    unsafe_code,
    reason = "the only place where machine code is loaded; see the module's head"
)]
pub(super) fn load_bytes(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` was returned by `precompile_component` of an engine with the same settings, in
    // this process or in one of the same program that wrote it into a pipe which no other process
    // holds; or it was read from a file of this user's that no other user can write to or put in
    // its place, and has the digest that was noted when this host wrote it.
    unsafe { Component::deserialize(engine, code) }.map_err(LoadError::Compile)
}

#[cfg(test)]
mod tests;
