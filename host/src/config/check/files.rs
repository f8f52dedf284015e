//! Files and variables that the configuration names: whether they can be used.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::{Context, Part};
use crate::config::field::Located;
use crate::config::units::show_size;
use crate::file::{self, NotAFile};

impl Context<'_> {
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Reports a file that cannot be opened. Returns its path either way.
    pub(super) fn check_file(&mut self, at: &Located<String>) -> PathBuf {
        if self.part == Part::Grants {
            return self.resolve(&at.value);
        }
        self.open(at, "correct the path, or the rights to read it");
        self.resolve(&at.value)
    }

    /// Reports a component that cannot be used. Returns its path either way.
    pub(super) fn check_component(
        &mut self,
        at: &Located<String>,
        max_size: Option<u64>,
    ) -> PathBuf {
        let path = self.resolve(&at.value);
        if self.part != Part::All {
            return path;
        }
        let opened = self.open(at, "build the file, or correct its path");
        if let (Some(length), Some(max)) = (opened, max_size)
            && length > max
        {
            let (shown, length, max) = (path.display(), show_size(length), show_size(max));
            let what = format!("{shown} has {length}, more than engine.max-component-size ({max})");
            self.report(at, what, "make it smaller (strip it), or raise the limit");
        }
        path
    }

    /// Reports a file with a secret that cannot be opened or holds none. Returns its path either
    /// way.
    pub(super) fn check_secret_file(&mut self, at: &Located<String>) -> PathBuf {
        let path = self.resolve(&at.value);
        if self.part == Part::Grants {
            return path;
        }
        let opened = self.open(at, "correct the path, or the rights to read it");
        if opened == Some(0) {
            let what = format!("{} is empty", path.display());
            self.report(at, what, "write the secret into it");
        }
        path
    }

    /// Reports a variable that is not there. Its name is not repeated: it may be the secret itself,
    /// by mistake.
    pub(super) fn check_secret_env(&mut self, at: &Located<String>) -> String {
        if self.part == Part::Grants {
            return at.value.clone();
        }
        if std::env::var_os(&at.value).is_none_or(|value| value.is_empty()) {
            let what = "the environment has no such variable, or an empty one";
            self.report(at, what, "set it for the host, or correct its name");
        }
        at.value.clone()
    }

    /// Reads a file that is at most `max` bytes, or reports it.
    pub(super) fn read_file(&mut self, at: &Located<String>, max: u64) -> Option<Vec<u8>> {
        if self.part == Part::Grants {
            return None;
        }
        let path = self.resolve(&at.value);
        match file::read(&path, max) {
            Ok(content) => return Some(content.bytes),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                let what = format!("{} has more than {}", path.display(), show_size(max));
                self.report(at, what, "make it smaller");
            }
            Err(error) => self.unusable(at, &error, "correct the path, or the rights to read it"),
        }
        None
    }

    /// Opens a file, or reports it with this way out. Returns its length, bytes.
    fn open(&mut self, at: &Located<String>, way_out: &str) -> Option<u64> {
        match file::length(&self.resolve(&at.value)) {
            Ok(length) => return Some(length),
            Err(error) => self.unusable(at, &error, way_out),
        }
        None
    }

    fn unusable(&mut self, at: &Located<String>, error: &io::Error, way_out: &str) {
        let path = self.resolve(&at.value);
        let shown = path.display();
        if NotAFile::is_in(error) {
            self.report(at, format!("{shown} is {error}"), "name a file");
        } else {
            self.report(at, format!("{shown} cannot be read ({error})"), way_out);
        }
    }
}
