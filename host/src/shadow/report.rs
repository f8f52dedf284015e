//! What a shadow has found so far: counts, with a few examples, all of it bounded.

mod left_out;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::difference::{Example, Kind, Place};
use super::noise::{Noise, Other, Share};
use super::run::Ran;
use crate::time::micros;

/// Places of all answers together.
const MAX_PLACES: usize = 200;
/// Examples of a place.
const MAX_EXAMPLES: usize = 3;
/// Calls of each kind, and codes.
const MAX_WORDS: usize = 100;
/// Measurements of which percentiles are taken, the last ones.
const MAX_SAMPLES: usize = 1000;

/// What a run was.
const SAME: &str = "same";
const DIFFERENT: &str = "different";
const UNCOMPARED: &str = "uncompared";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    runs: u64,
    /// As far as it was known what is noise when they ran.
    same: u64,
    failed: BTreeMap<&'static str, Failed>,
    places: BTreeMap<(Place, Kind), Counted>,
    /// Where the live version differs from its own answers.
    noise: Noise,
    /// Runs that made other calls where the live version does at times. What they answered is not
    /// compared.
    uncompared: u64,
    new_calls: BTreeMap<String, u64>,
    missing_calls: BTreeMap<String, u64>,
    /// Something had no room.
    is_cut: bool,
    /// The live version differs from itself in an object with more members than are told apart.
    is_coarse: bool,
    /// The same where only the time is another.
    is_coarse_in_time: bool,
    /// Runs that were told another time, of those that were compared.
    other_times: u64,
    served: Usage,
    live: Usage,
    candidate: Usage,
}

#[derive(Debug, Default)]
struct Failed {
    times: u64,
    /// How often the live version had failed in the same way.
    of_live: u64,
}

#[derive(Debug, Default)]
struct Counted {
    times: u64,
    /// How many of these runs were told another time.
    of_other_time: u64,
    examples: Vec<Example>,
}

/// Which differences at a place say nothing.
enum LeftOut {
    All,
    /// Those of runs that were told another time.
    OfOtherTime,
    None,
}

/// CPU time, microseconds, and memory, bytes.
#[derive(Debug, Default)]
struct Usage {
    cpu: Vec<u64>,
    memory: u64,
    next: usize,
}

/// Of what a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The live version, for its client.
    Served,
    /// The live version on the record.
    Live,
    /// The candidate on the record.
    Candidate,
}

impl Report {
    pub(super) fn used(&mut self, side: Side, cpu: Duration, memory: usize) {
        let usage = match side {
            Side::Served => &mut self.served,
            Side::Live => &mut self.live,
            Side::Candidate => &mut self.candidate,
        };
        usage.memory = usage.memory.max(memory as u64);
        let cpu = micros(cpu);
        match usage.cpu.get_mut(usage.next) {
            Some(place) => *place = cpu,
            None => usage.cpu.push(cpu),
        }
        usage.next = (usage.next + 1) % MAX_SAMPLES;
    }

    /// The same, where it is known.
    pub(super) fn used_by(&mut self, side: Side, usage: Option<(Duration, usize)>) {
        if let Some((cpu, memory)) = usage {
            self.used(side, cpu, memory);
        }
    }

    /// The live version ran again, and differs there from its own answer.
    pub(super) fn ran_again(&mut self, other: Other, ran: Ran) {
        if !ran.new_calls.is_empty() || !ran.missing_calls.is_empty() {
            // What it did not learn this time is no reason to leave a difference out.
            let calls = ran.new_calls.into_iter().chain(ran.missing_calls);
            self.noise.learn_calls(calls);
            return;
        }
        self.is_cut |= ran.differences.is_cut;
        match other {
            Other::Dice => self.is_coarse |= ran.differences.is_coarse,
            Other::Clocks => self.is_coarse_in_time |= ran.differences.is_coarse,
        }
        self.noise.learn(other, ran.differences);
    }

