//! When a component is up to date: a digest of what it was made from, kept beside it.
//!
//! Digests, not times: a fresh clone or a branch switch changes times and no content.

use std::path::{Path, PathBuf};

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
    /// Files and folders outside of the BFF's own folder that were read. They are part of `inputs`.
    pub outside: Vec<PathBuf>,
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

/// The digest of all files in these files and folders: paths and contents. What is generated is
/// left out: `node_modules`, `target`, `dist` and names that begin with a dot. A path that is not
/// there counts as such.
pub(super) fn digest_of_files(roots: &[PathBuf]) -> Result<String, BuildError> {
    let mut files = Vec::new();
    for root in roots {
        collect(root, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut parts = Vec::with_capacity(files.len() * 2);
    for file in files {
        let bytes = std::fs::read(&file).map_err(BuildError::io("read", &file))?;
        parts.push(file.into_os_string().into_encoded_bytes());
        parts.push(bytes);
    }
    Ok(digest(parts.iter().map(Vec::as_slice)))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), BuildError> {
    if path.is_file() {
        files.push(path.to_owned());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(BuildError::io("read", path))? {
        let entry = entry.map_err(BuildError::io("read", path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let generated = ["node_modules", "target", "dist"].contains(&name.as_ref());
        // Links to folders are not followed, so that a loop of links is no endless walk.
        let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let child = entry.path();
        if generated || name.starts_with('.') || (link && child.is_dir()) {
            continue;
        }
        collect(&child, files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn any_change_of_an_input_is_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let now = || {
            digest_of_files(&[root.join("bff"), root.join("kit.ts"), root.join("none")]).unwrap()
        };
        write("bff/src/main.ts", "1");
        write("kit.ts", "1");
        let first = now();
        assert_eq!(now(), first);

        write("bff/node_modules/x/index.js", "1");
        write("bff/target/components/x.wasm", "1");
        write("bff/.git/HEAD", "1");
        write("elsewhere.ts", "1");
        assert_eq!(
            now(),
            first,
            "generated files and other folders do not count"
        );

        write("kit.ts", "2");
        let second = now();
        assert_ne!(second, first, "a file outside of the folder counts");
        write("bff/src/new.ts", "");
        let third = now();
        assert_ne!(third, second, "a new empty file counts");
        fs::rename(root.join("bff/src/new.ts"), root.join("bff/src/newer.ts")).unwrap();
        assert_ne!(now(), third, "a name counts");
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
