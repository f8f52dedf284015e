//! The fixtures of a BFF's folder.

use std::path::{Path, PathBuf};

/// Fixtures of one BFF.
const MAX_FIXTURES: usize = 10_000;
/// Folders within folders.
const MAX_DEPTH: usize = 16;

/// There is nothing to run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no fixture.
    #[error("{}: no fixture: a test is a JSON file in here with a request, what the services answer, and what is expected", .0.display())]
    None(PathBuf),
    /// There are too many.
    #[error("{}: more than {MAX_FIXTURES} fixtures; move some to another BFF's folder", .0.display())]
    TooMany(PathBuf),
    /// They are too deep in it.
    #[error("{}: more than {MAX_DEPTH} folders deep; move it up", .0.display())]
    TooDeep(PathBuf),
}

/// All files `fixtures/**/*.json` of a folder, ordered by their paths; capitals do not matter. Links to folders are not
/// followed, so that a loop of links is no endless walk, and hidden files are none.
///
/// # Errors
///
/// When there is none, when a folder cannot be read, and when there is too much.
pub fn fixtures(folder: &Path) -> Result<Vec<PathBuf>, FindError> {
    let top = folder.join("fixtures");
    if !top.is_dir() {
        return Err(FindError::None(top));
    }
    let mut found = Vec::new();
    let mut folders = vec![(top.clone(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |source| FindError::Unreadable {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(unreadable)?.is_dir() {
                if depth >= MAX_DEPTH {
                    return Err(FindError::TooDeep(path));
                }
                folders.push((path, depth + 1));
            } else if is_json(&path) && !path.is_dir() {
                found.push(path);
            }
        }
        if found.len() > MAX_FIXTURES {
            return Err(FindError::TooMany(top));
        }
    }
    if found.is_empty() {
        return Err(FindError::None(top));
    }
    found.sort();
    Ok(found)
}

fn is_json(path: &Path) -> bool {
    let end = path.extension();
    end.is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn fixtures_are_all_json_files_below_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("fixtures");
        std::fs::create_dir_all(top.join("workout")).unwrap();
        let strange = std::ffi::OsStr::from_bytes(b"z\xff.json");
        for name in ["b.json", "workout/a.JSON", "notes.md", ".hidden.json"] {
            std::fs::write(top.join(name), "{}").unwrap();
        }
        std::fs::write(top.join(strange), "{}").unwrap();
        symlink(&top, top.join("workout/loop")).unwrap();
        symlink(&top, top.join("folder.json")).unwrap();
        symlink(top.join("b.json"), top.join("c.json")).unwrap();
        let found = fixtures(dir.path()).unwrap();
        let wanted = ["b.json", "c.json", "workout/a.JSON"];
        let mut wanted: Vec<PathBuf> = wanted.iter().map(|name| top.join(name)).collect();
        wanted.push(top.join(strange));
        assert_eq!(found, wanted);
        // What is too deep is told.
        let deep = top.join(["d"; 17].join("/"));
        std::fs::create_dir_all(&deep).unwrap();
        let error = fixtures(dir.path()).unwrap_err().to_string();
        let wanted = format!("{}: more than 16 folders deep; move it up", deep.display());
        assert_eq!(error, wanted);
    }

    #[test]
    fn no_fixture_is_told_with_the_place_for_it() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let error = fixtures(dir.path()).unwrap_err().to_string();
            let start = format!("{}: no fixture: ", dir.path().join("fixtures").display());
            assert!(error.starts_with(&start), "{error}");
            std::fs::create_dir_all(dir.path().join("fixtures")).unwrap();
        }
    }
}
