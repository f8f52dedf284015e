//! `tailor dev`: builds BFFs when their sources are saved, serves what was built last, and shows
//! requests with their calls.

mod build;
mod children;
mod event;
mod fixtures;
mod journal;
mod marks;
mod page;
mod place;
mod project;
mod shown;
mod terminal;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::{Args, ValueEnum};
use tailor::bff::compiler::{CodeInMemory, CompileIn};
use tailor::config::Config;
use tailor::development::{Development, StandIns};
use tailor::host::{Host, StartOptions, files};
use tokio::sync::mpsc;

use super::demo;
use super::serve::Signals;
use build::{Built, Loop};
use event::Event;
use fixtures::FixtureServices;
use journal::Journal;
use project::Project;
use terminal::Terminal;

/// Pause between two looks at the configuration and at fixtures.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Args)]
pub struct Dev {
    /// The BFFs' folders, each with its Cargo.toml, package.json or pyproject.toml
    #[arg(value_name = "FOLDER", default_value = ".")]
    folders: Vec<PathBuf>,
    /// The configuration file [default: tailor.toml in the first folder or above it in the
    /// repository; without one, the BFF gets all paths and the services of its fixtures]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What answers calls of services
    #[arg(
        long,
        value_enum,
        value_name = "fixtures|mock|real",
        hide_possible_values = true,
        default_value = "fixtures"
    )]
    services: Services,
    /// Call this service at the URL of the configuration, whatever answers the others
    #[arg(long, value_name = "SERVICE")]
    real: Vec<String>,
    /// The address to listen on [default: that of the configuration]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Open the first fixture's request, else the first route, in a browser
    #[arg(long)]
    open: bool,
}

/// What answers calls of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Services {
    /// The fixtures in `fixtures` of the BFFs' folders
    Fixtures,
    /// The mock services of a clone of tailor's repository, started beside the host
    Mock,
    /// The services at the URLs of the configuration
    Real,
}

