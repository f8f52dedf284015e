//! The files of a host, with the services that live as long.

use std::path::Path;

use downstream_mock::scripted::ScriptedService;
use tempfile::TempDir;

/// The directory of a host, and the scripted services that its configuration names. Both are gone
/// when it is dropped.
pub struct Files {
    pub(super) dir: TempDir,
    pub(super) services: Vec<(String, ScriptedService)>,
}

impl Files {
    /// The directory: the configuration, the components, the data directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The scripted service of this name.
    ///
    /// # Panics
    ///
    /// When the builder was given none.
    pub fn service(&self, name: &str) -> &ScriptedService {
        let mut services = self.services.iter();
        let found = services.find(|(other, _)| other == name);
        let (_, service) = found.expect("a scripted service of this name");
        service
    }
}
