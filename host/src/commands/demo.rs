//! `tailor demo`: from a clone to four running BFFs with one command.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use tailor::build::{BuildOptions, build_all};
use tailor::config::{self, Config};
use tailor::host::{OnRefused, Sockets};

use super::output::Output;
use super::serve::{self, Signals};
use super::{log, print};

#[derive(Args)]
pub struct Demo {
    /// The clone of the repository [default: the one that this program was run from]
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

impl Demo {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let root = match self.root {
            Some(root) => root,
            None => find_root()?,
        };
        build_all(&root.join("bffs"), &BuildOptions::from_env(), &mut |line| {
            eprintln!("{line}")
        })?;
        let _services = Services::start(&root)?;
        let file = root.join("bffs/tailor.toml");
        let config = config::load(&file)?;
        let log = log::start(&config.log)?;
        let routes = routes(&config);
        let mut signals = Signals::new()?;
        let starting = serve::start(config, Some(file), OnRefused::End, Sockets::default());
        let host = tokio::select! {
            started = starting => started?,
            () = signals.stop() => return Ok(ExitCode::SUCCESS),
        };
        print(guide(&host, &routes))?;
        serve::until_stopped(host, &log, signals).await
    }
}

/// The nearest folder upwards that has the example BFFs, from where the program was run or where it
/// was built.
pub(super) fn find_root() -> anyhow::Result<PathBuf> {
    let start = std::env::current_dir().context("working directory")?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    start
        .ancestors()
        .chain(built.ancestors())
        .find(|folder| {
            let is_there = |file| folder.join(file).is_file();
            is_there("bffs/tailor.toml") && is_there("downstream-mock/Cargo.toml")
        })
        .map(Path::to_owned)
        .context("no bffs/tailor.toml with downstream-mock here or above; run this in a clone of the repository, or name one with --root")
}

/// The mock services, in a process of their own that ends with this value.
pub(super) struct Services {
    process: Child,
}

impl Services {
    pub(super) fn start(root: &Path) -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            // By its binary rather than its package: then its dependencies have the features that
            // they have for the whole workspace, and none is compiled twice.
            .args(["build", "--quiet", "--bin", "downstream-mock"])
            .current_dir(root)
            .status()
            .context("cargo build --bin downstream-mock")?;
        ensure!(
            built.success(),
            "cargo build --bin downstream-mock: {built}"
        );
        let program = std::env::current_exe()
            .context("this program's own file")?
            .with_file_name("downstream-mock");
        let mut process = Command::new(&program)
            // This process holds its standard input: it ends when this process ends in any way.
            .arg("--exit-on-stdin-close")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let output = process.stdout.take();
        let mut services = Self { process };
        let lines = output
            .into_iter()
            .flat_map(|output| BufReader::new(output).lines());
        let mut out = Output::default();
        let ready = lines
            .map_while(Result::ok)
            .take(SERVICES)
            .inspect(|line| out.line(line))
            .count();
        out.end()?;
        if ready < SERVICES {
            let status = services.process.wait()?;
            bail!("downstream-mock: {status}");
        }
        Ok(services)
    }
}

/// The control listener and five services: a line each when they are ready.
const SERVICES: usize = 6;

impl Drop for Services {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What to try: where each route leads, and a request for it.
fn routes(config: &Config) -> Vec<(String, String)> {
    config
        .routes
        .iter()
        .map(|route| {
            let prefix = if route.path == "/" { "" } else { &route.path };
            let rest = match route.bff.as_str() {
                "partner" => "/v1/users/ada/summaries?from=2026-01-01&to=2026-01-03",
                "phone" => "/margaret/feed?date=2026-01-15&days=3",
                "coach" => "/ada/week?to=2026-01-15",
                _ => "/ada?date=2026-01-15",
            };
            let headers: String = route
                .headers
                .iter()
                .map(|(name, value)| {
                    format!(
                        " -H '{name}: {}'",
                        String::from_utf8_lossy(value.as_bytes())
                    )
                })
                .collect();
            (
                route.bff.clone(),
                format!("{headers} 'http://ADDRESS{prefix}{rest}'"),
            )
        })
        .collect()
}

fn guide(host: &tailor::host::Host, routes: &[(String, String)]) -> String {
    use std::fmt::Write as _;
    let mut guide = String::from("\n");
    let address = host.address().to_string();
    for (bff, request) in routes {
        // Writing to a string does not fail.
        let _ = writeln!(
            guide,
            "{bff:10} curl -i{}",
            request.replace("ADDRESS", &address)
        );
    }
    if let Some(admin) = host.admin_address() {
        let _ = writeln!(guide, "{:10} curl http://{admin}/bffs", "operator");
        let _ = writeln!(guide, "{:10} curl http://{admin}/metrics", "");
    }
    guide.push_str("\nCtrl-C stops everything.\n");
    guide
}
