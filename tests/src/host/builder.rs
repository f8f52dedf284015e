//! Builds a host for a test.

use std::path::PathBuf;

use anyhow::Context as _;
use downstream_mock::scripted::{Request, Response, ScriptedService};
use toml::{Table, Value};

use super::TestHost;
use super::files::Files;

/// The data directory, in the directory of the host.
const DATA: &str = "data";
/// Size of a component that has an interpreter in it, bytes.
const SLOW_TO_COMPILE: u64 = 1 << 20;

/// What a [`TestHost`] is made of: services, BFFs, files, and the text of a configuration, written
/// as an operator would. [`TestHostBuilder::start`] returns the first error.
///
/// ```no_run
/// # async fn example(component: &[u8]) -> anyhow::Result<()> {
/// use downstream_mock::scripted::Response;
///
/// let host = tailor_harness::TestHost::builder()?
///     .service("svc", |request| Response::text(request.target))
///     .settings("svc", "max-calls = 2\n[breaker]\nenabled = false")
///     .bff("relay", component, "deadline = \"6s\"")
///     .route("bff = \"relay\"\nclient = \"svc\"\npath = \"/svc\"")
///     .start()
///     .await?;
/// assert_eq!(host.get("/svc/x").await?.text(), "/x");
/// assert_eq!(host.service("svc").count(), 1);
/// # Ok(())
/// # }
/// ```
pub struct TestHostBuilder {
    files: Files,
    text: String,
    downstreams: Table,
    bffs: Table,
    routes: Vec<Value>,
    workers: usize,
    instances: usize,
    /// The first error.
    failed: Option<anyhow::Error>,
}

impl TestHost {
    /// A host that is not started yet.
    ///
    /// # Errors
    ///
    /// When there is no temporary directory.
    pub fn builder() -> anyhow::Result<TestHostBuilder> {
        TestHostBuilder::new()
    }
}

impl TestHostBuilder {
    fn new() -> anyhow::Result<TestHostBuilder> {
        let dir = tempfile::Builder::new().prefix("tailor-test-").tempdir()?;
        Ok(TestHostBuilder {
            files: Files {
                dir,
                services: Vec::new(),
            },
            text: String::new(),
            downstreams: Table::new(),
            bffs: Table::new(),
            routes: Vec::new(),
            workers: 2,
            instances: 64,
            failed: None,
        })
    }

