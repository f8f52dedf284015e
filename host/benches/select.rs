//! What picking a few values out of an answer costs, beside what the JSON libraries offer for it.
//!
//! `cargo bench -p tailor --features compare --bench select`. All variants take turns within each
//! round, so that a change of the machine's speed meets all of them; the figures are medians over
//! the rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use serde::de::IgnoredAny;
use serde_json::Value;
use tailor::calls::select::Selection;

const ROUNDS: usize = 21;
/// Bytes that one variant reads in one round.
const BYTES_PER_ROUND: usize = 4_000_000;
const ZONES: &str = r#"[{"name":"rest","from_bpm":0,"to_bpm":94,"minutes":1180},{"name":"fat_burn","from_bpm":95,"to_bpm":132,"minutes":200},{"name":"cardio","from_bpm":133,"to_bpm":160,"minutes":50},{"name":"peak","from_bpm":161,"to_bpm":220,"minutes":10}]"#;
const THREE: [&str; 3] = ["/zones", "/resting_bpm", "/latest/bpm"];

fn main() {
    run("activity day, 1 early", &activity(), &["/steps"]);
    run("heart day, 1 early", &heart(), &["/latest/bpm"]);
    run("heart day, 3 early", &heart(), &THREE);
    run("20 KB, 3 at the end", &samples_first(20_000), &THREE);
    run("200 KB, 3 at the end", &samples_first(200_000), &THREE);
    run("20 KB of prose, 3 at the end", &prose(), &THREE);
    let value: Value = serde_json::from_str(&heart()).unwrap();
    run(
        "heart day indented, 3",
        &serde_json::to_string_pretty(&value).unwrap(),
        &THREE,
    );
}

/// One line for each variant. All but the last read and check the whole document.
fn run(name: &str, document: &str, pointers: &[&str]) {
    let body = document.as_bytes();
    let selection = Selection::parse(
        &pointers
            .iter()
            .map(|&pointer| pointer.to_owned())
            .collect::<Vec<_>>(),
    )
    .unwrap();
    let mut tree = sonic_rs::PointerTree::new();
    for pointer in pointers {
        tree.add_path(pointer.split('/').skip(1));
    }
    type Variant<'a> = (&'a str, Box<dyn FnMut() -> usize + 'a>);
    let mut variants: [Variant<'_>; 5] = [
        (
            "tailor: check and pick",
            Box::new(|| size(selection.pick(body).unwrap())),
        ),
        (
            "sonic-rs: check only",
            Box::new(|| {
                sonic_rs::from_slice::<IgnoredAny>(body).map_or(0, |IgnoredAny| body.len())
            }),
        ),
        (
            "serde_json: check only",
            Box::new(|| {
                serde_json::from_slice::<IgnoredAny>(body).map_or(0, |IgnoredAny| body.len())
            }),
        ),
        (
            "serde_json: parse and pick",
            Box::new(|| {
                let value: Value = serde_json::from_slice(body).unwrap();
                size(
                    pointers
                        .iter()
                        .map(|pointer| value.pointer(pointer).map(Value::to_string)),
                )
            }),
        ),
        (
            "sonic-rs: pick without check",
            Box::new(|| {
                let picked = sonic_rs::get_many(body, &tree).unwrap();
                size(
                    picked
                        .into_iter()
                        .map(|value| value.map(|value| value.as_raw_str().to_owned())),
                )
            }),
        ),
    ];
    let repeat = (BYTES_PER_ROUND / body.len()).max(1);
    let mut times = [[0.0; ROUNDS]; 5];
    for round in 0..ROUNDS {
        for ((_, variant), times) in variants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..repeat {
                assert_ne!(black_box(variant()), 0);
            }
            times[round] = start.elapsed().as_secs_f64() / repeat as f64;
        }
    }
    println!("{name} ({} bytes)", body.len());
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    for ((variant, _), median) in variants.iter().zip(medians) {
        let speed = body.len() as f64 / median / 1e9;
        println!(
            "  {variant:30} {:9.2} us {speed:6.2} GB/s {:6.2}x",
            median * 1e6,
            median / medians[0]
        );
    }
}

fn size(picked: impl IntoIterator<Item = Option<String>>) -> usize {
    picked.into_iter().map(|text| text.unwrap().len()).sum()
}

fn activity() -> String {
    let hours: Vec<String> = (0..24).map(|hour| (hour * 31 % 900).to_string()).collect();
    format!(
        r#"{{"user":"ada","date":"2026-01-15","steps":8423,"distance_m":6120,"active_minutes":54,"calories_kcal":2210,"floors":9,"hourly_steps":[{}],"source":"watch","device":"Pulse 3","quality":"complete","updated_at":"2026-01-15T23:59:00Z","links":{{"self":"/users/ada/days/2026-01-15","previous":"/users/ada/days/2026-01-14"}}}}"#,
        hours.join(",")
    )
}

fn heart() -> String {
    format!(
        r#"{{"user":"ada","date":"2026-01-15","latest":{{"at":"2026-01-15T23:55:00Z","bpm":64}},"resting_bpm":56,"min_bpm":48,"max_bpm":161,"average_bpm":72,"zones":{ZONES},"samples":{}}}"#,
        samples(288)
    )
}

fn samples_first(size: usize) -> String {
    format!(
        r#"{{"user":"ada","samples":{},"latest":{{"at":"2026-01-15T23:55:00Z","bpm":64}},"resting_bpm":56,"zones":{ZONES}}}"#,
        samples(size / 40)
    )
}

fn samples(count: usize) -> String {
    let mut text = String::from("[");
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        let (day, hour, minute) = (1 + number / 288 % 28, number / 12 % 24, number % 12 * 5);
        let bpm = 48 + number * 7 % 110;
        write!(
            text,
            r#"{comma}{{"at":"2026-01-{day:02}T{hour:02}:{minute:02}:00Z","bpm":{bpm}}}"#
        )
        .unwrap();
    }
    text + "]"
}

fn prose() -> String {
    let text =
        "The night was calm and the heart rate stayed low, with two short wakes before dawn. "
            .repeat(4);
    let items: Vec<String> = (0..55)
        .map(|number| format!(r#"{{"id":{number},"text":"{text}"}}"#))
        .collect();
    format!(
        r#"{{"user":"ada","items":[{}],"latest":{{"bpm":64}},"resting_bpm":56,"zones":{ZONES}}}"#,
        items.join(",")
    )
}
