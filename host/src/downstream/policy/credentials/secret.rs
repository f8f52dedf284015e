//! A secret that lies in a file or in the environment, as a field value that is ready to be sent.
//!
//! A file is read once per second at most, on a thread that may block, and compared by its content:
//! its size and times can be unchanged. The last value stays in use when a look finds none: a file
//! that is being replaced is missing or empty for a moment.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use http::HeaderValue;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::types::{CredentialsError, sensitive};
use crate::config::Secret;
use crate::file;
use crate::time::millis;

/// Time between two looks at a file. A secret is replaced by people or by tools that keep the old
/// one valid for longer than that.
const INTERVAL: Duration = Duration::from_secs(1);

/// Largest file of a secret, bytes: more than any service accepts in a field.
const MAX_SIZE: u64 = 16 << 10;

/// A secret as it is sent.
#[derive(Debug)]
pub(super) struct Value {
    /// Prefix and secret, marked as sensitive.
    pub header: HeaderValue,
    /// Counts the changes.
    pub version: u64,
}

/// A secret in memory, reread when its file changes.
#[derive(Debug)]
pub(super) struct LiveSecret {
    service: String,
    prefix: &'static str,
    value: ArcSwap<Value>,
    /// `None` for a variable, which cannot change.
    file: Option<Watched>,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    origin: Instant,
    /// When to look next, milliseconds after `origin`.
    due: AtomicU64,
    /// Whether the log says that the file is unusable. Locked only by looks, which run one at a
    /// time on threads that may block.
    warned: Mutex<bool>,
}

impl LiveSecret {
    /// Reads a secret for the first time. Blocks for as long as reading a small file takes.
    pub(super) fn new(
        service: &str,
        secret: &Secret,
        prefix: &'static str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CredentialsError> {
        let (text, file) = match secret {
            Secret::Env(name) => {
                let text =
                    variable(name).ok_or_else(|| CredentialsError::Variable(name.clone()))?;
                (text, None)
            }
            Secret::File(path) => {
                let text = read(path)?;
                let file = Watched {
                    path: path.clone(),
                    origin: Instant::now(),
                    due: AtomicU64::new(millis(INTERVAL)),
                    warned: Mutex::new(false),
                };
                (text, Some(file))
            }
        };
        let value = Value {
            header: header(prefix, &text, || name_of(secret))?,
            version: 0,
        };
        Ok(Self {
            service: service.to_owned(),
            prefix,
            value: ArcSwap::from_pointee(value),
            file,
        })
    }

    /// The value in use.
    pub(super) fn current(&self) -> Guard<Arc<Value>> {
        self.value.load()
    }

    /// Whether the secret can change.
    pub(super) fn can_change(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the caller must look at the file now: true for one caller per interval.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let Some(file) = &self.file else {
            return false;
        };
        let now = millis(now.saturating_duration_since(file.origin));
        let due = file.due.load(Ordering::Relaxed);
        now >= due
            && file
                .due
                .compare_exchange(
                    due,
                    now + millis(INTERVAL),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Looks at the file, on a thread that may block. It goes on when the handle is dropped.
    pub(super) fn look(self: &Arc<Self>) -> JoinHandle<()> {
        let held = self.clone();
        tokio::task::spawn_blocking(move || held.look_now())
    }

    fn look_now(&self) {
        let Some(file) = &self.file else {
            return;
        };
        let mut warned = match file.warned.try_lock() {
            Ok(warned) => warned,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // No call waits for a look that takes longer than the time between two.
            Err(TryLockError::WouldBlock) => return,
        };
        match self.changed(file) {
            Ok(None) => *warned = false,
            Ok(Some(header)) => {
                let version = self.value.load().version + 1;
                self.value.store(Arc::new(Value { header, version }));
                *warned = false;
            }
            Err(error) => {
                if !*warned {
                    tracing::warn!(
                        downstream = self.service,
                        %error,
                        "credentials cannot be read again; the old ones stay in use"
                    );
                }
                *warned = true;
            }
        }
    }

    /// The new value, if it differs from the current one.
    fn changed(&self, file: &Watched) -> Result<Option<HeaderValue>, CredentialsError> {
        let text = read(&file.path)?;
        let header = header(self.prefix, &text, || quoted(&file.path))?;
        Ok((header != self.value.load().header).then_some(header))
    }
}

/// Reads a file, without the line break at its end.
fn read(path: &Path) -> Result<String, CredentialsError> {
    let failed = |error| file_error(path, &error);
    let content = file::read(path, MAX_SIZE).map_err(failed)?;
    let illegal = |_| CredentialsError::Illegal(quoted(path));
    let mut text = String::from_utf8(content.bytes).map_err(illegal)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn header(
    prefix: &str,
    secret: &str,
    name: impl Fn() -> String,
) -> Result<HeaderValue, CredentialsError> {
    if secret.trim_ascii().is_empty() {
        return Err(CredentialsError::Empty(name()));
    }
    sensitive(&format!("{prefix}{secret}")).ok_or_else(|| CredentialsError::Illegal(name()))
}

fn name_of(secret: &Secret) -> String {
    match secret {
        Secret::File(path) => quoted(path),
        Secret::Env(name) => format!("environment variable {name:?}"),
    }
}

fn quoted(path: &Path) -> String {
    format!("file {path:?}")
}

fn file_error(path: &Path, error: &io::Error) -> CredentialsError {
    CredentialsError::File {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