    /// The candidate ran. Returns what that was, for the counter of runs.
    pub(super) fn ran(&mut self, ran: Ran) -> &'static str {
        self.runs += 1;
        let calls_differ = !ran.new_calls.is_empty() || !ran.missing_calls.is_empty();
        // One that lacks such a call and makes none in its place does something else.
        let sorted = |calls: &[String]| {
            let mut calls = calls.to_vec();
            calls.sort_unstable();
            calls
        };
        let is_noise = |call: &String| {
            let before = self.new_calls.get(call).copied().unwrap_or(0);
            let share = Share {
                times: before + self.uncompared + 1,
                of: self.runs,
            };
            self.noise.share_of_call(call).explains(share)
        };
        let is_other_each = sorted(&ran.new_calls) == sorted(&ran.missing_calls)
            && ran.new_calls.iter().all(is_noise);
        if calls_differ && is_other_each {
            self.uncompared += 1;
            return UNCOMPARED;
        }
        let Ran {
            differences,
            failed,
            new_calls,
            missing_calls,
            has_same_time,
            live_failed,
            ..
        } = ran;
        self.is_cut |= differences.is_cut;
        self.other_times += u64::from(!has_same_time);
        if let Some(code) = failed {
            let failed = self.failed.entry(code).or_default();
            failed.times += 1;
            failed.of_live += u64::from(live_failed);
        }
        self.is_cut |= count(&mut self.new_calls, new_calls);
        self.is_cut |= count(&mut self.missing_calls, missing_calls);
        let mut is_same = !calls_differ && !differences.is_cut;
        for (place, example) in differences.all {
            if self.places.len() >= MAX_PLACES && !self.places.contains_key(&place) {
                self.is_cut = true;
                is_same = false;
                continue;
            }
            let counted = self.places.entry(place.clone()).or_default();
            counted.times += 1;
            counted.of_other_time += u64::from(!has_same_time);
            if counted.examples.len() < MAX_EXAMPLES && !counted.examples.contains(&example) {
                counted.examples.push(example);
            }
            is_same &= match self.left_out(&place) {
                LeftOut::All => true,
                LeftOut::OfOtherTime => !has_same_time,
                LeftOut::None => false,
            };
        }
        self.same += u64::from(is_same);
        match is_same {
            true => SAME,
            false => DIFFERENT,
        }
    }

    fn is_cut(&self) -> bool {
        self.is_cut || self.noise.is_cut
    }

    /// What no report says anything of, if there is something.
    fn unknown(&self) -> Vec<&'static str> {
        let whole = |kind| (Place::Body(String::new()), kind);
        let bodies = [Kind::Changed, Kind::Type].map(whole);
        let reasons = [
            (self.is_cut(), "there was more than a report has"),
            (
                bodies.iter().any(|it| self.times_left_out(it) > 0),
                "bodies that are no JSON differ each time",
            ),
            (
                self.is_coarse || self.is_coarse_in_time && self.other_times > 0,
                "an object with very many members differs each time",
            ),
            (
                self.noise.has_maps(),
                "the names of an object's members are others each time",
            ),
            (
                self.uncompared > 0,
                "calls are others each time, and there is no answer to those of the candidate",
            ),
        ];
        let reasons = reasons.into_iter().filter(|(is_so, _)| *is_so);
        reasons.map(|(_, reason)| reason).collect()
    }

    /// The document. Places where the live version differs from itself are told apart.
    pub(super) fn document(&self) -> Value {
        let (mut status, mut headers, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for (key @ (place, kind), counted) in &self.places {
            let times = counted.times - self.times_left_out(key);
            if times == 0 {
                continue;
            }
            let mut told = json!({"kind": kind.name(), "times": times});
            let of_live = self.noise.share(key).larger(self.noise.share_in_time(key));
            if of_live.times > 0 {
                told["of_live"] = json!(of_live.times);
                told["runs_of_live"] = json!(of_live.of);
            }
            let examples = counted.examples.iter();
            let examples = examples.filter(|it| **it != Example::default());
            told["examples"] = examples.map(example).collect();
            let (all, name, text) = match place {
                Place::Status => (&mut status, "", ""),
                Place::Header(name) => (&mut headers, "name", *name),
                Place::Body(pointer) => (&mut bodies, "pointer", pointer.as_str()),
            };
            if !name.is_empty() {
                told[name] = json!(text);
            }
            all.push(told);
        }
        let calls = |calls: &BTreeMap<String, u64>| -> Value {
            let calls = calls.iter();
            calls
                .map(|(call, times)| json!({"call": call, "times": times}))
                .collect()
        };
        let failed = self.failed.iter();
        let failed = failed.map(|(code, failed)| {
            json!({"code": code, "times": failed.times, "of_live": failed.of_live})
        });
        let differs = [&status, &headers, &bodies].iter().any(|it| !it.is_empty());
        json!({
            "differs": differs || !self.new_calls.is_empty() || !self.missing_calls.is_empty(),
            "runs": self.runs,
            "same": self.same,
            "runs_of_live": self.noise.runs,
            "runs_of_live_with_other_calls": self.noise.other_calls,
            "uncompared": self.uncompared,
            "unknown": self.unknown(),
            "failed": failed.collect::<Value>(),
            "status": status,
            "headers": headers,
            "body": bodies,
            "noise": self.noise_rows(),
            "new_calls": calls(&self.new_calls),
            "missing_calls": calls(&self.missing_calls),
            "cut": self.is_cut(),
            "usage": {
                "served": self.served.document(),
                "live": self.live.document(),
                "candidate": self.candidate.document(),
            },
        })
    }
}

/// Counts words. Returns whether one had no room.
fn count(counts: &mut BTreeMap<String, u64>, words: Vec<String>) -> bool {
    let mut is_cut = false;
    // In each run, each word once.
    for word in BTreeSet::from_iter(words) {
        if counts.len() >= MAX_WORDS && !counts.contains_key(&word) {
            is_cut = true;
            continue;
        }
        *counts.entry(word).or_default() += 1;
    }
    is_cut
}

fn example(example: &Example) -> Value {
    let mut told = json!({});
    let both = [("live", &example.live), ("candidate", &example.candidate)];
    for (name, value) in both {
        if let Some(value) = value {
            told[name] = json!(value);
        }
    }
    told
}

impl Usage {
    fn document(&self) -> Value {
        let mut sorted = self.cpu.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get((last * percent).div_ceil(100)).copied()
        };
        match sorted.is_empty() {
            true => Value::Null,
            false => json!({
                "cpu_us_p50": at(50),
                "cpu_us_p95": at(95),
                "memory": self.memory,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
