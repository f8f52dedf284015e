//! Which module of the host may know which, as `ARCHITECTURE.md` says it.

use std::collections::{BTreeMap, BTreeSet};

use tailor_harness::components::root;

use super::imports::Imports;
use super::{below, read, shown};

/// The host's modules from the highest to the lowest, each with those that it may know. A module
/// knows lower ones only.
const MODULES: [(&str, &[&str]); 41] = [
    (
        "host",
        &[
            "file",
            "canary",
            "releases",
            "server",
            "snapshot",
            "shadow",
            "recording",
            "invoke",
            "fixture",
            "bff",
            "calls",
            "downstream",
            "telemetry",
            "development",
            "contract",
            "config",
            "preview",
            "signature",
            "text",
            "sync",
        ],
    ),
    (
        "fuzzing",
        &[
            "server",
            "ci",
            "registry",
            "signature",
            "invoke",
            "bff",
            "calls",
            "downstream",
            "contract",
            "config",
            "text",
        ],
    ),
    (
        "server",
        &[
            "snapshot",
            "shadow",
            "recording",
            "tape",
            "canary",
            "ci",
            "releases",
            "registry",
            "object",
            "oci",
            "router",
            "bff",
            "calls",
            "digest",
            "downstream",
            "telemetry",
            "degraded",
            "development",
            "contract",
            "coding",
            "config",
            "preview",
            "http_fields",
            "path",
            "pem",
            "query",
            "text",
            "time",
            "sync",
        ],
    ),
    (
        "registry",
        &[
            "downstream",
            "config",
            "digest",
            "file",
            "object",
            "oci",
            "text",
        ],
    ),
    (
        "snapshot",
        &[
            "shadow",
            "recording",
            "releases",
            "router",
            "bff",
            "calls",
            "downstream",
            "development",
            "telemetry",
            "config",
        ],
    ),
    (
        "ci",
        &[
            "config",
            "digest",
            "downstream",
            "file",
            "object",
            "releases",
            "sync",
            "text",
        ],
    ),
    ("development", &["bff", "calls", "downstream", "contract"]),
    (
        "shadow",
        &[
            "invoke",
            "fixture",
            "bff",
            "downstream",
            "tape",
            "telemetry",
            "contract",
            "config",
            "text",
            "sync",
            "time",
        ],
    ),
    (
        "recording",
        &[
            "invoke",
            "fixture",
            "bff",
            "calls",
            "tape",
            "degraded",
            "server_timing",
            "locale",
            "contract",
            "config",
            "sync",
        ],
    ),
    (
        "suite",
        &[
            "build", "invoke", "fixture", "bff", "calls", "contract", "config", "digest", "file",
            "text", "sync",
        ],
    ),
    (
        "invoke",
        &[
            "bff",
            "calls",
            "downstream",
            "telemetry",
            "contract",
            "config",
        ],
    ),
    (
        "fixture",
        &[
            "file",
            "bff",
            "calls",
            "downstream",
            "tape",
            "contract",
            "config",
            "http_fields",
            "text",
        ],
    ),
    ("template", &["build", "config", "text"]),
    ("router", &["config"]),
    (
        "bff",
        &[
            "digest",
            "file",
            "canary",
            "releases",
            "calls",
            "telemetry",
            "degraded",
            "server_timing",
            "tape",
            "contract",
            "config",
            "http_fields",
            "locale",
            "query",
            "text",
            "sync",
            "time",
        ],
    ),
    (
        "calls",
        &[
            "downstream",
            "degraded",
            "server_timing",
            "tape",
            "contract",
            "config",
            "http_fields",
            "path",
            "query",
            "text",
            "sync",
        ],
    ),
    (
        "downstream",
        &[
            "file",
            "telemetry",
            "coding",
            "config",
            "http_fields",
            "pem",
            "time",
            "sync",
            "text",
        ],
    ),
    (
        "releases",
        &[
            "canary",
            "config",
            "digest",
            "file",
            "oci",
            "preview",
            "signature",
            "sync",
        ],
    ),
    ("canary", &["sync"]),
    ("pem", &["file"]),
    ("telemetry", &["sync", "time"]),
    ("tape", &["contract", "sync", "time"]),
    ("locale", &["contract", "text"]),
    ("contract", &[]),
    ("coding", &[]),
    (
        "config",
        &[
            "digest",
            "file",
            "http_fields",
            "oci",
            "path",
            "preview",
            "signature",
            "text",
        ],
    ),
    ("oci", &["digest", "object", "text"]),
    ("http_fields", &[]),
    ("query", &["path"]),
    ("path", &[]),
    ("degraded", &[]),
    ("server_timing", &[]),
    ("digest", &[]),
    ("object", &[]),
    ("signature", &["text"]),
    ("preview", &[]),
    ("file", &["sync"]),
    ("text", &[]),
    ("sync", &[]),
    ("time", &[]),
    ("build", &[]),
];

#[test]
fn a_module_stands_beside_its_folder() {
    let inside: Vec<String> = below("", &[".rs"])
        .iter()
        .filter(|path| path.ends_with("mod.rs"))
        .map(|path| shown(path))
        .collect();
    assert!(
        inside.is_empty(),
        "move `x/mod.rs` to `x.rs`, as the others are: {inside:#?}"
    );
}

#[test]
fn no_module_knows_a_higher_one() {
    let declared: BTreeSet<String> = read("host/src/lib.rs")
        .lines()
        .filter_map(|line| {
            Some(
                line.strip_prefix("pub(crate) mod ")
                    .or_else(|| line.strip_prefix("pub mod "))?
                    .trim_end_matches(';')
                    .to_owned(),
            )
        })
        .collect();
    let listed = MODULES.iter().map(|(module, _)| (*module).to_owned());
    assert_eq!(
        declared,
        listed.collect(),
        "each module of host/src/lib.rs needs its place in MODULES"
    );
    let mut higher = BTreeSet::new();
    for (module, known) in MODULES {
        higher.insert(module);
        let upwards: Vec<_> = known.iter().filter(|it| higher.contains(*it)).collect();
        assert!(
            upwards.is_empty(),
            "{module} may know {upwards:?}, which are not lower"
        );
    }

    let known: BTreeMap<&str, &[&str]> = MODULES.into_iter().collect();
    let imports = host();
    let wrong: Vec<String> = imports
        .all()
        .filter(|import| {
            let (from, to) = (module(import.from), module(import.to));
            from != to && !known[from].contains(&to)
        })
        .map(|import| import.to_string())
        .collect();
    assert!(
        wrong.is_empty(),
        "not what MODULES allows:\n{}",
        wrong.join("\n")
    );
}

pub fn host() -> Imports {
    Imports::of(&root().join("host/src/lib.rs"))
}

/// The module of a file.
pub fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}
