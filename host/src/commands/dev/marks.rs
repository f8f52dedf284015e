//! What the system tells of files, which changes with them.

use std::path::PathBuf;

use tailor::bff::mark::Mark;

/// Files, each with what is told of it; nothing of one that is not there.
pub(super) type Marks = Vec<(PathBuf, Option<Mark>)>;

/// Looks at files. They are the author's own: a disk that does not answer harms nobody else.
pub(super) fn marks<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Marks {
    let mark = |path: &PathBuf| Some(Mark::from(&std::fs::metadata(path).ok()?));
    let files = files.into_iter();
    files.map(|path| (path.clone(), mark(path))).collect()
}

/// Whether the files that are in both have not changed.
pub(super) fn are_same(before: &Marks, now: &Marks) -> bool {
    let old = |path| before.iter().find(|(old, _)| old == path);
    let mut now = now.iter();
    now.all(|(path, mark)| old(path).is_none_or(|(_, old)| old == mark))
}
