//! Runs the candidate on a record, and at times the live version again.

use std::sync::Arc;

use super::noise::Other;
use super::report::Side;
use super::run::{CodeOf, Subject};
use super::state::Record;
use crate::bff::load::Loaded;
use crate::bff::runtime::Runtime;
use crate::tape::{Recorder, Tape};

/// Calls of one record.
const MAX_CALLS: usize = 1000;
/// Of how many records one runs the live version again.
const LIVE_AGAIN: u64 = 20;
/// Milliseconds by which each time of day is later than the one before, where the live version runs
/// again to see what has the time in it.
const OTHER_TIME_MS: u64 = 1009;
/// The same of clocks that measure how long something took: few, so that no deadline is met.
const OTHER_PAUSE_MS: u64 = 7;

/// Runs the candidate on a record, and at times the live version.
///
/// # Errors
///
/// Why the record was left out.
pub(super) async fn run_on(
    runtime: &Runtime,
    record: &Record,
    candidate: &Arc<Loaded>,
    code: CodeOf,
) -> Result<(), &'static str> {
    let shadow = &record.capture.shadow;
    let tape = record.capture.tap.recorder().map(Recorder::tape);
    let Some(Ok(tape)) = tape.filter(|it| it.as_ref().is_ok_and(has_few_calls)) else {
        return Err("size");
    };
    let run = async |tape, loaded| {
        let subject = Subject {
            runtime,
            settings: &record.settings,
            request: &record.capture.request,
            tape,
            answer: &record.answer,
            served: record.cpu,
            values: shadow.new.settings.values,
            code,
        };
        tokio::select! {
            ran = subject.run(loaded) => ran.ok_or("host"),
            () = shadow.end_of_it() => Err("ended"),
        }
    };
    if shadow.next_record().is_multiple_of(LIVE_AGAIN) {
        let others = [
            (Other::Dice, with_other_dice(&tape)),
            (Other::Clocks, with_other_clocks(&tape)),
        ];
        for (other, tape) in others {
            let ran = run(tape, &shadow.new.live).await?;
            shadow.found(|it| {
                it.used_by(Side::Live, ran.usage);
                it.ran_again(other, ran);
            });
        }
    }
    let ran = run(tape, candidate).await?;
    shadow.found(|it| it.used_by(Side::Candidate, ran.usage));
    shadow.ran(ran);
    Ok(())
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

/// The same at another time, and with more time between any two readings of a clock.
fn with_other_clocks(tape: &Tape) -> Tape {
    let mut tape = tape.clone();
    let readings = &mut tape.readings;
    let more = |all: &mut [u64], step: u64| {
        let all = (1..).zip(all);
        all.for_each(|(number, it)| *it = it.saturating_add(step.saturating_mul(number)));
    };
    more(&mut readings.now_ms, OTHER_TIME_MS);
    more(&mut readings.wasi.wall_ns, OTHER_TIME_MS * 1_000_000);
    more(&mut readings.elapsed_ns, OTHER_PAUSE_MS * 1_000_000);
    more(&mut readings.wasi.monotonic_ns, OTHER_PAUSE_MS * 1_000_000);
    for (number, left) in (1..).zip(&mut readings.time_left_ms) {
        *left = left.saturating_sub(OTHER_PAUSE_MS as u32 * number);
    }
    tape
}
