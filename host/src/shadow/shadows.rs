//! The shadows of a host, one of each BFF at most, and the one task that runs their candidates.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use super::again::run_on;
use super::budget::{Budget, Most, cpu_of_thread};
use super::report::Side;
use super::run::{CodeOf, is_of_host, is_of_time};
use super::state::{Capture, Ended, MAX_WAITING, NewShadow, Record, Shadow};
use crate::bff::load::Loaded;
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::config;
use crate::contract::{Method, Request};
use crate::sync;
use crate::tape::{Recorder, Tap};

/// Shadows that run at once.
pub(crate) const MOST: usize = 16;
/// How often it is looked whether one is over.
const LOOK: Duration = Duration::from_secs(1);

/// The shadows of a host.
#[derive(Default)]
pub struct Shadows {
    /// How many run. They share the operator's limits, each the same part.
    running: AtomicUsize,
    by_bff: ArcSwap<BTreeMap<String, Arc<Shadow>>>,
    changing: Mutex<()>,
    /// Bytes of all records.
    memory: Arc<AtomicUsize>,
    work: Notify,
}

/// What is to be done next.
enum Next {
    /// A record of this shadow may run.
    Run(Arc<Shadow>),
    /// One may run then.
    At(Instant),
    /// None waits.
    Nothing,
}

impl Shadows {
    /// Begins a shadow, in the place of another one of its BFF, and gives its report. `None` if too
    /// many run.
    pub fn begin(&self, new: NewShadow) -> Option<Value> {
        let _changing = sync::lock(&self.changing);
        let mut all = BTreeMap::clone(&self.by_bff.load());
        let others = all
            .iter()
            .filter(|(bff, it)| **bff != new.bff && !it.has_ended());
        if others.count() >= MOST {
            return None;
        }
        let before = all.remove(&new.bff);
        if let Some(before) = &before {
            before.end("another one was begun");
        }
        let before = before.as_ref().map(|it| &it.budget);
        let budget = Budget::new(self.memory.clone(), before);
        let bff = new.bff.clone();
        let shadow = Arc::new(Shadow::new(new, budget));
        let report = shadow.document();
        all.insert(bff, shadow);
        self.store(all);
        // What others hold of its part is given back.
        for (_, other) in self.by_bff.load().iter() {
            other.keep_within(self.most(&other.new.settings).own);
        }
        self.work.notify_one();
        Some(report)
    }

    /// The candidate of a BFF's shadow is there, or why not. A shadow that began meanwhile is
    /// another one.
    pub fn loaded(&self, bff: &str, digest: &str, candidate: Result<Arc<Loaded>, String>) {
        let Some(shadow) = self.of(bff).filter(|it| it.new.candidate == digest) else {
            return;
        };
        match candidate {
            Ok(candidate) => shadow.is_loaded(candidate),
            Err(why) => shadow.end(&why),
        }
    }

    /// Ends the shadow of a BFF, and gives its report.
    pub fn end(&self, bff: &str, why: &str) -> Option<Value> {
        let shadow = self.of(bff)?;
        shadow.end(why);
        self.work.notify_one();
        Some(shadow.document())
    }

    /// Only with `changing` held.
    fn store(&self, all: BTreeMap<String, Arc<Shadow>>) {
        let running = all.values().filter(|it| !it.has_ended()).count();
        self.running.store(running, Ordering::Relaxed);
        self.by_bff.store(Arc::new(all));
    }

    /// The report of a BFF's shadow.
    pub fn report(&self, bff: &str) -> Option<Value> {
        Some(self.of(bff)?.document())
    }

    fn of(&self, bff: &str) -> Option<Arc<Shadow>> {
        let shadow = self.by_bff.load().get(bff).cloned();
        shadow.filter(|it| !it.is_old())
    }

