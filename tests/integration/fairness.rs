//! One thread, many guests that try to keep it: the others get it back soon, and each is charged
//! for its use.
//!
//! Both are measured on the CPU clock of the thread, which a busy machine does not move.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue};
use rustix::time::{ClockId, clock_gettime};
use tailor::bff::error::BffError;
use tailor::bff::load::Loaded;
use tailor::bff::meter::Usage;
use tailor::bff::run::{Fixed, IncomingRequest, Invocation, run};
use tailor::bff::runtime::Runtime;
use tailor::bff::scheduler::Scheduler;
use tailor::bff::version::Version;
use tailor::config::Bff;
use tailor::contract::{Client, Method, Payload, Request};
use tailor::downstream::{Canned, ServiceResponse};
use tailor::invoke::detached;
use tailor_harness::components;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::Instant;

/// The tick of the engine, after which a guest gives its thread back.
const TICK: Duration = Duration::from_millis(1);
/// CPU time after which each request is ended.
const CPU: Duration = Duration::from_millis(60);

const WAYS: [&str; 8] = [
    "compute",
    "denied",
    "exhausted",
    "fetch-all",
    "start-and-drop",
    "log",
    "strings",
    "fill",
];

/// One worker's thread, as the server makes it, with a BFF for each way.
struct Thread {
    runtime: Arc<Runtime>,
    loaded: Arc<Loaded>,
    scheduler: Arc<Scheduler>,
}

impl Thread {
    fn new() -> Self {
        let runtime = Arc::new(Runtime::new(128).unwrap());
        let loader = tailor_harness::loader(&runtime, None).unwrap();
        let loaded = loader
            .load("hostile", &components::hostile().unwrap(), None)
            .unwrap();
        Self {
            runtime,
            loaded,
            scheduler: Arc::new(Scheduler::new(0)),
        }
    }

    fn bff(&self, weight: u32, cpu: Duration) -> Arc<Version> {
        let path = components::hostile().unwrap();
        let mut settings = Bff::with_defaults("busy", &path, &["goals".to_owned()]);
        settings.deadline = Duration::from_secs(1_000);
        settings.limits.cpu = cpu;
        settings.limits.cpu_wait = Duration::from_secs(1_000);
        settings.limits.cpu_weight = weight;
        detached(settings, self.loaded.clone(), |_| goals())
    }

    /// Sends a request to a BFF. Returns its charge, and how it ended.
    async fn ask(&self, bff: &Arc<Version>, target: &str) -> (Duration, Option<BffError>) {
        let (usage, result) = self.begin(bff, target);
        let error = result.await;
        (usage.cpu(), error)
    }

    /// Begins a request. Its charge can be read meanwhile.
    fn begin(
        &self,
        bff: &Arc<Version>,
        target: &str,
    ) -> (Arc<Usage>, impl Future<Output = Option<BffError>> + use<>) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query.split_once('=').into_iter();
        let asked = IncomingRequest {
            request: Request {
                id: "r".to_owned(),
                method: Method::Get,
                path: path.to_owned(),
                query: query
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                headers: vec![],
                body: Payload::None,
                client: Client {
                    name: "test".to_owned(),
                    host: "test".to_owned(),
                },
            },
            request_id: HeaderValue::from_static("r"),
            traceparent: HeaderValue::from_static(
                "00-00000000000000000000000000000001-0000000000000001-00",
            ),
            tracestate: None,
            client_headers: HeaderMap::new(),
            arrived: Instant::now(),
            worker: 0,
            scheduler: Some(self.scheduler.clone()),
            keeps_targets: false,
            fixed: Fixed::default(),
        };
        let invocation = Invocation::new(bff, asked).keeping_log();
        let usage = invocation.usage.clone();
        let (runtime, bff) = (self.runtime.clone(), bff.clone());
        (
            usage,
            async move { run(&runtime, &bff, invocation).await.err() },
        )
    }
}

/// A service that answers at once.
fn goals() -> Canned {
    Arc::new(|_| {
        Box::pin(async {
            Ok(ServiceResponse {
                status: http::StatusCode::OK,
                headers: HeaderMap::new(),
                body: Bytes::from_static(b"{}"),
            })
        })
    })
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap(),
        u32::try_from(now.tv_nsec).unwrap(),
    )
}

