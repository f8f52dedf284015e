//! Builds of one project in Python for its author's loop.

use std::path::PathBuf;

use super::super::pyproject::{MANIFEST, PyProject};
use super::super::{BuildError, BuildOptions, Built, Report};
use super::sources::Sources;

/// What is kept between builds of a project.
#[derive(Default)]
pub(in crate::build) struct Development {
    read: Vec<PathBuf>,
}

impl Development {
    /// Builds the project into the folder of development builds.
    pub(in crate::build) fn build(
        &mut self,
        project: &PyProject,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Built, BuildError> {
        self.read = vec![project.folder.join(MANIFEST)];
        match Sources::read(project) {
            Ok(sources) => self.read.extend(sources.places()),
            // A folder may come to be.
            Err(_) => self.read.push(project.folder.clone()),
        }
        super::build_into(project, &project.development(), options, say)
    }

    /// The files and folders that the last build read.
    pub(in crate::build) fn read(&self) -> &[PathBuf] {
        &self.read
    }
}
