//! The shape of the code, as `ARCHITECTURE.md` describes it: which module knows which, files of a
//! size that can be read at once, documents that name what exists, and lists that say the same
//! wherever they are written down.

mod book;
mod circles;
mod code;
mod imports;
mod layers;
mod modules;
mod mutations;
mod names;
mod printing;
mod reads;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tailor::calls::kind_name;
use tailor::contract::FailureKind;
use tailor::telemetry::metrics::ServiceMetrics;
use tailor_harness::components::root;

/// Folders of others, or made by a build.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", ".tailor"];

/// All files below a folder whose name ends in one of `ends`.
fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            files(&path, ends, found);
        } else if ends.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

pub fn below(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root().join(folder), ends, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder}: no {ends:?}");
    found
}

/// The path as it is written in the repository.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long: Vec<String> = below("", &[".rs", ".ts", ".mjs", ".wit", ".sh"])
        .iter()
        .filter_map(|path| {
            let lines = read(path).lines().count();
            (lines > 400).then(|| format!("{}: {lines} lines", shown(path)))
        })
        .collect();
    assert!(
        long.is_empty(),
        "split by subject, not by size:\n{}",
        long.join("\n")
    );
}

#[test]
fn kinds_of_failure_are_the_same_in_contract_host_metrics_and_fixtures() {
    let contract = failure_kinds_of_the_contract();
    let host = [
        FailureKind::Denied,
        FailureKind::Invalid,
        FailureKind::Exhausted,
        FailureKind::Timeout,
        FailureKind::Unreachable,
        FailureKind::Interrupted,
        FailureKind::Overloaded,
        FailureKind::TooLarge,
        FailureKind::Malformed,
        FailureKind::Rejected,
    ]
    .map(|kind| kind_name(kind).to_owned());
    assert_eq!(contract, host);

    let service = ServiceMetrics::default();
    let counted: BTreeSet<&str> = service
        .outcomes()
        .map(|(outcome, _)| outcome)
        .filter(|outcome| !outcome.ends_with("xx"))
        .collect();
    // One that its guest gave up has no kind: no guest sees it.
    let named = contract.iter().map(String::as_str).chain(["cancelled"]);
    assert_eq!(counted, named.collect());

    for kind in contract {
        let text = format!(
            r#"{{"request": {{"path": "/"}}, "downstreams": [{{"service": "a", "path": "*", "failure": "{kind}"}}]}}"#
        );
        let accepted = tailor::fixture::Fixture::parse(&text, "kind.json").is_ok();
        // A call is `invalid` by itself, whatever a service does.
        assert_eq!(accepted, kind != "invalid", "failure {kind:?} in a fixture");
    }
}

fn failure_kinds_of_the_contract() -> Vec<String> {
    let mut resolve = wit_parser::Resolve::new();
    resolve.push_dir(root().join("wit")).unwrap();
    let kinds = resolve.types.iter().find_map(|(_, it)| match &it.kind {
        wit_parser::TypeDefKind::Enum(kinds) if it.name.as_deref() == Some("failure-kind") => {
            Some(kinds.cases.iter().map(|case| case.name.clone()).collect())
        }
        _ => None,
    });
    kinds.unwrap()
}
