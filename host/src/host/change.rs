//! Changes of a running host: a new configuration, a new version of one BFF. One at a time, each
//! proven before it is live, and a change that fails leaves everything as it was.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::Mutex;

use super::lacking::{in_chain, in_engine};
use crate::bff::error::LoadError;
use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::config::{self, Config, ConfigError, Smoke};
use crate::contract::{Client, Method, Payload, Request};
use crate::downstream::Services;
use crate::fixture::{Fixture, FixtureError};
use crate::invoke::{detached, invoke};
use crate::snapshot::{Builder, Shared, Snapshot, SnapshotError};
use crate::telemetry::metrics::Event;

/// A change was not made.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The host was started without a file.
    #[error("there is no configuration file to read again")]
    NoFile,
    /// The file is not good.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Components were refused, or a service can't be called.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A component was refused.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// Its smoke request was not answered as it should.
    #[error("bff.{bff}: {source}")]
    Smoke {
        /// The BFF.
        bff: String,
        /// What came instead.
        source: LoadError,
        /// Whether the host was out of something meanwhile, which may have been the cause.
        lacking: bool,
    },
    /// There is no such BFF.
    #[error("there is no BFF {0:?}")]
    Unknown(String),
    /// The thread that did the work failed.
    #[error("the change failed inside of the host")]
    Panic,
}

impl ChangeError {
    /// Whether it came only of what the host was out of, so that the same change may succeed later.
    pub(super) fn is_lacking(&self) -> bool {
        match self {
            Self::Component(LoadError::Compile(error) | LoadError::Link(error)) => in_engine(error),
            Self::Smoke { lacking, .. } => *lacking,
            other => in_chain(other),
        }
    }
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// BFFs with a new version: name, version.
    pub published: Vec<(String, String)>,
    /// Settings that differ and take effect only when the host is started again.
    pub needs_restart: Vec<&'static str>,
}

/// Makes changes.
pub struct Changes {
    shared: Arc<Shared>,
    builder: Arc<Builder>,
    config_path: Option<PathBuf>,
    one_at_a_time: Mutex<()>,
}

impl Changes {
    pub(super) fn new(
        shared: Arc<Shared>,
        builder: Arc<Builder>,
        config_path: Option<PathBuf>,
    ) -> Self {
        Self {
            shared,
            builder,
            config_path,
            one_at_a_time: Mutex::default(),
        }
    }

    /// What runs.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whose connections the control thread uses: the last of the callers is this thread.
    pub(super) fn caller(&self) -> usize {
        self.builder.callers - 1
    }

    /// Reads the configuration file and all components again, and publishes what changed.
    ///
    /// # Errors
    ///
    /// What is wrong with the file or a component. Nothing has changed then.
    pub async fn reload(&self) -> Result<Changed, ChangeError> {
        let path = self.config_path.clone().ok_or(ChangeError::NoFile)?;
        let _alone = self.one_at_a_time.lock().await;
        let live = self.shared.snapshot.load_full();
        let result = self.try_reload(path, &live).await;
        match &result {
            Ok(changed) => {
                for (bff, _) in &changed.published {
                    self.shared.metrics.swaps.count(bff, "published");
                }
            }
            Err(ChangeError::Snapshot(SnapshotError::Components(refused))) => {
                for (bff, error) in refused {
                    self.refused(&live, bff, error.to_string());
                }
            }
            Err(error @ ChangeError::Smoke { bff, .. }) => {
                self.refused(&live, bff, error.to_string());
            }
            Err(_) => {}
        }
        result
    }

    /// Notes a component that was refused where an operator looks: in `/bffs` and in the metrics.
    fn refused(&self, live: &Snapshot, name: &str, reason: String) {
        if let Some(bff) = live.bffs.get(name) {
            bff.refuse(reason);
        }
        self.shared.metrics.swaps.count(name, "refused");
    }

    async fn try_reload(
        &self,
        path: PathBuf,
        live: &Arc<Snapshot>,
    ) -> Result<Changed, ChangeError> {
        let (builder, before) = (self.builder.clone(), live.clone());
        let next = tokio::task::spawn_blocking(move || {
            let config = config::load(&path)?;
            Ok::<_, ChangeError>(builder.build(config, Some(&before))?)
        })
        .await
        .map_err(|_| ChangeError::Panic)??;
        let mut changed = Changed {
            published: Vec::new(),
            needs_restart: needs_restart(&live.config, &next.config),
        };
        for (name, bff) in &next.bffs {
            let version = bff.current();
            let old = live.bffs.get(name).map(|old| old.current());
            if old.is_none_or(|old| old.name() != version.name()) {
                self.smoke(&version).await?;
                changed
                    .published
                    .push((name.clone(), version.name().to_string()));
            }
        }
        let next = Arc::new(next);
        self.shared.snapshot.store(next.clone());
        next.services.activate();
        let swaps = &self.shared.metrics.swaps;
        swaps.retain(|bff| next.bffs.contains_key(bff));
        Ok(changed)
    }

