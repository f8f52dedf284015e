//! A workspace of cargo above a new package, which would take it for a member.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// A workspace that has a package as a member by a pattern.
#[derive(Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its Cargo.toml.
    pub manifest: PathBuf,
    /// The pattern.
    pub pattern: String,
    /// The package's folder from there.
    pub member: String,
}

/// The nearest workspace above a folder that takes it for a member and does not exclude it.
pub(super) fn above(folder: &Path) -> Option<Workspace> {
    let real = folder.canonicalize().ok()?;
    real.ancestors().skip(1).find_map(|root| {
        let manifest = root.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).ok()?;
        let member = real.strip_prefix(root).ok()?.to_str()?;
        let pattern = pattern(&text, member)?;
        Some(Workspace {
            manifest,
            pattern,
            member: member.to_owned(),
        })
    })
}

/// The pattern of a manifest's workspace that has this member.
fn pattern(manifest: &str, member: &str) -> Option<String> {
    let manifest: Table = manifest.parse().ok()?;
    let workspace = manifest.get("workspace")?;
    let texts = |key: &str| {
        let list = workspace.get(key).and_then(Value::as_array);
        let list = list.map_or(&[][..], Vec::as_slice).iter();
        list.filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let is_excluded = |at: &String| Path::new(member).starts_with(at);
    if texts("exclude").iter().any(is_excluded) {
        return None;
    }
    texts("members").into_iter().find(|pattern| {
        let mut names = member.split('/');
        let mut parts = pattern.trim_end_matches('/').split('/');
        let fits = parts
            .by_ref()
            .all(|part| names.next().is_some_and(|name| fits(part, name)));
        fits && names.next().is_none()
    })
}

/// Whether a name fits a part of a pattern, in which `*` stands for any characters.
fn fits(part: &str, name: &str) -> bool {
    match part.split_once('*') {
        None => part == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.any(|at| fits(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_takes_what_its_patterns_fit_and_it_does_not_exclude() {
        for (manifest, member, wanted) in [
            ("members = [\"*\"]", "scales", Some("*")),
            (
                "members = [\"a\", \"bffs/*\"]",
                "bffs/scales",
                Some("bffs/*"),
            ),
            (
                "members = [\"bffs/s*s/\"]",
                "bffs/scales",
                Some("bffs/s*s/"),
            ),
            ("members = [\"bffs/*\"]", "scales", None),
            ("members = [\"*\"]", "bffs/scales", None),
            ("members = [\"*\"]\nexclude = [\"scales\"]", "scales", None),
            (
                "members = [\"bffs/*\"]\nexclude = [\"bffs\"]",
                "bffs/scales",
                None,
            ),
            ("", "scales", None),
        ] {
            let manifest = format!("[workspace]\n{manifest}\n");
            assert_eq!(pattern(&manifest, member).as_deref(), wanted, "{manifest}");
        }
        assert_eq!(pattern("[package]\nname = \"a\"", "scales"), None);
        assert_eq!(pattern("[", "scales"), None);
    }
}
