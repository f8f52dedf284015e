//! What is recorded of requests, and what the gate says of it.

use std::fmt;
use std::time::Duration;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What failed, if the version may be at fault: at most one of the two.
    pub failed: Option<Failed>,
    /// From the request to the answer.
    pub time: Duration,
    /// What the guest computed.
    pub cpu: Duration,
    /// The client went before there was an answer. It counts if that took too long, and else says
    /// nothing.
    pub is_gone: bool,
}

/// How a version may fail a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// A status from 500 on, or a code of the host that is the guest's fault.
    Error,
    /// The guest trapped.
    Trap,
}

/// What may be bad of a request. Each has a test of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bad {
    /// [`Failed::Error`].
    Errors,
    /// [`Failed::Trap`].
    Traps,
    /// It took longer than all but the slowest of the stable version.
    Latency,
    /// Its guest computed for longer.
    Cpu,
}

impl Bad {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Errors, Self::Traps, Self::Latency, Self::Cpu];

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Traps => "traps",
            Self::Latency => "latency",
            Self::Cpu => "cpu",
        }
    }
}

/// What was counted of one track in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All requests.
    pub requests: u64,
    /// Bad ones, in the order of [`Bad::ALL`]: of a client, the first of each kind.
    pub bad: [u64; 4],
    /// Requests of clients that have had one of the kind before, which are in no rate.
    pub repeated: [u64; 4],
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + Bad::ALL.len()))?;
        map.serialize_entry("requests", &self.requests)?;
        for bad in Bad::ALL {
            map.serialize_entry(bad.name(), &self.bad[bad as usize])?;
        }
        map.end()
    }
}

/// The score of one test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Which.
    pub test: Bad,
    /// e, at most 10^300.
    pub e: f64,
}

/// Why a rollout goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A test passed its bound.
    Test(Bad),
    /// The traffic did not suffice for a decision.
    NotEnoughEvidence,
}

/// What is known at a time, for the journal and for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The share of the candidate, in percent.
    pub percent: u8,
    /// The stable version in this step.
    pub stable: Counts,
    /// The candidate in this step.
    pub candidate: Counts,
    /// The tests.
    pub scores: [Score; 4],
    /// The bound of e in this step.
    pub bound: f64,
    /// From which time on a request is slow, in microseconds, once that is fixed.
    pub slow_from: Option<u64>,
    /// The same, of the guest's computing.
    pub cpu_from: Option<u64>,
    /// The rule that it breaks, if any.
    pub rule: Option<Rule>,
    /// At most three requests of the candidate that broke it.
    pub requests: Vec<String>,
}

impl fmt::Display for Evidence {
    /// Why it goes back or is promoted, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.percent;
        let Some(Rule::Test(test)) = self.rule else {
            return write!(
                f,
                "not enough evidence: {} requests of the candidate at {percent} %",
                self.candidate.requests
            );
        };
        let bad = |counts: &Counts| counts.bad[test as usize];
        let e = self.scores[test as usize].e;
        write!(
            f,
            "{}: {} of {} requests of the candidate at {percent} %, and {} of {} of the live version \
             (e is {e:.0}, and may be {:.0})",
            test.name(),
            bad(&self.candidate),
            self.candidate.requests,
            bad(&self.stable),
            self.stable.requests,
            self.bound
        )?;
        match &*self.requests {
            [] => Ok(()),
            requests => write!(f, "; requests {}", requests.join(", ")),
        }
    }
}

/// What is missing for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// The step has to last for so long yet.
    Time(Duration),
    /// This number of requests of the candidate.
    Requests(u64),
    /// The rate of these may be higher by so much.
    Certainty(Bad, f64),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => {
                let seconds = Duration::from_secs(time.as_secs_f64().ceil() as u64);
                write!(
                    f,
                    "{} until the step may end",
                    humantime::format_duration(seconds)
                )
            }
            Self::Requests(number) => write!(f, "{number} more requests of the candidate"),
            Self::Certainty(bad, extra) => write!(
                f,
                "more requests: {:.1} of 1,000 may have more {} than before, as far as is known",
                extra * 1_000.0,
                bad.name()
            ),
        }
    }
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing yet, for this reason.
    Wait(Lack),
    /// Nothing, though the step has lasted for long enough.
    Inconclusive(Lack),
    /// It could go on, but is paused.
    Paused,
    /// The next step, with this share in percent.
    Advance(u8),
    /// The candidate is to be live.
    Promote,
    /// The stable version is to serve all.
    Back(Box<Evidence>),
}
