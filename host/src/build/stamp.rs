//! When a component is up to date: a digest of what it was made from, kept beside it.
//!
//! Digests, not times: a fresh clone or a branch switch changes times and no content.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BuildError;
use super::component::RECIPE;

/// The record of one build, `<name>.stamp` beside `<name>.wasm`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Digest of everything that was read. Equal: there is nothing to do.
    pub inputs: String,
    /// Digest of what was handed to the last step. Equal: the last step would change nothing that
    /// matters.
    pub last_step: String,
    /// Digest of the component that came out, so that a file put in its place by hand is noticed.
    pub component: String,
    /// The files that were read, as seen from the BFF's folder. They are part of `inputs`.
    pub read: Vec<PathBuf>,
}

impl Stamp {
    /// The record of the last build of `component`; nothing if there is none or the component is
    /// not the one it made.
    pub(super) fn of(component: &Path) -> Option<Self> {
        let text = std::fs::read(path(component)).ok()?;
        let stamp: Self = serde_json::from_slice(&text).ok()?;
        let bytes = std::fs::read(component).ok()?;
        (stamp.component == digest([bytes.as_slice()])).then_some(stamp)
    }

    /// Records a build. To be called after the component is written: a crash between the two only
    /// means building again.
    pub(super) fn write(&self, component: &Path) -> Result<(), BuildError> {
        let text = serde_json::to_vec_pretty(self).expect("strings and paths from strings");
        super::component::write_whole(&path(component), &text)
    }
}

fn path(component: &Path) -> PathBuf {
    component.with_extension("stamp")
}

/// The digest of several parts, as hexadecimal text. How they are split matters, too.
pub(super) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in [RECIPE.as_bytes()].into_iter().chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The digest of files: their names as seen from `base`, so that a folder that was moved has the
/// same, and their contents. A file that is not there counts as such. All paths are absolute.
pub(super) fn digest_of_files(base: &Path, files: &[PathBuf]) -> Result<String, BuildError> {
    let mut named: Vec<(PathBuf, &PathBuf)> = files
        .iter()
        .map(|file| (relative(base, file), file))
        .collect();
    named.sort();
    named.dedup();
    let mut parts = Vec::with_capacity(named.len() * 2);
    for (name, file) in named {
        let content = match std::fs::read(file) {
            Ok(bytes) => [b"1".as_slice(), &bytes].concat(),
            Err(error) if error.kind() == ErrorKind::NotFound => b"0".to_vec(),
            Err(error) => return Err(BuildError::io("read", file)(error)),
        };
        parts.push(name.into_os_string().into_encoded_bytes());
        parts.push(content);
    }
    Ok(digest(parts.iter().map(Vec::as_slice)))
}

/// A path as seen from a folder: `../kit-ts/src/index.ts`. Both are absolute.
pub(super) fn relative(base: &Path, path: &Path) -> PathBuf {
    let common = base.components().zip(path.components());
    let common = common.take_while(|(one, other)| one == other).count();
    let up = base.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

/// All files in a folder but those that `skip` names, and what lies in such a folder. Links to
/// folders are not followed, so that a loop of links is no endless walk.
pub(super) fn files_below(
    folder: &Path,
    skip: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, BuildError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(BuildError::io("read", &folder))? {
            let entry = entry.map_err(BuildError::io("read", &folder))?;
            let (path, kind) = (entry.path(), entry.file_type());
            let kind = kind.map_err(BuildError::io("read", &path))?;
            if skip(&path) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() || path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_and_contents_count_and_not_where_the_folder_is() {
        let root = tempfile::tempdir().unwrap();
        let now = |place: &str| {
            let base = root.path().join(place).join("bff");
            let files = ["src/main.ts", "../kit.ts", "none.ts"].map(|name| base.join(name));
            let files = files.map(|file| file.components().collect());
            digest_of_files(&base, &files).unwrap()
        };
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for place in ["one", "elsewhere/two"] {
            write(&format!("{place}/bff/src/main.ts"), "1");
            write(&format!("{place}/kit.ts"), "1");
        }
        let first = now("one");
        assert_eq!(now("elsewhere/two"), first);
        write("one/bff/none.ts", "");
        let second = now("one");
        assert_ne!(second, first, "a new empty file counts");
        write("one/kit.ts", "2");
        assert_ne!(now("one"), second, "a file outside of the folder counts");
    }

    #[test]
    fn a_path_is_told_from_where_one_stands() {
        let seen = |base: &str, path: &str| relative(Path::new(base), Path::new(path));
        assert_eq!(seen("/a/b", "/a/b/c/d"), Path::new("c/d"));
        assert_eq!(seen("/a/b", "/a/kit/x.ts"), Path::new("../kit/x.ts"));
        assert_eq!(seen("/a/b", "/a/bc"), Path::new("../bc"));
    }

    #[test]
    fn a_walk_leaves_out_what_it_is_told_and_does_not_follow_links() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for name in ["dist/a.ts", "node_modules/x/index.js", "b.ts"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
        let found = files_below(root, &|path| path.ends_with("node_modules")).unwrap();
        assert_eq!(found, [root.join("b.ts"), root.join("dist/a.ts")]);
    }

    #[test]
    fn a_stamp_holds_for_the_component_it_was_written_with() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("partner.wasm");
        assert_eq!(Stamp::of(&component), None);
        fs::write(&component, "bytes").unwrap();
        let stamp = Stamp {
            inputs: "a".to_owned(),
            component: digest([b"bytes".as_slice()]),
            ..Stamp::default()
        };
        stamp.write(&component).unwrap();
        assert_eq!(Stamp::of(&component), Some(stamp));
        fs::write(&component, "other bytes").unwrap();
        assert_eq!(Stamp::of(&component), None, "replaced by hand");
    }

    #[test]
    fn a_digest_tells_where_one_part_ends() {
        assert_ne!(
            digest([b"ab".as_slice(), b"c"]),
            digest([b"a".as_slice(), b"bc"])
        );
    }
}
