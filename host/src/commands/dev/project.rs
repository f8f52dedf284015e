//! What a development host serves: BFFs of some folders, under a configuration, or under one that is
//! made for them.

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
    /// The configuration's file, if there is one.
    file: Option<PathBuf>,
    /// Where one is looked for as long as there is none.
    places: Vec<PathBuf>,
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
        let places = match (file, bffs.first()) {
            (Some(file), _) => vec![file.to_owned()],
            (None, Some(first)) => configurations(&first.folder),
            (None, None) => Vec::new(),
        };
        let mut project = Self {
            bffs,
            file: None,
            places,
        };
        match file {
            Some(file) => project.take(file)?,
            None => project.look()?,
        }
        Ok(project)
    }

    /// Takes the nearest configuration file, where there is one now and was none.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        let found = self.places.iter().find(|file| file.is_file()).cloned();
        match found {
            Some(file) if self.file.is_none() => self.take(&file),
            _ => Ok(()),
        }
    }

    fn take(&mut self, file: &Path) -> anyhow::Result<()> {
        let config = config::load_bffs(file)?;
        let name = |bff: &DevBff| name_in(&config, &bff.package, file);
        let names = self.bffs.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        for (bff, name) in self.bffs.iter_mut().zip(names) {
            bff.name = name;
        }
        self.file = Some(file.to_owned());
        Ok(())
    }

    /// Whether there is a configuration file.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// The folders of the BFFs.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.bffs.iter().map(|bff| bff.folder.clone()).collect()
    }

    /// Whether the configuration's file has changed, or there is one now.
    pub(super) fn marks(&self) -> Marks {
        match &self.file {
            Some(file) => marks([file]),
            None => marks(&self.places),
        }
    }

    /// The configuration of the host.
    pub(super) fn config(&self, fixtures: &FixtureServices) -> anyhow::Result<Config> {
        let mut config = match &self.file {
            Some(file) => config::load_bffs(file)?,
            None => self.made(fixtures)?,
        };
        let is_here = |name: &str| self.bffs.iter().any(|bff| bff.name == name);
        config.bffs.retain(|name, _| is_here(name));
        config.routes.retain(|route| is_here(&route.bff));
        for bff in &self.bffs {
            let Some(settings) = config.bffs.get_mut(&bff.name) else {
                let file = self.file.as_deref().unwrap_or(Path::new(FILE));
                bail!("{}: there is no bff.{} any more", file.display(), bff.name);
            };
            settings.component = bff.component.clone();
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

/// The name of the BFF whose component is that of a package.
fn name_in(config: &Config, package: &str, file: &Path) -> anyhow::Result<String> {
    let is_of = |bff: &&Bff| {
        bff.component
            .file_stem()
            .is_some_and(|stem| stem == package)
    };
    let mut found = config.bffs.values().filter(is_of).map(|bff| &bff.name);
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.clone()),
        (None, _) => bail!(
            "{}: no BFF has a component {package}.wasm; add [bff.{package}] with component = \
             \"target/components/{package}.wasm\", and a [[route]] to it",
            file.display()
        ),
        (Some(one), Some(other)) => bail!(
            "{}: bff.{one} and bff.{other} have the component {package}.wasm; a configuration of \
             its own, --config, can have one of them",
            file.display()
        ),
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
