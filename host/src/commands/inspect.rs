//! `tailor inspect`: what a component imports, and what it would get.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use http::HeaderName;
use tailor::bff::compiler::CompileIn;
use tailor::bff::error::LoadError;
use tailor::bff::load::Loader;
use tailor::bff::runtime::Runtime;
use tailor::bff::surface::{Contract, Surface};
use tailor::config::{self, Bff, CallPattern, Compile, Config, Downstream};
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
        if surface.contract() == Contract::WasiHttp {
            println!("answers  by wasi:http; its requests to http://<service>/ are calls");
        }
        list("reaches", &reach(&surface));
        let config = self.config.as_deref().map(config::load).transpose()?;
        let refused = self.load(config.as_ref())?;
        match &refused {
            None => println!("verdict  may be loaded"),
            Some(error) => println!("verdict  refused: {}", in_lines(error)),
        }
        if let Some(config) = &config {
            self.grants(config);
        }
        Ok(match refused {
            None => ExitCode::SUCCESS,
            Some(_) => ExitCode::FAILURE,
        })
    }

    /// Loads the component as the host does, and says why that is refused.
    fn load(&self, config: Option<&Config>) -> anyhow::Result<Option<LoadError>> {
        let engine = config.map(|config| &config.engine);
        let max_size = engine.map_or(Config::MAX_COMPONENT_SIZE, |it| it.max_component_size);
        let compile = engine.map_or_else(Compile::default, |it| it.compile.clone());
        let loader = Loader::new(Arc::new(Runtime::new(1)?), None, max_size);
        let loader = loader.compiling(CompileIn::ChildProcess, &compile);
        Ok(loader.load("inspect", &self.component, None).err())
    }

    fn grants(&self, config: &Config) {
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
            grant(bff, config);
        }
    }
}

/// A reason, or several, each in a line of its own.
fn in_lines(error: &LoadError) -> String {
    match error {
        LoadError::Unfit(faults) => format!("component: {}", faults.lines().join("\n         ")),
        other => other.to_string(),
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

/// What a component can reach, by what it imports.
fn reach(surface: &Surface) -> Vec<String> {
    let imports = |names: &[&str]| {
        let mut imports = surface.imports.iter();
        imports.any(|import| names.iter().any(|name| import.starts_with(name)))
    };
    let table: [(&[&str], &str); 6] = [
        (
            &["tailor:bff/downstream", "wasi:http/outgoing-handler"],
            "services, by name: those that a configuration grants, and no other address",
        ),
        (
            &["tailor:bff/runtime"],
            "its settings, its log, clocks, random numbers",
        ),
        (
            &["tailor:bff/locale"],
            "the host's data of languages and time zones",
        ),
        (&["wasi:clocks"], "clocks, by WASI"),
        (&["wasi:random"], "random numbers, by WASI"),
        (&["wasi:cli/std"], "its log, by standard output of WASI"),
    ];
    let found = table.iter().filter(|(names, _)| imports(names));
    let found = found.map(|(_, what)| (*what).to_owned());
    let never = "no file, no socket, no environment variable, no other BFF".to_owned();
    found.chain([never]).collect()
}

/// What a BFF may ask of a service, and what of the client's request goes along.
fn service(bff: &Bff, service: &Downstream) {
    let name = &service.name;
    let shown = |patterns: &[CallPattern]| {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        patterns.join(", ")
    };
    let calls = match (bff.allow.get(name), &service.shape.allow) {
        (None, None) => "any call".to_owned(),
        (Some(own), None) => shown(own),
        (None, Some(all)) => shown(all),
        (Some(own), Some(all)) => format!("{}, of those that all may: {}", shown(own), shown(all)),
    };
    println!("         {name}: {calls}");
    let names = |names: &[HeaderName]| {
        let names: Vec<&str> = names.iter().map(HeaderName::as_str).collect();
        names.join(", ")
    };
    if !service.shape.pass_headers.is_empty() {
        let names = names(&service.shape.pass_headers);
        println!("         {name}: gets the client's {names}");
    }
    if service.credentials.is_some() {
        println!("         {name}: gets credentials of the host, which the BFF does not see");
    }
}

fn grant(bff: &Bff, config: &Config) {
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
    for name in &bff.downstreams {
        if let Some(downstream) = config.downstreams.get(name) {
            service(bff, downstream);
        }
    }
    for key in bff.config.keys() {
        println!("         config {key}");
    }
    for route in config.routes.iter().filter(|route| route.bff == bff.name) {
        let host = route.host.as_deref().unwrap_or("any host");
        let methods: Vec<&str> = route.methods.iter().map(|it| it.as_str()).collect();
        println!(
            "         is reached at {} of {host} by {}",
            route.path,
            methods.join(", ")
        );
    }
}
