//! `docs/reference/config.md` and `limits.md` match the code: their tables are made of the keys
//! that exist, what their readers accept, and the texts of `raw/reference.toml`.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::{golden, parse_here, raw, reader};
use crate::config::kind::{Known, Values};
use crate::config::schema::EVERY_SECTION;
use crate::page;

/// The sections that may be there several times.
const LISTS: [&str; 5] = [
    "route",
    "releases.ci.*.rule",
    "downstream.*.rule",
    "downstream.*.default",
    "downstream.*.write",
];

/// The entries of `raw/reference.toml` for a key.
const WORDS: [&str; 6] = ["values", "bound", "default", "meaning", "exceeded", "limit"];

/// A section as it is written: `[downstream.*.cache]`.
fn title(section: &str) -> String {
    if LISTS.contains(&section) {
        format!("[[{section}]]")
    } else {
        format!("[{section}]")
    }
}

/// The text of a key, in Markdown.
struct Row {
    /// As the reader names it: `downstream.*.cache`.
    section: String,
    key: String,
    values: String,
    default: String,
    meaning: String,
    exceeded: String,
    /// What it bounds, in a sentence without its end.
    limit: String,
    /// Whether a number is written, with or without a unit.
    quantity: bool,
}

/// The keys that exist, by section, with what may be written for them.
fn known() -> BTreeMap<(String, String), Option<Values>> {
    let text = std::fs::read_to_string(golden().join("maximal.toml")).unwrap();
    let mut reader = reader::Reader::new(&text);
    raw::read(&text, &mut reader).unwrap_or_else(|problem| panic!("{problem}"));
    let mut existing = BTreeMap::new();
    for (section, keys) in &reader.known {
        // A key that is a section of its own has a heading, not a row.
        let is_section = |key: &str| {
            let below = [format!("{section}.{key}"), format!("{section}.{key}.*")];
            below.iter().any(|name| reader.known.contains_key(&**name))
        };
        let rows = keys.iter().filter(|(key, _)| !is_section(key));
        let row = |(key, known): (&&str, &Known)| {
            let key = ((*section).to_owned(), (*key).to_owned());
            (key, known.values.clone())
        };
        existing.extend(rows.map(row));
    }
    existing.retain(|(section, _), _| !section.is_empty());
    existing
}

/// The texts of all keys, in the order of the reference.
fn rows() -> Vec<Row> {
    let document = DeTable::parse(include_str!("../raw/reference.toml")).unwrap();
    let mut known = known();
    let mut rows = Vec::new();
    for (section, keys) in document.get_ref() {
        for (key, words) in table(keys) {
            let name = (section.get_ref().to_string(), key.get_ref().to_string());
            let values = known.remove(&name);
            let values = values.unwrap_or_else(|| panic!("{name:?} is no key"));
            let row = row(name, table(words), values.as_ref());
            rows.push((key.span().start, row));
        }
    }
    assert!(known.is_empty(), "no words for {:?}", known.keys());
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn table<'a>(value: &'a toml::Spanned<DeValue<'a>>) -> &'a DeTable<'a> {
    let DeValue::Table(table) = value.get_ref() else {
        panic!("{value:?} is no table");
    };
    table
}

fn row((section, key): (String, String), words: &DeTable<'_>, values: Option<&Values>) -> Row {
    for word in words.keys() {
        assert!(
            WORDS.contains(&&**word.get_ref()),
            "{section}.{key}: {word:?}"
        );
    }
    let text = |name: &str| -> Option<String> {
        let text = words.get(name)?.get_ref().as_str().unwrap();
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (said, bound) = (text("values"), text("bound"));
    let shown = match (values, said, bound) {
        (Some(values), None, None) => values.to_string(),
        (Some(values), None, Some(bound)) => format!("{values}, {bound}"),
        (None, Some(said), None) => said,
        _ => panic!("{section}.{key}: what may be written is said by its reader or here"),
    };
    let meaning = text("meaning").unwrap();
    let first = meaning.split(". ").next().unwrap_or_default();
    Row {
        values: shown,
        default: text("default").unwrap(),
        limit: text("limit").unwrap_or(first.trim_end_matches('.').to_owned()),
        meaning,
        exceeded: text("exceeded").unwrap_or_default(),
        quantity: !matches!(values, None | Some(Values::OneOf(_) | Values::ListOf(_))),
        section,
        key,
    }
}

#[test]
fn the_pages_of_keys_and_limits_are_what_the_readers_say() {
    let rows = rows();
    let sections: BTreeSet<&str> = rows.iter().map(|row| row.section.as_str()).collect();
    let parts = sections.into_iter().map(|section| {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.section == section).collect();
        (section.to_owned(), section_table(section, &rows))
    });
    page::check("config.md", &parts.collect());

    let limits: Vec<Vec<String>> = rows.iter().filter(is_limit).map(limit).collect();
    let titles = ["key", "default", "bounds", "when exceeded"];
    let limits = page::table(&titles, &limits);
    page::check("limits.md", &[("limits".to_owned(), limits)].into());
}

