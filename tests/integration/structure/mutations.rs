//! The faults of `tests/mutations`: each still fits into the source, and was found by the model.

use std::collections::{BTreeMap, BTreeSet};

use super::{below, read};

const FOLDER: &str = "tests/mutations";

#[test]
fn each_mutation_fits_into_the_source_at_one_place() {
    let mut wrong = Vec::new();
    for (name, patch) in patches() {
        let file = patch.lines().find_map(|line| line.strip_prefix("+++ b/"));
        let source = format!("\n{}", read(file.unwrap()));
        let hunks = patch.split("\n@@ ").skip(1).map(before);
        let bad = hunks.filter(|before| source.matches(before).count() != 1);
        wrong.extend(bad.map(|before| format!("{name}: not in {} once:{before}", file.unwrap())));
    }
    assert!(
        wrong.is_empty(),
        "write these patches anew, and the table with .ci/mutations:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn each_mutation_was_found() {
    let table = read(format!("{FOLDER}/README.md"));
    let rows: BTreeMap<&str, &str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once(']'))
        .collect();
    let listed: BTreeSet<&str> = rows.keys().copied().collect();
    let patches = patches();
    assert_eq!(listed, patches.keys().map(String::as_str).collect());
    for (name, patch) in &patches {
        let row = rows[&**name];
        let what = patch.lines().next().unwrap();
        assert!(row.contains(what), "{name} is described otherwise: {what}");
        assert!(!row.contains("not found"), "{name} was not found");
    }
}

/// All patches, by their names without the ending.
fn patches() -> BTreeMap<String, String> {
    let patches = below(FOLDER, &[".patch"]);
    let named = patches.iter().map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, read(path))
    });
    named.collect()
}

/// What must be in the source where a hunk is to be put, a line break around each line.
fn before(hunk: &str) -> String {
    let lines = hunk.lines().skip(1);
    let old = lines.filter_map(|line| line.strip_prefix([' ', '-']));
    old.map(|line| format!("\n{line}"))
        .chain([String::from("\n")])
        .collect()
}
