//! Traffic of two versions, seeded.

use std::time::Duration;

use fastrand::Rng;

use crate::canary::{Bad, Client, Failed, Gate, Outcome, Plan, Rule, Split, Step, Track, Verdict};

/// A day of traffic at one share.
pub(super) struct Day {
    pub(super) percent: u8,
    pub(super) requests: u64,
    pub(super) margin: f64,
    /// The rate of errors of each version.
    pub(super) errors: [f64; 2],
    /// The candidate's rate of traps.
    pub(super) traps: f64,
    /// How many times as long the candidate takes.
    pub(super) slower: f64,
    /// How many times as long its guest computes.
    pub(super) computes: f64,
    /// From this request on, for a twentieth of all: errors of both, and times of both.
    pub(super) outage: Option<(f64, f64)>,
    pub(super) clients: Option<Clients>,
}

/// Who sends the requests; few send most of them.
pub(super) struct Clients {
    pub(super) number: usize,
    /// The share of those that any version fails.
    pub(super) broken: f64,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            percent: 10,
            requests: 20_000,
            margin: 1.0,
            errors: [0.0, 0.0],
            traps: 0.0,
            slower: 1.0,
            computes: 1.0,
            outage: None,
            clients: None,
        }
    }
}

/// A rollback by rule.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rule: Bad,
    /// After this number of requests of the candidate.
    pub(super) after: u64,
}

impl Day {
    /// One run. Returns the rollback, if there is one.
    pub(super) fn run(&self, seed: u64) -> Option<Found> {
        let mut rng = Rng::with_seed(seed);
        let gate = Gate::new(self.plan(), 0, Duration::ZERO).expect("the plan is good");
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let split = Split::new(salt);
        let mut crowd = self
            .clients
            .as_ref()
            .map(|it| Crowd::new(it, &split, &mut rng));
        let outage = rng.u64(self.requests / 10..self.requests * 7 / 10);
        let outage = outage..outage + self.requests / 20;
        let mut candidates = 0;
        for number in 0..self.requests {
            let (client, broken) = match &mut crowd {
                Some(crowd) => crowd.next(&mut rng),
                None => (split.request(number), false),
            };
            let ticket = gate.track(client);
            let hit = self.outage.filter(|_| outage.contains(&number));
            let outcome = self.outcome(ticket.track(), broken, hit, &mut rng);
            candidates += u64::from(ticket.track() == Track::Candidate);
            if gate.record(&ticket, &outcome, "id") || number % 200 == 0 {
                let now = Duration::from_secs(number / 200);
                if let Verdict::Back(evidence) = gate.decide(now, false) {
                    let Some(Rule::Test(rule)) = evidence.rule else {
                        panic!("a day is not too short: {evidence:?}");
                    };
                    return Some(Found {
                        rule,
                        after: candidates,
                    });
                }
            }
        }
        None
    }

    /// A whole rollout by a plan. Returns how it ended, and the step that it reached.
    pub(super) fn rollout(&self, plan: Plan, seed: u64) -> (Verdict, usize) {
        let mut rng = Rng::with_seed(seed);
        let gate = Gate::new(plan, 0, Duration::ZERO).expect("the plan is good");
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let split = Split::new(salt);
        let mut crowd = self
            .clients
            .as_ref()
            .map(|it| Crowd::new(it, &split, &mut rng));
        for number in 0.. {
            let (client, broken) = match &mut crowd {
                Some(crowd) => crowd.next(&mut rng),
                None => (split.request(number), false),
            };
            let ticket = gate.track(client);
            let outcome = self.outcome(ticket.track(), broken, None, &mut rng);
            gate.record(&ticket, &outcome, "id");
            let now = Duration::from_millis(5 * number);
            if outcome.failed.is_some() || number % 200 == 0 {
                match gate.decide(now, false) {
                    Verdict::Advance(_) => assert!(gate.advance(now)),
                    end @ (Verdict::Back(_) | Verdict::Promote) => return (end, gate.step()),
                    _ => {}
                }
            }
        }
        unreachable!("the longest duration ends it")
    }

    /// Runs with seeds from 1 on: those that are rolled back.
    pub(super) fn runs(&self, runs: u64) -> Vec<Found> {
        (1..=runs).filter_map(|seed| self.run(seed)).collect()
    }

    /// One step that lasts all day, with the bound of the first step of the plan.
    fn plan(&self) -> Plan {
        let step = |percent| Step {
            percent,
            min_time: Duration::from_secs(3600),
        };
        Plan {
            steps: vec![step(self.percent), step(self.percent + 1), step(99)],
            margin: self.margin,
            ..Plan::default()
        }
    }

    fn outcome(
        &self,
        track: Track,
        broken: bool,
        hit: Option<(f64, f64)>,
        rng: &mut Rng,
    ) -> Outcome {
        let is_candidate = track == Track::Candidate;
        let (errors, longer) = hit.unwrap_or((0.0, 1.0));
        let failed = if is_candidate && rng.f64() < self.traps {
            Some(Failed::Trap)
        } else if broken || rng.f64() < self.errors[track as usize] || rng.f64() < errors {
            Some(Failed::Error)
        } else {
            None
        };
        let (slower, computes) = match track {
            Track::Candidate => (self.slower, self.computes),
            Track::Stable => (1.0, 1.0),
        };
        Outcome {
            failed,
            time: Duration::from_secs_f64(0.04 * spread(0.4, rng) * slower * longer),
            cpu: Duration::from_secs_f64(0.02 * spread(0.1, rng) * computes),
            is_gone: false,
        }
    }
}

/// A factor around 1, log-normal.
fn spread(sigma: f64, rng: &mut Rng) -> f64 {
    // Four uniform numbers come close to a normal one.
    let sum: f64 = (0..4).map(|_| rng.f64()).sum();
    (sigma * (sum - 2.0) * 3.0_f64.sqrt()).exp()
}

struct Crowd {
    clients: Vec<(Client, bool)>,
    /// The sums of how active they are.
    active: Vec<f64>,
}

impl Crowd {
    fn new(clients: &Clients, split: &Split, rng: &mut Rng) -> Self {
        let mut sum = 0.0;
        let mut crowd = Self {
            clients: Vec::new(),
            active: Vec::new(),
        };
        for number in 0..clients.number {
            let client = split.client(format!("client-{number}").as_bytes());
            crowd.clients.push((client, rng.f64() < clients.broken));
            // Pareto's distribution, of exponent 1.2.
            sum += (1.0 - rng.f64()).powf(-1.0 / 1.2) - 1.0 + 0.05;
            crowd.active.push(sum);
        }
        crowd
    }

    fn next(&mut self, rng: &mut Rng) -> (Client, bool) {
        let at = rng.f64() * self.active.last().copied().unwrap_or_default();
        let at = self.active.partition_point(|sum| *sum <= at);
        self.clients[at.min(self.clients.len() - 1)]
    }
}

/// The median of the candidate's requests until it was found.
pub(super) fn median(found: &[Found]) -> u64 {
    let mut after: Vec<u64> = found.iter().map(|it| it.after).collect();
    after.sort_unstable();
    after.get(after.len() / 2).copied().unwrap_or_default()
}

/// Those that this rule found: in one run of some hundreds, another one is wrong before.
pub(super) fn by(rule: Bad, found: Vec<Found>) -> Vec<Found> {
    found.into_iter().filter(|it| it.rule == rule).collect()
}
