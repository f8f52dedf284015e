//! `docs/reference/config.md` says what is so: the keys that exist, with the defaults that are in
//! force.

use std::collections::BTreeSet;

use super::{golden, parse_here, raw, reader};

/// The sections that may be there several times.
const LISTS: [&str; 4] = [
    "route",
    "downstream.<name>.rule",
    "downstream.<name>.default",
    "downstream.<name>.write",
];
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/config.md");

/// The rows of the reference: section, key, and what stands in the column of defaults.
///
/// It has a heading for each section (`## `[server]``) with a table of its keys (`| `key` | values
/// | default | ..`).
fn reference() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(REFERENCE).unwrap();
    let mut rows = Vec::new();
    let mut section = "";
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            section = heading.trim_end_matches('`');
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", key, _values, default, ..] = cells[..]
            && let Some(key) = key.strip_prefix('`')
        {
            let key = key.trim_end_matches('`');
            rows.push((section.to_owned(), key.to_owned(), default.to_owned()));
        }
    }
    rows
}

#[test]
fn the_reference_describes_exactly_the_keys_that_exist() {
    let text = std::fs::read_to_string(golden().join("maximal.toml")).unwrap();
    let mut reader = reader::Reader::new(&text);
    raw::read(&text, &mut reader).unwrap_or_else(|problem| panic!("{problem}"));
    let mut existing = BTreeSet::new();
    for (section, keys) in &reader.known {
        let title = match section.replace('*', "<name>") {
            list if LISTS.contains(&&*list) => format!("[[{list}]]"),
            section => format!("[{section}]"),
        };
        // A key that is a section of its own has a heading, not a row.
        let is_section = |key: &str| {
            let below = [format!("{section}.{key}"), format!("{section}.{key}.*")];
            below.iter().any(|name| reader.known.contains_key(&**name))
        };
        let rows = keys.iter().filter(|key| !is_section(key));
        existing.extend(rows.map(|key| (title.clone(), (*key).to_owned())));
    }
    existing.retain(|(section, _)| section != "[]");
    let described: BTreeSet<_> = reference()
        .into_iter()
        .map(|(section, key, _)| (section, key))
        .collect();
    let missing: Vec<_> = existing.difference(&described).collect();
    let stale: Vec<_> = described.difference(&existing).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "missing: {missing:?}, stale: {stale:?}"
    );
}

#[test]
fn the_defaults_of_the_reference_are_those_in_force() {
    let text = "[server]\n[admin]\n[log]\n[engine]\n[calls]\n[profile.x]\n\
                [downstream.x]\nurl = \"https://127.0.0.1\"\n[downstream.x.tls]\n\
                [downstream.x.cache]\n[downstream.x.breaker]\n[downstream.x.retry]\n\
                [downstream.x.hedge]\n[downstream.x.ejection]\n\
                [downstream.x.health]\npath = \"/healthz\"\n\
                [downstream.x.credentials]\noauth2-token-url = \"https://127.0.0.1/token\"\n\
                client-id = \"x\"\nclient-secret-env = \"PATH\"\n\
                [[downstream.x.default]]\ncall = \"GET /\"\nbody = \"[]\"\n\
                [[downstream.x.write]]\ncall = \"POST /\"\nvoids = \"/\"\n\
                [bff.x]\ncomponent = \"watch.component\"\n[bff.x.limits]\n[bff.x.smoke]\n\
                [[route]]\nbff = \"x\"\n";
    let default = parse_here(text).unwrap_or_else(|error| panic!("{error}"));
    let mut compared = 0;
    for (section, key, value) in reference() {
        // Where the default is not a value, the column says in words what it is.
        let Some((value, _)) = value
            .strip_prefix('`')
            .and_then(|value| value.split_once('`'))
        else {
            continue;
        };
        let section = format!("{}\n", section.replace("<name>", "x"));
        let written = text.replace(&section, &format!("{section}{key} = {value}\n"));
        assert_ne!(written, text, "{section}");
        let written = parse_here(&written).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(written, default, "{section}{key} = {value}");
        compared += 1;
    }
    assert!(compared > 80, "only {compared} defaults found");
}

#[test]
fn the_maximal_file_has_every_key() {
    let text = std::fs::read_to_string(golden().join("maximal.toml")).unwrap();
    let mut section = String::new();
    let mut written = BTreeSet::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_matches(['[', ']']);
            let parts: Vec<&str> = name.split('.').collect();
            section = match parts[..] {
                [kind, _] => format!("{kind}.*"),
                [kind, _, part] => format!("{kind}.*.{part}"),
                [kind, _, part, section] => format!("{kind}.*.{part}.{section}"),
                _ => name.to_owned(),
            };
        } else if let Some((key, _)) = line.split_once(" = ") {
            written.insert((section.clone(), key.to_owned()));
        }
    }
    let rows = reference().into_iter().map(|(section, key, _)| {
        let section = section.trim_matches(['[', ']']).replace("<name>", "*");
        (section, key)
    });
    let missing: Vec<_> = rows.filter(|row| !written.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
