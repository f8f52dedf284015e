//! The steps of a run: drawn from a seed, and shrunk when a rule is broken.

use std::fmt;

use super::log::CallTarget;
use super::world::{LANGUAGES, Mode, PATHS, WriteEnd};

/// The theme of a run. It sets the likely steps, and the rules beside those that always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Everything goes wrong that can.
    Anything,
    /// Coalesced calls.
    Together,
    /// The service is good. Callers have less time than it needs.
    Impatient,
    /// One of several endpoints is bad all the time, the others are good.
    OneBad,
    /// The service is good, and its settings are changed under way.
    Reloads,
}

/// A run: a service, and what is done with it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub theme: Theme,
    /// The endpoints, as they are at first.
    pub modes: Vec<Mode>,
    pub settings: Settings,
    pub steps: Vec<Step>,
}

/// The settings of the service that differ between runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub max_calls: usize,
    pub max_queued: usize,
    pub retries: u32,
    pub hedge: bool,
    /// The event loops that call the service.
    pub workers: usize,
    pub http2: bool,
    /// For how many seconds more an answer may be used when there is no other, and while one is
    /// fetched.
    pub stale: u64,
    /// Calls from which on the breaker judges.
    pub min_calls: usize,
    /// How often they were changed, in ways that keep all stored state valid.
    pub change: usize,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Equal reads at the same time.
    Read(CallTarget, Vec<Caller>),
    Write(CallTarget, Caller, WriteEnd),
    /// Sets the state of an endpoint.
    Becomes(usize, Mode),
    /// The operator invalidates all stored answers.
    Forgets,
    /// Milliseconds pass.
    Passes(u64),
    /// The settings are changed, in one of several ways.
    Reload(usize),
}

/// A caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub bff: usize,
    /// Time for the call, milliseconds.
    pub limit: u32,
    /// When it hangs up, milliseconds after its call.
    pub hangs_up: Option<u64>,
}

/// In how many ways settings are changed.
const CHANGES: usize = 4;
/// Calls from which on a breaker judges that is to open soon.
const MIN_CALLS: usize = 5;

/// The possible states of the single endpoint.
const BAD: [Mode; 5] = [
    Mode::Fails(500),
    Mode::Fails(500),
    Mode::Fails(503),
    Mode::Cuts,
    Mode::Refuses,
];

const THEMES: [Theme; 5] = [
    Theme::Anything,
    Theme::Together,
    Theme::Impatient,
    Theme::OneBad,
    Theme::Reloads,
];

impl Plan {
    /// The run of a seed.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw {
            random: fastrand::Rng::with_seed(seed),
            last: None,
        };
        let theme = THEMES[(seed % THEMES.len() as u64) as usize];
        let endpoints = match theme {
            Theme::OneBad => 3,
            Theme::Anything => draw.one_of(&[1, 1, 2, 3]),
            Theme::Impatient => draw.one_of(&[1, 3]),
            _ => 1,
        };
        let narrow = !matches!(theme, Theme::OneBad | Theme::Reloads) && draw.chance(40);
        let settings = Settings {
            max_calls: if narrow { 2 } else { 100 },
            max_queued: if narrow { 6 } else { 100 },
            retries: draw.one_of(&[0, 0, 1, 2]),
            hedge: theme == Theme::Anything && draw.chance(25),
            // Each has connections of its own.
            workers: if theme == Theme::Reloads {
                1
            } else {
                draw.one_of(&[1, 2])
            },
            http2: draw.chance(25),
            stale: if draw.chance(30) { 20 } else { 0 },
            min_calls: if theme == Theme::OneBad {
                20
            } else {
                MIN_CALLS
            },
            change: 0,
        };
        let mut modes = vec![Mode::Good(20); endpoints];
        if theme == Theme::OneBad {
            modes.fill_with(|| Mode::Good(draw.between(20, 60)));
            modes[0] = draw.one_of(&BAD);
        }
        let mut steps = Vec::new();
        let count = match theme {
            Theme::OneBad => 120,
            _ => draw.between(20, 60),
        };
        for _ in 0..count {
            steps.push(draw.step(theme, endpoints));
            if draw.chance(60) {
                let most = draw.one_of(&[5, 30, 30, 100, 100, 700, 3_000]);
                steps.push(Step::Passes(draw.between(1, most)));
            }
        }
        Self {
            seed,
            theme,
            modes,
            settings,
            steps,
        }
    }

    /// The shortest run that is found by leaving out steps and callers, such that the rule is still
    /// broken.
    pub fn shrunk(&self, still_broken: impl Fn(&Self) -> bool) -> Self {
        let mut best = self.clone();
        let mut part = best.steps.len().div_ceil(2);
        while part > 0 {
            let mut at = 0;
            while at < best.steps.len() {
                let mut shorter = best.clone();
                let end = (at + part).min(shorter.steps.len());
                shorter.steps.drain(at..end);
                match still_broken(&shorter) {
                    true => best = shorter,
                    false => at = end,
                }
            }
            part /= 2;
        }
        for step in 0..best.steps.len() {
            let shorter = |best: &Self| {
                let fewer = best.with_fewer_callers(step);
                fewer.into_iter().find(&still_broken)
            };
            while let Some(found) = shorter(&best) {
                best = found;
            }
        }
        best
    }

    /// Runs with one caller less in a step.
    fn with_fewer_callers(&self, step: usize) -> Vec<Self> {
        let callers = match &self.steps[step] {
            Step::Read(_, callers) if callers.len() > 1 => callers.len(),
            _ => 0,
        };
        let without = |left_out| {
            let mut plan = self.clone();
            if let Step::Read(_, callers) = &mut plan.steps[step] {
                callers.remove(left_out);
            }
            plan
        };
        (0..callers).map(without).collect()
    }
}

