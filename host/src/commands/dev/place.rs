//! The place in an author's code that a message names.

use std::path::{Component, Path, PathBuf};

use tailor::text::shorten;

/// The ends of the names of source files.
const ENDS: [&str; 7] = ["ts", "tsx", "mts", "js", "mjs", "rs", "py"];

/// Lines of an excerpt before and after the one that is meant.
const AROUND: usize = 3;
/// Longest line that is shown, bytes.
const MAX_LINE: usize = 300;
/// Largest source file that is shown, bytes.
const MAX_SIZE: u64 = 4 << 20;

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Relative to the BFF's folder.
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) column: Option<usize>,
}

/// Some lines of a file around a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) place: Place,
    /// Number and text of each line.
    pub(super) lines: Vec<(usize, String)>,
}

impl Place {
    /// The first place in a text that is in a file of a folder, and not in a package of others.
    pub(super) fn first(text: &str, folder: &Path) -> Option<Self> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | ',' | '"' | '\'');
        let mut words = text.split(is_end).filter(|word| !word.is_empty());
        words.find_map(|word| Self::of(word, folder))
    }

    /// `src/main.ts:14:9`, or without a column.
    fn of(word: &str, folder: &Path) -> Option<Self> {
        let word = word.trim_end_matches([':', '.', ';']);
        let (before, last) = word.rsplit_once(':')?;
        let last: usize = last.parse().ok()?;
        let (file, line, column) = match before.rsplit_once(':') {
            Some((file, line)) if line.parse::<usize>().is_ok() => {
                (file, line.parse().ok()?, Some(last))
            }
            _ => (before, last, None),
        };
        let file = Path::new(file);
        let file = file.strip_prefix(folder).unwrap_or(file);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let is_own = file.components().all(is_plain)
            && !file.starts_with("node_modules")
            && !file.starts_with("vendor")
            && file
                .extension()
                .is_some_and(|end| ENDS.iter().any(|it| end == *it));
        (is_own && folder.join(file).is_file()).then(|| Self {
            file: file.to_owned(),
            line,
            column,
        })
    }

    /// The lines around it, as the file is now.
    pub(super) fn excerpt(self, folder: &Path) -> Option<Excerpt> {
        let path = folder.join(&self.file);
        if std::fs::metadata(&path).ok()?.len() > MAX_SIZE {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        let from = self.line.saturating_sub(AROUND).max(1);
        let lines = text.lines().enumerate().skip(from - 1);
        let lines = lines.take(self.line + AROUND + 1 - from);
        let lines: Vec<_> = lines
            .map(|(index, line)| (index + 1, shorten(line, MAX_LINE).to_owned()))
            .collect();
        let is_there = lines.iter().any(|(number, _)| *number == self.line);
        is_there.then_some(Excerpt { place: self, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src")).unwrap();
        std::fs::create_dir_all(folder.path().join("node_modules/zod")).unwrap();
        let text: String = (1..=9).map(|line| format!("line {line}\n")).collect();
        for name in ["src/main.ts", "src/lib.rs", "node_modules/zod/index.js"] {
            std::fs::write(folder.path().join(name), &text).unwrap();
        }
        folder
    }

    fn first(text: &str, folder: &Path) -> Option<(String, usize, Option<usize>)> {
        let place = Place::first(text, folder)?;
        Some((place.file.display().to_string(), place.line, place.column))
    }

    #[test]
    fn the_first_place_in_a_file_of_the_author_is_taken() {
        let folder = folder();
        let main = |line, column| Some(("src/main.ts".to_owned(), line, column));
        for (text, expected) in [
            (
                "boom src/main.ts:14:9 < handle src/main.ts:3:1",
                main(14, Some(9)),
            ),
            ("at goals (src/main.ts:4)", main(4, None)),
            (
                "node_modules/zod/index.js:1:1 < src/main.ts:2:2",
                main(2, Some(2)),
            ),
            ("/rustc/abc/library/core.rs:1:2", None),
            ("../src/main.ts:1", None),
            ("src/other.ts:1", None),
            ("at 12:30, no file", None),
        ] {
            assert_eq!(first(text, folder.path()), expected, "{text}");
        }
        let absolute = format!(
            "panicked at {}:5:3:",
            folder.path().join("src/lib.rs").display()
        );
        let expected = Some(("src/lib.rs".to_owned(), 5, Some(3)));
        assert_eq!(first(&absolute, folder.path()), expected);
    }

    #[test]
    fn an_excerpt_has_the_lines_around_and_none_past_the_ends() {
        let folder = folder();
        let lines = |line: usize| {
            let place = Place::first(&format!("src/main.ts:{line}:1"), folder.path()).unwrap();
            let excerpt = place.excerpt(folder.path());
            excerpt.map(|it| {
                it.lines
                    .iter()
                    .map(|(number, _)| *number)
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(lines(5), Some((2..=8).collect()));
        assert_eq!(lines(1), Some((1..=4).collect()));
        assert_eq!(lines(9), Some((6..=9).collect()));
        assert_eq!(lines(10), None);
        assert_eq!(lines(0), None);
    }
}
