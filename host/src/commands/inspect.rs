//! `tailor inspect`: what a component imports, and what it would get.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tailor::bff::surface::Surface;
use tailor::config::{self, Bff};
use tailor::digest::hex;
use tailor::file;
use tailor::text::visible;

/// Largest file that is looked into, bytes.
const MAX_SIZE: u64 = 1 << 30;

#[derive(Args)]
pub struct Inspect {
    /// The component file
    component: PathBuf,
    /// A configuration file: shows what each BFF made of this file would be granted
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Inspect {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let content = file::read(&self.component, MAX_SIZE)
            .with_context(|| format!("component {}", self.component.display()))?;
        let bytes = content.bytes;
        let surface = Surface::read(&bytes)?;
        let digest = hex(&bytes);
        println!("version  {}", &digest[..12]);
        println!("sha256   {digest}");
        println!("size     {} bytes", bytes.len());
        list("imports", &surface.imports);
        list("exports", &surface.exports);
        let verdict = surface.check();
        match &verdict {
            Ok(()) => println!("verdict  may be loaded"),
            Err(error) => println!("verdict  refused: {error}"),
        }
        if let Some(path) = &self.config {
            self.grants(&config::load(path)?);
        }
        Ok(if verdict.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn grants(&self, config: &config::Config) {
        let file = self.component.canonicalize().ok();
        let mut users = config
            .bffs
            .values()
            .filter(|bff| bff.component.canonicalize().ok() == file)
            .peekable();
        if users.peek().is_none() {
            println!("granted  nothing: no BFF of the configuration is made of this file");
        }
        for bff in users {
            grant(bff);
        }
    }
}

fn list(title: &str, names: &[String]) {
    let mut title = title;
    if names.is_empty() {
        println!("{title:8} none");
    }
    for name in names {
        println!("{title:8} {}", visible(name));
        title = "";
    }
}

fn grant(bff: &Bff) {
    let limits = &bff.limits;
    let services = if bff.downstreams.is_empty() {
        "nothing".to_owned()
    } else {
        bff.downstreams.join(", ")
    };
    println!("granted  as bff.{}: may call {services}", bff.name);
    println!(
        "         deadline {:?}, memory {} bytes, CPU {:?}, {} calls, response {} bytes",
        bff.deadline, limits.memory, limits.cpu, limits.calls, limits.response_size
    );
    for key in bff.config.keys() {
        println!("         config {key}");
    }
}
