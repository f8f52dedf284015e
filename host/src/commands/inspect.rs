//! `tailor inspect`: what a component imports, and what it would get.

mod grant;
mod report;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tailor::bff::runtime::Runtime;
use tailor::bff::surface::Surface;
use tailor::config::{self, Bff, Compile, Config};

use super::kept_code::KeptCode;
use super::{outcome, print};
use grant::Grant;
use report::Report;

#[derive(Args)]
pub struct Inspect {
    /// The component file
    component: PathBuf,
    /// A configuration file: shows what each BFF made of this file would be granted
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The BFF of the configuration file that is shown, whatever its component is: for a new
    /// version that is not in place yet
    #[arg(short, long, value_name = "NAME", requires = "config")]
    bff: Option<String>,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self
            .config
            .as_deref()
            .map(config::load_grants)
            .transpose()?;
        let users = match &config {
            Some(config) => Some(self.users(config)?),
            None => None,
        };
        let engine = config.as_ref().map(|config| &config.engine);
        let max_size = engine.map_or(Config::MAX_COMPONENT_SIZE, |it| it.max_component_size);
        let compile = engine.map_or_else(Compile::default, |it| it.compile.clone());

        let code = KeptCode::open(None::<&Config>);
        let runtime = Arc::new(Runtime::new(1)?);
        let loader = code.loader(&runtime, max_size, &compile)?;
        let bytes = loader
            .read(&self.component)
            .with_context(|| format!("component {}", self.component.display()))?;
        let surface = Surface::read(&bytes)?;
        let loaded = loader.load_bytes("inspect", &bytes);
        if let Ok(loaded) = &loaded {
            code.keep(&runtime, loaded, &self.component)?;
        }
        let mut report = Report::new(&bytes, surface, loaded.err());
        if let (Some(config), Some(users)) = (&config, users) {
            let grants = users.iter().map(|bff| Grant::new(bff, config));
            report.grants = Some(grants.collect());
            report.hint = self.hint(config);
        }
        print(match self.json {
            true => format!("{}\n", outcome::text(&serde_json::to_value(&report)?)),
            false => shown::text(&report),
        })?;
        Ok(match report.may_be_loaded {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    /// The BFFs whose grants are shown.
    fn users<'a>(&self, config: &'a Config) -> anyhow::Result<Vec<&'a Bff>> {
        if let Some(name) = &self.bff {
            let bff = config.bffs.get(name).with_context(|| {
                let file = self.config.as_deref().unwrap_or(&self.component).display();
                format!("{file}: no bff.{name}; there are {}", names(config))
            })?;
            return Ok(vec![bff]);
        }
        let file = self.component.canonicalize().ok();
        let is_same =
            |bff: &&Bff| bff.component.as_ref().and_then(|it| it.canonicalize().ok()) == file;
        Ok(config.bffs.values().filter(is_same).collect())
    }

    /// Which BFF may be meant where no component is the file.
    fn hint(&self, config: &Config) -> String {
        let name = self.component.file_name();
        let mut bffs = config.bffs.values();
        match bffs.find(|bff| bff.component.as_ref().and_then(|it| it.file_name()) == name) {
            Some(bff) => format!("--bff {}, whose component has the same name", bff.name),
            None => format!("--bff: there are {}", names(config)),
        }
    }
}

fn names(config: &Config) -> String {
    let names: Vec<&str> = config.bffs.keys().map(String::as_str).collect();
    names.join(", ")
}
