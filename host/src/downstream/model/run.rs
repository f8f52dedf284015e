//! Executes a run: the real pipeline and transport, on a clock that moves when nothing else does.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::log::{Broken, CallTarget, Ended, Log};
use super::rules;
use super::steps::{Caller, Plan, Settings, Step, Theme};
use super::world::{CALL, LANGUAGES, Mode, PATHS, WRITE, World, WriteEnd, address, spawn};
use crate::config;
use crate::downstream::call::{CallRequest, Limits};
use crate::downstream::class::CallClass;
use crate::downstream::error::{Cause, Rejection};
use crate::downstream::policy::breaker::Position;
use crate::downstream::policy::bulkhead::Member;
use crate::downstream::policy::cache::Invalidation;
use crate::downstream::request::ServiceRequest;
use crate::downstream::service::Service;
use crate::downstream::services::Services;
use crate::downstream::transport::{EndpointState, EndpointStatus};
use crate::sync;

const BFFS: [&str; 2] = ["one", "two"];
/// The component that a configuration must name.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/golden");
const NAME: &str = "model";
/// When each run begins.
const DAY: Duration = Duration::from_secs(1_800_000_000);
/// Longer than any call may take.
const LONG: Duration = Duration::from_secs(20);

/// Executes a run. Returns its log, and the broken rule, if any.
pub fn run(plan: &Plan) -> (Log, Option<Broken>) {
    let event_loop = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an event loop");
    event_loop.block_on(async {
        fastrand::seed(plan.seed);
        crate::time::tests::follow_the_event_loop(SystemTime::UNIX_EPOCH + DAY);
        let mut run = Run::new(plan);
        for step in &plan.steps {
            run.step(step).await;
            // Lets all tasks run as far as they can.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        }
        run.end().await;
        let mut log = std::mem::take(&mut run.world.lock().log);
        let broken = log.broken.take();
        let broken = broken.or_else(|| rules::broken(plan, &log));
        (log, broken)
    })
}

/// The services as they are configured now.
type Current = Arc<Mutex<Arc<Services>>>;

struct Run<'a> {
    plan: &'a Plan,
    settings: Settings,
    world: World,
    services: Current,
    callers: Vec<JoinHandle<()>>,
    /// Held, so that the budgets of the BFFs stay what they are.
    _members: Vec<Arc<Member>>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        let world = World::new(plan.modes.clone(), plan.settings.http2);
        let services = services(plan, plan.settings, None);
        let service = service(&services);
        let current: Current = Arc::new(Mutex::new(services));
        spawn(ticks(current.clone(), plan.settings.workers));
        Self {
            plan,
            settings: plan.settings,
            world,
            services: current,
            callers: Vec::new(),
            _members: BFFS.iter().map(|bff| service.member(bff)).collect(),
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Read(asked, callers) => {
                for caller in callers {
                    self.calls(*asked, *caller, None);
                }
            }
            Step::Write(asked, caller, end) => {
                self.calls(*asked, *caller, Some(*end));
            }
            Step::Becomes(endpoint, mode) => self.world.lock().modes[*endpoint] = *mode,
            Step::Passes(ms) => sleep(Duration::from_millis(*ms)).await,
            Step::Reload(change) => self.reload(*change),
            Step::Forgets => {
                let service = service(&current(&self.services));
                let pipeline = service.pipeline().expect("a pipeline");
                pipeline.invalidate(&Invalidation::All);
                self.world.lock().log.forgets();
            }
        }
    }

    /// Makes a call. Returns its number.
    fn calls(&mut self, asked: CallTarget, caller: Caller, write: Option<WriteEnd>) -> usize {
        let services = current(&self.services);
        let service = service(&services);
        let class = CallClass::of(service.settings(), &method(asked), PATHS[asked.path].0, b"");
        let policy = class.policy(service.settings());
        let limits = Limits::of(policy, None, Some(caller.limit));
        let log = &mut self.world.lock().log;
        let call = log.begins(asked, caller.bff, limits.total, limits.queue);
        let started = Instant::now();
        let request = Box::new(CallRequest {
            request: request(asked, call, write),
            member: service.member(BFFS[caller.bff]),
            gate: services.gate().clone(),
            worker: call % self.settings.workers,
            started,
            end: started + limits.total,
            limits,
            class,
            readable: None,
            counts: true,
        });
        let hangs_up = caller.hangs_up.map(Duration::from_millis);
        let waits = wait(service, request, call, hangs_up, self.world.clone());
        self.callers.push(spawn(waits));
        call
    }

    /// Other settings that keep all stored state valid.
    fn reload(&mut self, change: usize) {
        let before = current(&self.services);
        let old = service(&before);
        let open = |service: &Service| {
            let pipeline = service.pipeline().expect("a pipeline");
            let state = pipeline.breaker().expect("a breaker");
            (state, pipeline.connections())
        };
        let (breaker, connections) = open(&old);
        self.settings.change = match self.settings.change == change + 1 {
            true => 0,
            false => change + 1,
        };
        let after = services(self.plan, self.settings, Some(&before));
        after.activate();
        let (breaker_after, connections_after) = open(&service(&after));
        *sync::lock(&self.services) = after;
        let log = &mut self.world.lock().log;
        let is_open = |position| position == Position::Open;
        if is_open(breaker.position) && !is_open(breaker_after.position) {
            log.breaks(rules::RELOAD, "the breaker was open".to_owned());
        }
        if connections != connections_after {
            let what = format!("of {connections} connections {connections_after} are left");
            log.breaks(rules::RELOAD, what);
        }
    }

    /// All calls end, and a service that is good again is called again.
    async fn end(&mut self) {
        self.all_end().await;
        // These judge each call.
        let good = matches!(self.plan.theme, Theme::OneBad | Theme::Reloads);
        if self.plan.theme != Theme::OneBad {
            self.world.lock().modes = vec![Mode::Good(40); self.plan.modes.len()];
        }
        sleep(Duration::from_secs(2)).await;
        let mut last = None;
        for _ in 0..6 {
            // A caller that leaves too early to see that the service is good, and one that stays.
            for limit in [10, 2_000].into_iter().skip(usize::from(good)) {
                let caller = Caller {
                    bff: 0,
                    limit,
                    hangs_up: None,
                };
                let asked = CallTarget {
                    path: 0,
                    who: limit as usize,
                    language: 0,
                    write: false,
                };
                last = Some(self.calls(asked, caller, None));
                sleep(Duration::from_millis(2)).await;
            }
            sleep(Duration::from_millis(500)).await;
        }
        self.all_end().await;
        sleep(Duration::from_millis(10)).await;
        let services = current(&self.services);
        let service = service(&services);
        let log = &mut self.world.lock().log;
        if self.plan.theme != Theme::OneBad {
            let got = last.and_then(|call| log.calls[call].ended.clone());
            if !matches!(got, Some((_, _, Ended::Answer(_, 200, _)))) {
                log.breaks(
                    rules::RECOVERS,
                    format!("the service is good again, but {got:?}"),
                );
            }
        }
        let pipeline = service.pipeline().expect("a pipeline");
        let is_good = |endpoint: &EndpointState| endpoint.status == EndpointStatus::Good;
        if self.plan.theme == Theme::Impatient && !pipeline.endpoints().iter().all(is_good) {
            log.breaks(rules::SHORT_TIMEOUTS, format!("{:?}", pipeline.endpoints()));
        }
        let (load, gate) = (service.load(), services.in_flight());
        if load != (0, 0) || gate != 0 {
            log.breaks(rules::ALL_END, format!("load {load:?}, gate {gate}"));
        }
    }

    async fn all_end(&mut self) {
        let mut hanging = 0;
        for caller in std::mem::take(&mut self.callers) {
            hanging += usize::from(!matches!(timeout(LONG, caller).await, Ok(Ok(()))));
        }
        if hanging > 0 {
            let log = &mut self.world.lock().log;
            log.breaks(
                rules::ALL_END,
                format!("{hanging} calls do not end, or panicked"),
            );
        }
    }
}

