//! The shadows of a host, one of each BFF at most, and the one task that runs their candidates.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep_until, timeout};

use super::budget::{Budget, cpu_of_thread};
use super::report::Side;
use super::run::{CodeOf, Subject, is_of_host, is_of_time};
use super::state::{Capture, Ended, NewShadow, Record, Shadow};
use crate::bff::load::Loaded;
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::contract::{Method, Request};
use crate::sync;
use crate::tape::{Recorder, Tap, Tape};

/// Shadows that run at once.
pub(crate) const MOST: usize = 16;
/// Records that wait for their runs, of all shadows together.
const MAX_WAITING: usize = 16;
/// Calls of one record.
const MAX_CALLS: usize = 1000;
/// Of how many records one runs the live version again.
const LIVE_AGAIN: u64 = 20;
/// How often it is looked whether one is over.
const LOOK: Duration = Duration::from_secs(1);

/// The shadows of a host.
#[derive(Default)]
pub struct Shadows {
    /// Whether one runs, so that requests need not look.
    is_any: AtomicBool,
    by_bff: ArcSwap<BTreeMap<String, Arc<Shadow>>>,
    changing: Mutex<()>,
    queue: Mutex<VecDeque<Record>>,
    budget: Budget,
    work: Notify,
}

/// What a run came to.
struct Done {
    cpu: Duration,
    /// Whether the host had room for it.
    had_room: bool,
}

impl Shadows {
    /// Begins a shadow, in the place of another one of its BFF. `false` if too many run.
    pub fn begin(&self, new: NewShadow) -> bool {
        let _changing = sync::lock(&self.changing);
        let mut all = BTreeMap::clone(&self.by_bff.load());
        let others = all
            .iter()
            .filter(|(bff, it)| **bff != new.bff && !it.has_ended());
        if others.count() >= MOST {
            return false;
        }
        if let Some(before) = all.remove(&new.bff) {
            before.end("another one was begun");
        }
        all.insert(new.bff.clone(), Arc::new(Shadow::new(new)));
        self.by_bff.store(Arc::new(all));
        self.is_any.store(true, Ordering::Relaxed);
        self.work.notify_one();
        true
    }

    /// The candidate of a BFF's shadow is there, or why not. A shadow that began meanwhile is
    /// another one.
    pub fn loaded(&self, bff: &str, digest: &str, candidate: Result<Arc<Loaded>, String>) {
        let Some(shadow) = self.of(bff).filter(|it| it.new.candidate == digest) else {
            return;
        };
        match candidate {
            Ok(candidate) => shadow.is_loaded(candidate),
            Err(why) => drop(shadow.end(&why)),
        }
    }

    /// Ends the shadow of a BFF, and gives its report.
    pub fn end(&self, bff: &str, why: &str) -> Option<Value> {
        let shadow = self.of(bff)?;
        shadow.end(why);
        self.work.notify_one();
        Some(shadow.document())
    }

    /// The report of a BFF's shadow.
    pub fn report(&self, bff: &str) -> Option<Value> {
        Some(self.of(bff)?.document())
    }

    fn of(&self, bff: &str) -> Option<Arc<Shadow>> {
        let shadow = self.by_bff.load().get(bff).cloned();
        shadow.filter(|it| !it.is_old())
    }