    /// Whether a shadow runs, so that requests need not look.
    pub fn is_any(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// The bytes that one may take.
    fn most(&self, settings: &config::Shadow) -> Most {
        let running = self.running.load(Ordering::Relaxed);
        Most {
            own: settings.memory / running.max(1),
            all: settings.memory,
        }
    }

    /// A request is about to run. `None` when it is not taken. `tap` is one that it has already;
    /// `is_busy` says that others wait.
    pub fn capture(
        &self,
        version: &Version,
        request: &Request,
        tap: Option<&Arc<Tap>>,
        is_busy: bool,
    ) -> Option<Capture> {
        if request.method != Method::Get {
            return None;
        }
        let shadow = self.by_bff.load().get(&**version.bff())?.clone();
        if !shadow.takes(version) {
            return None;
        }
        let waiting = shadow.waiting();
        let settings = &shadow.new.settings;
        let most = self.most(settings);
        let (size, budget) = (size_of(request), &shadow.budget);
        let held = match () {
            () if is_busy => Err("busy"),
            // One waits until it may run, so that few requests are not left out for nothing.
            () if waiting > 0 && budget.wait().is_some() => Err("cpu"),
            () if size > settings.max_size => Err("size"),
            () if waiting >= MAX_WAITING => Err("waiting"),
            () => budget.hold(size, most).ok_or("memory"),
        };
        let held = match held {
            Ok(held) => held,
            Err(reason) => {
                shadow.shed(reason);
                return None;
            }
        };
        let own = || {
            let room = budget.room(most);
            Arc::new(Tap::Recording(Recorder::new(settings.max_size, room)))
        };
        Some(Capture {
            tap: tap.cloned().unwrap_or_else(own),
            request: request.clone(),
            held,
            is_shared: tap.is_some(),
            has_ended: false,
            shadow,
        })
    }

    /// It has ended.
    pub fn ended(&self, mut capture: Capture, ended: &Ended<'_>) {
        capture.has_ended = true;
        let shadow = capture.shadow.clone();
        let record = self.record(capture, ended);
        match record.and_then(|record| shadow.wait(record)) {
            Ok(()) => {
                shadow.took();
                shadow.found(|it| it.used(Side::Served, ended.cpu, ended.memory));
                self.work.notify_one();
            }
            Err(reason) => shadow.shed(reason),
        }
    }

    fn record(&self, capture: Capture, ended: &Ended<'_>) -> Result<Record, &'static str> {
        let settings = &capture.shadow.new.settings;
        let recorder = capture.tap.recorder().ok_or("size")?;
        if !recorder.had_room() {
            return Err("memory");
        }
        let answer = match ended.answer {
            Ok(answer) => Ok(answer.clone()),
            // What it learned until then is not the same each time.
            Err((error, _)) if is_of_host(error) || is_of_time(error) => return Err("live-failed"),
            Err((_, code)) => Err(code),
        };
        let learned = recorder.size();
        let body = answer.as_ref().map_or(0, |answer| answer.body.len());
        let size = size_of(&capture.request) + learned + body;
        if size > settings.max_size {
            return Err("size");
        }
        let counted = match capture.is_shared {
            true => learned + body,
            false => body,
        };
        if !capture.held.grow(counted, self.most(settings)) {
            return Err("memory");
        }
        Ok(Record {
            answer,
            cpu: ended.cpu,
            settings: ended.version.settings().clone(),
            admission: ended.version.admission().clone(),
            capture,
        })
    }

    /// Runs candidates on the records that wait, one by one, for ever; of several shadows in turn.
    /// `live` says which component is live as a BFF.
    pub async fn work(
        &self,
        runtime: &Arc<Runtime>,
        code: CodeOf,
        live: impl Fn(&str) -> Option<String>,
    ) -> Infallible {
        let mut last = String::new();
        loop {
            if self.look(&live) {
                // A timeout is the ordinary case.
                let _ = timeout(LOOK, self.work_or_wait(&last)).await;
            } else {
                self.work.notified().await;
            }
            let Next::Run(shadow) = self.next(&last) else {
                continue;
            };
            last.clone_from(&shadow.new.bff);
            let Some((record, candidate)) = shadow.next() else {
                continue;
            };
            if record.admission.is_busy() {
                shadow.shed("busy");
                continue;
            }
            let share = share(shadow.new.settings.cpu, shadow.new.workers);
            let runtime = runtime.clone();
            let mut running = spawn_blocking(move || {
                let began = cpu_of_thread();
                // That of changes may end before it.
                let event_loop = Builder::new_current_thread().enable_time().build();
                let running = run_on(&runtime, &record, &candidate, code);
                let ran = event_loop.map_err(|_| "host");
                let ran = ran.and_then(|it| it.block_on(running));
                (ran, cpu_of_thread().saturating_sub(began))
            });
            // The shadow may end meanwhile, and its run with it.
            let ran = loop {
                match timeout(LOOK, &mut running).await {
                    Ok(ran) => break ran,
                    Err(_) => _ = self.look(&live),
                }
            };
            let (ran, cpu) = ran.unwrap_or((Err("host"), Duration::ZERO));
            let running = self.running.load(Ordering::Relaxed).max(1);
            shadow
                .budget
                .spend(cpu.saturating_mul(count(running)), share);
            if let Err(reason) = ran {
                shadow.shed(reason);
            }
        }
    }

    /// The shadow after `last`, in the order of their names, of which a record may run.
    fn next(&self, last: &str) -> Next {
        let all = self.by_bff.load();
        let after = (Bound::Excluded(last), Bound::Unbounded);
        let until = (Bound::Unbounded, Bound::Included(last));
        let in_turn = all.range::<str, _>(after).chain(all.range::<str, _>(until));
        let mut first = Next::Nothing;
        for (_, shadow) in in_turn.filter(|(_, it)| it.waiting() > 0) {
            match (shadow.budget.wait(), &first) {
                (None, _) => return Next::Run(shadow.clone()),
                (Some(at), Next::At(earlier)) if *earlier <= at => {}
                (Some(at), _) => first = Next::At(at),
            }
        }
        first
    }

    /// Waits until a record may run.
    async fn work_or_wait(&self, last: &str) {
        loop {
            match self.next(last) {
                Next::Run(_) => return,
                // Another shadow may have one earlier.
                Next::At(at) => drop(timeout_at(at, self.work.notified()).await),
                Next::Nothing => self.work.notified().await,
            }
        }
    }

    /// Ends what is over, and forgets what is old. Returns whether some are left.
    fn look(&self, live: impl Fn(&str) -> Option<String>) -> bool {
        let all = self.by_bff.load_full();
        for (bff, shadow) in all.iter() {
            if shadow.has_ended() {
                continue;
            }
            let why = match live(bff) {
                None => Some("the BFF is no longer there, or takes no releases"),
                Some(digest) if digest != shadow.new.live.digest => Some("another version is live"),
                Some(_) => shadow.is_over().then_some("its time is over"),
            };
            if let Some(why) = why {
                shadow.end(why);
            }
        }
        let _changing = sync::lock(&self.changing);
        let mut all = BTreeMap::clone(&self.by_bff.load());
        // Another shadow of the BFF has the debt of this one.
        all.retain(|_, it| !it.is_old() || it.budget.wait().is_some());
        let left = all.len();
        self.store(all);
        left > 0
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Processor time, in thousandths of one, of this share of all workers, in percent.
fn share(percent: u32, workers: usize) -> u32 {
    count(workers).saturating_mul(percent).saturating_mul(10)
}

/// Bytes of a request.
fn size_of(request: &Request) -> usize {
    let pairs = request.headers.iter().chain(&request.query);
    let pairs: usize = pairs.map(|(a, b)| a.len() + b.len()).sum();
    request.body.as_bytes().len() + request.path.len() + pairs
}
