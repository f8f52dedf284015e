//! One request of a BFF: a fresh store and instance, and the guest's run within its limits.
//!
//! Dropping the future ends the guest wherever it is: its store is never used again.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};
use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};

use super::classify::classify;
use super::error::BffError;
use super::guest_log::GuestLog;
use super::limits::GuestLimits;
use super::load::Handler;
use super::meter::{Awaited, Began, Guest, Stopped, Usage, grace};
use super::python;
use super::random::Random;
use super::runtime::Runtime;
use super::scheduler::Scheduler;
use super::scheduler::turn::Turn;
use super::start::Start;
use super::state::StoreData;
use super::surface::Wants;
use super::version::Version;
use super::wasi_http::outgoing::Http;
use super::{response, wasi, wasi_http};
use crate::calls::{self, CallRecord, Session, SessionSettings, parts};
use crate::contract::Request;
use crate::degraded;
use crate::server_timing;
use crate::tape::Tap;

/// Handles of a component by `wasi:http` for one of any other: each request, response, body, set of
/// fields and wait is one, and engines of JavaScript keep them for a while.
const HANDLES_BY_HTTP: usize = 4;

/// A request as it arrived, and what its calls pass on.
pub struct IncomingRequest {
    /// The request.
    pub request: Request,
    /// Its id, as a header value.
    pub request_id: HeaderValue,
    /// Its trace context.
    pub traceparent: HeaderValue,
    /// The vendor part of it.
    pub tracestate: Option<HeaderValue>,
    /// The client's own fields.
    pub client_headers: HeaderMap,
    /// When it arrived: its deadline counts from here.
    pub arrived: Instant,
    /// The worker that runs it.
    pub worker: usize,
    /// The order of guests on that worker; `None` where no other guest runs.
    pub scheduler: Option<Arc<Scheduler>>,
    /// Whether the records of its calls have their paths, which can be personal.
    pub keeps_targets: bool,
    /// What the guest does not get from the machine.
    pub fixed: Fixed,
}

/// A request with its context.
pub struct Invocation {
    /// The request.
    pub request: Request,
    /// Its calls to services.
    pub session: Arc<Session>,
    /// Its log.
    pub log: Arc<GuestLog>,
    /// Its usage, readable at any time.
    pub usage: Arc<Usage>,
    /// When it must have ended.
    pub deadline: Instant,
    /// The order of guests on its thread.
    pub scheduler: Option<Arc<Scheduler>>,
    /// What the guest does not get from the machine.
    pub fixed: Fixed,
    /// Where its answer goes before it is whole; `None` where it is wanted whole.
    pub(super) start: Option<Start>,
}

/// What a guest gets in place of the machine's time of day and random numbers: for tests, and where
/// a fixture is answered.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// The time of day, milliseconds since 1970.
    pub now_ms: Option<u64>,
    /// What its random numbers are made from.
    pub seed: Option<u32>,
    /// What keeps all that the guest learns, or has it from another run.
    pub tap: Option<Arc<Tap>>,
}

impl Invocation {
    /// Puts a request under the limits of a version. Boxed, because it is in the futures of several
    /// steps.
    pub fn new(version: &Version, incoming: IncomingRequest) -> Box<Self> {
        let settings = version.settings();
        let limits = &settings.limits;
        let deadline = incoming.arrived + settings.deadline;
        let source = version.log_source().clone();
        let log = GuestLog::new(source, incoming.request.id.clone(), limits);
        let session = Session::new(SessionSettings {
            grants: version.grants().clone(),
            worker: incoming.worker,
            deadline,
            reserve: settings.answer_reserve,
            calls: limits.calls,
            concurrent_calls: limits.concurrent_calls,
            repeated_calls: limits.repeated_calls,
            bytes: limits.downstream_bytes,
            request_id: incoming.request_id,
            traceparent: incoming.traceparent,
            tracestate: incoming.tracestate,
            client_headers: incoming.client_headers,
            keeps_targets: incoming.keeps_targets,
            tap: incoming.fixed.tap.clone(),
        });
        Box::new(Self {
            request: incoming.request,
            session: Arc::new(session),
            log: Arc::new(log),
            usage: Arc::default(),
            deadline,
            scheduler: incoming.scheduler,
            fixed: incoming.fixed,
            start: None,
        })
    }