    /// Whether a shadow runs.
    pub fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
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
        let waiting = sync::lock(&self.queue).len();
        let settings = &shadow.new.settings;
        let size = size_of(request);
        let held = match () {
            () if is_busy => Err("busy"),
            // One waits until it may run, so that few requests are not left out for nothing.
            () if waiting > 0 && self.budget.wait().is_some() => Err("cpu"),
            () if size > settings.max_size => Err("size"),
            () if waiting >= MAX_WAITING => Err("memory"),
            () => self.budget.hold(size, settings.memory).ok_or("memory"),
        };
        let held = match held {
            Ok(held) => held,
            Err(reason) => {
                shadow.shed(reason);
                return None;
            }
        };
        let own = || {
            let room = self.budget.room(settings.memory);
            Arc::new(Tap::Recording(Recorder::new(settings.max_size, room)))
        };
        Some(Capture {
            tap: tap.cloned().unwrap_or_else(own),
            request: request.clone(),
            held,
            is_shared: tap.is_some(),
            shadow,
        })
    }

    /// It has ended.
    pub fn ended(&self, capture: Capture, ended: &Ended<'_>) {
        let shadow = capture.shadow.clone();
        match self.record(capture, ended) {
            Ok(record) => {
                let mut queue = sync::lock(&self.queue);
                if queue.len() >= MAX_WAITING {
                    drop(queue);
                    shadow.shed("memory");
                    return;
                }
                queue.push_back(record);
                drop(queue);
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
        if !capture.held.grow(counted, settings.memory) {
            return Err("memory");
        }
        Ok(Record {
            answer,
            settings: ended.version.settings().clone(),
            admission: ended.version.admission().clone(),
            capture,
        })
    }

    /// Runs candidates on the records that wait, one by one, for ever. `live` says which component
    /// is live as a BFF.
    pub async fn work(
        &self,
        runtime: &Arc<Runtime>,
        code: CodeOf,
        live: impl Fn(&str) -> Option<String>,
    ) -> Infallible {
        loop {
            if self.look(&live) {
                // A timeout is the ordinary case.
                let _ = timeout(LOOK, self.work_or_wait()).await;
            } else {
                self.work.notified().await;
            }
            if self.budget.wait().is_some() {
                continue;
            }
            let Some(record) = sync::lock(&self.queue).pop_front() else {
                continue;
            };
            let shadow = record.capture.shadow.clone();
            let Some(candidate) = shadow.candidate() else {
                continue;
            };
            if record.admission.is_busy() {
                shadow.shed("busy");
                continue;
            }
            let share = share(shadow.new.settings.cpu, shadow.new.workers);
            let runtime = runtime.clone();
            let running = spawn_blocking(move || {
                let began = cpu_of_thread();
                // That of changes may end before it.
                let event_loop = Builder::new_current_thread().enable_time().build();
                let running = run(&runtime, &record, &candidate, code);
                let had_room = event_loop.is_ok_and(|it| it.block_on(running));
                let cpu = cpu_of_thread().saturating_sub(began);
                Done { cpu, had_room }
            });
            match running.await {
                Ok(done) => {
                    self.budget.spend(done.cpu, share);
                    if !done.had_room {
                        shadow.shed("host");
                    }
                }
                Err(_) => shadow.shed("host"),
            }
        }
    }

    /// Waits until a record may run.
    async fn work_or_wait(&self) {
        loop {
            let has_some = !sync::lock(&self.queue).is_empty();
            match self.budget.wait() {
                Some(until) if has_some => sleep_until(until).await,
                None if has_some => return,
                _ => self.work.notified().await,
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
        // What clients asked is kept no longer than it is needed.
        let has_ended = |record: &Record| record.capture.shadow.has_ended();
        sync::lock(&self.queue).retain(|record| !has_ended(record));
        let _changing = sync::lock(&self.changing);
        let mut all = BTreeMap::clone(&self.by_bff.load());
        let known = all.len();
        all.retain(|_, shadow| !shadow.is_old());
        let (left, runs) = (all.len(), all.values().any(|it| !it.has_ended()));
        if left < known {
            self.by_bff.store(Arc::new(all));
        }
        self.is_any.store(runs, Ordering::Relaxed);
        left > 0
    }
}

/// Runs the candidate on a record, and at times the live version. `false` when the host has no room
/// for that.
async fn run(runtime: &Runtime, record: &Record, candidate: &Arc<Loaded>, code: CodeOf) -> bool {
    let shadow = &record.capture.shadow;
    let tape = record.capture.tap.recorder().map(Recorder::tape);
    let Some(Ok(tape)) = tape.filter(|it| it.as_ref().is_ok_and(has_few_calls)) else {
        shadow.shed("size");
        return true;
    };
    let subject = |tape| Subject {
        runtime,
        settings: &record.settings,
        request: &record.capture.request,
        tape,
        answer: &record.answer,
        values: shadow.new.settings.values,
        code,
    };
    if shadow.next_record().is_multiple_of(LIVE_AGAIN) {
        let subject = subject(with_other_dice(&tape));
        let Some(ran) = subject.run(&shadow.new.live).await else {
            return false;
        };
        shadow.found(|it| {
            it.used(Side::Live, ran.cpu, ran.memory);
            it.ran_again(ran);
        });
    }
    let Some(ran) = subject(tape).run(candidate).await else {
        return false;
    };
    shadow.found(|it| it.used(Side::Candidate, ran.cpu, ran.memory));
    shadow.ran(ran);
    true
}

fn has_few_calls(tape: &Tape) -> bool {
    tape.calls.len() <= MAX_CALLS
}

/// The same without its random bytes, in whose place the machine's are.
fn with_other_dice(tape: &Tape) -> Tape {
    let mut tape = tape.clone();
    tape.readings.random.clear();
    let wasi = &mut tape.readings.wasi;
    wasi.random.clear();
    wasi.insecure_random.clear();
    wasi.insecure_seed = None;
    tape
}

/// Processor time, in thousandths of one, of this share of all workers, in percent.
fn share(percent: u32, workers: usize) -> u32 {
    let workers = u32::try_from(workers).unwrap_or(u32::MAX);
    workers.saturating_mul(percent).saturating_mul(10)
}

/// Bytes of a request.
fn size_of(request: &Request) -> usize {
    let pairs = request.headers.iter().chain(&request.query);
    let pairs: usize = pairs.map(|(a, b)| a.len() + b.len()).sum();
    request.body.as_bytes().len() + request.path.len() + pairs
}
