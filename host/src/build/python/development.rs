//! Builds of one project in Python for its author's loop: with the interpreter kept between them.

use std::path::{Path, PathBuf};

use super::super::pyproject::{MANIFEST, PyProject};
use super::super::running::RunError;
use super::super::{BuildError, BuildOptions, Built, Report, component};
use super::engine::Engine;
use super::sources::Sources;
use super::{Parts, componentize, failure, requirements};

/// What is kept between builds of a project.
#[derive(Default)]
pub(in crate::build) struct Development {
    read: Vec<PathBuf>,
    kept: Kept,
}

/// The interpreter.
#[derive(Default)]
struct Kept {
    /// The digest of what it is made of.
    of: String,
    /// Nothing before the first component, and where it lacks what the modules import.
    engine: Option<Engine>,
    /// It makes no component of these modules, also when it has just been started.
    failed: bool,
}

impl Development {
    /// Builds the project into the folder of development builds.
    pub(in crate::build) fn build(
        &mut self,
        project: &PyProject,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Built, BuildError> {
        let files = [MANIFEST, requirements::FILE];
        self.read = files.map(|it| project.folder.join(it)).to_vec();
        match Sources::read(project) {
            Ok(sources) => self.read.extend(sources.places()),
            // A folder may come to be.
            Err(_) => self.read.push(project.folder.clone()),
        }
        let components = project.development();
        super::build_into(project, &components, options, say, |parts, say| {
            self.kept.make(project, parts, &components, say)
        })
    }

    /// The files and folders that the last build read.
    pub(in crate::build) fn read(&self) -> &[PathBuf] {
        &self.read
    }
}

impl Kept {
    /// Makes the component, in the interpreter that is kept. What goes wrong there goes wrong in
    /// the usual way, too, which tells the author's line.
    fn make(
        &mut self,
        project: &PyProject,
        parts: &Parts,
        components: &Path,
        say: Report<'_>,
    ) -> Result<Vec<u8>, BuildError> {
        let of = super::kept_of(project, parts)?;
        if self.of != of {
            *self = Self {
                of,
                ..Self::default()
            };
        }
        let Parts {
            tools,
            wit,
            sources,
        } = parts;
        let is_new = self.engine.is_none();
        if is_new && !self.failed {
            let started = Engine::start(project, tools, wit, sources, components, say)?;
            match started {
                Ok(engine) => self.engine = Some(engine),
                Err(error) => self.give_up(&error, say),
            }
        }
        let Some(engine) = &self.engine else {
            return componentize::componentize(project, tools, wit, sources, components);
        };
        let error = match engine.component_of(sources, project.modules) {
            Ok(bytes) => {
                component::check(&project.name, &bytes)?;
                return Ok(bytes);
            }
            Err(error) => error,
        };
        if let RunError::Raised(printed) = &error
            && failure::is_of_syntax(printed)
        {
            let shown: Vec<_> = sources.roots.iter().map(|root| &*root.shown).collect();
            return Err(BuildError::Component {
                name: project.name.clone(),
                reason: failure::reason(printed, &shown),
            });
        }
        let bytes = componentize::componentize(project, tools, wit, sources, components)?;
        // So the modules are good, and import or read what it has not.
        self.engine = None;
        if is_new {
            self.give_up(&error, say);
        }
        Ok(bytes)
    }

    fn give_up(&mut self, error: &RunError, say: Report<'_>) {
        self.failed = true;
        say(&format!(
            "each build starts the Python interpreter anew: {}",
            error.told()
        ));
    }
}
