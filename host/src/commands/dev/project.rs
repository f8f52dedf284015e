//! What a development host serves: BFFs of some folders, under a configuration, or under one that is
//! made for them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tailor::build::{BuildOptions, Session};
use tailor::config::{self, Bff, Config, Record};
use tailor::suite::configurations;

use super::event::Route;
use super::fixtures::FixtureServices;
use super::marks::{Marks, marks};

/// The configuration's file in a folder.
const FILE: &str = "tailor.toml";
/// Requests that are kept, so that a test can be made of one.
const RECORDED: usize = 100;

/// The BFFs of a development host.
pub(super) struct Project {
    pub(super) bffs: Vec<DevBff>,
    /// The files of the configuration, of the first folder and of further ones with a file of their
    /// own; none, if there is none.
    files: Vec<PathBuf>,
    /// Where they are looked for as long as there is none: of each folder, the nearest first.
    places: Vec<Vec<PathBuf>>,
}

/// One of them.
pub(super) struct DevBff {
    /// The package's name. The configuration may have another for the BFF.
    pub(super) package: String,
    /// The BFF's name.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// Where development builds put the component.
    component: PathBuf,
    pub(super) session: Arc<Session>,
}

impl Project {
    /// The BFFs in these folders.
    pub(super) fn find(folders: &[PathBuf], file: Option<&Path>) -> anyhow::Result<Self> {
        let mut bffs: Vec<DevBff> = Vec::new();
        for folder in folders {
            let real = folder.canonicalize();
            if real.is_ok_and(|real| bffs.iter().any(|bff| bff.folder == real)) {
                continue;
            }
            let session = Session::open(folder, BuildOptions::from_env())?;
            let component = session.component()?;
            let package = component.file_stem().unwrap_or_default();
            let package = package.to_string_lossy().into_owned();
            bffs.push(DevBff {
                name: package.clone(),
                package,
                folder: folder
                    .canonicalize()
                    .with_context(|| folder.display().to_string())?,
                component,
                session: Arc::new(session),
            });
        }
        let places = match file {
            Some(file) => vec![vec![file.to_owned()]],
            None => bffs.iter().map(|bff| configurations(&bff.folder)).collect(),
        };
        let mut project = Self {
            bffs,
            files: Vec::new(),
            places,
        };
        match file {
            Some(file) => project.take(vec![file.to_owned()])?,
            None => project.look()?,
        }
        Ok(project)
    }

    /// Takes the configuration files that are nearest to the folders, where there is one now and was
    /// none.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        let nearest = |places: &Vec<PathBuf>| places.iter().find(|file| file.is_file()).cloned();
        let mut files: Vec<PathBuf> = Vec::new();
        for file in self.places.iter().filter_map(nearest) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        match files.is_empty() || self.has_file() {
            true => Ok(()),
            false => self.take(files),
        }
    }

    fn take(&mut self, files: Vec<PathBuf>) -> anyhow::Result<()> {
        let config = merged(&files)?;
        let name = |bff: &DevBff| name_in(&config, bff, &files);
        let names = self.bffs.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        for (bff, name) in self.bffs.iter_mut().zip(names) {
            bff.name = name;
        }
        self.files = files;
        Ok(())
    }

    /// Whether there is a configuration file.
    pub(super) fn has_file(&self) -> bool {
        !self.files.is_empty()
    }

    /// The folders of the BFFs.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.bffs.iter().map(|bff| bff.folder.clone()).collect()
    }

    /// Whether the configuration's file has changed, or there is one now.
    pub(super) fn marks(&self) -> Marks {
        match self.has_file() {
            true => marks(&self.files),
            false => marks(self.places.iter().flatten()),
        }
    }

    /// The configuration of the host.
    pub(super) fn config(&self, fixtures: &FixtureServices) -> anyhow::Result<Config> {
        let mut config = match self.has_file() {
            true => merged(&self.files)?,
            false => self.made(fixtures)?,
        };
        let is_here = |name: &str| self.bffs.iter().any(|bff| bff.name == name);
        config.bffs.retain(|name, _| is_here(name));
        config.routes.retain(|route| is_here(&route.bff));
        for bff in &self.bffs {
            let Some(settings) = config.bffs.get_mut(&bff.name) else {
                let files = shown(&self.files);
                bail!("{files}: there is no bff.{} any more", bff.name);
            };
            settings.component = Some(bff.component.clone());
            // What a smoke request tells, its author sees.
            settings.smoke = None;
        }
        if let Some(first) = self.bffs.first() {
            let folder = first.component.parent().unwrap_or(Path::new("."));
            config.engine.data_dir = folder.join("host");
        }
        // Builds tell when there is a new component.
        config.engine.watch_interval = std::time::Duration::from_secs(3600);
        config.server.drain_delay = std::time::Duration::ZERO;
        config.log.access = false;
        // Its port is another host's, where two run on one machine. What is there is only for
        // `tailor record`.
        if let Some(admin) = &mut config.admin {
            admin.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        }
        let record = &config.record;
        config.record = Arc::new(Record {
            enabled: true,
            keep: record.keep.max(RECORDED),
            keep_all: true,
            text_bodies: true,
            ..Record::clone(record)
        });
        Ok(config)
    }

    /// A configuration for BFFs that have none: the first gets all paths, each further one those
    /// below its name.
    fn made(&self, fixtures: &FixtureServices) -> anyhow::Result<Config> {
        let services = fixtures.services();
        let mut text = String::from("[server]\nlisten = \"127.0.0.1:8080\"\n");
        for service in &services {
            text += &format!("[downstream.{service:?}]\nurl = \"http://127.0.0.1:9\"\n");
        }
        for (index, bff) in self.bffs.iter().enumerate() {
            let path = match index {
                0 => "/".to_owned(),
                _ => format!("/{}", bff.name),
            };
            text += &format!(
                "[bff.{:?}]\ncomponent = {:?}\ndownstreams = {services:?}\n\
                 [[route]]\nbff = {:?}\npath = {path:?}\nmethods = [\"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"]\n",
                bff.name,
                bff.component.display().to_string(),
                bff.name,
            );
        }
        let path = Path::new("the configuration that is made of the fixtures");
        Ok(config::parse_bffs(&text, path)?)
    }
}

