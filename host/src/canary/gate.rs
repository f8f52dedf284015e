//! The gate itself: it gives out tracks, counts what becomes of requests, and decides.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::bounds::{Rate, extra_rate};
use super::etest::{Test, Weights};
use super::marks::{Had, Marks};
use super::plan::{Inconclusive, Plan, PlanError};
use super::record::{Bad, Counts, Evidence, Failed, Lack, Outcome, Rule, Score, Verdict};
use super::slow::Slow;
use super::split::{Client, Ticket, Track};
use crate::sync;

/// Requests that are named at most.
const NAMED: usize = 3;

/// A rollout that runs.
///
/// A good request costs a few relaxed loads and additions. A bad one takes a lock for the time of a
/// few additions.
pub struct Gate {
    plan: Plan,
    /// The step that new requests belong to.
    step: AtomicU32,
    requests: [AtomicU64; 2],
    /// Requests of the candidate whose times were judged: it was fixed what is slow.
    timed: AtomicU64,
    /// Those of clients that have had a bad one of the kind before.
    repeated: [[AtomicU64; 4]; 2],
    marks: Marks,
    latency: Slow,
    cpu: Slow,
    state: Mutex<State>,
}

/// What is counted of bad requests, in one step.
struct State {
    step: u32,
    /// When it began.
    since: Duration,
    weights: Weights,
    tests: [Test; 4],
    bad: [[u64; 4]; 2],
    /// Of the candidate, by kind.
    named: [Vec<String>; 4],
    /// The first test that passed its bound. It is not taken back: the bound is for the greatest
    /// score of a rollout, not for the last.
    broken: Option<Bad>,
    /// The counts of a step excluded a greater extra rate than the plan allows. It is not taken
    /// back either: where few requests are left to the stable version, they say little.
    is_certain: bool,
}