/// Records the thread time that others use between two of its own turns, until it is stopped.
fn heartbeat() -> (Rc<Cell<bool>>, impl Future<Output = Vec<Duration>>) {
    let over = Rc::new(Cell::new(false));
    let stop = over.clone();
    let beats = async move {
        let mut beats = Vec::new();
        while !stop.get() {
            let before = cpu();
            yield_now().await;
            beats.push(cpu() - before);
        }
        beats
    };
    (over, beats)
}

/// Runs on a thread with its scheduler.
async fn on_a_thread<T>(test: impl AsyncFnOnce(&Thread) -> T) -> T {
    let thread = Thread::new();
    let local = LocalSet::new();
    local
        .run_until(async {
            let scheduler = thread.scheduler.clone();
            spawn_local(async move { scheduler.run().await });
            test(&thread).await
        })
        .await
}

#[tokio::test]
async fn whatever_guests_do_the_thread_is_free_after_a_tick() {
    on_a_thread(async |thread| {
        let bffs: Vec<_> = WAYS.iter().map(|_| thread.bff(100, CPU)).collect();
        // The longest that the engine cannot interrupt, alone.
        let before = cpu();
        let endless = thread.bff(100, Duration::from_secs(1_000));
        let (_, error) = thread.ask(&endless, "/busy?with=fill-once").await;
        assert!(error.is_none(), "{error:?}");
        let longest = cpu() - before;

        let (over, beats) = heartbeat();
        let beats = spawn_local(beats);
        let before = cpu();
        let requests = bffs.iter().zip(WAYS).flat_map(|(bff, way)| {
            (0..4).map(move |_| async move {
                let target = format!("/busy?with={way}");
                (way, thread.ask(bff, &target).await)
            })
        });
        let ended = join_all(requests).await;
        let used = cpu() - before;
        over.set(true);
        let mut beats = beats.await.unwrap();

        let mut charged = Duration::ZERO;
        for (way, (cost, error)) in ended {
            assert!(
                matches!(error, Some(BffError::Cpu { .. })),
                "{way}: {error:?}"
            );
            charged += cost;
        }
        assert!(charged >= used * 8 / 10, "{charged:?} of {used:?} charged");
        beats.sort();
        // The tick comes from another thread, which may have to wait for a core of its own.
        let late = beats[beats.len() * 99 / 100];
        assert!(late <= 2 * TICK + longest, "{late:?}; longest {longest:?}");
        assert!(beats.len() > 100, "{} beats", beats.len());
    })
    .await;
}

#[tokio::test]
async fn a_guest_that_only_calls_the_host_gives_its_thread_back() {
    for way in ["denied", "exhausted", "fetch-all", "start-and-drop", "log"] {
        on_a_thread(async |thread| {
            let bff = thread.bff(100, CPU);
            let (over, beats) = heartbeat();
            let beats = spawn_local(beats);
            let target = format!("/busy?with={way}");
            let (_, error) = thread.ask(&bff, &target).await;
            over.set(true);
            let mut beats = beats.await.unwrap();
            assert!(
                matches!(error, Some(BffError::Cpu { .. })),
                "{way}: {error:?}"
            );
            beats.sort();
            let usual = beats[beats.len() / 2];
            let late = beats[beats.len() * 9 / 10];
            assert!(late <= 3 * TICK, "{way}: {usual:?}, {late:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn bffs_share_a_thread_by_their_weights() {
    on_a_thread(async |thread| {
        let endless = Duration::from_secs(1_000);
        let bffs = [100, 300].map(|weight| thread.bff(weight, endless));
        let mut running = Vec::new();
        let mut usages = [Vec::new(), Vec::new()];
        for _ in 0..8 {
            for (bff, usages) in bffs.iter().zip(&mut usages) {
                let (usage, ended) = thread.begin(bff, "/loop");
                usages.push(usage);
                running.push(spawn_local(ended));
            }
        }
        let begun = cpu();
        while cpu() - begun < Duration::from_millis(600) {
            yield_now().await;
        }
        let [light, heavy] = usages.map(|usages| {
            let all = usages.iter().map(|usage| usage.cpu());
            all.sum::<Duration>()
        });
        running.iter().for_each(|request| request.abort());
        let ratio = heavy.as_secs_f64() / light.as_secs_f64();
        assert!((2.7..3.3).contains(&ratio), "{light:?} and {heavy:?}");
    })
    .await;
}
