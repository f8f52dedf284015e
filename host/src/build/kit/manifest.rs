//! The manifests of the kits, as they are outside of this repository.

use toml::{Table, Value};

use super::super::BuildError;

/// The file that the crate takes shared values from.
pub(super) const WORKSPACE: &str = "bffs/Cargo.toml";

/// Sections of the crate's manifest that are for this repository.
const OURS: [&str; 2] = ["example", "lints"];

/// The package.json of a package that a team may put into its own registry.
pub(super) fn npm(text: &str, version: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("\"private\":"));
    let lines = lines.map(|line| {
        if line.starts_with("  \"version\":") {
            format!("  \"version\": \"{version}\",\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

/// The Cargo.toml without a workspace: what it has from there is written out.
pub(super) fn cargo(text: &str, workspace: &str, version: &str) -> Result<String, BuildError> {
    let parse = |text: &str| {
        text.parse::<Table>()
            .map_err(|error| BuildError::Unsuitable {
                file: WORKSPACE.into(),
                reason: error.to_string(),
            })
    };
    let (mut manifest, workspace) = (parse(text)?, parse(workspace)?);
    let shared = |section: &str, key: &str| workspace.get("workspace")?.get(section)?.get(key);
    for name in OURS {
        manifest.remove(name);
    }
    for section in ["package", "dependencies"] {
        let entries = manifest.get_mut(section).and_then(Value::as_table_mut);
        for (key, value) in entries.into_iter().flatten() {
            let inherits = value.get("workspace").is_some();
            if let Some(shared) = shared(section, key).filter(|_| inherits) {
                *value = shared.clone();
            }
        }
    }
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        package.insert("version".to_owned(), version.into());
        package.remove("publish");
    }
    Ok(manifest.to_string())
}