impl Gate {
    /// A gate at a step of a plan, 0 for the first. All counts begin at 0, also after a restart.
    ///
    /// # Errors
    ///
    /// When the plan cannot be executed.
    pub fn new(plan: Plan, step: usize, now: Duration) -> Result<Self, PlanError> {
        plan.check()?;
        let step = step.min(plan.steps.len() - 1);
        let state = State {
            step: step as u32,
            since: now,
            weights: weights(&plan, step),
            tests: Default::default(),
            bad: Default::default(),
            named: Default::default(),
            broken: None,
            // Before a restart, it was.
            is_certain: step > 0 && plan.needs_certainty(step - 1),
        };
        Ok(Self {
            step: AtomicU32::new(step as u32),
            plan,
            requests: Default::default(),
            timed: AtomicU64::new(0),
            repeated: Default::default(),
            marks: Marks::new(),
            latency: Slow::new(),
            cpu: Slow::new(),
            state: Mutex::new(state),
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The step, 0 for the first.
    pub fn step(&self) -> usize {
        self.step.load(Ordering::Relaxed) as usize
    }

    /// The track of a request that begins.
    pub fn track(&self, client: Client) -> Ticket {
        let step = self.step.load(Ordering::Relaxed);
        Ticket {
            client,
            track: client.track(self.plan.steps[step as usize].percent),
            step,
        }
    }

    /// Records how a request ended. A request of a step before counts no more. Returns whether this
    /// one breaks the first rule: then [`Self::decide`] says to go back, whatever else is the case.
    pub fn record(&self, ticket: &Ticket, outcome: &Outcome, id: &str) -> bool {
        if ticket.step != self.step.load(Ordering::Relaxed) {
            return false;
        }
        if outcome.is_gone && self.latency.from().is_none_or(|from| outcome.time <= from) {
            return false;
        }
        self.requests[ticket.track as usize].fetch_add(1, Ordering::Relaxed);
        if ticket.track == Track::Candidate && self.knows_slow() {
            self.timed.fetch_add(1, Ordering::Relaxed);
        }
        let had = ticket.client.mark();
        let had = had.map_or(Had::NONE, |mark| self.marks.had(mark));
        if !had.is_none() {
            for bad in Bad::ALL.into_iter().filter(|bad| had.has(*bad)) {
                let repeated = &self.repeated[ticket.track as usize][bad as usize];
                repeated.fetch_add(1, Ordering::Relaxed);
            }
        }
        let slow = self.is_slow(&self.latency, ticket, outcome.time);
        let computes = self.is_slow(&self.cpu, ticket, outcome.cpu);
        if outcome.failed.is_none() && !slow && !computes {
            return false;
        }
        let failed = |it| outcome.failed == Some(it);
        let bad = [
            (Bad::Errors, failed(Failed::Error)),
            (Bad::Traps, failed(Failed::Trap)),
            (Bad::Latency, slow),
            (Bad::Cpu, computes),
        ];
        let mut state = self.state();
        let was_broken = state.broken.is_some();
        for (bad, _) in bad.into_iter().filter(|(_, it)| *it) {
            state.count(&self.plan, &self.marks, ticket, bad, id);
        }
        !was_broken && state.broken.is_some()
    }

    fn knows_slow(&self) -> bool {
        self.latency.from().is_some() && self.cpu.from().is_some()
    }

    fn is_slow(&self, slow: &Slow, ticket: &Ticket, time: Duration) -> bool {
        match slow.from() {
            Some(from) => time > from,
            None => {
                if ticket.track == Track::Stable && slow.sample(time) {
                    slow.fix(self.plan.min_requests);
                }
                false
            }
        }
    }

    /// What is missing for the next step, if no rule is broken. This changes nothing: who looks
    /// at a rollout has no part in it.
    pub fn lacks(&self, now: Duration) -> Option<Lack> {
        let state = self.state();
        if state.broken.is_some() {
            return None;
        }
        let lasted = now.saturating_sub(state.since);
        self.lack(&state, lasted, self.uncertain(&state))
    }

    /// Decides, and keeps what is certain from now on. While it is paused, no share changes; a
    /// broken rule ends it all the same.
    pub fn decide(&self, now: Duration, is_paused: bool) -> Verdict {
        let mut state = self.state();
        if let Some(bad) = state.broken {
            return Verdict::Back(Box::new(self.evidence_of(&state, Some(Rule::Test(bad)))));
        }
        let step = &self.plan.steps[state.step as usize];
        let lasted = now.saturating_sub(state.since);
        if lasted * 2 >= step.min_time {
            // With less traffic than for all samples, those that came must do.
            self.latency.fix(self.plan.min_requests);
            self.cpu.fix(self.plan.min_requests);
        }
        let uncertain = self.uncertain(&state);
        state.is_certain |= uncertain.is_none();
        let lack = self.lack(&state, lasted, uncertain);
        if is_paused {
            return lack.map_or(Verdict::Paused, Verdict::Wait);
        }
        match lack {
            None => self.next(&state),
            Some(_) if now >= self.plan.max_duration => match self.plan.on_inconclusive {
                Inconclusive::Promote => Verdict::Promote,
                Inconclusive::Back => {
                    let rule = Some(Rule::NotEnoughEvidence);
                    Verdict::Back(Box::new(self.evidence_of(&state, rule)))
                }
            },
            Some(lack @ Lack::Time(_)) => Verdict::Wait(lack),
            Some(lack) => Verdict::Inconclusive(lack),
        }
    }

    fn next(&self, state: &State) -> Verdict {
        match self.plan.steps.get(state.step as usize + 1) {
            Some(next) => Verdict::Advance(next.percent),
            None => Verdict::Promote,
        }
    }

    fn lack(&self, state: &State, lasted: Duration, uncertain: Option<Lack>) -> Option<Lack> {
        let step = &self.plan.steps[state.step as usize];
        if lasted < step.min_time {
            return Some(Lack::Time(step.min_time - lasted));
        }
        // What came before it was fixed what is slow says nothing of that.
        let timed = self.timed.load(Ordering::Relaxed);
        if timed < self.plan.min_requests {
            return Some(Lack::Requests(self.plan.min_requests - timed));
        }
        let is_needed = self.plan.needs_certainty(state.step as usize) && !state.is_certain;
        uncertain.filter(|_| is_needed)
    }

    /// What the counts of this step cannot exclude yet.
    fn uncertain(&self, state: &State) -> Option<Lack> {
        let [stable, candidate] = self.counts(state);
        if candidate.requests < self.plan.min_requests {
            return Some(Lack::Requests(self.plan.min_requests - candidate.requests));
        }
        [Bad::Errors, Bad::Traps].into_iter().find_map(|bad| {
            let rate = |counts: Counts| Rate {
                bad: counts.bad[bad as usize],
                // Of a client that has had one, nothing more is counted. Its good requests would
                // make a rate seem to fall that does not.
                of: counts
                    .requests
                    .saturating_sub(counts.repeated[bad as usize]),
            };
            let extra = extra_rate(rate(candidate), rate(stable));
            (extra > self.plan.max_extra_rate).then_some(Lack::Certainty(bad, extra))
        })
    }

    /// Begins the next step. All counts begin again; what is slow stays. Returns whether there is
    /// one.
    pub fn advance(&self, now: Duration) -> bool {
        let mut state = self.state();
        let step = state.step as usize + 1;
        if step >= self.plan.steps.len() {
            return false;
        }
        state.begin(&self.plan, step, now);
        // A request that ends at this moment may still be counted in the new step, as one more.
        self.step.store(step as u32, Ordering::Relaxed);
        self.marks.clear();
        let counts = self.requests.iter().chain(self.repeated.as_flattened());
        for count in counts.chain([&self.timed]) {
            count.store(0, Ordering::Relaxed);
        }
        true
    }

    /// What is known now.
    pub fn evidence(&self) -> Evidence {
        let state = self.state();
        self.evidence_of(&state, state.broken.map(Rule::Test))
    }

    fn evidence_of(&self, state: &State, rule: Option<Rule>) -> Evidence {
        let [stable, candidate] = self.counts(state);
        let micros = |from: Duration| u64::try_from(from.as_micros()).unwrap_or(u64::MAX);
        Evidence {
            percent: self.plan.steps[state.step as usize].percent,
            stable,
            candidate,
            scores: Bad::ALL.map(|test| Score {
                test,
                e: state.tests[test as usize].log().exp().min(1e300),
            }),
            bound: self.plan.bound(state.step as usize),
            slow_from: self.latency.from().map(micros),
            cpu_from: self.cpu.from().map(micros),
            rule,
            requests: match rule {
                Some(Rule::Test(bad)) => state.named[bad as usize].clone(),
                _ => Vec::new(),
            },
        }
    }

    fn counts(&self, state: &State) -> [Counts; 2] {
        [Track::Stable, Track::Candidate].map(|track| Counts {
            requests: self.requests[track as usize].load(Ordering::Relaxed),
            bad: state.bad[track as usize],
            repeated: self.repeated[track as usize]
                .each_ref()
                .map(|it| it.load(Ordering::Relaxed)),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl State {
    /// Counts a bad request: of a client, its first of the kind. Someone whose data fails with any
    /// version would otherwise speak against the track that it happens to be on, again and again.
    fn count(&mut self, plan: &Plan, marks: &Marks, ticket: &Ticket, bad: Bad, id: &str) {
        if ticket.step != self.step {
            return;
        }
        let mark = ticket.client.mark();
        if mark.is_some_and(|mark| !marks.is_first(bad, mark)) {
            return;
        }
        self.bad[ticket.track as usize][bad as usize] += 1;
        let named = &mut self.named[bad as usize];
        if ticket.track == Track::Candidate && named.len() < NAMED {
            named.push(id.to_owned());
        }
        let test = &mut self.tests[bad as usize];
        test.count(&self.weights, ticket.track);
        if self.broken.is_none() && test.log() >= plan.bound(self.step as usize).ln() {
            self.broken = Some(bad);
        }
    }

    fn begin(&mut self, plan: &Plan, step: usize, now: Duration) {
        self.step = step as u32;
        self.since = now;
        self.weights = weights(plan, step);
        self.tests = Default::default();
        self.bad = Default::default();
        self.named = Default::default();
        // A broken rule stays broken, and what is certain is certain.
    }
}

fn weights(plan: &Plan, step: usize) -> Weights {
    let share = f64::from(plan.steps[step].percent) / 100.0;
    Weights::new(share, plan.margin)
}