    /// The same, with log lines kept rather than written.
    #[must_use]
    pub fn keeping_log(mut self: Box<Self>) -> Box<Self> {
        self.log = Arc::new(self.log.keeping());
        self
    }
}

/// Runs a request on a version, in an instance of its own. The caller holds a permit.
///
/// # Errors
///
/// The limit that the guest exceeded, its failure, or what is wrong with its answer.
pub async fn run(
    runtime: &Runtime,
    version: &Arc<Version>,
    invocation: Box<Invocation>,
) -> Result<response::CheckedResponse, BffError> {
    let share = version.admission().share();
    let (deadline, scheduler) = (invocation.deadline, invocation.scheduler.clone());
    let (usage, session) = (invocation.usage.clone(), invocation.session.clone());
    let turn = Turn::new(
        scheduler.as_ref(),
        share,
        version.settings().limits.cpu_wait,
    );
    let began = usage.begin();
    let (mut store, request) = fresh_store(runtime, version, invocation);
    let order = Order {
        deadline,
        session: &session,
        usage: &usage,
        turn,
        began,
    };
    let result = run_in(&mut store, version, request, order).await;
    // The memory of a store is cleared when it ends, which may be half of a short request.
    let began = usage.go_on();
    drop(store);
    let took = usage.end(began);
    if let Some(scheduler) = &scheduler {
        scheduler.charge(share, took);
    }
    result
}

/// What is kept of an invocation while its guest runs.
struct Order<'a> {
    deadline: Instant,
    session: &'a Session,
    usage: &'a Usage,
    turn: Turn<'a>,
    began: Began,
}

async fn run_in(
    store: &mut Store<StoreData>,
    version: &Version,
    request: Request,
    order: Order<'_>,
) -> Result<response::CheckedResponse, BffError> {
    let Order {
        deadline,
        session,
        usage,
        turn,
        began,
    } = order;
    let limits = &version.settings().limits;
    let awaited = store.data().awaited.clone();
    let ended = {
        let guest = pin!(call(version, &mut *store, request));
        let guest = Guest::new(guest, &awaited, usage, began, turn, limits.cpu);
        timeout_at(deadline, guest).await
    };
    match ended {
        Err(_elapsed) => Err(BffError::Deadline {
            after: version.settings().deadline,
        }),
        Ok(Err(Stopped::CpuSpent)) => Err(BffError::Cpu {
            limit: limits.cpu,
            source: None,
        }),
        Ok(Err(Stopped::WaitedTooLong)) => Err(BffError::CpuShare {
            limit: limits.cpu_wait,
        }),
        Ok(Ok(Err(error))) => {
            let has_python = version
                .loaded()
                .has_cpython
                .then(|| python::stack_of(&error, store));
            let error = classify(error, store.data(), version);
            if let Some(stack) = has_python.flatten() {
                python::tell(&error, stack, &store.data().log);
            }
            Err(error)
        }
        Ok(Ok(Ok(answer))) => {
            // The answer is without these, which its records say.
            awaited.end_started();
            let mut answer = response::check(answer, limits.response_size)?;
            let arrived = deadline - version.settings().deadline;
            annotate(
                &mut answer.headers,
                &session.records(),
                version,
                usage,
                arrived,
            );
            Ok(answer)
        }
    }
}

/// Marks a degraded answer, and adds the timing where the operator wants it. A guest cannot change
/// that, and a degraded answer is not cached for longer than the operator allows.
pub(super) fn annotate(
    headers: &mut HeaderMap,
    calls: &[CallRecord],
    version: &Version,
    usage: &Usage,
    arrived: Instant,
) {
    let settings = version.settings();
    if let Some(lacks) = degraded::header(&parts(calls)) {
        headers.insert(degraded::NAME, lacks);
        degraded::cap_cache(headers, settings.degraded_max_age);
    }
    if settings.server_timing
        && let Some(timing) = calls::server_timing(calls, usage.cpu(), arrived.elapsed())
    {
        headers.insert(server_timing::NAME, timing);
    }
}