/// Waits for the answer to a call, and records it.
async fn wait(
    service: Arc<Service>,
    request: Box<CallRequest>,
    call: usize,
    hangs_up: Option<Duration>,
    world: World,
) {
    let calling = service.call(request, |response, source| {
        let number = str::from_utf8(&response.body)
            .ok()
            .and_then(|body| body.parse().ok());
        Ok((number, response.status.as_u16(), source))
    });
    let outcome = timeout(hangs_up.unwrap_or(LONG), calling).await;
    let got = match outcome {
        Err(_) => Ended::HungUp,
        Ok(outcome) => match outcome.result {
            Ok((Some(number), status, source)) => Ended::Answer(number, status, source),
            Ok(other) => Ended::Failed(format!("{other:?}")),
            Err(cause) => failed(&cause),
        },
    };
    let log = &mut world.lock().log;
    log.ended(call, got);
    if let Some(breaker) = service.pipeline().and_then(|pipeline| pipeline.breaker()) {
        log.sees(breaker.position);
    }
}

fn failed(cause: &Cause) -> Ended {
    match cause {
        Cause::Timeout { phase, limit, .. } => Ended::Late(*phase, *limit),
        Cause::Rejected {
            why: Rejection::BreakerOpen | Rejection::BreakerSlowStart,
        } => Ended::Rejected,
        other => Ended::Failed(other.to_string()),
    }
}

