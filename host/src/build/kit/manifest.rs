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

/// The pyproject.toml with the version of the program.
pub(super) fn python(text: &str, version: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.starts_with("version = ") {
            true => format!("version = \"{version}\"\n"),
            false => format!("{line}\n"),
        });
    lines.collect()
}

/// An entry that takes the workspace's, with what it says itself beside that, such as `optional`.
fn written_out(entry: &Value, shared: &Value) -> Value {
    let own = entry.as_table().into_iter().flatten();
    let mut own = own.filter(|(key, _)| *key != "workspace").peekable();
    if own.peek().is_none() {
        return shared.clone();
    }
    let mut whole = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    whole.extend(own.map(|(key, value)| (key.clone(), value.clone())));
    Value::Table(whole)
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
                *value = written_out(value, shared);
            }
        }
    }
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        package.insert("version".to_owned(), version.into());
        package.remove("publish");
    }
    Ok(manifest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dependency_says_beside_the_workspace_is_kept() {
        let workspace =
            "[workspace.dependencies]\na = { version = \"1\", features = [\"x\"] }\nb = \"2\"\n";
        let text = "[package]\nname = \"kit\"\n[dependencies]\n\
                    a = { workspace = true, optional = true }\nb.workspace = true\nc = \"3\"\n";
        let written = cargo(text, workspace, "0.1.0").unwrap();
        let written: Table = written.parse().unwrap();
        let expected =
            "a = { version = \"1\", features = [\"x\"], optional = true }\nb = \"2\"\nc = \"3\"\n";
        assert_eq!(
            written["dependencies"],
            Value::Table(expected.parse().unwrap())
        );
    }
}