    /// A file in the host's directory, for example `watch.wasm`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn file(self, name: &str, content: &[u8]) -> anyhow::Result<Self> {
        std::fs::write(self.files.path().join(name), content)?;
        Ok(self)
    }

    /// A copy of an example BFF in the host's directory, as `<name>.wasm`. The host finds the code
    /// of one that takes seconds to compile.
    ///
    /// # Errors
    ///
    /// When it does not build.
    pub fn example(self, name: &str) -> anyhow::Result<Self> {
        let component = crate::components::example(name)?;
        let copy = self.files.path().join(format!("{name}.wasm"));
        let size = std::fs::copy(&component, copy)?;
        if size >= SLOW_TO_COMPILE {
            crate::code::seed(&component, &self.files.path().join(DATA))?;
        }
        Ok(self)
    }

    /// Adds to the configuration's text. The listeners and the data directory are set already. What
    /// the other methods add comes after it.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self.text.push('\n');
        self
    }

    /// Adds the five services of a mock to the configuration, with further settings for each, such
    /// as `timeout = "1s"`.
    #[must_use]
    pub fn services(self, services: &downstream_mock::Services, settings: &str) -> Self {
        let all = services.urls().into_iter();
        all.fold(self, |builder, (name, url)| {
            let builder = builder.service_at(name, &[url]);
            builder.settings(name, settings)
        })
    }

    /// A service with the responses of `answer`, which runs as long as the host.
    /// [`TestHost::service`] returns what came to it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn service(
        self,
        name: &str,
        answer: impl Fn(Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let started = ScriptedService::start(answer);
        self.started(name, started)
    }

    /// A service that runs elsewhere, at these URLs.
    #[must_use]
    pub fn service_at(mut self, name: &str, urls: &[impl ToString]) -> Self {
        let urls: Vec<Value> = urls.iter().map(|url| url.to_string().into()).collect();
        let mut table = Table::new();
        table.insert("url".to_owned(), urls.into());
        merge(table_of(&mut self.downstreams, name), table);
        self
    }

    /// Settings of a service, as they stand below `[downstream.<name>]`: `[breaker]` is its
    /// breaker. They come on top of those that it has.
    #[must_use]
    pub fn settings(mut self, name: &str, toml: &str) -> Self {
        let settings = self.parse(toml);
        merge(table_of(&mut self.downstreams, name), settings);
        self
    }

    /// A BFF of this component, with settings as they stand below `[bff.<name>]`. It may call all
    /// services added so far, unless `downstreams` says otherwise.
    #[must_use]
    pub fn bff(mut self, name: &str, component: &[u8], toml: &str) -> Self {
        let file = format!("{name}.wasm");
        let written = std::fs::write(self.files.path().join(&file), component);
        if let Err(error) = written {
            self.fail(error.into());
        }
        let settings = self.parse(toml);
        let granted: Vec<Value> = self.downstreams.keys().cloned().map(Value::from).collect();
        let bff = table_of(&mut self.bffs, name);
        bff.insert("component".to_owned(), file.into());
        bff.insert("downstreams".to_owned(), granted.into());
        merge(bff, settings);
        self
    }

    /// A route, as it stands below `[[route]]`.
    #[must_use]
    pub fn route(mut self, toml: &str) -> Self {
        let route = self.parse(toml);
        self.routes.push(route.into());
        self
    }

    /// The number of workers; two unless set.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Requests that may run at once; 64 unless set.
    #[must_use]
    pub fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// Writes the configuration and starts the host.
    ///
    /// # Errors
    ///
    /// The error of `tailor serve`.
    pub async fn start(self) -> anyhow::Result<TestHost> {
        let (_, files) = self.write()?;
        TestHost::start(files).await
    }

    /// Writes the configuration for a [`crate::Process`] instead, and returns its path with the
    /// directory that it lives in.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(mut self) -> anyhow::Result<(PathBuf, Files)> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let path = self.files.path().join("tailor.toml");
        std::fs::write(&path, self.whole()?)?;
        Ok((path, self.files))
    }

    fn whole(&mut self) -> anyhow::Result<String> {
        let mut tables = Table::new();
        tables.insert(
            "downstream".to_owned(),
            std::mem::take(&mut self.downstreams).into(),
        );
        tables.insert("bff".to_owned(), std::mem::take(&mut self.bffs).into());
        tables.insert("route".to_owned(), std::mem::take(&mut self.routes).into());
        // An empty one would be written all the same, and stand in the way of one in the text.
        tables.retain(|_, value| !value.as_table().is_some_and(Table::is_empty));
        tables.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
        // Tables may be written once only, so a test that sets more of these three writes dotted
        // keys at the very start.
        Ok(format!(
            "server.listen = \"127.0.0.1:0\"\nserver.workers = {}\nadmin.listen = \"127.0.0.1:0\"\n\
             engine.data-dir = \"{DATA}\"\nengine.instances = {}\nengine.watch-interval = \"20ms\"\n{}{}",
            self.workers,
            self.instances,
            self.text,
            toml::to_string(&tables)?
        ))
    }

    fn started(self, name: &str, started: std::io::Result<ScriptedService>) -> Self {
        match started {
            Ok(service) => {
                let mut builder = self.service_at(name, &[service.url()]);
                builder.files.services.push((name.to_owned(), service));
                builder
            }
            Err(error) => {
                let mut builder = self;
                builder.fail(error.into());
                builder
            }
        }
    }

    fn parse(&mut self, toml: &str) -> Table {
        match toml
            .parse::<Table>()
            .with_context(|| format!("in {toml:?}"))
        {
            Ok(table) => table,
            Err(error) => {
                self.fail(error);
                Table::new()
            }
        }
    }

    fn fail(&mut self, error: anyhow::Error) {
        self.failed.get_or_insert(error);
    }
}

/// The table of this name, created if missing.
fn table_of<'a>(tables: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = tables.entry(name).or_insert(Value::Table(Table::new()));
    entry.as_table_mut().expect("only tables are inserted")
}

/// Puts settings on top of others.
fn merge(into: &mut Table, settings: Table) {
    for (key, value) in settings {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(more)) => merge(inner, more),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}