fn method(asked: CallTarget) -> Method {
    match asked.write {
        true => Method::POST,
        false => Method::GET,
    }
}

fn request(asked: CallTarget, call: usize, write: Option<WriteEnd>) -> ServiceRequest {
    let mut headers = HeaderMap::new();
    headers.insert(CALL, HeaderValue::from(call));
    let language = HeaderValue::from_static(LANGUAGES[asked.language]);
    headers.insert(ACCEPT_LANGUAGE, language);
    if asked.who > 0 {
        headers.insert(AUTHORIZATION, HeaderValue::from(asked.who));
    }
    if let Some(end) = write {
        headers.insert(WRITE, end.name());
    }
    ServiceRequest {
        method: method(asked),
        target: PATHS[asked.path].0.parse().expect("a path"),
        headers,
        body: Default::default(),
    }
}

/// Does what a worker does, once per second.
async fn ticks(services: Current, workers: usize) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let service = service(&current(&services));
        (0..workers).for_each(|worker| service.tick(worker));
    }
}

fn current(services: &Current) -> Arc<Services> {
    sync::lock(services).clone()
}

fn service(services: &Services) -> Arc<Service> {
    services.get(NAME).expect("the service of the run").clone()
}

fn services(plan: &Plan, settings: Settings, previous: Option<&Services>) -> Arc<Services> {
    let text = text(plan.modes.len(), settings);
    let config = config::parse(&text, &Path::new(FOLDER).join("tailor.toml"));
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    let services = Services::new(&config, settings.workers, previous, |_| None);
    Arc::new(services.unwrap_or_else(|error| panic!("{error}")))
}

/// The configuration, as an operator writes it.
fn text(endpoints: usize, settings: Settings) -> String {
    let urls: Vec<String> = (0..endpoints)
        .map(|endpoint| format!("\"http://{}\"", address(endpoint)))
        .collect();
    let Settings {
        max_calls,
        max_queued,
        retries,
        hedge,
        http2,
        stale,
        min_calls,
        change,
        ..
    } = settings;
    let (first_byte, pause, queued, age) = match change {
        1 => (901, 10, max_queued, 50),
        2 => (900, 11, max_queued, 50),
        3 => (900, 10, max_queued + 1, 50),
        4 => (900, 10, max_queued, 51),
        _ => (900, 10, max_queued, 50),
    };
    let protocol = if http2 { "h2" } else { "http/1.1" };
    format!(
        r#"
        [bff.watch]
        component = "watch.component"
        [[route]]
        bff = "watch"
        [downstream.{NAME}]
        url = [{}]
        protocol = "{protocol}"
        max-calls = {max_calls}
        max-queued = {queued}
        queue-timeout = "800ms"
        first-byte-timeout = "{first_byte}ms"
        timeout = "2s"
        coalesce-pause = "{pause}s"
        idle-timeout = "10m"
        max-connection-age = "{age}m"
        [downstream.{NAME}.cache]
        stale-if-error = "{stale}s"
        stale-while-revalidate = "{stale}s"
        [downstream.{NAME}.breaker]
        window = "10s"
        min-calls = {min_calls}
        error-rate = 50
        open-for = "500ms"
        [downstream.{NAME}.retry]
        max = {retries}
        [downstream.{NAME}.hedge]
        enabled = {hedge}
        "#,
        urls.join(", ")
    )
}
