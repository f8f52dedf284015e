//! What an existing package lacks to be a BFF. What it has is left as it is.

mod npm;
mod rust;

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{ANSWERS, Files, NAME, Template, TemplateError, VENDOR, name, sources};
use crate::build::component_of;

/// What was done with a file, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is new.
    Added(String),
    /// It was there, and is as it was.
    Kept(String),
}

/// Makes a BFF of the package in `folder`, in the language of the template, or in that of its files.
///
/// # Errors
///
/// When the folder has no package, or one that this template is not for, and when a file is not what
/// can be added to: then nothing was written. When the system refuses a file, the next run goes on
/// where this one ended.
pub fn init(folder: &Path, template: Option<Template>) -> Result<Vec<Step>, TemplateError> {
    let (json, toml) = (folder.join("package.json"), folder.join("Cargo.toml"));
    let mut init = Init {
        folder,
        steps: Vec::new(),
    };
    let python = folder.join("pyproject.toml");
    match (json.is_file(), toml.is_file()) {
        (false, false) if python.is_file() => {
            let reason = "is a Python project, which nothing is added to; `tailor new NAME --lang python` \
                          makes a folder whose [tool.tailor] shows what a BFF needs";
            return Err(TemplateError::manifest(&python, reason));
        }
        (false, false) => return Err(TemplateError::NoPackage(folder.to_owned())),
        (true, true) => {
            let reason = "there is a Cargo.toml beside it; move one of them to a folder of its own";
            return Err(TemplateError::manifest(&json, reason));
        }
        (true, false) if matches!(template, Some(Template::Rust | Template::Python)) => {
            let reason =
                "is for `--lang ts` or `--lang hono`; for Rust, run `cargo init` elsewhere";
            return Err(TemplateError::manifest(&json, reason));
        }
        (true, false) => init.npm(&json, template)?,
        (false, true) if template.is_some_and(|it| it != Template::Rust) => {
            let reason = "is for `--lang rust`; for TypeScript, run `npm init` elsewhere";
            return Err(TemplateError::manifest(&toml, reason));
        }
        (false, true) => init.rust(&toml)?,
    }
    Ok(init.steps)
}

/// A run.
struct Init<'a> {
    folder: &'a Path,
    steps: Vec<Step>,
}

impl Init<'_> {
    fn note(&mut self, what: impl Into<String>, added: bool) {
        let what = what.into();
        self.steps.push(match added {
            true => Step::Added(what),
            false => Step::Kept(what),
        });
    }

    /// Writes a file where there is none.
    fn add(&mut self, name: &str, text: &str) -> Result<(), TemplateError> {
        let path = self.folder.join(name);
        let failed = || TemplateError::io("write", &path);
        let parent = path.parent().unwrap_or(self.folder);
        std::fs::create_dir_all(parent).map_err(failed())?;
        let draft = draft(parent, 0o666, text).map_err(failed())?;
        match draft.persist_noclobber(&path) {
            Ok(_) => self.note(name, true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => self.note(name, false),
            Err(error) => return Err(failed()(error.error)),
        }
        Ok(())
    }

    /// Writes a file with lines that are new over the one without them.
    fn change(&self, path: &Path, text: &str) -> Result<(), TemplateError> {
        let failed = || TemplateError::io("write", path);
        // What a link leads to is changed, not the link.
        let real = path.canonicalize().map_err(failed())?;
        let permissions = std::fs::metadata(&real).map_err(failed())?.permissions();
        let draft = draft(real.parent().unwrap_or(self.folder), 0o600, text).map_err(failed())?;
        draft
            .as_file()
            .set_permissions(permissions)
            .map_err(failed())?;
        draft
            .persist(&real)
            .map_err(|error| failed()(error.error))?;
        Ok(())
    }

    /// The kit. It comes first, as its folder may be somebody else's.
    fn vendor(&mut self, template: Template) -> Result<(), TemplateError> {
        let folder = self.folder.join(VENDOR);
        // The last file of a kit.
        let there = folder.join("README.md").is_file();
        if !there {
            template.kit().write(&folder)?;
        }
        self.note(VENDOR, !there);
        Ok(())
    }

    /// Fixtures, where there are none: those of the template with its source, else one that only asks.
    fn fixtures(&mut self, template: Option<Template>) -> Result<(), TemplateError> {
        let entries = std::fs::read_dir(self.folder.join("fixtures"))
            .into_iter()
            .flatten();
        let mut names = entries.flatten().map(|entry| entry.path());
        if names.any(|path| path.extension().is_some_and(|it| it == "json")) {
            self.note("fixtures", false);
            return Ok(());
        }
        let files = template.map_or(sources::OWN, |it| it.parts()[1]);
        self.add_all(files, "fixtures/")?;
        match template {
            Some(template) => self.add(ANSWERS, template.text(ANSWERS)),
            None => Ok(()),
        }
    }

    /// The files of a template below a folder.
    fn add_all(&mut self, files: Files, below: &str) -> Result<(), TemplateError> {
        let files = files.iter().filter(|(file, _)| file.starts_with(below));
        for (file, text) in files {
            self.add(file, text)?;
        }
        Ok(())
    }

    /// The host's file for development, of a BFF of this name or one like it. It comes last: only a
    /// whole package says where its component will be.
    fn configuration(
        &mut self,
        template: Template,
        package: &str,
    ) -> Result<PathBuf, TemplateError> {
        let component = component_of(self.folder)?;
        let name = match name::check(package) {
            Ok(()) => package.to_owned(),
            Err(_) => name::near(package),
        };
        let text = template.text("tailor.toml").replace(NAME, &name);
        let path = component.display().to_string();
        self.add("tailor.toml", &text.replace(super::COMPONENT, &path))?;
        Ok(component)
    }
}

/// A file that has no name yet.
fn draft(folder: &Path, mode: u32, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    let mut file = builder.prefix(".tailor-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// The text of a manifest.
fn read(file: &Path) -> Result<String, TemplateError> {
    let text = std::fs::read_to_string(file).map_err(TemplateError::io("read", file))?;
    if text.starts_with('\u{feff}') {
        let reason =
            "begins with a byte order mark, which not all readers of it skip; save it without";
        return Err(TemplateError::manifest(file, reason));
    }
    Ok(text)
}