/// Makes the store and the instance of a request and drops both without calling the guest: the cost
/// of a request before its guest begins. For benchmarks.
///
/// # Errors
///
/// When there is no room for the instance, or when its start function fails.
pub async fn instantiate(
    runtime: &Runtime,
    version: &Arc<Version>,
    invocation: Box<Invocation>,
) -> Result<(), BffError> {
    let (mut store, _request) = fresh_store(runtime, version, invocation);
    let instantiated = match &version.loaded().handler {
        Handler::Tailor(component) => component.instantiate_async(&mut store).await.map(drop),
        Handler::WasiHttp(component) => component.instantiate_async(&mut store).await.map(drop),
    };
    match instantiated {
        Ok(()) => Ok(()),
        Err(error) => Err(classify(error, store.data(), version)),
    }
}

/// A store under the limits of a version.
fn fresh_store(
    runtime: &Runtime,
    version: &Arc<Version>,
    invocation: Box<Invocation>,
) -> (Store<StoreData>, Request) {
    let Invocation {
        request,
        session,
        log,
        usage,
        deadline,
        fixed,
        start,
        ..
    } = *invocation;
    let limits = &version.settings().limits;
    let wants = version.loaded().wants;
    let handles = match wants {
        Wants::WasiHttp => limits.handles.saturating_mul(HANDLES_BY_HTTP),
        Wants::Contract | Wants::Wasi => limits.handles,
    };
    let awaited = Arc::<Awaited>::default();
    let state = StoreData {
        settings: version.settings().clone(),
        wasi: (wants != Wants::Contract).then(|| wasi::context(&log)),
        wasi_http: (wants == Wants::WasiHttp).then(|| {
            let (session, awaited, log) = (session.clone(), awaited.clone(), log.clone());
            Http::new(session, awaited, log, limits.downstream_bytes, start)
        }),
        session,
        log,
        awaited,
        limits: GuestLimits::new(limits.memory, limits.table_elements, usage.clone()),
        table: table(handles),
        now_ms: fixed.now_ms,
        arrived: deadline - version.settings().deadline,
        random: Random::new(fixed.seed),
    };
    let mut store = Store::new(runtime.engine(), state);
    store.limiter(|state| &mut state.limits);
    store.set_hostcall_fuel(limits.hostcall_bytes);
    store.set_max_component_handles(handles);
    store.set_epoch_deadline(1);
    let (cpu, used) = (limits.cpu, usage.clone());
    store.epoch_deadline_callback(move |_| {
        if used.cpu() > cpu + grace(cpu) {
            // As an error of the guest it carries the stack, so that its team sees where the time
            // went.
            return Err(Stopped::CpuSpent.into());
        }
        if !used.tick() {
            // The tick passed while the guest waited for a service. It has only just been given its
            // thread.
            return Ok(UpdateDeadline::Continue(1));
        }
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(leave_once())))
    });
    (store, request)
}

/// Yields from the guest, once. The code that polls the guest must schedule the next poll.
async fn leave_once() {
    let mut left = false;
    poll_fn(|_| match std::mem::replace(&mut left, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

async fn call(
    version: &Version,
    store: &mut Store<StoreData>,
    request: Request,
) -> wasmtime::Result<crate::contract::Response> {
    match &version.loaded().handler {
        Handler::Tailor(component) => {
            let bff = component.instantiate_async(&mut *store).await?;
            bff.tailor_bff_handler().call_handle(store, &request).await
        }
        Handler::WasiHttp(component) => {
            let max_size = version.settings().limits.response_size;
            // Boxed, so that requests of the other kind do not carry room for it.
            Box::pin(wasi_http::handle(component, store, request, max_size)).await
        }
    }
}

fn table(handles: usize) -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(handles);
    table
}
