//! What a guest costs: microseconds and page faults of a fresh instance, and of a request in one.
//!
//! `cargo run --example guest_cost -- COMPONENT FIXTURE [COMPONENT FIXTURE]...` sends each
//! component the request of its fixture, over and over, with the fixture's services answered in
//! process: an instance is made, called and dropped for each request. The components take turns, so
//! that a noisy neighbour of the machine disturbs all alike. It prints tables in Markdown.
//!
//! Of each figure the best and the median round are given. Faults are minor page faults, a request.
//! The second table has what a version costs once: compiling it, and loading its kept code, as when
//! a host starts again or goes back to it; and the memory of its request.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use tailor::bff::compiled::CompiledCache;
use tailor::bff::load::Loader;
use tailor::bff::run::Fixed;
use tailor::bff::runtime::Runtime;
use tailor::bff::version::Version;
use tailor::config::{Bff, CompiledCode, Config};
use tailor::downstream::Canned;
use tailor::fixture::Fixture;
use tailor::invoke::{detached, invoke};
use tailor_harness::json;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

/// How long one round of one component takes.
const ROUND: Duration = Duration::from_millis(200);
const ROUNDS: usize = 15;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ensure!(
        !arguments.is_empty() && arguments.len().is_multiple_of(2),
        "usage: guest_cost COMPONENT FIXTURE [COMPONENT FIXTURE]..."
    );
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let runtime = Arc::new(Runtime::new(4)?);
    let mut guests = arguments
        .chunks_exact(2)
        .map(|pair| tokio.block_on(Guest::load(&runtime, &pair[0], &pair[1])))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for _ in 0..ROUNDS {
        for guest in &mut guests {
            tokio.block_on(guest.round(&runtime))?;
        }
    }
    println!(
        "| guest | instantiate and drop, us | faults | request, us | faults | of that in the system |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for guest in &guests {
        println!(
            "| {} | {} | {} |",
            guest.name,
            summary(&guest.instances, false),
            summary(&guest.requests, true),
        );
    }
    println!("\n| guest | component, KB | compile, ms | load, ms | memory of a request, KiB |");
    println!("|---|--:|--:|--:|--:|");
    for Guest { name, once, .. } in &guests {
        println!(
            "| {name} | {} | {:.0} | {:.1} | {} |",
            once.size / 1000,
            once.compile.as_secs_f64() * 1e3,
            once.load.as_secs_f64() * 1e3,
            once.memory >> 10,
        );
    }
    Ok(())
}

/// What a version costs once, and the memory of its request.
struct Once {
    size: usize,
    compile: Duration,
    load: Duration,
    memory: usize,
}

/// A component with its request, and the rounds so far.
struct Guest {
    name: String,
    pre: InstancePre<()>,
    version: Arc<Version>,
    fixture: Fixture,
    fixed: Fixed,
    once: Once,
    instances: Vec<Round>,
    requests: Vec<Round>,
}

impl Guest {
    async fn load(runtime: &Arc<Runtime>, path: &str, fixture: &str) -> anyhow::Result<Self> {
        let component = Component::from_file(runtime.engine(), path).map_err(engine)?;
        let mut linker = Linker::new(runtime.engine());
        linker
            .define_unknown_imports_as_traps(&component)
            .map_err(engine)?;
        let pre = linker.instantiate_pre(&component).map_err(engine)?;
        let kept = tempfile::tempdir()?;
        let load = || {
            let cache = CompiledCache::open(kept.path(), CompiledCode::default())?;
            let loader = Loader::new(runtime.clone(), Some(cache), Config::MAX_COMPONENT_SIZE);
            loader.load("guest", Path::new(path), None)
        };
        let compile = load()?.compiled_in.unwrap_or_default();
        let begun = Instant::now();
        let loaded = load()?;
        let load = begun.elapsed();
        let size = loaded.size;
        let answers = answers(fixture)?;
        let names: Vec<String> = answers.keys().cloned().collect();
        let mut settings = Bff::with_defaults("guest", Path::new(path), &[]);
        settings.downstreams = names;
        let fixture = Fixture::read(Path::new(fixture))?;
        settings.config.extend(fixture.config.clone());
        let version = detached(settings, loaded, |name| answers[name].clone());
        let mut guest = Self {
            name: path.to_owned(),
            pre,
            version,
            fixed: Fixed {
                now_ms: fixture.now_ms()?,
                seed: Some(fixture.seed),
                tap: None,
            },
            fixture,
            once: Once {
                size,
                compile,
                load,
                memory: 0,
            },
            instances: Vec::new(),
            requests: Vec::new(),
        };
        // The measured answer must be the expected one.
        let invoked = invoke(
            runtime,
            &guest.version,
            guest.fixture.request()?,
            guest.fixed.clone(),
            0,
        )
        .await;
        guest.once.memory = invoked.cost.memory;
        let answer = invoked
            .result
            .map_err(|error| anyhow::anyhow!("{path}: {error}\n{}", error.backtrace()))?;
        let expect = guest
            .fixture
            .expect
            .as_ref()
            .context("the fixture has no `expect`")?;
        let differences = expect.differences(&answer);
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        ensure!(lines.is_empty(), "{path}: {}", lines.join("\n"));
        Ok(guest)
    }

