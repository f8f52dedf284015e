//! Pages of `docs/reference` that are made of the code: a test writes the text between
//! `<!-- generated: NAME -->` and `<!-- end -->`; the prose around it is written by hand.
//!
//! `UPDATE_GOLDEN=1 cargo test` rewrites them; read the difference before it is committed.

use std::collections::BTreeMap;
use std::path::Path;

const START: &str = "<!-- generated: ";
const NAME_END: &str = " -->\n";
const END: &str = "<!-- end -->";

/// Compares the generated parts of a page with what the code says, by their names.
///
/// # Panics
///
/// When they differ, and when the page lacks one of them or has another one.
pub fn check(page: &str, parts: &BTreeMap<String, String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    let path = folder.join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let actual = filled(&text, parts);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).unwrap();
    } else if let Some((old, new)) = (text.lines().zip(actual.lines())).find(|(a, b)| a != b) {
        panic!("{page} is not what the code says:\n-- page\n{old}\n-- code\n{new}");
    } else {
        assert_eq!(text, actual, "{page} is not what the code says");
    }
}

/// The page with its parts as the code says them.
fn filled(text: &str, parts: &BTreeMap<String, String>) -> String {
    let mut rest = text;
    let mut actual = String::new();
    let mut left: Vec<&str> = parts.keys().map(String::as_str).collect();
    while let Some((before, part)) = rest.split_once(START) {
        let (name, part) = part.split_once(NAME_END).unwrap();
        let (_, after) = part.split_once(END).unwrap();
        let place = left.iter().position(|it| *it == name);
        left.remove(
            place.unwrap_or_else(|| panic!("no part {name:?}, or one that is there twice")),
        );
        let made = parts[name].trim_end();
        actual.push_str(&format!("{before}{START}{name}{NAME_END}\n{made}\n\n{END}"));
        rest = after;
    }
    assert!(left.is_empty(), "the page lacks {left:?}");
    actual + rest
}

/// A table of Markdown.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| -> String {
        let cells = cells.iter().map(|cell| match cell.as_str() {
            "" => " |".to_owned(),
            text => format!(" {} |", text.replace('|', "\\|")),
        });
        format!("|{}\n", cells.collect::<String>())
    };
    let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
    let rule = "---|".repeat(titles.len());
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}|{rule}\n{rows}", line(&titles))
}