fn section_table(section: &str, rows: &[&Row]) -> String {
    let mut titles = vec!["key", "values", "default", "meaning"];
    let exceeded = rows.iter().any(|row| !row.exceeded.is_empty());
    titles.extend(exceeded.then_some(match section {
        "route" => "when nothing matches",
        _ => "when exceeded",
    }));
    let rows = rows.iter().map(|row| {
        let mut cells = vec![
            format!("`{}`", row.key),
            row.values.clone(),
            row.default.clone(),
            row.meaning.clone(),
        ];
        cells.extend(exceeded.then(|| row.exceeded.clone()));
        cells
    });
    page::table(&titles, &rows.collect::<Vec<_>>())
}

/// Quantities are limits, but for statuses. Rules have those of their services.
fn is_limit(row: &&Row) -> bool {
    row.quantity && row.key != "status" && !row.section.starts_with("downstream.*.rule")
}

fn limit(row: &Row) -> Vec<String> {
    let section = row.section.replace('*', "<name>");
    vec![
        format!("`{section}.{}`", row.key),
        row.default.clone(),
        row.limit.clone(),
        row.exceeded.clone(),
    ]
}

#[test]
fn each_table_of_keys_stands_below_the_heading_of_its_section() {
    let page = include_str!("../../../../docs/reference/config.md");
    let mut heading = "";
    for line in page.lines() {
        if line.starts_with("## ") {
            heading = line;
        } else if let Some(part) = line.strip_prefix("<!-- generated: ") {
            let section = part.trim_end_matches(" -->");
            let title = title(section).replace('*', "<name>");
            assert_eq!(heading, format!("## `{title}`"));
        }
    }
}

#[test]
fn the_defaults_of_the_reference_are_those_in_force() {
    let default = parse_here(EVERY_SECTION).unwrap_or_else(|error| panic!("{error}"));
    let mut compared = 0;
    for Row {
        section,
        key,
        default: value,
        ..
    } in rows()
    {
        // Where the default is not a value, the column says in words what it is.
        let Some((value, _)) = value
            .strip_prefix('`')
            .and_then(|value| value.split_once('`'))
        else {
            continue;
        };
        let title = title(&section).replace('*', "x") + "\n";
        // Another section needs another value than the default.
        if EVERY_SECTION.contains(&format!("{title}{key} = ")) {
            continue;
        }
        let written = EVERY_SECTION.replace(&title, &format!("{title}{key} = {value}\n"));
        assert_ne!(written, EVERY_SECTION, "{title}");
        let written = parse_here(&written).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(written, default, "{title}{key} = {value}");
        compared += 1;
    }
    assert!(compared > 80, "only {compared} defaults found");
}

#[test]
fn what_the_reference_calls_required_is_missed() {
    let mut left_out = 0;
    for row in rows().iter().filter(|row| row.default == "required") {
        let title = title(&row.section).replace('*', "x");
        let (before, keys) = EVERY_SECTION.split_once(&title).unwrap();
        let start = format!("\n{} = ", row.key);
        let (kept, rest) = keys.split_once(&start).unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let error = parse_here(&format!("{before}{title}{kept}\n{rest}")).expect_err(&title);
        let error = error.to_string();
        assert!(
            error.contains("missing"),
            "{title} without {}: {error}",
            row.key
        );
        left_out += 1;
    }
    assert!(left_out > 6, "only {left_out} keys are required");
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
                ["admin" | "releases", _] => name.to_owned(),
                ["releases", kind, _] => format!("releases.{kind}.*"),
                ["releases", kind, _, part] => format!("releases.{kind}.*.{part}"),
                [kind, _] => format!("{kind}.*"),
                [kind, _, part] => format!("{kind}.*.{part}"),
                [kind, _, part, section] => format!("{kind}.*.{part}.{section}"),
                _ => name.to_owned(),
            };
        } else if let Some((key, _)) = line.split_once(" = ") {
            written.insert((section.clone(), key.to_owned()));
        }
    }
    let mut missing = known().into_keys().filter(|key| !written.contains(key));
    assert_eq!(missing.next(), None);
}
