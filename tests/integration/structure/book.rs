//! The documents: what they name and link to exists, the pages of the book are those of its
//! summary, and each begins with what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tailor_harness::components::root;

use super::{below, read, shown};

const SUMMARY: &str = "docs/SUMMARY.md";

/// A document without its blocks of code.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The targets of links that are files of the repository, each with the heading behind its `#`.
/// Without a file, the heading is one of the document itself.
fn links(prose: &str) -> Vec<(&str, Option<&str>)> {
    let targets = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://"));
    targets
        .map(|target| match target.split_once('#') {
            Some((file, heading)) => (file, Some(heading)),
            None => (target, None),
        })
        .collect()
}

/// What stands in backticks and reads like a path of this repository: it begins with one of its
/// folders.
fn paths_in_code(prose: &str) -> Vec<&str> {
    let folders = [
        "host/",
        "bffs/",
        "wit/",
        "downstream-mock/",
        "tests/",
        "docs/",
        ".ci/",
    ];
    let code = prose.split('`').skip(1).step_by(2);
    let paths = code.filter(|code| {
        let ours = folders.iter().any(|folder| code.starts_with(folder));
        let plain = !code.contains([' ', '*', '<', '\n']) && !code.contains("/target/");
        ours && plain
    });
    paths.map(|path| path.trim_end_matches('/')).collect()
}

/// The names by which the headings of a document are linked to. GitHub and mdBook make the same.
fn headings(prose: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut names = BTreeSet::new();
    for line in prose.lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim();
        let name = name_of(title);
        let before = seen.entry(name.clone()).or_default();
        names.insert(match *before {
            0 => name,
            again => format!("{name}-{again}"),
        });
        *before += 1;
    }
    names
}

fn name_of(title: &str) -> String {
    let letters = title.to_lowercase();
    let kept = letters.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    kept.collect()
}

#[test]
fn links_of_the_documents_lead_to_files_and_headings() {
    let mut dead = Vec::new();
    let mut followed = 0;
    for document in below("", &[".md"]) {
        let text = prose(&read(&document));
        for (file, heading) in links(&text) {
            followed += 1;
            let target = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let good = match heading {
                None => target.exists(),
                Some(heading) => {
                    target.is_file() && headings(&prose(&read(&target))).contains(heading)
                }
            };
            if !good {
                let heading = heading.unwrap_or_default();
                dead.push(format!("{}: {file}#{heading}", shown(&document)));
            }
        }
    }
    assert!(followed > 200, "only {followed} links were found");
    assert!(dead.is_empty(), "these lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn what_the_documents_name_exists() {
    let mut missing = Vec::new();
    let mut named = 0;
    for document in below("", &[".md"]) {
        let text = prose(&read(&document));
        for path in paths_in_code(&text) {
            named += 1;
            // Text names paths from the root, or from its own folder.
            let here = document.parent().unwrap().join(path);
            if !here.exists() && !root().join(path).exists() {
                missing.push(format!("{}: {path}", shown(&document)));
            }
        }
    }
    assert!(named > 50, "only {named} paths were found");
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

/// The pages of the book, as paths from the root, in order.
fn pages() -> Vec<PathBuf> {
    let documents = below("docs", &[".md"]);
    let pages = documents.iter().map(|page| PathBuf::from(shown(page)));
    pages.filter(|page| page != Path::new(SUMMARY)).collect()
}

#[test]
fn the_summary_of_the_book_lists_each_page_once() {
    let summary = prose(&read(SUMMARY));
    let mut listed: Vec<PathBuf> = links(&summary)
        .iter()
        .map(|(file, _)| Path::new("docs").join(file))
        .collect();
    listed.sort();
    assert_eq!(listed, pages());
}

#[test]
fn each_page_of_the_book_begins_with_what_it_is_for() {
    for page in pages() {
        let text = read(&page);
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let title = lines.next().unwrap_or_default();
        let first = lines.next().unwrap_or_default();
        // A sentence, and no heading, table, list, picture or code.
        let says = !first.is_empty()
            && !first.starts_with(['#', '|', '-', '!', '<', '>'])
            && !first.starts_with("```");
        assert!(
            title.starts_with("# ") && says,
            "{}: {title}\n{first}",
            page.display()
        );
    }
}

#[test]
fn the_page_of_metrics_names_all_that_a_busy_host_shows() {
    let page = read("docs/reference/metrics.md");
    // A line for each metric: `tailor_requests counter bff,outcome`.
    let golden = read("tests/integration/golden/metrics.txt");
    for line in golden.lines().filter(|line| line.starts_with("tailor_")) {
        let mut words = line.split(' ');
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        let ending = if kind == "counter" { "_total" } else { "" };
        let row = format!("| `{name}{ending}` | {kind} |");
        assert!(page.contains(&row), "{row} is not on the page");
    }
}