/// The configuration of several files: settings of the host are those of the first.
fn merged(files: &[PathBuf]) -> anyhow::Result<Config> {
    let (first, others) = files.split_first().context("no configuration file")?;
    let mut all = config::load_bffs(first)?;
    for file in others {
        let config = config::load_bffs(file)?;
        for (name, bff) in config.bffs {
            if all.bffs.insert(name.clone(), bff).is_some() {
                bail!("{}: bff.{name} is in another file, too", file.display());
            }
        }
        let of = Files { first, file };
        of.add("downstream", &mut all.downstreams, config.downstreams)?;
        of.add("profile", &mut all.profiles, config.profiles)?;
        all.routes.extend(config.routes);
    }
    Ok(all)
}

/// A further file of a configuration, beside the first.
struct Files<'a> {
    first: &'a Path,
    file: &'a Path,
}

impl Files<'_> {
    /// Adds what both may have, if they say the same of it.
    fn add<T: Clone + PartialEq>(
        &self,
        kind: &str,
        all: &mut BTreeMap<String, T>,
        more: BTreeMap<String, T>,
    ) -> anyhow::Result<()> {
        for (name, value) in more {
            let known = all.insert(name.clone(), value.clone());
            if known.is_some_and(|known| known != value) {
                let (file, first) = (self.file.display(), self.first.display());
                bail!("{file}: {kind}.{name} is another one than in {first}");
            }
        }
        Ok(())
    }
}

/// The name of the BFF whose component is that of a package.
fn name_in(config: &Config, bff: &DevBff, files: &[PathBuf]) -> anyhow::Result<String> {
    let package = &bff.package;
    let is_of = |bff: &&Bff| {
        let file = bff.component.as_ref();
        file.and_then(|file| file.file_stem())
            .is_some_and(|stem| *stem == **package)
    };
    let mut found = config.bffs.values().filter(is_of).map(|bff| &bff.name);
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.clone()),
        (None, _) => bail!(
            "{}: no BFF has a component {package}.wasm; add [bff.{package}] with component = {:?}, \
             and a [[route]] to it",
            shown(files),
            production(bff, files)
        ),
        (Some(one), Some(other)) => bail!(
            "{}: bff.{one} and bff.{other} have the component {package}.wasm; a configuration of \
             its own, --config, can have one of them",
            shown(files)
        ),
    }
}

/// Where `tailor build` puts the component of a BFF, as the first of these files would name it.
fn production(bff: &DevBff, files: &[PathBuf]) -> String {
    let component = format!("target/components/{}.wasm", bff.package);
    let file = files.first().and_then(|file| file.canonicalize().ok());
    let folder = file.as_deref().and_then(Path::parent);
    let below = folder.and_then(|folder| bff.folder.strip_prefix(folder).ok());
    let path = below.unwrap_or(&bff.folder).join(component);
    path.display().to_string()
}

fn shown(files: &[PathBuf]) -> String {
    match files {
        [] => FILE.to_owned(),
        files => {
            let files = files.iter().map(|file| file.display().to_string());
            files.collect::<Vec<_>>().join(", ")
        }
    }
}

/// What to ask for, for each route.
pub(super) fn routes(project: &Project, config: &Config, fixtures: &FixtureServices) -> Vec<Route> {
    let routes = config.routes.iter();
    let routes = routes.map(|route| {
        let prefix = if route.path == "/" { "" } else { &route.path };
        let bff = project.bffs.iter().find(|bff| bff.name == route.bff);
        let rest = bff.and_then(|bff| fixtures.example(&bff.folder));
        let rest = rest.unwrap_or_else(|| "/".to_owned());
        let headers = route.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        });
        Route {
            bff: route.bff.clone(),
            example: format!("{prefix}{rest}"),
            headers: headers.collect(),
        }
    });
    routes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_are_one_configuration_where_they_agree() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, url: &str| {
            let path = root.path().join(format!("{name}.toml"));
            let text = format!(
                "[server]\nlisten = \"127.0.0.1:1\"\n[downstream.goals]\nurl = {url:?}\n\
                 [bff.{name}]\ncomponent = \"{name}.wasm\"\ndownstreams = [\"goals\"]\n\
                 [[route]]\nbff = {name:?}\npath = \"/{name}\"\n"
            );
            std::fs::write(&path, text).unwrap();
            path
        };
        let (one, other) = (
            file("watch", "http://goals"),
            file("dashboard", "http://goals"),
        );
        let config = merged(&[one.clone(), other.clone()]).unwrap();
        assert_eq!(config.bffs.len(), 2);
        let routes: Vec<_> = config.routes.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(routes, ["/watch", "/dashboard"]);
        let refused = |files: &[PathBuf]| merged(files).unwrap_err().to_string();
        let told = refused(&[one.clone(), one.clone()]);
        assert!(
            told.ends_with("bff.watch is in another file, too"),
            "{told}"
        );
        let told = refused(&[one, file("dashboard", "http://other")]);
        assert!(
            told.contains("downstream.goals is another one than in"),
            "{told}"
        );
    }
}
