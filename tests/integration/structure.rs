//! The shape of the code, as `ARCHITECTURE.md` describes it: which module knows which, files of a
//! size that can be read at once, documents that name what exists, and lists that say the same
//! wherever they are written down.

mod circles;
mod code;
mod imports;
mod modules;
mod mutations;
mod reads;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tailor::calls::kind_name;
use tailor::contract::FailureKind;
use tailor::telemetry::metrics::ServiceMetrics;
use tailor_harness::components::root;

/// What is not ours or made by a build.
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

fn below(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root().join(folder), ends, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder}: no {ends:?}");
    found
}

/// The path as it is written in the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn read(path: impl AsRef<Path>) -> String {
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
fn what_the_documents_name_exists() {
    let mut missing = Vec::new();
    let mut named = 0;
    for document in below("", &[".md"]) {
        let text = read(&document);
        for path in links(&text).chain(paths_in_code(&text)) {
            named += 1;
            let here = document.parent().unwrap().join(&path);
            // A link is relative to its document. Text names paths from the root, or from its own
            // folder.
            if !here.exists() && !root().join(&path).exists() {
                missing.push(format!("{}: {path}", shown(&document)));
            }
        }
    }
    assert!(named > 50, "only {named} paths were found");
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

/// Targets of links that are files, without the part after `#`.
fn links(text: &str) -> impl Iterator<Item = String> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains("://")).then(|| target.to_owned())
    })
}

/// What stands in backticks and reads like a path of this repository: it begins with one of its
/// folders.
fn paths_in_code(text: &str) -> impl Iterator<Item = String> {
    let folders = [
        "host/",
        "bffs/",
        "wit/",
        "downstream-mock/",
        "tests/",
        ".ci/",
    ];
    text.split('`').skip(1).step_by(2).filter_map(move |code| {
        let ours = folders.iter().any(|folder| code.starts_with(folder));
        let plain = !code.contains([' ', '*', '<', '\n']) && !code.contains("/target/");
        (ours && plain).then(|| code.trim_end_matches('/').to_owned())
    })
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
    assert_eq!(counted, contract.iter().map(String::as_str).collect());

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

/// Key and default of each row of a table of `host/CONFIG.md` or of the README's table of limits,
/// keys with their section.
fn defaults(text: &str) -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## `[") {
            let title = title.trim_end_matches(['`', ']']).trim_start_matches('[');
            section = format!("{title}.");
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let key = cells[0]
            .strip_prefix("| `")
            .and_then(|key| key.strip_suffix('`'));
        if let (Some(key), true) = (key, cells.len() >= 4) {
            let default = if section.is_empty() {
                cells[1]
            } else {
                cells[2]
            };
            found.insert(format!("{section}{key}"), default.to_owned());
        }
    }
    found
}

#[test]
fn the_readme_lists_every_limit_with_its_default() {
    let readme = read("README.md");
    let (_, table) = readme
        .split_once("### Limits, timeouts and queues\n")
        .expect("the section of the README");
    let listed = defaults(table.split("\n## ").next().unwrap());
    let reference = defaults(&read("host/CONFIG.md"));
    for (key, default) in &listed {
        assert_eq!(reference.get(key), Some(default), "{key} in host/CONFIG.md");
    }
    // A limit is what has a number for its default: "2s", "1MiB", 64.
    let number = |default: &str| {
        let text = default.trim_matches(['`', '"']);
        text.starts_with(|first: char| first.is_ascii_digit())
            && !text.contains(':')
            && !text.contains('.')
    };
    let forgotten: Vec<&String> = reference
        .iter()
        .filter(|(key, default)| number(default) && !listed.contains_key(*key))
        .map(|(key, _)| key)
        .collect();
    let not_limits = [
        "bff.<name>.smoke.status",
        "downstream.<name>.default.status",
    ];
    assert_eq!(forgotten, not_limits, "missing in the README's table");
}