impl Dev {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut signals = Signals::new()?;
        let (terminal, is_gone) = Terminal::start()?;
        let served = tokio::select! {
            served = self.serve(terminal) => served,
            () = signals.stop() => Ok(()),
            // The output's reader has gone, as `head` does.
            _ = is_gone => Ok(()),
        };
        served.map(|()| ExitCode::SUCCESS)
    }

    async fn serve(self, terminal: Terminal) -> anyhow::Result<()> {
        let mut project = Project::find(&self.folders, self.config.as_deref())?;
        let fixtures = Arc::new(FixtureServices::new(project.folders()));
        for problem in fixtures.read_again() {
            terminal.show(Event::Problem(problem));
        }
        let config = self.adapt(project.config(&fixtures)?);
        for name in &self.real {
            let known = || config.downstreams.keys().cloned().collect::<Vec<_>>();
            ensure!(
                config.downstreams.contains_key(name),
                "--real {name}: the configuration has no such service; there are: {}",
                known().join(", ")
            );
        }
        ensure!(
            project.has_file() || (self.real.is_empty() && self.services == Services::Fixtures),
            "there is no tailor.toml with the URLs of services: name one with --config, or leave \
             --services and --real out"
        );
        let journal = Arc::new(Journal::new(
            terminal.clone(),
            fixtures.clone(),
            project.folders(),
        ));
        journal::listen(&journal)?;
        let _mock = match self.services {
            Services::Mock => Some(demo::Services::start(&demo::find_root()?)?),
            Services::Fixtures | Services::Real => None,
        };

        let (told, mut builds) = mpsc::unbounded_channel();
        let loops = project
            .bffs
            .iter()
            .enumerate()
            .map(|(index, bff)| Loop::start(index, bff, terminal.clone(), told.clone()));
        let _loops = loops.collect::<Result<Vec<_>, _>>()?;
        drop(told);
        // The host starts with what the first builds made, or with what earlier ones left.
        for _ in 0..project.bffs.len() {
            if let Some(built) = builds.recv().await {
                journal.built(&project.bffs[built.index].name, built.result.err());
            }
        }

        files::raise_limit();
        let development = Development {
            observer: journal.clone(),
            stand_ins: self.stand_ins(&fixtures),
        };
        let options = StartOptions {
            // The components are the author's own, and their code is for the most part the same.
            compile_in: CompileIn::ThisProcessAgain(Arc::new(CodeInMemory::new()?)),
            development: Some(development),
            ..StartOptions::default()
        };
        let routes = project::routes(&project, &config, &fixtures);
        let host = Host::start(config, None, options).await?;
        journal.records_at(host.admin_address());
        terminal.show(Event::Serving {
            address: host.address(),
            routes: routes.clone(),
        });
        if let (true, Some(route)) = (self.open, routes.first()) {
            let url = format!("http://{}{}", host.address(), route.example);
            if let Err(error) = open::that_detached(&url) {
                terminal.show(Event::Problem(format!("{url} is not opened: {error}")));
            }
        }

        let mut marks = project.marks();
        let mut fixture_marks = fixtures.marks();
        let mut ticks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                built = builds.recv() => {
                    let Some(built) = built else { return Ok(()) };
                    let name = &project.bffs[built.index].name;
                    self.publish(&host, name, built, &journal, &terminal).await;
                }
                () = host.failed() => anyhow::bail!("the host cannot go on"),
                _ = ticks.tick() => {
                    let now = fixtures.marks();
                    if now != fixture_marks {
                        fixture_marks = now;
                        for problem in fixtures.read_again() {
                            terminal.show(Event::Problem(problem));
                        }
                        if !project.has_file() {
                            // They say which services there are.
                            self.reload(&host, &project, &fixtures, &terminal).await;
                        }
                    }
                    if project.marks() != marks {
                        let looked = project.look();
                        marks = project.marks();
                        match looked {
                            Ok(()) => self.reload(&host, &project, &fixtures, &terminal).await,
                            Err(error) => terminal.show(Event::Problem(format!("{error:#}"))),
                        }
                    }
                }
            }
        }
    }

    /// What a host for development does not take from the configuration.
    fn adapt(&self, mut config: Config) -> Config {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        config
    }

    /// Which services are answered in process.
    fn stand_ins(&self, fixtures: &Arc<FixtureServices>) -> StandIns {
        let (real, fixtures) = (self.real.clone(), fixtures.clone());
        let all_real = self.services != Services::Fixtures;
        Arc::new(move |service| {
            let is_real = all_real || real.iter().any(|name| name == service);
            (!is_real).then(|| fixtures.canned(service))
        })
    }

    /// Puts a build into service.
    async fn publish(
        &self,
        host: &Host,
        name: &str,
        built: Built,
        journal: &Journal,
        terminal: &Terminal,
    ) {
        let error = match built.result {
            Err(error) => Some(error),
            Ok(()) => match host.swap(name).await {
                Ok(version) => {
                    terminal.show(Event::Live {
                        bff: name.to_owned(),
                        version,
                        took: built.saved.elapsed(),
                    });
                    None
                }
                Err(error) => {
                    let error = error.to_string();
                    terminal.show(Event::Problem(format!("{name}: {error}")));
                    Some(error)
                }
            },
        };
        journal.built(name, error);
    }

    async fn reload(
        &self,
        host: &Host,
        project: &Project,
        fixtures: &FixtureServices,
        terminal: &Terminal,
    ) {
        let config = match project.config(fixtures) {
            Ok(config) => self.adapt(config),
            Err(error) => {
                terminal.show(Event::Problem(format!("{error:#}; the old one goes on")));
                return;
            }
        };
        match host.apply(move || Ok(config)).await {
            Ok(changed) => terminal.show(Event::Reloaded {
                needs_restart: changed.needs_restart,
            }),
            Err(error) => terminal.show(Event::Problem(error.to_string())),
        }
    }
}