    async fn round(&mut self, runtime: &Runtime) -> anyhow::Result<()> {
        let round = Round::start()?;
        let mut count = 0;
        while round.begun.elapsed() < ROUND / 4 {
            let mut store = Store::new(runtime.engine(), ());
            store.set_epoch_deadline(1 << 40);
            self.pre
                .instantiate_async(&mut store)
                .await
                .map_err(engine)?;
            count += 1;
        }
        self.instances.push(round.end(count)?);
        let round = Round::start()?;
        let mut count = 0;
        while round.begun.elapsed() < ROUND {
            let request = self.fixture.request()?;
            let invoked = invoke(runtime, &self.version, request, self.fixed.clone(), 0).await;
            ensure!(invoked.result.is_ok(), "{}: no answer", self.name);
            count += 1;
        }
        self.requests.push(round.end(count)?);
        Ok(())
    }
}

/// The engine's error, which is no `std::error::Error`.
fn engine(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// The fixture's JSON answers as bytes, by service and target: finding one costs next to nothing.
fn answers(path: &str) -> anyhow::Result<BTreeMap<String, Canned>> {
    let fixture: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut bodies: BTreeMap<String, BTreeMap<String, Bytes>> = BTreeMap::new();
    for exchange in fixture["downstreams"].as_array().into_iter().flatten() {
        let text = |key: &str| exchange[key].as_str().map(str::to_owned);
        let (service, path) = (text("service"), text("path"));
        let service = service.context("an exchange names no service")?;
        let body = exchange["reply"]["json"].to_string();
        let bodies = bodies.entry(service).or_default();
        bodies.insert(path.context("an exchange names no path")?, body.into());
    }
    let canned = |bodies: BTreeMap<String, Bytes>| -> Canned {
        let bodies = Arc::new(bodies);
        Arc::new(move |outbound| {
            let body = bodies.get(&outbound.target.to_string()).cloned();
            Box::pin(async move { Ok(json(body.unwrap_or_default())) })
        })
    };
    Ok(bodies
        .into_iter()
        .map(|(service, bodies)| (service, canned(bodies)))
        .collect())
}

/// The cost of one round, per repetition.
struct Round {
    begun: Instant,
    cpu: f64,
    system: f64,
    faults: f64,
}

impl Round {
    fn start() -> anyhow::Result<Self> {
        let [cpu, system, faults] = counters()?;
        Ok(Self {
            begun: Instant::now(),
            cpu,
            system,
            faults,
        })
    }

    fn end(mut self, count: u32) -> anyhow::Result<Self> {
        let count = f64::from(count);
        let [cpu, system, faults] = counters()?;
        self.cpu = (cpu - self.cpu) / count;
        self.faults = (faults - self.faults) / count;
        self.system = (system - self.system) / count;
        Ok(self)
    }
}

/// Microseconds that this thread has run, those of them in the system, and its minor faults.
fn counters() -> anyhow::Result<[f64; 3]> {
    // Time that others had the processor is not in it.
    let run = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let run = run.split(' ').next().and_then(|text| text.parse().ok());
    let run: f64 = run.context("/proc/thread-self/schedstat is not as expected")?;
    let stat = std::fs::read_to_string("/proc/thread-self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
    // Fields of proc(5), counted from the one behind the name.
    let (faults, system) = field(7)
        .zip(field(12))
        .context("/proc/thread-self/stat is not as expected")?;
    // That clock ticks a hundred times per second, enough for a sum of rounds.
    Ok([run / 1e3, system * 1e4, faults])
}

fn summary(rounds: &[Round], with_system: bool) -> String {
    let mut times: Vec<f64> = rounds.iter().map(|round| round.cpu).collect();
    times.sort_by(f64::total_cmp);
    let mean =
        |value: fn(&Round) -> f64| rounds.iter().map(value).sum::<f64>() / rounds.len() as f64;
    let text = format!(
        "{:.1} ({:.1}) | {:.0}",
        times[0],
        times[times.len() / 2],
        mean(|round| round.faults),
    );
    if with_system {
        format!("{text} | {:.0}", mean(|round| round.system))
    } else {
        text
    }
}
