//! `tailor test --watch`: again and again, when a file changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tailor::bff::mark::Mark;
use tokio::signal::ctrl_c;

use super::{Session, print};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(300);
/// Files that are looked at.
const MAX_FILES: usize = 20_000;

/// Runs until Ctrl-C, and ends with the code of the last run that ended.
pub async fn watch(session: Arc<Session>) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::FAILURE;
    loop {
        // Before the run, so that a change during it is noticed.
        let before = Marks::of(&session.context.arguments.folders);
        let run = session.clone();
        let run = tokio::task::spawn_blocking(move || run.run());
        tokio::select! {
            ended = run => code = ended?,
            _ = ctrl_c() => return Ok(code),
        }
        print("waiting for changes; Ctrl-C ends\n");
        tokio::select! {
            () = changed(before, &session.context.arguments.folders) => {}
            _ = ctrl_c() => return Ok(code),
        }
    }
}

/// Waits until a file is another one, and all have been the same for one look.
async fn changed(before: Marks, folders: &[PathBuf]) {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = Marks::of(folders);
        if now != before && now == last {
            return;
        }
        last = now;
    }
}

/// What shows that files changed.
#[derive(Clone, PartialEq)]
struct Marks(BTreeMap<PathBuf, Mark>);

impl Marks {
    /// Those of all files in the folders, but for what builds write, for packages and for hidden
    /// files. Links to folders are not followed.
    fn of(folders: &[PathBuf]) -> Self {
        let mut marks = BTreeMap::new();
        let mut folders = folders.to_vec();
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
        Self(marks)
    }
}

fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == "target" || name == "node_modules" || name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_authors_are_looked_at_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let folders = [dir.path().to_owned()];
        for name in ["src", "target", "node_modules", ".git"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("src/loop")).unwrap();
        let before = Marks::of(&folders);
        for name in ["target/a", "node_modules/a", ".git/a"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert!(Marks::of(&folders) == before);
        std::fs::write(dir.path().join("src/a"), "").unwrap();
        assert!(Marks::of(&folders) != before);
    }
}