    /// Loads a BFF's component file and publishes it, if it is another than the live version.
    ///
    /// # Errors
    ///
    /// Why the file is refused. The live version goes on, and the reason is shown in `/bffs`.
    pub async fn swap(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let _alone = self.one_at_a_time.lock().await;
        let snapshot = self.shared.snapshot.load_full();
        let bff = snapshot
            .bffs
            .get(name)
            .ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
        let result = self.try_swap(bff, &snapshot.services).await;
        match &result {
            Ok(Some(_)) => self.shared.metrics.swaps.count(name, "published"),
            Ok(None) => {}
            Err(error) if error.is_lacking() => {
                bff.refuse(format!("{error}; it is tried again"));
                self.shared.metrics.swaps.count(name, "postponed");
            }
            Err(error) => {
                bff.refuse(error.to_string());
                self.shared.metrics.swaps.count(name, "refused");
            }
        }
        result
    }

    async fn try_swap(
        &self,
        bff: &Bff,
        services: &Services,
    ) -> Result<Option<String>, ChangeError> {
        let current = bff.current();
        let (builder, live) = (self.builder.clone(), current.clone());
        let loaded = tokio::task::spawn_blocking(move || {
            builder
                .loader
                .load(&live.settings().component, Some(live.loaded()))
        })
        .await
        .map_err(|_| ChangeError::Panic)??;
        if loaded.digest == current.loaded().digest {
            bff.accept();
            return Ok(None);
        }
        let version = self
            .builder
            .version(current.settings(), loaded, services, Some(&current));
        let version = Arc::new(version);
        self.smoke(&version).await?;
        let name = version.name().to_string();
        bff.publish(version);
        Ok(Some(name))
    }

    /// Looks after the connections that smoke requests have left behind. Workers do so for their
    /// own.
    pub(super) fn tick(&self) {
        for service in self.shared.snapshot.load().services.iter() {
            service.tick(self.builder.callers - 1);
        }
    }

    /// How many calls failed in the host itself, so far.
    fn host_failures(&self) -> u64 {
        let snapshot = self.shared.snapshot.load();
        let services = snapshot.services.iter();
        services
            .map(|service| service.metrics().count(Event::HostFailure))
            .sum()
    }

    /// Makes the smoke request of a version that is not live yet.
    async fn smoke(&self, version: &Arc<Version>) -> Result<(), ChangeError> {
        let Some(smoke) = &version.settings().smoke else {
            return Ok(());
        };
        let failures = self.host_failures();
        let refuse_for = |what: String, lacking| ChangeError::Smoke {
            bff: version.bff().to_string(),
            source: LoadError::Smoke(what),
            lacking,
        };
        // A call that the host could not make for itself may be why the answer is another one.
        let refuse = |what| refuse_for(what, self.host_failures() > failures);
        let (tried, now_ms) = match &smoke.fixture {
            Some(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || Fixture::read(&path));
                let fixture = read
                    .await
                    .map_err(|_| ChangeError::Panic)?
                    .map_err(|error| refuse_for(error.to_string(), in_chain(&error)))?;
                let now_ms = fixture
                    .now_ms()
                    .map_err(|error: FixtureError| refuse(error.to_string()))?;
                let fixture = Arc::new(fixture);
                let settings = version.settings().clone();
                (
                    detached(settings, version.loaded().clone(), |service| {
                        fixture.canned(service)
                    }),
                    now_ms,
                )
            }
            None => (version.clone(), None),
        };
        let invoked = invoke(
            &self.shared.runtime,
            &tried,
            smoke_request(smoke),
            now_ms,
            self.caller(),
        )
        .await;
        match invoked.result {
            Ok(answer) if answer.status.as_u16() == smoke.status => Ok(()),
            Ok(answer) => Err(refuse(format!(
                "{} was answered {}, not {}",
                smoke.path,
                answer.status.as_u16(),
                smoke.status
            ))),
            Err(error) => Err(refuse(format!("{} failed: {error}", smoke.path))),
        }
    }
}

fn smoke_request(smoke: &Smoke) -> Request {
    let (path, query) = smoke.path.split_once('?').unwrap_or((&smoke.path, ""));
    let headers = smoke
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Request {
        id: "smoke".to_owned(),
        method: Method::Get,
        path: path.to_owned(),
        query: crate::fixture::decode_query(query),
        headers,
        body: Payload::None,
        client: Client {
            name: "smoke".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

/// Settings that are read once, when the host starts.
fn needs_restart(live: &Config, next: &Config) -> Vec<&'static str> {
    [
        ("server", live.server != next.server),
        ("admin", live.admin != next.admin),
        (
            "log.format, log.level",
            (live.log.format, &live.log.level) != (next.log.format, &next.log.level),
        ),
        (
            "engine.data-dir, engine.instances, engine.max-component-size",
            (
                &live.engine.data_dir,
                live.engine.instances,
                live.engine.max_component_size,
            ) != (
                &next.engine.data_dir,
                next.engine.instances,
                next.engine.max_component_size,
            ),
        ),
    ]
    .into_iter()
    .filter_map(|(key, differs)| differs.then_some(key))
    .collect()
}
