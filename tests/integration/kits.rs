//! The page that names the words of the three kits side by side, held to what they export.

use std::collections::BTreeSet;

use tailor_harness::components::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts between pairs of marks.
fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    let parts = text.split(begin).skip(1);
    parts.filter_map(move |part| part.split_once(end).map(|(inside, _)| inside))
}

/// The names of a list: `a, type B as C`.
fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',')
        .filter_map(|item| item.split_whitespace().last())
        .map(str::to_owned)
}

fn typescript() -> BTreeSet<String> {
    let index = read("bffs/kit-ts/src/index.ts");
    let lists = between(&index, "export {", "}").chain(between(&index, "export type {", "}"));
    lists.flat_map(names).collect()
}

fn rust() -> BTreeSet<String> {
    let library = read("bffs/kit/src/lib.rs");
    let mut found: BTreeSet<String> = between(&library, "\npub use ", ";")
        .flat_map(|item| {
            let list = item.rsplit_once("::").map_or(item, |(_, list)| list);
            names(list.trim_matches(['{', '}'])).collect::<Vec<_>>()
        })
        .collect();
    found.extend(between(&library, "\npub mod ", ";").map(str::to_owned));
    found
}

fn python() -> BTreeSet<String> {
    let package = read("bffs/kit-py/src/tailor_kit/__init__.py");
    let all = between(&package, "__all__ = [", "]").next().unwrap();
    between(all, "    \"", "\"").map(str::to_owned).collect()
}

/// The rows of the page's table.
fn rows() -> Vec<Vec<String>> {
    let page = read("docs/write/kits.md");
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| line.split('|').map(|it| it.trim().to_owned()).collect();
    lines.skip(1).map(cells).collect()
}

/// The words of a column, each without the type that it is of.
fn words(column: usize) -> BTreeSet<String> {
    let rows = rows();
    let cells = rows.iter().map(|row| row[column].as_str());
    let of = |word: &str| {
        let word = word.split("::").next().unwrap_or(word);
        word.split('.').next().unwrap_or(word).to_owned()
    };
    let is_package = |word: &&str| !word.contains('/') && !word.contains(".testing");
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(is_package)
        .map(of)
        .collect()
}

#[test]
fn each_word_of_a_kit_is_on_the_page_beside_those_of_the_others() {
    assert!(typescript().len() > 80 && rust().len() > 40 && python().len() > 60);
    for (column, kit, found) in [
        (2, "TypeScript", typescript()),
        (3, "Rust", rust()),
        (4, "Python", python()),
    ] {
        assert_eq!(words(column), found, "{kit}");
    }
}

#[test]
fn a_kit_without_a_word_is_named_with_the_reason() {
    for row in rows() {
        for (column, kit) in [(2, "TypeScript"), (3, "Rust"), (4, "Python")] {
            let reason = &row[5];
            assert!(
                !row[column].is_empty() || reason.contains(kit),
                "{}: no word for {kit}, and no reason",
                row[1]
            );
        }
    }
}
