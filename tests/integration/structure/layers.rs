//! Inside of the calls, which part may know which.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{host, module};

/// The parts of a module from the highest to the lowest. A part knows those in lower lines only,
/// none beside it, and not the file that offers them all to others.
type Layers = &'static [&'static [&'static str]];

const LAYERS: [(&str, Layers); 2] = [
    (
        "calls",
        &[
            &["fuzzing"],
            &["session"],
            &["grant", "record", "repeats", "reply", "unreadable"],
            &["check"],
            &["error", "shape"],
            &["select"],
        ],
    ),
    (
        "downstream",
        &[
            &["fuzzing"],
            &["services"],
            &["service"],
            &["pipeline"],
            &["call", "origin"],
            &["class"],
            &["policy", "transport"],
            &["trace"],
            &["status"],
            &[
                "deadline",
                "error",
                "log_interval",
                "request",
                "response",
                "retry_after",
                "window",
            ],
        ],
    ),
];

#[test]
fn no_part_of_a_call_knows_a_higher_one() {
    let imports = host();
    for (name, layers) in LAYERS {
        let listed: BTreeMap<&str, usize> = layers
            .iter()
            .enumerate()
            .flat_map(|(layer, parts)| parts.iter().map(move |part| (*part, layer)))
            .collect();
        let parts: BTreeSet<&str> = imports
            .files()
            .filter(|file| module(file) == name)
            .filter_map(part)
            .collect();
        assert_eq!(
            parts,
            listed.keys().copied().collect(),
            "each part of {name} needs its place in LAYERS"
        );
        let wrong: Vec<String> = imports
            .all()
            .filter(|import| module(import.from) == name && module(import.to) == name)
            .filter(|import| match (part(import.from), part(import.to)) {
                (Some(from), Some(to)) => from != to && listed[from] >= listed[to],
                (from, _) => from.is_some(),
            })
            .map(|import| import.to_string())
            .collect();
        assert!(
            wrong.is_empty(),
            "not what LAYERS allows:\n{}",
            wrong.join("\n")
        );
    }
}

/// The file or folder of its module that a file is or lies in; `None` for the module's own file.
fn part(file: &str) -> Option<&str> {
    file.split('/').nth(1)
}