/// One step a line.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}, endpoints {:?}", self.theme, self.modes)?;
        writeln!(f, "{:?}", self.settings)?;
        self.steps
            .iter()
            .try_for_each(|step| writeln!(f, "{step:?}"))
    }
}

/// The generator of a run.
struct Draw {
    random: fastrand::Rng,
    /// The last call.
    last: Option<CallTarget>,
}

impl Draw {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.random.u64(least..=most)
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.usize(..end)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.random.usize(..these.len())]
    }

    fn step(&mut self, theme: Theme, endpoints: usize) -> Step {
        let drawn = self.random.u32(..100);
        match theme {
            Theme::Anything => match drawn {
                0..50 => self.reads(theme),
                50..69 => self.write(theme),
                69 => Step::Forgets,
                70..90 => self.becomes(endpoints),
                _ => Step::Reload(self.below(CHANGES)),
            },
            Theme::Together => match drawn {
                0..75 => self.reads(theme),
                75..84 => self.write(theme),
                84 => Step::Forgets,
                _ => self.becomes(endpoints),
            },
            Theme::Impatient => match drawn {
                0..75 => self.reads(theme),
                75..85 => self.write(theme),
                _ => Step::Becomes(self.below(endpoints), Mode::Good(self.between(5, 300))),
            },
            Theme::OneBad => self.reads(theme),
            Theme::Reloads => match drawn {
                0..70 => self.reads(theme),
                70..75 => self.write(theme),
                _ => Step::Reload(self.below(CHANGES)),
            },
        }
    }

    /// Often the same as before, so that steps interact.
    fn asked(&mut self, theme: Theme) -> CallTarget {
        if let Some(last) = self.last
            && theme != Theme::OneBad
            && self.chance(50)
        {
            return last;
        }
        let asked = self.other(theme);
        self.last = Some(asked);
        asked
    }

    fn other(&mut self, theme: Theme) -> CallTarget {
        let path = match theme {
            Theme::OneBad => 0,
            // Stored answers are of most interest.
            Theme::Reloads => self.one_of(&[0, 4, 4, 6]),
            Theme::Impatient => self.one_of(&[0, 0, 1, 2, 5]),
            _ => self.below(PATHS.len()),
        };
        let several = theme != Theme::OneBad;
        CallTarget {
            path,
            who: if several {
                self.one_of(&[0, 1, 1, 2])
            } else {
                self.below(8)
            },
            language: if self.chance(30) {
                self.below(LANGUAGES.len())
            } else {
                0
            },
            write: false,
        }
    }

    fn reads(&mut self, theme: Theme) -> Step {
        let asked = self.asked(theme);
        let most = match theme {
            Theme::OneBad | Theme::Reloads => 2,
            _ => 5,
        };
        let callers = 1 + self.below(most);
        Step::Read(asked, (0..callers).map(|_| self.caller(theme)).collect())
    }

    fn write(&mut self, theme: Theme) -> Step {
        let asked = CallTarget {
            write: true,
            ..self.asked(theme)
        };
        let ends = [
            WriteEnd::Done,
            WriteEnd::Fails,
            WriteEnd::Hangs,
            WriteEnd::Cuts,
            WriteEnd::Refused,
        ];
        let end = match theme {
            Theme::Anything | Theme::Together => self.one_of(&ends),
            _ => WriteEnd::Done,
        };
        Step::Write(asked, self.caller(theme), end)
    }

    fn caller(&mut self, theme: Theme) -> Caller {
        let long = [500, 1_500, 2_000];
        let limit = match theme {
            Theme::OneBad | Theme::Reloads => 2_000,
            Theme::Impatient => self.between(2, 200) as u32,
            _ if self.chance(50) => self.between(2, 200) as u32,
            _ => self.one_of(&long),
        };
        let leaves = matches!(theme, Theme::Anything | Theme::Together | Theme::Impatient);
        Caller {
            bff: self.below(2),
            limit,
            hangs_up: (leaves && self.chance(15)).then(|| self.between(0, 100)),
        }
    }

    fn becomes(&mut self, endpoints: usize) -> Step {
        let mode = match self.random.u32(..100) {
            0..35 => Mode::Good(self.between(0, 300)),
            35..45 => Mode::Trickles(self.between(1, 300)),
            45..50 => Mode::Truncates,
            50..60 => Mode::Fails(self.one_of(&[500, 503])),
            60..70 => Mode::Hangs,
            70..80 => Mode::Cuts,
            80..90 => Mode::Refuses,
            _ => Mode::Ignores,
        };
        Step::Becomes(self.below(endpoints), mode)
    }
}
