//! What shows that files changed, and which of them a run changes itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tailor::bff::mark::Mark;
use tailor::suite::configurations;

use super::context::Arguments;

/// Files that are looked at.
const MAX_FILES: usize = 20_000;

/// What is looked at.
pub(super) struct Places {
    folders: Vec<PathBuf>,
    /// Files beside those in the folders, whether they are there or not.
    files: Vec<PathBuf>,
}

impl Places {
    /// All that a run of these reads, but for what a BFF imports from elsewhere.
    pub(super) fn of(arguments: &Arguments) -> Self {
        let folders = arguments.folders.clone();
        let files = match &arguments.config {
            Some(file) => vec![file.clone()],
            None => folders.iter().flat_map(|it| configurations(it)).collect(),
        };
        Self { folders, files }
    }
}

/// What shows that files changed.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Marks(BTreeMap<PathBuf, Mark>);

impl Marks {
    /// Those of all files in the folders, but for what builds write, for packages and for hidden
    /// files. Of links to folders, only `fixtures` is followed.
    pub(super) fn of(places: &Places) -> Self {
        let mut marks = BTreeMap::new();
        let linked = places.folders.iter().map(|folder| folder.join("fixtures"));
        let linked = linked.filter(|fixtures| fixtures.is_symlink());
        let mut folders: Vec<PathBuf> = places.folders.iter().cloned().chain(linked).collect();
        while let Some(folder) = folders.pop() {
            // What cannot be read is reported by the run.
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if is_left_out(&path) || marks.len() >= MAX_FILES {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if let Ok(metadata) = std::fs::metadata(&path) {
                    marks.insert(path, Mark::from(&metadata));
                }
            }
        }
        for file in &places.files {
            if let Ok(metadata) = std::fs::metadata(file) {
                marks.insert(file.clone(), Mark::from(&metadata));
            }
        }
        Self(marks)
    }

    /// The files of which two looks differ.
    fn changed<'a>(&'a self, now: &'a Self) -> BTreeSet<&'a Path> {
        let all = self.0.keys().chain(now.0.keys());
        let changed = all.filter(|path| self.0.get(*path) != now.0.get(*path));
        changed.map(PathBuf::as_path).collect()
    }
}

fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == "target" || name == "node_modules" || name.as_encoded_bytes().starts_with(b".")
}

/// Tells what runs change themselves from what their author does.
#[derive(Default)]
pub(super) struct OwnFiles {
    /// What changed during the last run.
    last: BTreeSet<PathBuf>,
    /// The folders with new files in them then.
    last_folders: BTreeSet<PathBuf>,
}

/// What is known after a run.
pub(super) struct Seen {
    /// From what others differ that call for another run.
    pub(super) marks: Marks,
    /// Files that changed during this run as during the one before: what tests write.
    pub(super) own: Vec<PathBuf>,
}

impl OwnFiles {
    /// Takes what changed from before a run until after it. A change during a run calls for
    /// another, but for that of a file that the run itself wrote (`written`), and of one that
    /// changed, or is new in its folder, in the run before as well.
    pub(super) fn seen(&mut self, before: Marks, after: &Marks, written: &[PathBuf]) -> Seen {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let written: BTreeSet<PathBuf> = written.iter().map(|path| real(path)).collect();
        let folder = |path: &Path| path.parent().unwrap_or(path).to_owned();
        let changed = before.changed(after);
        let changed: BTreeSet<PathBuf> = changed.into_iter().map(Path::to_owned).collect();
        let (mut marks, mut own, mut folders) = (before.clone(), Vec::new(), BTreeSet::new());
        for path in &changed {
            let is_new = !before.0.contains_key(path);
            let is_written = written.contains(&real(path));
            let is_own =
                self.last.contains(path) || is_new && self.last_folders.contains(&folder(path));
            if is_new {
                folders.insert(folder(path));
            }
            if is_own && !is_written {
                own.push(path.clone());
            }
            if is_own || is_written {
                match after.0.get(path) {
                    Some(mark) => marks.0.insert(path.clone(), *mark),
                    None => marks.0.remove(path),
                };
            }
        }
        (self.last, self.last_folders) = (changed, folders);
        Seen { marks, own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &Path, files: &[PathBuf]) -> Places {
        Places {
            folders: vec![folder.to_owned()],
            files: files.to_vec(),
        }
    }

    #[test]
    fn files_of_authors_are_looked_at_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let (top, elsewhere) = (dir.path().join("bff"), dir.path().join("elsewhere"));
        for name in ["src", "target", "node_modules", ".git"] {
            std::fs::create_dir_all(top.join(name)).unwrap();
        }
        std::fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&top, top.join("src/loop")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, top.join("fixtures")).unwrap();
        let places = places(&top, &[dir.path().join("tailor.toml")]);
        let mut before = Marks::of(&places);
        for name in ["target/a", "node_modules/a", ".git/a"] {
            std::fs::write(top.join(name), "").unwrap();
        }
        assert!(Marks::of(&places) == before);
        for path in [
            top.join("src/a"),
            elsewhere.join("a.json"),
            dir.path().join("tailor.toml"),
        ] {
            std::fs::write(&path, "").unwrap();
            let now = Marks::of(&places);
            assert!(now != before, "{}", path.display());
            before = now;
        }
    }

    #[test]
    fn what_runs_write_calls_for_no_further_run() {
        let dir = tempfile::tempdir().unwrap();
        let places = places(dir.path(), &[]);
        let mut size = 0;
        // Of another size each time, as times may be equal.
        let mut write = |name: &str| {
            size += 1;
            std::fs::write(dir.path().join(name), "x".repeat(size)).unwrap();
        };
        let mut own = OwnFiles::default();
        let mut calls_for_another = |own: &mut OwnFiles, files: &[&str], written: &[&str]| {
            let before = Marks::of(&places);
            files.iter().for_each(|file| write(file));
            let after = Marks::of(&places);
            let written: Vec<_> = written.iter().map(|name| dir.path().join(name)).collect();
            own.seen(before, &after, &written).marks != after
        };
        // Its report.
        for _ in 0..2 {
            assert!(!calls_for_another(&mut own, &["junit.xml"], &["junit.xml"]));
        }
        // What a test writes, in one file, or in a new one each time.
        assert!(calls_for_another(&mut own, &["coverage", "run-1"], &[]));
        assert!(!calls_for_another(&mut own, &["coverage", "run-2"], &[]));
        assert!(!calls_for_another(&mut own, &["coverage", "run-3"], &[]));
        // What its author saves meanwhile is another file.
        assert!(calls_for_another(&mut own, &["coverage", "junit.xml"], &[]));
    }
}
