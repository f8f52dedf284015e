//! One line of the plan, and what was measured for it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::drive::Protocol;
use crate::stats::{Ratio, median};
use crate::targets::Scenario;

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The request.
    pub scenario: Scenario,
    /// How long each service waits before it answers.
    pub delay: Duration,
    /// The protocol of the clients.
    pub protocol: Protocol,
    /// Requests at a time, at most.
    pub at_a_time: usize,
    /// Requests per second of an open loop; without, a closed one.
    pub rate: Option<f64>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}, {} at a time",
            self.scenario, self.protocol, self.at_a_time
        )?;
        if !self.delay.is_zero() {
            write!(f, ", services wait {} ms", self.delay.as_millis())?;
        }
        match self.rate {
            Some(rate) => write!(f, ", {rate:.0} requests/s offered"),
            None => Ok(()),
        }
    }
}

/// One round of one system.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    /// Answers per second.
    pub rate: f64,
    /// CPU time of the system for a request, microseconds.
    pub cpu_us: f64,
    /// CPU time of the services for a request, microseconds.
    pub services_cpu_us: f64,
    /// The share of all cores' time that was in use, by whatever program, between 0 and 1. Latency
    /// follows it: near 1, requests wait for a core.
    pub machine_busy: f64,
    /// Latency that half of the requests did not exceed, milliseconds.
    pub p50_ms: f64,
    /// The same of 99 of 100.
    pub p99_ms: f64,
    /// The same of 999 of 1000.
    pub p999_ms: f64,
    /// The most memory that was resident, bytes.
    pub peak: u64,
}

/// All rounds of one system.
#[derive(Clone, Debug, Serialize)]
pub struct Rounds {
    /// The system.
    pub label: String,
    /// In the order of time.
    pub rounds: Vec<Round>,
}

impl Rounds {
    /// A figure of each round.
    pub fn each(&self, figure: impl Fn(&Round) -> f64) -> Vec<f64> {
        self.rounds.iter().map(figure).collect()
    }

    /// The median of a figure.
    pub fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(&self.each(figure))
    }

    /// A figure compared with that of another system.
    pub fn ratio(&self, other: &Self, figure: impl Fn(&Round) -> f64) -> Option<Ratio> {
        Ratio::new(&self.each(&figure), &other.each(&figure))
    }
}

/// What was measured for a cell. The first system is what the others are compared with.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The kind of load.
    pub cell: Cell,
    /// Each system.
    pub systems: Vec<Rounds>,
}
